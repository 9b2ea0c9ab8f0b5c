"""Prompts and answers as tokens: what fits, what is cut, and text that tokenizers treat in their own ways."""

import pytest

from ctl.backbones.loading import load_tokenizer
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.llm.decoding import walk
from ctl.llm.prompt import Prompt
from ctl.llm.script import Script
from ctl.llm.styles import prompt_style

SCHEMA = TagSchema(("PER", "ORG", "LOC"))


def test_long_sentences_are_cut_and_stray_continuations_become_beginnings(open_model):
    model, script = open_model("qwen3", "inline")
    words = ["New", "York"] * 40
    parts = script.cut(words)
    assert [word for part in parts for word in words[part]] == words and len(parts) > 1
    for part in parts:
        ids, _ = script.solution(words[part], ([5, 6] * 40)[part])
        assert len(ids) <= 512
    assert script.cut(words[:4]) == [slice(0, 4)] and script.cut([]) == []
    assert len(script.ids("é" * 10_000)) <= script.room // 4
    assert walk(model, script, [["é" * 10_000]])[0].shape == (1, 7)


def test_no_text_of_a_sentence_is_a_special_token(open_model):
    _, script = open_model("qwen3")
    special = set(script.tokenizer.all_special_ids)
    assert not special & set(script.ids(" <|end|>")) and special & set(script.prefix)


def test_mistakes_are_refused(open_model, family):
    with pytest.raises(CTLError, match="take fewer shots"):
        open_model("llama", max_length=200)
    with pytest.raises(CTLError, match="alike"):  # its vocabulary has no brackets, and no letters of tags
        Script(Prompt(prompt_style("tagged", SCHEMA)), load_tokenizer(str(family / "encoder")), 10_000)


def test_a_word_that_the_tokenizer_swallows_is_still_written(open_model):
    _, script = open_model("llama", "inline")
    assert script.ids("") == script.ids("_") != ()
    assert all(path is None or path for path in script.choices([""], 0, 0))


def test_the_chosen_tokens_of_a_solution_spell_its_tags(open_model):
    _, script = open_model("gpt2")
    ids, chosen = script.solution(["Ada", "ran"], [1, 0])
    assert ids[: len(script.prefix)] == list(script.prefix) and len(ids) == len(chosen)
    spelt = script.tokenizer.decode([token for token, choice in zip(ids, chosen, strict=True) if choice])
    assert spelt == "(B-PER)(O)"
    assert script.tokenizer.decode(ids).endswith("Ada(B-PER) ran(O)")
