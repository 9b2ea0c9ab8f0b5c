"""ONNX files of float32 and int8 give the distributions of the original."""

import numpy as np
import pytest
import torch
from made_up_tagger import load, make_checkpoint

from ctl.errors import CTLError
from ctl.export.onnx import write_onnx
from ctl.export.write import export


def test_onnx_gives_the_same_distributions(family, tmp_path):
    make_checkpoint(tmp_path, family, "bert")
    exported = export(tmp_path, tmp_path / "exported", onnx=True, int8=True)
    _, onnx, int8 = exported.networks.values()
    assert onnx.difference < 1e-5 and onnx.changed == 0
    assert 0 < int8.difference < 0.2 and int8.megabytes < onnx.megabytes
    card = (tmp_path / "exported" / "README.md").read_text()
    assert f"| model_int8.onnx | {int8.megabytes:.1f} |" in card and "| model.onnx |" in card
    words = [["a"], ["b"] * 300, ["c", "d"]]  # other shapes, a long sentence among them
    ours, theirs = (load(run)(words) for run in (tmp_path, tmp_path / "exported" / "model.onnx"))
    for mine, its in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.probabilities, its.probabilities, atol=1e-5)


def test_a_network_that_cannot_be_traced_is_named(tmp_path):
    class Strange(torch.nn.Module):
        def forward(self, input_ids, attention_mask):
            raise ValueError("first\nsecond")

    with pytest.raises(CTLError, match=r"^Strange can't be written as ONNX: [^\n]*$"):
        write_onnx(Strange(), tmp_path / "model.onnx")
