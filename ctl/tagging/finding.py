"""Finds the model that a path means: of a run, a transfer, a checkpoint, an exported folder; loads none."""

from __future__ import annotations

from pathlib import Path

from ctl.errors import CTLError
from ctl.methods import Method
from ctl.results import read_records
from ctl.system.files import read_object

UNSCORED = "unscored.json"  # in place of results.json where a target has no labelled test split
PREFERRED = "student:learned"


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
