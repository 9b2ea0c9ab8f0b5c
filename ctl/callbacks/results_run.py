"""The W&B run of a whole transfer: its table of results, its curves, its weights, and where its page is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ctl.callbacks.logger_settings import wandb_loggers
from ctl.callbacks.model_run import keep_id, run_id
from ctl.callbacks.tracking import wandb_table
from ctl.results import Record, weights_by_source
from ctl.thresholds.curve_file import CURVE, with_curves

COLUMNS = ("method", "precision", "recall", "f1", "train_seconds")
KEPT = ("project", "entity", "group", "tags", "mode")  # settings of the logger that hold for this run as well


def track_results(settings: Mapping[str, Any], records: Sequence[Record]) -> None:
    """Makes a run of its own for the results of a transfer, the same one where the transfer is run again.

    Args:
        settings: of the transfer, as records keep them.
        records: of all its methods.
    """
    import wandb

    folder = Path(settings["output"])
    for logger in wandb_loggers(settings["trainer"].get("logger")):
        given = logger["init_args"]
        kept: dict[str, Any] = {name: given[name] for name in KEPT if given.get(name)}
        if given.get("offline"):
            kept["mode"] = "offline"
        run = wandb.init(
            dir=given["save_dir"], name=f"{folder.resolve().name} results", job_type="results", config=dict(settings),
            id=run_id(folder, new=False), resume="allow",
            notes=f"Soft labels word by word: `ctl inspect {folder} --students` writes inspect.html there", **kept,
        )  # fmt: skip
        keep_id(folder, run.id)
        run.log({"results": wandb_table(COLUMNS, ([record[name] for name in COLUMNS] for record in records))})
        if points := list(_points(folder, records)):
            run.log({"curves": wandb_table(("method", "threshold", "precision", "recall", "f1"), points)})
        run.summary.update({f"f1/{record['method']}": record["f1"] for record in records})
        run.summary.update(dict(_weights(records)))
        run.summary["inspect"] = str((folder / "inspect.html").resolve())
        run.finish()


def _points(folder: Path, records: Sequence[Record]) -> Iterator[tuple[Any, ...]]:
    """Precision and recall of every method at every threshold."""
    for record in with_curves(folder, records):
        yield from ((record["method"], p.threshold, p.precision, p.recall, p.f1) for p in record[CURVE])


def _weights(records: Sequence[Record]) -> Iterator[tuple[str, float]]:
    """The weight that each mixture gives each source."""
    for record in records:
        for source, weight in weights_by_source(record).items():
            yield f"weights/{record['method']}/{source}", weight
