import torch

from ctl.modules import Student, Teacher


def trained(family, seed, sources=("a2",), **settings):
    torch.manual_seed(seed)
    model = Teacher(backbone=str(family / "encoder"), **settings)
    model.sources = sources
    model.configure_model()
    return model


def student(family, method, **settings):
    torch.manual_seed(0)
    model = Student(backbone=str(family / "encoder"), **settings)
    model.taught_by = {"method": method, "sources": ["a2", "b1"]}
    model.configure_model()
    return model


def test_no_two_models_of_a_run_begin_with_one_head(family):
    models = [
        *(trained(family, 0, sources) for sources in (("a2",), ("b1",), ("a2", "b1"))),
        trained(family, 0, variant="adapted"),
        trained(family, 1),
        *(student(family, f"ensemble:{name}") for name in ("uniform", "learned")),
        student(family, "ensemble:uniform", variant="kl"),
    ]
    heads = {tuple(model.network.head.weight.flatten().tolist()) for model in models}
    assert len(heads) == len(models)
    first, *others = (model.backbone_model.state_dict() for model in models)
    pretrained = [name for name in first if "pooler" not in name]
    assert all(torch.equal(first[name], other[name]) for other in others for name in pretrained)


def test_a_head_is_the_same_in_every_run_of_a_seed_and_takes_no_random_numbers_of_others(family):
    first = trained(family, 0)
    after, seed = torch.rand(3), torch.initial_seed()
    torch.manual_seed(0)
    torch.rand(5)  # what was drawn before the model is built changes nothing
    model = Teacher(backbone=str(family / "encoder"))
    model.sources = ("a2",)
    model.configure_model()
    assert torch.equal(first.network.head.weight, model.network.head.weight)
    assert seed == torch.initial_seed() == 0
    trained(family, 0, ("b1", "a2"))
    assert torch.equal(after, torch.rand(3))


def test_adapters_of_two_teachers_begin_apart(family):
    one, other = (trained(family, 0, (source,), lora_rank=2).own_state() for source in ("a2", "b1"))
    name = next(name for name in one if "lora_A" in name)
    assert not torch.equal(one[name], other[name])


def test_a_fingerprint_is_of_the_weights(family):
    one, same, other = (trained(family, seed) for seed in (0, 0, 1))
    assert one.fingerprint() == same.fingerprint() != other.fingerprint()
    with torch.no_grad():
        same.network.head.bias[0] += 1
    assert one.fingerprint() != same.fingerprint()


def test_its_own_state_with_an_adapter_is_adapter_and_classifier(family):
    own = trained(family, 0, lora_rank=2).own_state()
    weights = [name for name in own if name.startswith("network.")]
    assert weights and all("lora_" in name or ".head." in name for name in weights)
    assert len(trained(family, 0).own_state()) > len(own)
