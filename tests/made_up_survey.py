"""Languages of a survey that was never made."""

from ctl.data.survey.split import SplitFacts
from ctl.data.survey.subwords import Subwords
from ctl.data.survey.tree import LanguageFacts

TYPES = {"LOC": 5, "ORG": 4, "PER": 3}


def split(entities=None, sentences=100, duplicates=0, seen=None):
    return SplitFacts("", "", sentences, 900, 20, 0, duplicates, seen or {}, entities, ())


def language(subwords=None, script="LATIN", untagged=(), unread=(), **splits):
    """One with these splits: a number of sentences makes raw text, a dictionary is one of entities by type."""
    facts = {
        name: value
        if isinstance(value, SplitFacts)
        else split(value)
        if isinstance(value, dict)
        else split(None, value)
        for name, value in splits.items()
    }
    return LanguageFacts(facts, (), untagged, unread, {script: 1.0}, subwords and Subwords(*subwords))


def labelled(types=TYPES, **more):
    return language(train=types, validation=types, test=types, **more)
