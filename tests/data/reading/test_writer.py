"""Sentences to a corpus: in memory and in a folder alike."""

import numpy as np
import pytest

from ctl.data.reading.form import Form
from ctl.data.reading.writer import CorpusWriter
from ctl.errors import CTLError


@pytest.mark.parametrize("kept", [False, True])
def test_what_is_added_is_there(tmp_path, kept):
    writer = CorpusWriter("xx/train", Form(), tmp_path if kept else None)
    writer.add(["Zoe\u0308", "sang"], ["B-PER", "O"], 1)
    writer.add(["Oslo"], ["B-LOC"], 4)
    corpus = writer.close("x.txt")
    assert corpus.words == ["Zo\u00eb", "sang", "Oslo"] and corpus.offsets.tolist() == [0, 2, 3]
    assert [corpus.schema.tags[tag] for tag in corpus.tags] == ["B-PER", "O", "B-LOC"]
    assert isinstance(corpus.tags, np.memmap) == kept and len(corpus.notes) == 1


def test_raw_text_has_no_tags():
    writer = CorpusWriter("xx/train", Form(), None)
    writer.add(["a"], None, 1)
    assert writer.close("x.txt").tags is None


@pytest.mark.parametrize(("place", "said"), [(7, "x.txt:7: unknown tag 'Q'"), ("x.ann:9", "^x.ann:9: unknown tag 'Q'")])
def test_a_tag_that_is_none_is_named_where_it_was_seen_first(place, said):
    writer = CorpusWriter("xx/train", Form(), None)
    writer.add(["a"], ["B-PER"], 1)
    for _ in range(2):
        writer.add(["a"], ["Q"], place)
        place = 99
    with pytest.raises(CTLError, match=said):
        writer.close("x.txt")


def test_nothing_is_no_corpus():
    with pytest.raises(CTLError, match=r"x\.txt: no sentences"):
        CorpusWriter("xx/train", Form(), None).close("x.txt")
