"""The writer of what leaving one source out says of weightings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from lightning.pytorch import Trainer
from torch import Tensor

from ctl.callbacks.writers import PredictionWriter
from ctl.data.collation import WordBatch
from ctl.data.corpus import Corpus
from ctl.data.soft_labels import SoftLabelStore
from ctl.mixing.sharpness import SHARPNESS
from ctl.ranking import mean_scores, rank_scores
from ctl.results import LEFT_OUT, f1_of_counts
from ctl.system.files import write_json

Numbers = npt.NDArray[np.float64]
Sums = dict[str, Numbers]  # by name, as `LeaveOneOut.predict_step` gives them


class LeavesOneOut(Protocol):
    """A model that predicts sums over the text of each source that is left out."""

    stores: dict[str, dict[str, SoftLabelStore]]
    weights: dict[str, dict[str, npt.NDArray[np.float32]]]

    @property
    def left_out(self) -> list[str]:
        """The sources in the order in which they are read."""


class LeftOutWriter(PredictionWriter):
    """Adds the sums of every source up, and writes the table ``<run>/leave_one_out.json``.

    ``scores`` has the F1 of every teacher on every other source, 0..100. ``weightings`` has by weighting its
    ``weights``, the measures of `ctl.ranking.rank_scores` (means over the sources), the ``sharpness`` that fits best,
    and for all that were tried ``mixtures``, with the mean F1 of the mixture and its mean squared error.

    Args:
        model: says which teachers and weights there are.
    """

    def __init__(self, model: LeavesOneOut) -> None:
        self.model = model
        self._sums: dict[str, dict[str, Tensor]] = {}

    def open(self, folder: Path, split: str, rank: int) -> None:
        """Starts with no sum."""
        self._sums[split] = {}

    def add(self, split: str, batch: WordBatch, outputs: Any) -> None:  # noqa: ANN401
        """Adds the sums of a batch."""
        sums = self._sums[split]
        for name, values in outputs.items():
            sums[name] = sums[name] + values.double() if name in sums else values.double()

    def close(self, trainer: Trainer, split: str, corpus: Corpus) -> None:
        """Adds up the sums of all processes; after the last source, the first process writes the table."""
        for name, values in self._sums[split].items():
            self._sums[split][name] = trainer.strategy.reduce(values, reduce_op="sum")
        if split != list(self._sums)[-1] or not trainer.is_global_zero:
            return
        sums = [{name: values.numpy(force=True) for name, values in each.items()} for each in self._sums.values()]
        write_json(
            Path(trainer.default_root_dir) / LEFT_OUT, self.table(dict(zip(self.model.left_out, sums, strict=True)))
        )

    def table(self, sums: dict[str, Sums]) -> dict[str, Any]:
        """Makes the table of the sums of every source."""
        scores = {
            source: dict(zip(self.model.stores[source], f1_of_counts(own["teachers"]).round(2).tolist(), strict=True))
            for source, own in sums.items()
        }
        names = next(iter(self.model.weights.values()))
        errors = np.mean([own["errors"] / own["words"] for own in sums.values()], axis=0)  # (V, T)
        mixtures = np.mean([f1_of_counts(own["mixtures"]) for own in sums.values()], axis=0)
        weightings = {}
        for number, name in enumerate(names):
            weights = {
                source: dict(
                    zip(teachers, self.model.weights[source][name].astype(float).round(4).tolist(), strict=True)
                )
                for source, teachers in self.model.stores.items()
            }
            weightings[name] = {
                **_rounded(mean_scores([rank_scores(weights[source], scores[source]) for source in scores])),
                "sharpness": fitting(errors[number]),
                "mixtures": _tried(mixtures[number], errors[number]),
                "weights": weights,
            }
        return {"scores": scores, "weightings": weightings}


def fitting(errors: Sequence[float] | Numbers) -> float:
    """The sharpness with the smallest error; of equal ones the nearest to 1, which is the paper's."""
    order = sorted(range(len(SHARPNESS)), key=lambda place: abs(place - SHARPNESS.index(1.0)))
    return SHARPNESS[min(order, key=lambda place: round(float(errors[place]), 9))]


def _tried(scores: Numbers, errors: Numbers) -> list[dict[str, float]]:
    return [
        {"sharpness": sharpness, "f1": round(float(score), 2), "error": round(float(error), 6)}
        for sharpness, score, error in zip(SHARPNESS, scores, errors, strict=True)
    ]


def _rounded(values: dict[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 3) for name, value in values.items()}
