"""Trained taggers by where they lie: a run, a transfer, a checkpoint, an exported folder, an ONNX file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ctl.callbacks.tokenizer import KEPT
from ctl.modules.base import WordLabeller
from ctl.results import Record, read_records
from ctl.tagging.exported import OnnxModel, exported_thresholds, exported_types, load_exported
from ctl.tagging.finding import find_model


@dataclass(frozen=True)
class Trained:
    """A model that can tag, and what one must know to use it.

    Attributes:
        model: answers with distributions.
        types: the entity types, in the order of the tags.
        tokenizer: Hub name or folder of its tokenizer.
        tokenizer_fingerprint: of the one that it was trained with; ``None`` where nobody kept it.
        thresholds: by type, with which it was exported; ``None`` where it has none.
        method: its name in results; empty where it has none.
        path: where it was found.
    """

    model: WordLabeller
    types: tuple[str, ...]
    tokenizer: str
    method: str
    path: Path
    tokenizer_fingerprint: str | None = None
    thresholds: dict[str, float] | None = None

    def __str__(self) -> str:
        record = self.record()
        score = f", F1 {record['f1']:.1f} on {record['target']}" if record else ""
        return f"{self.method or 'a model'} tags ({self.path}{score}), types {', '.join(self.types)}"

    def unfinished(self) -> str:
        """Says why the training of this model may not have ended; nothing where it has."""
        stage, fit = self.path.parent.parent, getattr(self.model, "fit_record", {})
        if self.path.suffix == ".ckpt" and (stage / "fit.yaml").is_file() and not (stage / "fit.json").is_file():
            return f"`ctl transfer` was stopped before {stage} was done; the same command goes on from there"
        epochs, most = fit.get("epochs"), fit.get("max_epochs")
        if self.path.name != "last.ckpt" or not most or most < 0 or epochs is None or fit["steps"] == fit["max_steps"]:
            return ""
        return f"it was trained for {epochs:.1f} of at most {most} epochs" if epochs < most - 0.05 else ""

    def record(self) -> Record | None:
        """Returns the record of its score; ``None`` where its run has none."""
        records = read_records(self.path.parent.parent / "results.json") if self.path.suffix == ".ckpt" else []
        return next((record for record in records if record["method"] == self.method), None)


def load_trained(run: str | Path, method: str | None = None) -> Trained:
    """Loads a tagger; nothing in its files is executed.

    Args:
        run: the folder of ``ctl fit`` or ``ctl transfer``, a checkpoint, a folder that ``ctl export`` wrote, or an
            ONNX file in such a folder.
        method: of a transfer, which of its models; by default ``student:learned``, else its first student.

    Raises:
        CTLError: there is none, or it can't be used; says where and what to do.
    """
    path = find_model(Path(run), method)
    if path.suffix == ".onnx":
        return _of_export(OnnxModel(path), path.parent, path)
    if path.is_dir():
        return _of_export(load_exported(path), path, path)
    return _load_checkpoint(path)


def _of_export(model: WordLabeller, folder: Path, path: Path) -> Trained:
    return Trained(
        model, exported_types(folder), str(folder), folder.name, path, thresholds=exported_thresholds(folder)
    )


def _load_checkpoint(path: Path) -> Trained:
    from ctl.modules.tagger import load_module

    model = load_module(path)
    method = str(model.identity()["method"])
    kept = path.parent / KEPT
    tokenizer = str(kept) if kept.is_dir() else model.backbone
    return Trained(model, model.schema.types, tokenizer, method, path, model.tokenizer_fingerprint)
