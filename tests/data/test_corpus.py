import numpy as np
import pytest

from ctl.data.corpus import Corpus, draw_at_most, draw_evenly
from ctl.data.tag_schemes import to_bio2
from ctl.data.tags import TagSchema
from ctl.errors import CTLError


def read(line: str):
    """Tags of sentences that are separated by a bar."""
    sentences = [part.split() for part in line.split("|")]
    return to_bio2([tag for s in sentences for tag in s], np.cumsum([0, *map(len, sentences)]))


def corpus(line: str) -> Corpus:
    reading = read(line)
    return Corpus("xx/train", ["w"] * len(reading.tags), np.array([0, len(reading.tags)]), reading.tags, reading.schema)


def test_projection_by_name_reports_what_it_does():
    projected = corpus("B-PER I-PER B-MISC I-MISC B-LOC B-DATE").project(
        TagSchema(("LOC", "PER", "ORG")), {"DATE": None}
    )
    assert [projected.schema.tags[tag] for tag in projected.tags] == ["B-PER", "I-PER", "O", "O", "B-LOC", "O"]
    assert projected.notes == (
        "xx/train: type DATE (1 entities) read as O",
        "xx/train: type MISC (1 entities) is outside the task's types and read as O",
        "xx/train: has no entities of type ORG",
    )


def test_projection_merges_fine_types():
    projected = corpus("B-Artist I-Artist B-Politician").project(
        TagSchema(("PER",)), {"Artist": "PER", "Politician": "PER"}
    )
    assert projected.tags.tolist() == [1, 2, 1]


def test_projection_without_a_common_type_is_a_mistake():
    with pytest.raises(CTLError, match=r"\['PERSON'\] and the task's \['PER'\] have none in common.*data.type_map"):
        corpus("B-PERSON").project(TagSchema(("PER",)))


def test_raw_text_has_nothing_to_project():
    raw = corpus("B-PER").raw()
    assert raw.project(TagSchema(("X",))) is raw and raw.tags is None


def test_sentences_and_heads():
    text = Corpus("de/test", ["Ada", "sang", "In", "Bonn"], np.array([0, 2, 4]))
    assert len(text) == 2 and text.language == "de"
    assert text.sentence(1) == ["In", "Bonn"]
    assert list(text.head(1).words) == ["Ada", "sang"] and text.head(None) is text and text.head(9) is text


def test_a_fingerprint_is_of_words_and_bounds_alone():
    words, bounds = ["Ada", "sang", "In", "Bonn"], np.array([0, 2, 4])
    text = Corpus("de/test", words, bounds)
    assert text.fingerprint == Corpus("nl/train", list(words), bounds).fingerprint
    assert text.fingerprint != Corpus("de/test", words, np.array([0, 1, 4])).fingerprint
    assert text.fingerprint != Corpus("de/test", ["Ada", "sang", "In", "Bonn."], bounds).fingerprint


def test_sentences_that_stand_in_other_text_are_left_out():
    schema = TagSchema(("PER",))
    test = Corpus("de/test", list("abcabcd"), np.array([0, 2, 3, 5, 6, 7]), np.array([1, 2, 0, 1, 2, 0, 1]), schema)
    train = Corpus(
        "de/train", list("cabx"), np.array([0, 3, 4])
    )  # "c a b" has the words of "a b", in a longer sentence
    assert test.without(train).left_out == 0 and list(test.without(train).words) == list("abcabcd")
    train = Corpus("de/train", list("xabc"), np.array([0, 1, 3, 4]))
    rest = test.without(train)  # neither "a b", which stands twice, nor "c"
    assert list(rest.sentences()) == [("d",)] and rest.tags.tolist() == [1] and rest.offsets.tolist() == [0, 1]
    assert rest.left_out == 4
    assert rest.notes == ("de/test: 4 of 5 sentences stand word for word in de/train: left out",)
    assert rest.fingerprint == Corpus("de/test", ["d"], np.array([0, 1])).fingerprint
    with pytest.raises(CTLError, match="5 of 5 sentences"):
        test.without(test)


def numbered(name, count):
    return Corpus(name, [str(number) for number in range(count)], np.arange(count + 1))


def test_sentences_to_validate_on_are_drawn_in_proportion():
    """A quarter of 20, 7 and 1 sentences; no more are drawn than there are."""
    corpora = [numbered("en/validation", 20), numbered("nl/validation", 7), numbered("es/validation", 1)]
    assert [len(corpus) for corpus in draw_at_most(corpora, 7)] == [5, 1, 1]
    assert draw_at_most(corpora, 28) == corpora


def test_as_many_sentences_as_the_smallest_text_has_are_drawn_evenly():
    """Seven sentences from three texts are 3, 2 and 2; a smaller draw is part of a larger one."""
    corpora = [numbered("en/train", 20), numbered("nl/train", 7), numbered("es/train", 9)]
    drawn = draw_evenly(corpora)
    assert [len(corpus) for corpus in drawn] == [3, 2, 2]
    assert [list(corpus.words) for corpus in drawn] == [list(corpus.words) for corpus in draw_evenly(corpora)]
    for corpus in drawn:
        assert list(corpus.words) == sorted(corpus.words, key=int) and len(set(corpus.words)) == len(corpus)
    more = draw_evenly(corpora[:2])
    assert [len(corpus) for corpus in more] == [4, 3] and set(drawn[1].words) < set(more[1].words)
    with pytest.raises(CTLError, match="fr/train: 1 sentences, too few"):
        draw_evenly([numbered("fr/train", 1), *corpora])


def test_a_corpus_says_what_it_is():
    tagged = corpus("B-PER I-PER B-LOC")
    assert repr(tagged) == "Corpus(xx/train: 1 sentences, 3 words, tags of LOC, PER)"
    assert repr(tagged.raw()) == "Corpus(xx/train: 1 sentences, 3 words, raw text)"
