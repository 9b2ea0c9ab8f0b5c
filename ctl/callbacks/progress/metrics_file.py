"""The file of a run's metrics, ``<run>/logs/<command>/metrics.csv``; a fit that goes on keeps what is there."""

from __future__ import annotations

import csv
from pathlib import Path

from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.utilities import rank_zero_only


class MetricsFile(CSVLogger):
    """Writes metrics as they come; Lightning's own logger would begin a resumed fit with an empty file.

    Args:
        folder: the run's.
        command: ``fit``, ``validate``, ``test`` or ``predict``.
        resumed: the fit goes on from a checkpoint.
    """

    def __init__(self, folder: str | Path, command: str, resumed: bool = False) -> None:
        super().__init__(folder, name="logs", version=command, flush_logs_every_n_steps=1)
        self._before = _rows(Path(self.log_dir) / "metrics.csv") if resumed else []

    @rank_zero_only
    def go_on(self, step: int) -> None:
        """Writes the rows again, once, that were written before a fit reached the step that it goes on from."""
        kept = [row for row in self._before if row["step"].isdecimal() and int(row["step"]) < step]
        self._before = []
        if kept:
            self.experiment.metrics[:0] = kept
            self.save()


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [row for row in csv.DictReader(file) if row.get("step")]
    except FileNotFoundError:
        return []
