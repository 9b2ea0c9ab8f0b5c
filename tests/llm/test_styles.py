"""Exact prompts and answers, and free answers read back, well-formed and not."""

import numpy as np
import pytest

from ctl.data.corpus import Corpus
from ctl.data.tags import TagSchema
from ctl.llm.alignment import align, occurrence
from ctl.llm.prompt import Prompt, Shot, draw_shots
from ctl.llm.styles import prompt_style

SCHEMA = TagSchema(("PER", "ORG", "LOC"))
WORDS = ["Ada", "Lovelace", "Byron", "saw", "London", "."]
TAGS = [1, 2, 1, 0, 5, 0]
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
    assert style.parse("", WORDS) == [0] * 6 and style.parse("Sure! Here you go:", WORDS) == [0] * 6
    ends_open = style.answer(["in", "New", "York"], [0, 5, 6])
    assert style.parse(ends_open, ["in", "New", "York"]) == [0, 5, 6]


def test_a_prompt_to_the_letter():
    style = prompt_style("tagged", SCHEMA)
    prompt = Prompt(style, (Shot(("Bonn", "calls"), (5, 0), "de"),))
    instruction = (
        "Find the named entities in the text. The types are PER (people), ORG (organisations), LOC (places). Write "
        "every word of the text once, in order, each followed by its tag in brackets: (B-TYPE) for the first word of "
        "an entity, (I-TYPE) for its other words, (O) for words outside."
    )
    assert prompt.text("Ada saw .") == (
        f"{instruction}\n\nText:\nBonn calls\nAnswer:\nBonn(B-LOC) calls(O)\n\nText:\nAda saw .\nAnswer:\n"
    )
    assert prompt.messages("Ada saw .") == [
        {"role": "user", "content": f"{instruction}\n\nText:\nBonn calls"},
        {"role": "assistant", "content": "Bonn(B-LOC) calls(O)"},
        {"role": "user", "content": "Text:\nAda saw ."},
    ]


@pytest.mark.parametrize(
    ("name", "asks"),
    [
        ("inline", "Write the text again, word by word, with <TYPE> before and </TYPE> after every entity."),
        ("json", 'Answer with a JSON list of all mentions in order of appearance, [{"text": "...", "type": "..."}], '
         "and with nothing else; the text of a mention is copied exactly. Answer [] where there is none."),
    ],
)  # fmt: skip
def test_what_the_other_styles_ask(name, asks):
    schema = TagSchema(("PER", "DISEASE"))
    text = Prompt(prompt_style(name, schema)).text("x")
    assert text == (
        f"Find the named entities in the text. The types are PER (people), DISEASE. {asks}\n\nText:\nx\nAnswer:\n"
    )


def test_chat_templates_are_used_and_cut_at_the_sentence(language_models):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(language_models["qwen3"])
    prompt = Prompt(prompt_style("inline", SCHEMA), (Shot(("Bonn",), (5,)),))
    instruction = prompt.style.instruction()
    before, after = prompt.parts(tokenizer)
    assert before == (f"<|user|>{instruction}\n\nText:\nBonn<|end|><|assistant|><LOC>Bonn</LOC><|end|><|user|>Text:\n")
    assert after == "<|end|><|assistant|>"
    plain = prompt.parts(tokenizer, chat=False)
    assert plain == (f"{instruction}\n\nText:\nBonn\nAnswer:\n<LOC>Bonn</LOC>\n\nText:\n", "\nAnswer:\n")


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
        ('[{"text": "Ada", "type": "PER"}', [0] * 5),
        ('{"entities": [{"text": "Ada", "type": "PER"}]}', [1, 0, 0, 0, 0]),
    ],
)  # fmt: skip
def test_careless_json_answers(text, tags):
    assert prompt_style("json", SCHEMA).parse(text, ["Ada", "Lovelace", "and", "met", "Ada"]) == tags


def test_careless_inline_answers():
    style = prompt_style("inline", SCHEMA)
    assert style.parse("<per>Ada Lovelace</per> Byron saw <LOC>London .", WORDS) == [1, 2, 0, 0, 5, 6]
    assert style.parse("<PER>Ada</PER> <ANIMAL>saw</ANIMAL>", WORDS) == [1, 0, 0, 0, 0, 0]


def test_alignment_and_occurrence():
    assert align(["a", "x", "c"], ["a", "b", "c", "d"]) == [0, 1, 2, None]
    assert align([], ["a"]) == [None] and align(["a"], []) == []
    assert occurrence("U. S.", ["the", "U.S", "."]) == (1, 3)
    assert occurrence("the", ["the", "x", "The"], 1) == (2, 3)
    assert occurrence("  ", ["a"]) is None and occurrence("ab", ["a", "c"]) is None


def corpus(language, *sentences):
    words = [word for sentence in sentences for word, _ in sentence]
    tags = np.array([tag for sentence in sentences for _, tag in sentence])
    offsets = np.cumsum([0, *map(len, sentences)])
    return Corpus(f"{language}/train", words, offsets, tags, SCHEMA)


def test_shots_alternate_between_sources_and_show_every_type():
    plain = [[("no", 0)]] * 30
    corpora = [
        corpus("en", *plain, [("Ada", 1), ("Ely", 5)], [("x", 3)] * 30),
        corpus("nl", *plain, [("Shell", 3)]),
    ]
    shots = draw_shots(corpora, 3, seed=1)
    assert [shot.language for shot in shots] == ["en", "nl", "en"]
    assert shots[0].words == ("Ada", "Ely") and shots[1].words == ("Shell",)
    assert shots[2] == Shot(("no",), (0,), "en")  # short before long
    assert draw_shots(corpora, 2, seed=1) == shots[:2] and draw_shots(corpora, 0, seed=1) == ()
