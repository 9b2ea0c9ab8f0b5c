"""Trained taggers by where they lie: a run, a transfer, a checkpoint, an exported folder, an ONNX file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ctl.errors import CTLError
from ctl.methods import Method
from ctl.modules.base import WordLabeller
from ctl.results import Record, read_records
from ctl.tagging.exported import OnnxModel, exported_types, load_exported

PREFERRED = "student:learned"


@dataclass(frozen=True)
class Trained:
    """A model that can tag, and what one must know to use it.

    Attributes:
        model: answers with distributions.
        types: the entity types, in the order of the tags.
        tokenizer: Hub name or folder of its tokenizer.
        method: its name in results; empty where it has none.
        path: where it was found.
    """

    model: WordLabeller
    types: tuple[str, ...]
    tokenizer: str
    method: str
    path: Path

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
        return Trained(OnnxModel(path), exported_types(path.parent), str(path.parent), path.parent.name, path)
    if path.is_dir():
        return Trained(load_exported(path), exported_types(path), str(path), path.name, path)
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


def _choose(models: dict[str, Path], method: str | None, run: Path) -> Path:
    if not models:
        raise CTLError(f"{run}: it scored no model that can be loaded")
    if method is not None and method not in models:
        raise CTLError(f"{run}: no model {method}; there is {', '.join(models)}")
    students = [name for name in models if Method.split(name).kind == "student"]
    default = PREFERRED if PREFERRED in models else (students or list(models))[0]
    return models[method or default]


def _load_checkpoint(path: Path) -> Trained:
    from ctl.modules.tagger import load_module

    model = load_module(path)
    return Trained(model, model.schema.types, model.backbone, model.identity()["method"], path)
