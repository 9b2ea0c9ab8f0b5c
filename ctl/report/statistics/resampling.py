"""F1 on other draws of the test sentences; the draws are the same for all that was scored on them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ctl.results import f1_of_counts

RESAMPLES = 2000
Counts = npt.NDArray[np.int32]
Samples = npt.NDArray[np.float64]  # row 0 is what was observed, the others are what it would have been


@lru_cache(maxsize=4)  # of 10,000 sentences they take 160 MB
def draw_weights(items: int, resamples: int = RESAMPLES, seed: int = 0) -> Samples:
    """Counts how often each item is drawn (1 + resamples, items), all of them once in row 0; not to be written to."""
    drawn = np.random.default_rng([seed, items]).multinomial(items, np.full(items, 1 / items), size=resamples)
    weights = np.concatenate([np.ones((1, items)), drawn])
    weights.flags.writeable = False
    return weights


def resampled_f1(counts: Counts, weights: Samples | None = None) -> Samples:
    """Micro F1 (R), 0..100, of entities (S, 3) when sentences count as often as each row of weights (R, S) says.

    Args:
        counts: entities of each sentence: found and right, found, of the gold tags (S, 3).
        weights: `draw_weights` of so many sentences by default.
    """
    weights = draw_weights(len(counts)) if weights is None else weights
    return f1_of_counts(weights @ counts)
