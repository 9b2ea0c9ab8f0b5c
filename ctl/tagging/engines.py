"""The networks in an exported folder, and the one that is run: the fastest whose answers are the original's."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ctl.errors import CTLError
from ctl.system.devices import best_device
from ctl.system.files import read_object
from ctl.tagging.forms import Engine

FILES: Mapping[Engine, str] = {"torch": "model.safetensors", "onnx": "model.onnx", "int8": "model_int8.onnx"}
MEASURED = "engines.json"  # beside them: their speeds and differences, as they were when the folder was written
TOLERANCE = 1e-3  # the most by which rounding may change a probability


def network_of(path: Path, engine: Engine | None, device: str | None = None, precision: str | None = None) -> Path:
    """Finds the network that is run: a checkpoint, an exported folder for PyTorch, or an ONNX file.

    Args:
        path: what `ctl.tagging.finding.find_model` found.
        engine: the one that is wanted; by default the fastest whose answers are those of the model as trained.
        device: where it is run; by default the best there is. On a GPU PyTorch is the fastest.
        precision: of the numbers; ``bf16`` needs PyTorch.

    Raises:
        CTLError: there is no network for this engine.
    """
    if path.is_file():
        return _only(path, engine)
    if engine is None:
        on_cpu = (device or best_device()) == "cpu" and precision != "bf16"
        engine = _fastest(path) if on_cpu else "torch"
    elif engine != "torch" and not (path / FILES[engine]).is_file():
        option = "--int8" if engine == "int8" else "--onnx"
        raise CTLError(f"--engine {engine}: {path} has no {FILES[engine]}; `ctl export {option}` writes one")
    return path if engine == "torch" else path / FILES[engine]


def _only(path: Path, engine: Engine | None) -> Path:
    """The file itself, if it is a network for this engine."""
    is_onnx = path.suffix == ".onnx"
    if engine is None or (engine != "torch") == is_onnx:
        return path
    alone = "onnxruntime" if is_onnx else "PyTorch"
    raise CTLError(f"--engine {engine}: {path} is for {alone} alone; `ctl export --onnx --int8` writes a folder of all")


def _fastest(folder: Path) -> Engine:
    """The fastest network of a folder among those that are there, can be run, and answer as the original does."""
    measured = read_object(folder / MEASURED) if find_spec("onnxruntime") else {}
    there = [engine for engine, name in FILES.items() if engine == "torch" or (folder / name).is_file()]
    return max(there, key=lambda engine: _speed(measured.get(FILES[engine])))  # PyTorch where nothing was measured


def _speed(measured: Any) -> float:  # noqa: ANN401
    """Words a second of a network; 0 where its answers are not the original's, or nothing was measured."""
    try:
        same = float(measured["difference"]) <= TOLERANCE
        return float(measured["words_per_second"]) if same else 0.0
    except (TypeError, ValueError, KeyError):
        return 0.0
