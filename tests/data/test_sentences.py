# ruff: noqa: RUF001  (punctuation of many scripts)
import time
from itertools import pairwise

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from ctl.data.sentences import join_with_spaces, split_sentences

CASES = {
    "Angela Merkel met Mr. O'Neil at Berlin's U.S. embassy. He said: \"No!\" Then they left.": [
        "Angela Merkel met Mr. O'Neil at Berlin 's U.S. embassy .", 'He said : " No ! "', "Then they left .",
    ],
    "Am 3. Oktober kam J. R. R. Tolkien z.B. nach Baden-Baden (1,000 km; 3.14).": [
        "Am 3 . Oktober kam J. R. R. Tolkien z.B. nach Baden-Baden ( 1,000 km ; 3.14 ) .",
    ],
    "Il presidente dell'Italia è all'Aquila. L'ha detto D'Angelo.": [
        "Il presidente dell' Italia è all' Aquila .", "L' ha detto D'Angelo .",
    ],
    "C’est l’Arc de Triomphe ! Müller’s don’t": ["C’ est l’ Arc de Triomphe !", "Müller ’s don’t"],
    "see www.bahn.de/x, or a.b@c.de. ok": ["see www.bahn.de/x , or a.b@c.de . ok"],
    "हिन्दी भाषा है। दिल्ली में": ["हिन्दी भाषा है ।", "दिल्ली में"],
    "我住在北京。他在東京！": ["我 住 在 北 京 。", "他 在 東 京 ！"],
    "Он жил в г. Москва. Она — нет.": ["Он жил в г. Москва .", "Она — нет ."],
    "A ... b?! Wow… next": ["A ... b ?!", "Wow … next"],
    "one\nparagraph\n\nand another": ["one paragraph", "and another"],
    "👍🏽 ok": ["👍🏽 ok"],
    "in Ber\u00adlin, Mün\u00adchen.": ["in Ber\u00adlin , Mün\u00adchen ."],
    " \n ": [],
}  # fmt: skip


@pytest.mark.parametrize("text", CASES)
def test_sentences_and_words(text):
    found = [" ".join(text[start:end] for start, end in sentence) for sentence in split_sentences(text)]
    assert found == CASES[text]


@given(st.text() | st.text(alphabet="aB3 .!?'’-,:/\n我।@w"))
def test_every_character_but_space_is_in_one_word(text):
    places = [place for sentence in split_sentences(text) for place in sentence]
    assert all(start < end for start, end in places)
    assert all(before[1] <= after[0] for before, after in pairwise(places))
    assert "".join(text[start:end] for start, end in places) == regex.sub(r"\s", "", text)


LINE = 128_000  # characters
UNITS = ["我", "+", ")", '"', "1", "a'", "@", "a@", "www.", "X.", ".)", "。", "\u200d", "\n a", "👍🏽"]


@pytest.mark.parametrize("unit", UNITS)
def test_time_is_linear_in_the_length_of_a_line(unit):
    """Twice the line takes about twice as long, and never minutes."""

    def seconds(length):
        began = time.process_time()
        split_sentences(unit * (length // len(unit)))
        return time.process_time() - began

    short, long = seconds(LINE // 4), seconds(LINE)
    assert long < max(0.5, 10 * short) and long < 20


def test_marks_that_close_are_looked_at_once():
    text = "." * 30_000 + ")" * 30_000 + " Next"
    first, second = split_sentences(text)
    assert len(first) == 30_001 and [text[start:end] for start, end in second] == ["Next"]


@pytest.mark.parametrize(
    ("words", "text", "places"),
    [
        (["Ada", "Lovelace", "Bonn", "Ulm"], "Ada Lovelace Bonn Ulm", [(0, 3), (4, 12), (13, 17), (18, 21)]),
        (["東", "京", "に", "Anna"], "東 京 に Anna", [(0, 1), (2, 3), (4, 5), (6, 10)]),
        ([], "", []),
    ],
)
def test_words_are_joined_with_spaces_and_keep_their_places(words, text, places):
    assert join_with_spaces(words) == (text, places)
