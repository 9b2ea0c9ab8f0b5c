"""Teachers that are low-rank adapters of a decoder: alone, saved, and several in one base."""

import json
import shutil

import pytest
import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from transformers import AutoModelForCausalLM

from ctl.backbones.adapters import base_arguments
from ctl.backbones.loading import load_encoder
from ctl.data.datamodule import NERDataModule
from ctl.data.soft_labels import SoftLabelStore
from ctl.errors import CTLError
from ctl.main import main
from ctl.modules import Ensemble, Teacher
from ctl.modules.tagger import load_module


def command(name, module, family, output, *more, **data):
    common = {"root": family, "backbone": family / "decoder", "target": "a1", "sources": "[a2]", **data}
    return main([
        name, "--model", module, "--trainer.default_root_dir", str(output), "--trainer.accelerator", "cpu",
        "--trainer.enable_progress_bar", "false", "--trainer.enable_model_summary", "false",
        *(part for key, value in common.items() for part in (f"--data.{key}", str(value))), *more,
    ])  # fmt: skip


LORA = ["--model.lora_rank", "4", "--model.attention", "full"]


@pytest.fixture(scope="module")
def teachers(family, tmp_path_factory):
    """Checkpoints of adapters for a2 and b1, of different ranks, and their soft labels of a1's test split."""
    folder = tmp_path_factory.mktemp("adapters")
    for language, rank in (("a2", "4"), ("b1", "8")):
        run = folder / language
        keep = f'{{class_path: ModelCheckpoint, init_args: {{dirpath: "{run}", filename: best}}}}'
        form = ["--model.lora_rank", rank, "--model.attention", "full"]
        fit = ["--trainer.max_epochs", "3", "--trainer.callbacks", f"[{keep}]", "--model.lr", "1e-2", *form]
        assert command("fit", "Teacher", family, run, *fit, sources=f"[{language}]") == 0
        checkpoint = ["--ckpt_path", str(run / "best.ckpt"), *form]
        data = {"sources": f"[{language}]", "predict_splits": "[test]"}
        assert command("predict", "Teacher", family, run, *checkpoint, **data) == 0
        assert command("test", "Teacher", family, run, *checkpoint, sources=f"[{language}]") == 0
    return folder


@pytest.fixture(scope="module")
def some_batch(family):
    data = NERDataModule(target="a1", root=str(family), backbone=str(family / "decoder"))
    data.setup("test")
    return next(iter(data.test_dataloader()))


@torch.no_grad()
def answer(teacher, batch):
    return teacher.eval().probabilities(batch)


def test_a_checkpoint_holds_adapters_and_classifier_alone(teachers, family):
    path = teachers / "a2" / "best.ckpt"
    checkpoint = torch.load(path, weights_only=True)
    state = checkpoint["state_dict"]
    assert all("lora_" in key or key.startswith("network.head.") or key == "temperature" for key in state)
    assert checkpoint["ctl"]["base"] and checkpoint["ctl"]["lora_rank"] == 4
    base = load_encoder(str(family / "decoder"), attention="full")
    rows = sum(module.in_features + module.out_features for module in base.modules() if hasattr(module, "in_features"))
    assert sum(value.numel() for key, value in state.items() if "lora_" in key) == 4 * rows
    assert sum(value.numel() for value in state.values()) < sum(value.numel() for value in base.parameters())


def test_a_reloaded_teacher_answers_as_it_did(teachers, some_batch):
    """In memory, from the checkpoint, and in the store that `ctl predict` wrote."""
    path = teachers / "a2" / "best.ckpt"
    reloaded = answer(Teacher.load_from_checkpoint(path), some_batch)
    torch.testing.assert_close(answer(load_module(path), some_batch), reloaded, rtol=0, atol=0)
    store = SoftLabelStore(teachers / "a2" / "soft_labels" / "test")
    stored = torch.from_numpy(store.rows(some_batch.words.numpy()))
    torch.testing.assert_close(stored, reloaded, atol=1e-2, rtol=0)  # `ctl predict` computes in bfloat16 where it can
    assert reloaded.std() > 0.01
    (record,) = json.loads((teachers / "a2" / "results.json").read_text())
    assert record["method"] == store.manifest["teacher"]["method"] == "llm-direct:a2"
    assert record["provenance"]["model"] == store.manifest["teacher"]["fingerprint"]


def test_where_a_word_is_read(family):
    """A decoder has read a whole word only at its last subword."""
    cases = (("encoder", None, "first"), ("decoder", None, "last"), ("decoder", "mean", "mean"))
    for backbone, pooling, expected in cases:
        teacher = Teacher(backbone=str(family / backbone), pooling=pooling)
        teacher.configure_model()
        assert teacher.network.pooling == teacher.pooling == expected


def test_only_adapters_and_classifier_are_trained(family, tmp_path, some_batch):
    teacher = Teacher(backbone=str(family / "decoder"), lora_rank=4, lora_dropout=0.0, dropout=0.0)
    teacher.configure_model()
    assert torch.equal(*(answer(teacher, some_batch) for _ in range(2)))
    before = {key: value.clone() for key, value in teacher.state_dict().items()}
    free = {key for key, value in teacher.named_parameters() if value.requires_grad}
    assert free == {key for key, _ in teacher.named_parameters() if "lora_" in key or "head" in key}
    optimizer = torch.optim.AdamW(teacher.parameter_groups(), lr=1e-2)
    assert sum(len(group["params"]) for group in optimizer.param_groups) == len(free)
    for _ in range(2):  # the first step moves B alone, which begins at zero
        optimizer.zero_grad()
        teacher(some_batch).square().mean().backward()
        optimizer.step()
    changed = {key for key, value in teacher.state_dict().items() if not torch.equal(value, before[key])}
    assert changed == free


def test_adapters_read_what_their_layers_read(family, some_batch, monkeypatch):
    """Under autocast nothing is made float32 only to be made half again; the answers are the same to the bit."""
    teacher = Teacher(backbone=str(family / "decoder"), lora_rank=4, dropout=0.0)
    teacher.configure_model()
    layers = [layer for layer in teacher.backbone_model.modules() if isinstance(layer, BaseTunerLayer)]
    for layer in layers:
        layer.lora_B["default"].weight.data.normal_()
    answers = []
    for make_float in (BaseTunerLayer._cast_input_dtype, lambda _, value, dtype: value.to(dtype)):
        monkeypatch.setattr(BaseTunerLayer, "_cast_input_dtype", make_float)
        with torch.autocast("cpu", torch.bfloat16):
            answers.append(teacher(some_batch))
        assert not any(layer.cast_input_dtype_enabled for layer in layers)
    assert torch.equal(*answers)
    teacher(some_batch)
    assert all(layer.cast_input_dtype_enabled for layer in layers)


def test_one_base_bears_all_teachers_and_each_answers_as_alone(teachers, some_batch):
    paths = [teachers / language / "best.ckpt" for language in ("a2", "b1")]
    together = []
    for path in [*paths, paths[0]]:
        together.append(load_module(path, together))
    assert len({id(teacher.network.encoder) for teacher in together}) == 1
    alone = [answer(load_module(path), some_batch) for path in paths]
    assert not torch.allclose(*alone, atol=1e-2)
    for _ in range(2):  # and again, after the others have answered
        for teacher, expected in zip(together, [*alone, alone[0]], strict=True):
            torch.testing.assert_close(answer(teacher, some_batch), expected, rtol=0, atol=0)
    states = [teacher.own_state() for teacher in (together[0], together[2])]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0].keys() | states[1].keys())


def test_other_attention_is_another_base(teachers, family, tmp_path):
    run = tmp_path / "causal"
    keep = f'{{class_path: ModelCheckpoint, init_args: {{dirpath: "{run}", filename: best}}}}'
    fit = ["--trainer.max_epochs", "1", "--trainer.callbacks", f"[{keep}]", "--model.lora_rank", "4"]
    assert command("fit", "Teacher", family, run, *fit) == 0
    full = load_module(teachers / "a2" / "best.ckpt")
    causal = load_module(run / "best.ckpt", [full])
    assert full.network.encoder is not causal.network.encoder
    assert full.base_fingerprint == causal.base_fingerprint


def test_an_ensemble_labels_for_each_in_one_reading(teachers, family, tmp_path):
    """The stores are those that each teacher wrote alone, to the last byte and fingerprint."""
    members = json.dumps([str(teachers / language / "best.ckpt") for language in ("a2", "b1")])
    more = ["--model.teachers", members, "--model.write", "each"]
    assert command("predict", "Ensemble", family, tmp_path, *more, predict_splits="[train,test]") == 0
    for language in ("a2", "b1"):
        together = SoftLabelStore(tmp_path / f"llm-direct-{language}" / "soft_labels" / "test")
        alone = SoftLabelStore(teachers / language / "soft_labels" / "test")
        assert (together.probs[:] == alone.probs[:]).all()
        assert together.manifest == alone.manifest
        assert len(SoftLabelStore(tmp_path / f"llm-direct-{language}" / "soft_labels" / "train")) > 0
    assert command("test", "Ensemble", family, tmp_path, "--model.teachers", members) == 0
    (record,) = json.loads((tmp_path / "results.json").read_text())
    assert record["method"] == "llm-ensemble:uniform" and record["sources"] == ["a2", "b1"]


def test_teachers_of_one_language_share_its_weight():
    ensemble = Ensemble([], weighting="fixed", weights={"a2": 0.6, "b1": 0.4})
    assert ensemble._weights(["a2", "b1", "a2", "b1"]).tolist() == pytest.approx([0.3, 0.2, 0.3, 0.2])
    assert ensemble._weights(["a2", "b1", "a2"]).tolist() == pytest.approx([0.3, 0.4, 0.3])


def test_a_base_in_half_precision_has_adapters_in_full(family, some_batch, tmp_path):
    teacher = Teacher(backbone=str(family / "decoder"), lora_rank=4, base="bfloat16")
    teacher.configure_model()
    for key, value in teacher.named_parameters():
        whole = "lora_" in key or "head" in key
        assert value.dtype == (torch.float32 if whole else torch.bfloat16), key
    half = answer(teacher, some_batch)
    assert half.dtype == torch.float32
    whole = Teacher(backbone=str(family / "decoder"), lora_rank=4)
    whole.configure_model()
    assert whole.base_fingerprint == teacher.base_fingerprint
    whole.load_state_dict(teacher.own_state())
    torch.testing.assert_close(answer(whole, some_batch), half, atol=0.02, rtol=0)


def test_what_can_not_be_is_said_in_one_line(teachers, family, tmp_path, capsys):
    checkpoint = ["--ckpt_path", str(teachers / "a2" / "best.ckpt")]
    encoder = {"backbone": family / "encoder"}
    other = tmp_path / "other"
    shutil.copytree(family / "decoder", other)
    torch.manual_seed(9)
    model = AutoModelForCausalLM.from_pretrained(other)
    model.model.norm.weight.data += 0.5
    model.save_pretrained(other)
    twice = json.dumps([checkpoint[1]] * 2)
    cases = [
        (("test", "Teacher", *checkpoint), {}, "the checkpoint's attention is full, this run's is None"),
        (("test", "Teacher", *checkpoint, "--model.attention", "full"), {}, "lora_rank is 4, this run's is 0"),
        (("test", "Teacher", *checkpoint, *LORA), {"backbone": other}, "trained in another base"),
        (("fit", "Teacher", "--model.base", "bfloat16"), {}, "set lora_rank, or base to float32"),
        (("fit", "Teacher", "--model.attention", "full"), encoder, "a bert has no causal mask"),
        (("fit", "Teacher", "--model.attention", "last:9"), {}, "last:N with N from 1 to 2"),
        (("predict", "Ensemble", "--model.teachers", twice, "--model.write", "each"), {}, "two have one name"),
    ]
    if not torch.cuda.is_available():
        cases.append((("fit", "Teacher", *LORA, "--model.base", "4bit"), {}, "base 4bit needs an NVIDIA GPU"))
    for (name, module, *more), data, said in cases:
        assert command(name, module, family, tmp_path, *more, **data) == 2, said
        told = capsys.readouterr().err
        assert said in told and "Traceback" not in told, told


def test_numbers_of_a_base():
    assert base_arguments("bfloat16") == {"dtype": torch.bfloat16}
    if not torch.cuda.is_available():
        with pytest.raises(CTLError, match="set base to bfloat16"):
            base_arguments("4bit")
