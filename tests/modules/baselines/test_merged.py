"""Models whose weights are the mean of others': whole encoders, and adapters of one base."""

import json

import pytest
import torch

from ctl.backbones.adapters import add_adapter, merge_adapters
from ctl.backbones.loading import load_encoder
from ctl.errors import CTLError
from ctl.modules.baselines.merged import Merged, mean_state
from ctl.modules.tagger import load_module
from ctl.tagging.trained import load_trained


def test_the_mean_of_states_by_hand():
    """A quarter of one and three quarters of the other; what is counted in whole numbers is the first one's."""
    first = {"a": torch.tensor([4.0, 0.0]), "steps": torch.tensor([3])}
    second = {"a": torch.tensor([0.0, 8.0]), "steps": torch.tensor([5])}
    mean = mean_state([first, second], [0.25, 0.75])
    assert mean["a"].tolist() == [1.0, 6.0] and mean["steps"].tolist() == [3]
    assert first["a"].tolist() == [4.0, 0.0]


@pytest.fixture(scope="module")
def merged(command, teachers, family, tmp_path_factory):
    """The run of a model merged of the teachers of a2, with three quarters, and b1."""
    folder = tmp_path_factory.mktemp("merged")
    members = ["--model.teachers", json.dumps([str(teachers / name / "best.ckpt") for name in ("a2", "b1")])]
    weights = ["--model.weighting", "fixed", "--model.weights", '{"b1": 1.0, "a2": 3.0}']
    assert command("test", "Merged", family, folder, *members, *weights) == 0
    return folder


def test_a_merged_model_is_a_checkpoint_of_mean_weights(merged, teachers):
    model = load_module(merged / "checkpoints" / "last.ckpt")
    states = [load_module(teachers / name / "best.ckpt").own_state() for name in ("a2", "b1")]
    own = model.own_state()
    assert isinstance(model, Merged) and any("head" in name for name in own) and "temperature" not in own
    for name, value in own.items():
        torch.testing.assert_close(value, 0.75 * states[0][name] + 0.25 * states[1][name])


def test_a_merged_model_is_scored_and_found_like_any_other(merged, teachers):
    (record,) = json.loads((merged / "results.json").read_text())
    assert record["method"] == "merged:fixed" and record["sources"] == ["a2", "b1"]
    assert record["provenance"]["weights"] == [0.75, 0.25]
    trained = load_trained(merged, module=True)
    assert trained.method == "merged:fixed" and trained.record()["f1"] == record["f1"] and not trained.unfinished()
    assert trained.model.fingerprint() == record["provenance"]["model"]
    seconds = [json.loads((teachers / name / "results.json").read_text())[0]["train_seconds"] for name in ("a2", "b1")]
    assert record["train_seconds"] == pytest.approx(sum(seconds), abs=0.11)


def test_what_can_not_be_merged_is_said(command, teachers, family, tmp_path, capsys):
    member = json.dumps([str(teachers / "a2" / "best.ckpt")])
    cases = [
        (("test", "--model.teachers", "[nowhere]"), "no checkpoint"),
        (("test", "--model.teachers", "[]"), "needs teachers"),
        (("test", "--model.teachers", member, "--model.weighting", "l2"), "needs model.weights"),
        (("fit", "--model.teachers", member), "not trained"),
    ]
    for (name, *more), message in cases:
        assert command(name, "Merged", family, tmp_path, *more) == 2, message
        assert message in capsys.readouterr().err


def test_merged_adapters_add_the_mean_of_what_they_add(family):
    """Adapters of ranks 2 and 3 whose parts are scaled by 4 and 1: the merged one has rank 5 and adds their mean."""
    base = load_encoder(str(family / "decoder"))
    torch.manual_seed(0)
    for name, rank, alpha in (("one", 2, 8), ("two", 3, 3)):
        add_adapter(base, name, rank, alpha, 0.0)
    layers = {name: module for name, module in base.named_modules() if hasattr(module, "lora_A")}
    for layer in layers.values():
        for name in ("one", "two"):
            torch.nn.init.normal_(layer.lora_B[name].weight)
    expected = {
        name: 0.25 * layer.get_delta_weight("one") + 0.75 * layer.get_delta_weight("two")
        for name, layer in layers.items()
    }
    merge_adapters(base, ["one", "two"], [0.25, 0.75], "merged")
    assert expected
    for name, layer in layers.items():
        assert set(layer.lora_A) == {"merged"} and layer.lora_A["merged"].weight.shape[0] == 5
        torch.testing.assert_close(layer.get_delta_weight("merged"), expected[name], rtol=1e-4, atol=1e-5)


def test_models_of_two_forms_have_no_mean(teachers, family, tmp_path):
    """Two that differ in what stands for a word, though their weights have the same shapes."""
    paths = [teachers / "a2" / "best.ckpt", tmp_path / "mean.ckpt"]
    checkpoint = torch.load(paths[0], weights_only=True)
    checkpoint["hyper_parameters"]["pooling"] = "mean"
    torch.save(checkpoint, paths[1])
    model = Merged(backbone=str(family / "encoder"), teachers=list(map(str, paths)))
    with pytest.raises(CTLError, match="not of one backbone and form"):
        model.configure_model()
