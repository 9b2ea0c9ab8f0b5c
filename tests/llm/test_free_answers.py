"""Distributions from free answers, by hand."""

import math

import numpy as np
import pytest
from chat_server import answer

from ctl.data.tags import TagSchema
from ctl.llm.free_answers import read, vote, weigh
from ctl.llm.remote.answers import NoAnswer, checked
from ctl.llm.styles import prompt_style

SCHEMA = TagSchema(("PER", "ORG"))
TAGS = ["(O)", "(B-PER)", "(I-PER)", "(B-ORG)", "(I-ORG)"]


def token(text, chance=1.0, others=()):
    """A token as servers describe it, and others that could have stood there."""
    top = [{"token": name, "logprob": math.log(share)} for name, share in {text: chance, **dict(others)}.items()]
    return {"token": text, "logprob": math.log(chance), "top_logprobs": top}


def choice(text, tokens=None):
    return checked(answer(text, tokens))


def test_votes_are_frequencies_smoothed():
    style = prompt_style("json", SCHEMA)
    texts = ['[{"text": "Ada", "type": "PER"}]', "[]", '[{"text": "Ada", "type": "ORG"}]', "[]"]
    read_all = [read(style, ["Ada", "ran"], choice(text)) for text in texts]
    probs = vote([*read_all, None], smoothing=0.1)  # a missing answer has no vote
    np.testing.assert_allclose(probs[0], 0.9 * np.array([0.5, 0.25, 0, 0.25, 0]) + 0.02)
    np.testing.assert_allclose(probs[1], [0.92, 0.02, 0.02, 0.02, 0.02])
    assert vote([None, None], smoothing=0.1) is None


def test_the_path_that_was_written_divides_further():
    """(B has 0.8 and is written, and there PER has 0.75 and ORG 0.25; (I is I-PER's and I-ORG's evenly."""
    opening = token("(B", 0.8, {"(O": 0.1, "(I": 0.06, "(X": 0.04})
    tokens = [token("Ada"), opening, token("-"), token("PER", 0.75, {"ORG": 0.25}), token(")")]
    expected = np.array([0.1, 0.8 * 0.75, 0.03, 0.8 * 0.25, 0.03]) / 0.96
    np.testing.assert_allclose(weigh(tokens, 3, TAGS), expected)


def test_a_token_that_begins_in_the_word_and_one_that_goes_beyond_the_tag():
    tokens = [token("A"), token("da(", 0.9, {"mos": 0.1}), token("O) ran", 0.5, {"B": 0.25}), token("(O)")]
    np.testing.assert_allclose(weigh(tokens, 3, TAGS), np.array([0.5, 0.125, 0, 0.125, 0]) / 0.75)


def test_an_answer_with_scores():
    style = prompt_style("tagged", SCHEMA)
    tokens = [token("Ada"), token("(B", 0.6, {"(O": 0.4}), token("-PER)"), token(" ran"), token("(O)")]
    words, text = ["Ada", "quickly", "ran"], "Ada(B-PER) ran(O)"
    probs = read(style, words, choice(text, tokens))
    np.testing.assert_allclose(probs, [[0.4, 0.6, 0, 0, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0]])
    without = read(style, words, choice(text, tokens[:-1]))  # what does not spell the answer is not used
    assert without[0].tolist() == [0, 1, 0, 0, 0]


def test_scores_that_tell_nothing_leave_the_tag_that_is_written():
    """The tag's chance is so small that it is zero."""
    style = prompt_style("tagged", TagSchema(("MISC",)))
    tokens = [token("Ada"), {"token": "(B-MISC)", "logprob": -9999.0, "top_logprobs": []}]
    probs = read(style, ["Ada"], choice("Ada(B-MISC)", tokens))
    assert np.isfinite(probs).all() and probs.sum() == pytest.approx(1)
    assert weigh([token("x")], 0, TAGS).tolist() == [0] * 5


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("json", "Sure! Here it is"),
        ("tagged", "I can't do that."),
        ("inline", ""),
        ("json", "["),
        ("json", "x" * 30_000),
    ],
)
def test_prose_is_no_answer(style, text):
    with pytest.raises(NoAnswer):
        read(prompt_style(style, SCHEMA), ["Ada", "ran"], choice(text))
