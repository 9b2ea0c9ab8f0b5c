"""Exported networks, token classifiers of `transformers` and ONNX files, as models that give words distributions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ctl.backbones.loading import load_token_classifier
from ctl.backbones.packing import lay_out, padded
from ctl.data.collation import WordBatch
from ctl.data.tags import TagSchema
from ctl.errors import CTLError, first_line
from ctl.networks.word_classifier import carry_on
from ctl.system.files import read_object
from ctl.thresholds.decoding import thresholds_of

THRESHOLDS = "ctl_thresholds"  # of a folder's config.json: by type, see `ctl.thresholds.decoding.decode`


class Exported(nn.Module):
    """A token classifier of `transformers`, read at the first subword of every word.

    Args:
        model: maps (R, T) subword ids to logits (R, T, C).
        order: for each tag of `TagSchema` the index of its label (C).
    """

    def __init__(self, model: nn.Module, order: Sequence[int]) -> None:
        super().__init__()
        self.model = model
        self.order = list(order)

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Distributions of all words (N, C)."""
        layout = lay_out(self.model, batch.subwords)
        logits = layout.gather([self.model(**inputs).logits for inputs in layout.passes])
        return carry_on(logits[batch.first][:, self.order].float(), batch).softmax(-1)


class OnnxModel:
    """An exported ONNX file, run by onnxruntime on the CPU.

    Args:
        path: of the file.
        threads: for one network; by default as many as PyTorch has.

    Raises:
        CTLError: onnxruntime is not installed, or the file is none of ONNX.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise CTLError(f"{path} needs onnxruntime: pip install 'ctl[onnx]'") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or torch.get_num_threads()
        try:
            self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # whatever onnxruntime says of a file that is damaged or is none
            raise CTLError(
                f"{path}: no ONNX file that onnxruntime can run ({first_line(error)}); "
                "`ctl export --onnx` writes it anew"
            ) from error

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Distributions of all words (N, C)."""
        layout = padded(None, batch.subwords)
        feeds = [{name: grid.numpy() for name, grid in inputs.items()} for inputs in layout.passes]
        logits = layout.gather([torch.from_numpy(self.session.run(["logits"], feed)[0]) for feed in feeds])
        return carry_on(logits[batch.first].float(), batch).softmax(-1)


def load_exported(folder: Path) -> Exported:
    """Loads a folder that ``ctl export`` wrote, or any token classifier whose labels are BIO tags."""
    labels = _labels(folder)
    order = [labels.index(tag) for tag in TagSchema(exported_types(folder)).tags]
    return Exported(load_token_classifier(str(folder)), order).eval().requires_grad_(False)


def _labels(folder: Path) -> list[str]:
    """The labels of a folder's config.json in the order of their ids."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        labels = sorted((int(number), str(label)) for number, label in config.get("id2label", {}).items())
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise CTLError(
            f"{folder / 'config.json'}: not the configuration of a model ({first_line(error)}); `ctl export` writes it "
            "anew"
        ) from error
    return [label for _, label in labels]


def exported_types(folder: Path) -> tuple[str, ...]:
    """The entity types behind a folder's labels.

    Raises:
        CTLError: the labels are no BIO tags.
    """
    labels = _labels(folder)
    types = tuple(dict.fromkeys(label[2:] for label in labels if label[:2] == "B-"))
    if set(labels) != {"O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI")} or not types:
        raise CTLError(
            f"{folder}: its labels ({', '.join(labels[:9]) or 'none'}) are no BIO tags; take a model that "
            "tags entities, as `ctl export` writes"
        )
    return types


def exported_thresholds(folder: Path) -> dict[str, float] | None:
    """The thresholds, by type, with which ``ctl export`` wrote a folder; ``None`` where it has none.

    Raises:
        CTLError: they are no thresholds of its types.
    """
    types, thresholds = exported_types(folder), read_object(folder / "config.json").get(THRESHOLDS)
    if thresholds is None:
        return None
    try:
        if not isinstance(thresholds, dict):
            raise CTLError("not a number for each type")
        thresholds_of(thresholds, types)
    except CTLError as error:
        raise CTLError(f"{folder / 'config.json'}: {THRESHOLDS}: {error}; `ctl export` writes it anew") from error
    return thresholds
