import torch

from ctl.modules import Teacher


def trained(family, seed, **settings):
    torch.manual_seed(seed)
    model = Teacher(backbone=str(family / "encoder"), **settings)
    model.configure_model()
    return model


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
