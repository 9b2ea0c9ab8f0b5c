"""A threshold for a wanted precision, chosen on labelled text of the sources: no tag of the target is read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ctl.errors import CTLError
from ctl.system.console import say
from ctl.tagging.text_tagger import TextTagger
from ctl.thresholds.curve_file import Point, of_all


def choose(points: Sequence[Point], precision: float) -> Point:
    """The point of the highest recall among those that have this precision; the lowest threshold among equal ones.

    Args:
        points: of all entities, each with a threshold.
        precision: from 0 to 1.

    Raises:
        CTLError: no point has it.
    """
    reached = [point for point in points if point.precision >= 100 * precision and point.recall > 0]
    if not reached:
        best = max(points, key=lambda point: point.precision)
        raise CTLError(
            f"--for_precision {precision:g}: no threshold reaches it on source validation; the highest is "
            f"{best.precision / 100:.3f}, with --threshold {best.threshold:g}"
        )
    return max(reached, key=lambda point: (point.recall, -(point.threshold or 0)))


def set_for_precision(tagger: TextTagger, precision: float | None) -> None:
    """Gives a tagger the threshold with which it has this precision on the validation splits of its sources.

    Args:
        tagger: a model that was trained by ctl.
        precision: from 0 to 1; ``None`` changes nothing.

    Raises:
        CTLError: its run names none, or no threshold has this precision.
    """
    if precision is None:
        return
    from ctl.scoring.labelled import read_labelled  # what few ask for, and takes long to load
    from ctl.thresholds.curve import curve

    corpora = [read_labelled(tagger.trained, "validation", source) for source in _sources(tagger)]
    probabilities = np.concatenate([tagger.probabilities(corpus) for corpus in corpora])
    lengths = np.concatenate([np.diff(corpus.offsets) for corpus in corpora])
    gold = np.concatenate([np.asarray(corpus.tags) for corpus in corpora])
    points = of_all(curve(probabilities, lengths, gold, tagger.schema.types))
    point = choose([point for point in points if point.threshold is not None], precision)
    names = ", ".join(corpus.name for corpus in corpora)
    say(
        f"ctl: --threshold {point.threshold:g}: precision {point.precision / 100:.3f}, recall {point.recall / 100:.3f} "
        f"on {names}; on another language both may be lower"
    )
    tagger.set_threshold(point.threshold)


def _sources(tagger: TextTagger) -> list[str]:
    """The source languages of a tagger.

    Raises:
        CTLError: an exported model knows none.
    """
    identity = getattr(tagger.trained.model, "identity", None)
    sources = identity()["sources"] if identity else []
    if not sources:
        raise CTLError(f"{tagger.trained.path}: --for_precision needs the run of the model, which names its sources")
    return list(sources)
