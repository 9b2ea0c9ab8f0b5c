"""F1 of an exported network on the test split of its run, where that is there: int8 changes probabilities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from ctl.data.corpus import Corpus
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.export.check import Compared
from ctl.inspection.settings import read_settings
from ctl.inspection.stores import read_named
from ctl.metrics import SpanF1
from ctl.system.console import say
from ctl.tagging.text_tagger import TextTagger
from ctl.tagging.trained import Trained

SENTENCES = 1000  # of the test split, at most
CONFIGURATIONS = ("config.test.yaml", "test.yaml", "config.fit.yaml", "fit.yaml")


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
    stage = trained.path.parent.parent
    path = next((stage / name for name in CONFIGURATIONS if (stage / name).is_file()), None)
    if path is None:
        raise CTLError(f"{stage} has no {CONFIGURATIONS[0]}")
    data = read_settings(path)
    corpus = read_named(f"{data.get('target')}/test", data, stage, tags=True).head(SENTENCES)
    if corpus.tags is None:
        raise CTLError(f"{corpus.name} is raw text")
    return corpus.project(TagSchema(trained.types), data.get("type_map"))


def score(tagger: TextTagger, corpus: Corpus) -> float:
    """F1 of a tagger on a corpus with gold tags, in percent."""
    metric = SpanF1(tagger.schema.types)
    tags, lengths = tagger.probabilities(corpus).argmax(-1), np.diff(corpus.offsets)
    metric.update(torch.from_numpy(tags), torch.from_numpy(np.asarray(corpus.tags)).long(), torch.from_numpy(lengths))
    return float(metric.compute()["f1"])
