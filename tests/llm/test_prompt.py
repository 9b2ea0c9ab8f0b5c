"""Prompts to the letter, as text and as chat, and the examples that are drawn for them."""

import numpy as np
import pytest

from ctl.data.corpus import Corpus
from ctl.data.tags import TagSchema
from ctl.llm.prompt import Prompt, Shot, draw_shots
from ctl.llm.styles import prompt_style

SCHEMA = TagSchema(("PER", "ORG", "LOC"))


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
