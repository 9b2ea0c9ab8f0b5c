"""Exact answers of every style, and free answers read back, well-formed and not."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctl.data.tags import TagSchema
from ctl.llm.styles import prompt_style

SCHEMA = TagSchema(("PER", "ORG", "LOC"))
WORDS = ["Ada", "Lovelace", "Byron", "saw", "London", "."]
TAGS = [1, 2, 1, 0, 5, 0]
PARTS = ["(B-PER)", "(I-X)", "(O)", "<PER>", "</PER>", "<X>", " Ada", " saw", '{"text": "Ada", "type": "PER"}']
PIECES = st.lists(st.sampled_from(PARTS), max_size=12)
ANSWERS = {
    "tagged": "Ada(B-PER) Lovelace(I-PER) Byron(B-PER) saw(O) London(B-LOC) .(O)",
    "inline": "<PER>Ada Lovelace</PER> <PER>Byron</PER> saw <LOC>London</LOC> .",
    "json": '[{"text": "Ada Lovelace", "type": "PER"}, {"text": "Byron", "type": "PER"}, '
    '{"text": "London", "type": "LOC"}]',
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_are_written_so_and_read_back(name):
    style = prompt_style(name, SCHEMA)
    assert style.answer(WORDS, TAGS) == ANSWERS[name]
    assert style.parse(ANSWERS[name], WORDS) == TAGS
    assert style.parse(style.answer(WORDS[:3], [2, 2, 4]), WORDS[:3]) == [1, 2, 3]  # stray I- opens an entity
    assert style.parse("", WORDS) is None and style.parse("Sure! Here you go:", WORDS) is None
    ends_open = style.answer(["in", "New", "York"], [0, 5, 6])
    assert style.parse(ends_open, ["in", "New", "York"]) == [0, 5, 6]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("Ada(B-PER) Lovelace(I-PER) saw(O) London(B-LOC) .(O)", [1, 2, 0, 0, 5, 0]),  # a word left out
        ("Ada(b-per) Lovelace(i-per) Byron(B-PER) saw(O) the(O) London(B-LOC) .(O)", [1, 2, 1, 0, 5, 0]),  # one added
        ("Ada(B-PER) Lovlace(I-PER) Byron(B-PER) saw(O) London(B-LOC) .(O)", [1, 2, 1, 0, 5, 0]),  # misspelt
        ("Ada(B-PER) Lovelace(I-ANIMAL) Byron(O) saw(O) London(B-LOC", [1, 0, 0, 0, 0, 0]),  # no such type; cut off
        ("Ada (B-PER)\nLovelace (I-PER)\nByron (B-PER)", [1, 2, 1, 0, 0, 0]),
    ],
)
def test_careless_tagged_answers(text, tags):
    assert prompt_style("tagged", SCHEMA).parse(text, WORDS) == tags


def test_brackets_in_words_are_no_tags():
    words = ["f(x)", "(", "(O)", "Ada", ")"]
    style = prompt_style("tagged", SCHEMA)
    answer = style.answer(words, [0, 0, 0, 1, 0])
    assert answer == "f(x)(O) ((O) (O)(O) Ada(B-PER) )(O)"
    assert style.parse(answer, words)[3] == 1


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ('Sure:\n```json\n[{"text": "ada lovelace", "type": "per"}]\n```', [1, 2, 0, 0, 0]),
        ('[{"text": "Ada", "type": "PER"}, {"text": "Ada", "type": "LOC"}]', [1, 0, 0, 0, 5]),  # in order
        ('[{"text": "Ada", "type": "PER"}, {"text": "Nobody", "type": "PER"}, {"text": "", "type": "PER"}, 7]',
         [1, 0, 0, 0, 0]),
        ('[{"text": "Ada Lovelace", "type": "PER"}, {"text": "Lovelace", "type": "ORG"}]', [1, 2, 0, 0, 0]),  # nested
        ('[{"text": "Ada", "type": "ANIMAL"}, {"text": "metAda", "type": "ORG"}]', [0, 0, 0, 3, 4]),
        ('[{"text": "Ada", "type": "PER"}', None),  # cut off
        ("[]", [0] * 5), ("See [1].", None), ('{"a": ' * 3000, None), ("[" * 50_000 + "]" * 50_000, None),
        ('[{"text": "Nobody", "type": "PER"}]', None),  # about another sentence
        ('[{"text": "Ada", "type": "ANIMAL"}]', None), (f"[{'1' * 5000}]", None), ("[NaN, 1e400]", None),
        ('{"entities": [{"text": "Ada", "type": "PER"}]}', [1, 0, 0, 0, 0]),
    ],
)  # fmt: skip
def test_careless_json_answers(text, tags):
    assert prompt_style("json", SCHEMA).parse(text, ["Ada", "Lovelace", "and", "met", "Ada"]) == tags


def test_careless_inline_answers():
    style = prompt_style("inline", SCHEMA)
    assert style.parse("<per>Ada Lovelace</per> Byron saw <LOC>London .", WORDS) == [1, 2, 0, 0, 5, 6]
    assert style.parse("<PER>Ada</PER> Lovelace <ANIMAL>saw</ANIMAL>", WORDS) == [1, 0, 0, 0, 0, 0]
    assert style.parse("I am sorry but I can't", WORDS) is None  # as many words, and other ones


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tagged", "Ada(B-PERSON) Lovelace(I-PERSON) Byron(B-PERSON) saw(O) London(O) .(O)"),
        ("tagged", "Ada(O) Lovelace(O) Byron(O) saw(O) London(b-city) .(O)"),
        ("inline", "<PERSON>Ada Lovelace</PERSON> Byron saw London ."),
        ("json", '[{"text": "Ada Lovelace", "type": "PERSON"}, {"text": "London", "type": ""}]'),
    ],
)
def test_an_answer_with_other_types_alone_is_none(name, text):
    """Read as O, it would teach that there is no entity."""
    assert prompt_style(name, SCHEMA).parse(text, WORDS) is None


def test_a_sentence_may_hold_what_looks_like_another_type():
    words = ["see", "(B-52)", "and", "<b>", "x", "</b>"]
    assert prompt_style("tagged", SCHEMA).parse("see(O) (B-52)(O) and(O) <b>(O) x(O) </b>(O)", words) == [0] * 6
    assert prompt_style("inline", SCHEMA).parse("see (B-52) and <b> x </b>", words) == [0] * 6
    thought = "<think>London is in the text, I am sure.</think> Ada Lovelace Byron saw London ."
    assert prompt_style("inline", SCHEMA).parse(thought, WORDS) == [0] * 6


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize(
    "text",
    ["a" * 200_000, "(" * 200_000, " " * 200_000, "(B-PER" * 40_000, "a(O) " * 40_000, "Ada " * 50_000,
     "<PER>" * 40_000, '[{"text": "Ada", "type": "PER"}' + ', {"text": "Ada", "type": "PER"}' * 8000 + "]"],
    ids=lambda text: text[:8],
)  # fmt: skip
def test_reading_takes_time_in_proportion(name, text):
    """An hour each, were it the square of the length."""
    began = time.perf_counter()
    assert prompt_style(name, SCHEMA).parse(text, WORDS * 20) is None
    assert time.perf_counter() - began < 2


@settings(deadline=None)
@given(text=st.text(st.one_of(st.sampled_from('<>/()[]{}",:- BIOPER'), st.characters()), max_size=80), pieces=PIECES)
@pytest.mark.parametrize("name", ANSWERS)
def test_any_answer_is_none_or_gives_every_word_a_tag(name, text, pieces):
    tags = prompt_style(name, SCHEMA).parse(text + "".join(pieces), WORDS)
    assert tags is None or (len(tags) == len(WORDS) and all(0 <= tag < len(SCHEMA) for tag in tags))


def test_letters_that_only_look_like_those_of_a_type():
    r"""Regular expressions take ``\u0130`` for an i where case does not count; folding it gives two letters."""
    schema = TagSchema(("MISC",))
    assert prompt_style("tagged", schema).parse("Ada(B-M\u0130SC)", ["Ada"]) is None
    assert prompt_style("inline", schema).parse("<M\u0130SC>Ada</M\u0130SC>", ["Ada"]) is None
