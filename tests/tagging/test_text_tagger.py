"""A tagger gives what was scored, in any company, with places in the text as it was."""

import numpy as np
import pytest

from ctl.data.sentences import split_sentences


def test_tags_are_those_that_were_scored(trained_run, tagger, test_split):
    """The F1 of what the tagger finds is that of the run's record, and the tags are legal."""
    assert tagger.trained.method == "student:learned"
    results = tagger([test_split.sentence(index) for index in range(len(test_split))])
    gold, _, stop = test_split.tags, test_split.schema, test_split.offsets
    hits = found = 0
    names = test_split.schema.tags
    for index, result in enumerate(results):
        tags = [names[tag] for tag in gold[stop[index] : stop[index + 1]]]
        right = set(spans_by_hand(tags))
        ours = [(span.type, span.first_word, span.end_word) for span in result.spans]
        assert spans_by_hand(result.tags) == ours
        hits, found = hits + len(right & set(ours)), found + len(ours)
    entities = int((gold % 2 == 1).sum())
    assert found > 10
    assert tagger.trained.record()["f1"] == pytest.approx(200 * hits / (found + entities), abs=0.01)


def spans_by_hand(tags):
    """Entities of legal BIO2 tags."""
    found = []
    for place, name in enumerate([*tags, "O"]):
        if found and found[-1][2] is None and name[:1] != "I":
            found[-1] = (*found[-1][:2], place)
        if name[:1] == "B":
            found.append((name[2:], place, None))
    return found


def test_places_are_in_the_original_text(tagger, test_split):
    words = test_split.sentence(0)
    text = f"  {' '.join(words)}\t{' '.join(words)}  \n\n x"
    (result,) = tagger([text])
    assert result.text == text and len(result.sentences) > 2
    assert [text[start:end] for start, end in result.places] == result.words
    assert all(text[span.start : span.end] == span.text for span in result.spans)
    for span in result.spans:
        sure = result.probabilities[span.first_word : span.end_word].max(-1)
        assert span.confidence == pytest.approx(sure.mean(), abs=1e-6)


def test_letters_in_parts_and_soft_hyphens_are_read_as_one_letter_and_none(tagger, test_split):
    words = [f"{word}é" for word in test_split.sentence(0)]
    odd = [f"{word[:1]}\u00ad{word[1:-1]}e\u0301" for word in words]
    (expected, result) = tagger([words, odd])
    np.testing.assert_allclose(result.probabilities, expected.probabilities, atol=1e-5)
    assert result.words == odd


def test_company_in_a_batch_changes_nothing_and_order_is_kept(tagger, test_split):
    sentences = [test_split.sentence(index) for index in range(40)]
    together = tagger(sentences)
    assert [result.words for result in together] == sentences
    for sentence, result in zip(sentences, together, strict=True):
        np.testing.assert_allclose(result.probabilities, tagger([sentence])[0].probabilities, atol=1e-5)


def test_nothing_is_an_answer_too(tagger):
    for texts in ([], [""], [[]], ["", [], "a"]):
        results = tagger(texts)
        assert len(results) == len(texts)
    assert results[0].words == [] and results[0].sentences == [0] and results[0].probabilities.shape == (0, 7)
    with pytest.raises(TypeError, match="a list of texts"):
        tagger("one text")


def test_memory_does_not_grow_with_the_text(tagger):
    tagger([["a", "b"]])
    assert not tagger.encoder._encoded


def test_a_sentence_longer_than_the_model_is_read_whole(tagger, test_split):
    words = test_split.words
    assert len(words) > 256 and len(tagger([words])[0].tags) == len(words)


def test_raw_text_is_cut_as_the_splitter_cuts(tagger):
    text = "Anna met Bob's friend. He left."
    assert tagger([text])[0].places == [place for sentence in split_sentences(text) for place in sentence]


def test_a_notebook_shows_the_tagger_and_its_results(tagger, test_split):
    assert repr(tagger).startswith("<TextTagger: student:learned tags (") and ", on cpu" in repr(tagger)
    assert "<code>" in tagger._repr_html_() and f">{tagger.trained.record()['f1']:.1f}<" in tagger._repr_html_()
    results = tagger([test_split.sentence(index) for index in range(len(test_split))])
    assert results._repr_html_().count("<mark") == sum(len(result.spans) for result in results) > 0
