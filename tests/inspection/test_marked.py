"""Sentences in colours, by hand."""

import numpy as np
from made_up_run import SCHEMA

from ctl.inspection.marked import marked
from ctl.system.cells import mark
from ctl.tagging.texts import colour_of


def test_entities_are_marked_and_words_are_text():
    """An entity may begin with I-, and another of its type may follow at once."""
    tags = np.array([2, 1, 2, 0, 5])
    entities = (("A", "PER"), ("B C", "PER"), ("<E>", "LOC"))
    kinds = [mark(text, kind, colour_of(kind, SCHEMA.types)) for text, kind in entities]
    assert marked(["A", "B", "C", "<d>", "<E>"], tags, SCHEMA) == " ".join([*kinds[:2], "&lt;d&gt;", kinds[2]])
    assert marked([], np.array([], dtype=np.int64), SCHEMA) == ""
