"""A text at a glance: how well labellers agree, how unsure they are, what they find, and which words they dispute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ctl.arrays import Bools, Ints
from ctl.data.tags import TagSchema
from ctl.inspection.frames import Inspection
from ctl.inspection.labellers import Labels
from ctl.inspection.without_gold import THOUSAND, Findings
from ctl.weighting import NO_ANSWER, agreement

BINS = 20  # of a histogram of entropy
WORDS = 24  # that are disputed most


def overview(inspection: Inspection) -> dict[str, Any]:
    """Gives what the page shows first, as plain values; lists have one entry for each labeller, in their order.

    ``agreement``: of every two labellers in percent (K, K), see `ctl.weighting.agreement`. ``entropy``: the words in
    each of `BINS` steps from 0 to ``most`` nats (K, B). ``entities``: those of each type (K, T); ``gold`` likewise
    where there are gold tags. ``disputed``: see `disputed`.
    """
    labellers, corpus = list(inspection.labellers.values()), inspection.corpus
    most = float(np.log(len(inspection.schema)))
    answers = _answers(labellers)
    entities = [_entities(inspection, tags) for tags in answers]
    return {
        "agreement": np.rint(100 * agreement([answers])).astype(int).tolist(),
        "most": round(most, 3),
        "entropy": [_histogram(labels, most) for labels in labellers],
        "entities": entities,
        "gold": None if corpus.tags is None else _entities(inspection, np.asarray(corpus.tags)),
        "disputed": disputed(inspection).head(WORDS).to_dict("records"),
    }


def _answers(labellers: Sequence[Labels]) -> Ints:
    """The tags of labellers (K, W); `NO_ANSWER` where they gave none."""
    return np.stack([np.where(labels.answered, labels.tags, NO_ANSWER).astype(np.int64) for labels in labellers])


def _histogram(labels: Labels, most: float) -> list[int]:
    return [int(n) for n in np.histogram(labels.entropy[labels.answered], bins=BINS, range=(0, most))[0]]


def _entities(inspection: Inspection, tags: Ints) -> list[int]:
    """Counts the entities of each type."""
    findings = Findings.of("", "", tags.astype(np.int16), inspection.corpus.offsets, inspection.schema)
    return [round(rate * findings.words / THOUSAND) for rate in findings.rates.values()]


def disputed(inspection: Inspection) -> pd.DataFrame:
    """The words to which teachers give different tags, those first that are disputed most often.

    ``word disputed times answers``: how often it is disputed, how often it is there, and how often teachers call it
    what where it is disputed. Words with the same number are in the order of the teachers' mean disagreement.
    """
    columns = ["word", "disputed", "times", "answers"]
    if len(inspection.teachers) < 2:
        return pd.DataFrame(columns=columns)
    answers = _answers(inspection.teachers)
    words = pd.DataFrame(
        {"word": inspection.corpus.words, "disputed": _differ(answers), "disagreement": inspection.disagreement}
    )
    groups = words.groupby("word", sort=False)
    table = groups.agg(disputed=("disputed", "sum"), times=("disputed", "size"), mean=("disagreement", "mean"))
    ordered = table[table.disputed > 0].sort_values(["disputed", "mean"], ascending=False, kind="stable").reset_index()
    places = words[words.disputed].groupby("word").indices
    at = np.flatnonzero(words.disputed)
    called = [_called(answers[:, at[places[word]]], inspection.schema) for word in ordered.word]
    return ordered.assign(answers=pd.Series(called, index=ordered.index, dtype=object))[columns]


def _differ(answers: Ints) -> Bools:
    """Tells on which words answers (K, W) differ, among those who gave one (W)."""
    heard = answers != NO_ANSWER
    highest = np.where(heard, answers, -1).max(0)
    lowest = np.where(heard, answers, np.iinfo(np.int64).max).min(0)
    return np.asarray(heard.any(0) & (highest != lowest))


def _called(answers: Ints, schema: TagSchema) -> dict[str, int]:
    """Counts what teachers call a word (K, n): a type, or O; the most frequent first."""
    counts = Counter(schema.tags[tag].partition("-")[2] or "O" for tag in answers[answers != NO_ANSWER])
    return dict(counts.most_common())
