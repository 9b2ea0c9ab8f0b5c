"""Trained taggers by where they lie: a run, a transfer, a checkpoint, an exported folder, an ONNX file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ctl.callbacks.tokenizer import KEPT
from ctl.errors import CTLError
from ctl.methods import Method
from ctl.modules.base import WordLabeller
from ctl.results import Record, read_records
from ctl.system.files import read_object
from ctl.tagging.exported import OnnxModel, exported_thresholds, exported_types, load_exported

UNSCORED = "unscored.json"  # in place of results.json where a target has no labelled test split
PREFERRED = "student:learned"


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


def find_model(run: Path, method: str | None = None) -> Path:
    """The checkpoint, the ONNX file or the exported folder that ``run`` means (see `load_trained`).

    Raises:
        CTLError: there is none.
    """
    if run.is_file():
        return run
    if not run.is_dir():
        raise CTLError(f"{run}: no such run, checkpoint or exported folder")
    if (run / "config.json").is_file():
        return run
    if checkpoint := _checkpoint_of(run):
        return checkpoint
    if (run / "results.json").is_file():
        return _choose(_of_transfer(run), method, run)
    if models := _unscored(run):
        return _choose(models, method, run)
    if any(run.glob("*/*/checkpoints/*.ckpt")):
        raise CTLError(
            f"{run}: its `ctl transfer` is not finished (no results.json); the same command goes on, or name a stage, "
            f"such as {next(run.glob('*/*/checkpoints')).parent}"
        )
    raise CTLError(
        f"{run}: no model here; looked for checkpoints/best.ckpt and last.ckpt (of ctl fit), results.json "
        "(of ctl transfer) and config.json (of ctl export)"
    )


def _checkpoint_of(run: Path) -> Path | None:
    """The best state where one was chosen, else the last."""
    files = [run / "checkpoints" / f"{name}.ckpt" for name in ("best", "last")]
    return next((file for file in files if file.is_file()), None)


def _of_transfer(run: Path) -> dict[str, Path]:
    """Checkpoints of a transfer's models by method, in the order in which it scored them."""
    homes: dict[str, Path] = {}
    for file in sorted(run.rglob("results.json")):
        if file.parent != run and (checkpoint := _checkpoint_of(file.parent)):
            homes |= {record["method"]: checkpoint for record in read_records(file)}
    order = [record["method"] for record in read_records(run / "results.json")]
    return {method: homes[method] for method in order if method in homes}


def _unscored(run: Path) -> dict[str, Path]:
    """Checkpoints of a transfer's models where none was scored, by method; those that lie in the run."""
    models = read_object(run / UNSCORED).get("models")
    named = models.items() if isinstance(models, dict) else ()
    paths = {name: run / path for name, path in named if isinstance(path, str)}
    return {
        name: path for name, path in paths.items() if path.is_file() and path.resolve().is_relative_to(run.resolve())
    }


def _choose(models: dict[str, Path], method: str | None, run: Path) -> Path:
    if not models:
        raise CTLError(
            f"{run}: it scored no model that can be loaded: there is no checkpoints/best.ckpt or last.ckpt in it or in "
            "its stages; the same `ctl transfer` or `ctl fit` makes it again"
        )
    if method is not None and method not in models:
        raise CTLError(f"{run}: no model {method}; there is {', '.join(models)}")
    students = [name for name in models if Method.split(name).kind == "student"]
    zero_resource = [name for name in models if not Method.split(name).upper_bound]
    default = PREFERRED if PREFERRED in models else (students or zero_resource or list(models))[0]
    return models[method or default]


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
