"""Which network of an exported folder is run: files, measures and machines made up by hand."""

import json

import pytest

from ctl.errors import CTLError
from ctl.tagging.engines import FILES, MEASURED, network_of

FAST, SLOW = {"words_per_second": 900.0, "difference": 1e-6}, {"words_per_second": 300.0, "difference": 0.0}
INEXACT = {"words_per_second": 5000.0, "difference": 0.02}


@pytest.fixture
def folder(tmp_path):
    """An export with three networks, of which ONNX is the fastest that answers as the original does."""
    for name in FILES.values():
        (tmp_path / name).touch()
    measured = dict(zip(FILES.values(), (SLOW, FAST, INEXACT), strict=True))
    (tmp_path / MEASURED).write_text(json.dumps(measured))
    return tmp_path


def test_the_fastest_that_answers_as_the_original(folder):
    assert network_of(folder, None, "cpu") == folder / "model.onnx"


def test_the_one_that_is_asked_for(folder):
    networks = [network_of(folder, engine, "cpu") for engine in FILES]
    assert networks == [folder, folder / "model.onnx", folder / "model_int8.onnx"]


@pytest.mark.parametrize(("device", "precision"), [("cuda", None), ("cpu", "bf16")])
def test_pytorch_where_onnx_does_not_run(folder, device, precision):
    assert network_of(folder, None, device, precision) == folder


def test_pytorch_without_onnxruntime(folder, monkeypatch):
    monkeypatch.setattr("ctl.tagging.engines.find_spec", lambda name: None)
    assert network_of(folder, None, "cpu") == folder


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"model.onnx": 3}', '{"model.onnx": {"words_per_second": "x", "difference": 0}}',
             '{"model.onnx": {"words_per_second": 9, "difference": NaN}}'],
)  # fmt: skip
def test_pytorch_where_nothing_that_can_be_read_was_measured(folder, text):
    (folder / MEASURED).write_text(text)
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    assert network_of(folder, None, "cpu") == folder


def test_networks_that_are_not_there(folder, tmp_path):
    (folder / "model_int8.onnx").unlink()
    with pytest.raises(CTLError, match=r"^--engine int8: .* has no model_int8\.onnx; `ctl export --int8` writes one$"):
        network_of(folder, "int8")
    (folder / "model.onnx").unlink()
    assert network_of(folder, None, "cpu") == folder
    checkpoint = tmp_path / "last.ckpt"
    checkpoint.touch()
    assert network_of(checkpoint, None) == network_of(checkpoint, "torch") == checkpoint
    with pytest.raises(CTLError, match=r"^--engine onnx: .*last\.ckpt is for PyTorch alone"):
        network_of(checkpoint, "onnx")


def test_a_file_of_onnx_that_is_named(folder):
    file = folder / "model_int8.onnx"
    assert network_of(file, None) == network_of(file, "int8") == file
    with pytest.raises(CTLError, match=r"^--engine torch: .*model_int8\.onnx is for onnxruntime alone"):
        network_of(file, "torch")
