"""F1 of an exported network on the test split of its run, where that is there: int8 changes probabilities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from ctl.data.corpus import Corpus
from ctl.errors import CTLError
from ctl.export.check import Compared
from ctl.metrics import SpanF1
from ctl.scoring.labelled import read_labelled
from ctl.system.console import say
from ctl.tagging.text_tagger import TextTagger
from ctl.tagging.trained import Trained

SENTENCES = 1000  # of the test split, at most


def scored(compared: Compared, tagger: TextTagger, original: TextTagger) -> Compared:
    """Adds the F1 of a tagger and of the original, or says why there is none.

    Args:
        compared: what is known of the tagger's network.
        tagger: with the exported network.
        original: the tagger as trained.
    """
    try:
        corpus = gold(original.trained)
    except CTLError as error:
        say(f"F1 of int8 was not compared, there is no test split: {error}")
        return replace(compared, f1=None, original_f1=None)
    return replace(compared, f1=score(tagger, corpus), original_f1=score(original, corpus))


def gold(trained: Trained) -> Corpus:
    """The first sentences of the test split that a model's run names, with their tags under its types.

    Raises:
        CTLError: there is none, or it has no tags.
    """
    return read_labelled(trained, "test").head(SENTENCES)


def score(tagger: TextTagger, corpus: Corpus) -> float:
    """F1 of a tagger on a corpus with gold tags, in percent."""
    metric = SpanF1(tagger.schema.types)
    tags, lengths = tagger.probabilities(corpus).argmax(-1), np.diff(corpus.offsets)
    metric.update(torch.from_numpy(tags), torch.from_numpy(np.asarray(corpus.tags)).long(), torch.from_numpy(lengths))
    return float(metric.compute()["f1"])
