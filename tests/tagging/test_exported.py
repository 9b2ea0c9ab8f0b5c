"""Labels of exported networks, and logits that are put into the order of the tags."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from tiny import batch_of

from ctl.errors import CTLError
from ctl.tagging.exported import THRESHOLDS, Exported, OnnxModel, exported_thresholds, exported_types


def folder(path, labels):
    (path / "config.json").write_text(json.dumps({"id2label": {str(index): name for index, name in labels.items()}}))
    return path


def test_types_are_in_the_order_of_the_ids(tmp_path):
    """Ids are compared as numbers: 10 comes after 9."""
    names = ["O", *(f"{prefix}-{kind}" for kind in ("PER", "ORG", "LOC", "MISC", "DATE") for prefix in "BI")]
    shuffled = dict(sorted(enumerate(names), key=lambda item: str(item[0])))
    assert exported_types(folder(tmp_path, shuffled)) == ("PER", "ORG", "LOC", "MISC", "DATE")


@pytest.mark.parametrize("labels", [{}, {0: "O"}, {0: "O", 1: "B-PER"}, {0: "LABEL_0", 1: "LABEL_1"}], ids=str)
def test_labels_that_are_no_bio_tags_are_refused(labels, tmp_path):
    with pytest.raises(CTLError, match="are no BIO tags"):
        exported_types(folder(tmp_path, labels))


def test_words_are_read_at_their_first_subword_in_the_order_of_the_tags(monkeypatch):
    """Rows are read in parts, and column 2 of the network is tag 0."""
    monkeypatch.setattr("ctl.backbones.packing.SUBWORDS_AT_ONCE", 3)

    class Network(torch.nn.Module):
        calls, packs_rows, config = 0, False, SimpleNamespace(_attn_implementation="eager")

        def forward(self, input_ids, attention_mask):
            self.calls += 1
            return SimpleNamespace(logits=torch.stack([input_ids, 2 * input_ids, 3 * input_ids], -1).float())

    network = Network()
    words = torch.tensor([1, 3, 5])
    batch = replace(batch_of([[1, 2, 3], [4, 5, 6]]), first=words, last=words)
    probs = Exported(network, [2, 0, 1]).probabilities(batch)
    ids = torch.tensor([2.0, 4.0, 6.0])[:, None]
    torch.testing.assert_close(probs, (ids * torch.tensor([3.0, 1.0, 2.0])).softmax(-1))
    assert network.calls == 2


@pytest.mark.parametrize("text", ["", "[]", "[" * 5000, '{"id2label": {"x": "O"}}', '{"id2label": 3}', "\0"])
def test_configurations_that_are_none(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(CTLError, match=r"config\.json: not the configuration of a model"):
        exported_types(tmp_path)


def test_a_file_that_is_no_onnx(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"garbage")
    with pytest.raises(CTLError, match=r"model\.onnx: no ONNX file that onnxruntime can run"):
        OnnxModel(tmp_path / "model.onnx")


@pytest.mark.parametrize("thresholds", [None, {"PER": 0.4}, {"PER": 0.4, "LOC": 0.6}])
def test_thresholds_of_a_folder(tmp_path, thresholds):
    write_config(tmp_path, thresholds)
    assert exported_thresholds(tmp_path) == thresholds


@pytest.mark.parametrize(
    "thresholds", [0.4, [], "0.4", {"MISC": 0.4}, {"PER": 1}, {"PER": None}, {"PER": [0.4]}], ids=str
)
def test_what_is_no_threshold_of_a_folder(tmp_path, thresholds):
    write_config(tmp_path, thresholds)
    with pytest.raises(CTLError, match=r"config\.json: ctl_thresholds: .*; `ctl export` writes it anew") as told:
        exported_thresholds(tmp_path)
    assert "\n" not in str(told.value)


def write_config(path, thresholds):
    labels = dict(enumerate(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]))
    more = {} if thresholds is None else {THRESHOLDS: thresholds}
    (path / "config.json").write_text(json.dumps({"id2label": labels, **more}))
