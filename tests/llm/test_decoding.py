"""Constrained decoding against a naive one: every full string scored on its own, without cache, batch or padding."""

import numpy as np
import pytest
import torch

from ctl.backbones.loading import load_language_model, load_tokenizer
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.llm.decoding import check_reading, choose, floored, nats, walk
from ctl.llm.prompt import Prompt, Shot
from ctl.llm.script import Script, raw_tokenizer
from ctl.llm.styles import prompt_style
from ctl.llm.token_tree import grow

SCHEMA = TagSchema(("PER", "ORG", "LOC"))
SENTENCES = [
    ["John", "lives", "in", "😀", "New", "York", "."],
    ["a"],
    ["", "\u200b", "foo)(B-PER)", "<|end|>", "(", "</PER>", "é" * 40],
    ["Ada", "Lovelace"],
]
SHOTS = (Shot(("Bonn", "calls"), (5, 0)),)
NAMES = ["qwen3", "llama", "mistral", "gemma", "gpt2"]


def open_model(language_models, name, style="tagged", **more):
    folder = str(language_models[name])
    model = load_language_model(folder, causal=True).eval()
    prompt = Prompt(prompt_style(style, SCHEMA), SHOTS)
    return model, Script(prompt, raw_tokenizer(load_tokenizer(folder)), **{"max_length": 512, **more})


def naive(model, script, words, draws=None, temperature=1.0):
    """Distributions (W, C) by plain reading of whole strings."""
    ids, previous, found = [*script.prefix, *script.sentence(words)], 0, []
    for place in range(len(words)):
        ids += script.given(words, place)
        scores = torch.full((len(SCHEMA),), -torch.inf)
        choices = script.choices(words, place, previous)
        for tag, path in enumerate(choices):
            if path is not None:
                with torch.no_grad():
                    logits = model(torch.tensor([[*ids, *path]]), use_cache=False).logits[0]
                each = logits.log_softmax(-1)[len(ids) - 1 : -1].gather(1, torch.tensor(path)[:, None])
                scores[tag] = each.sum()
        found.append(scores.softmax(-1))
        if draws is None:
            previous = int(found[-1].argmax())
        else:
            sharp = (scores.double().softmax(-1).log() / temperature).softmax(-1)
            previous = int((sharp.cumsum(-1) <= draws[place]).sum())
        ids += choices[previous]
    return torch.stack(found)


def same(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-6)
    torch.testing.assert_close((found + 1e-30).log(), (expected + 1e-30).log(), rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize("style", ["tagged", "inline"])
@pytest.mark.parametrize("name", NAMES)
def test_cached_batched_trees_equal_plain_reading(language_models, name, style):
    model, script = open_model(language_models, name, style)
    for words, found in zip(SENTENCES, walk(model, script, SENTENCES), strict=True):
        same(found, naive(model, script, words))


def test_every_word_has_one_distribution_whatever_it_is(language_models):
    model, script = open_model(language_models, "qwen3")
    for words, found in zip(SENTENCES, walk(model, script, SENTENCES), strict=True):
        assert found.shape == (len(words), 7)
        torch.testing.assert_close(found.sum(-1), torch.ones(len(words)))
        torch.testing.assert_close(floored(found).sum(-1), torch.ones(len(words)))
        assert floored(found).min() > 0


@pytest.mark.parametrize("legal", [True, False])
def test_drawn_walks_equal_plain_ones_and_legality_is_kept(language_models, legal):
    model, script = open_model(language_models, "llama", legal=legal)
    draws = [np.random.default_rng(3).random(len(words)) for words in SENTENCES]
    illegal = 0
    for words, chances, found in zip(SENTENCES, draws, walk(model, script, SENTENCES, draws, 20.0), strict=True):
        same(found, naive(model, script, words, chances, 20.0))
        illegal += int((found == 0).sum())
    assert (illegal > 0) == legal


def test_company_and_order_change_nothing(language_models):
    model, script = open_model(language_models, "qwen3")
    together = walk(model, script, SENTENCES)
    for words, found in zip(SENTENCES, together, strict=True):
        same(walk(model, script, [words])[0], found)
    for found, again in zip(reversed(together), walk(model, script, SENTENCES[::-1]), strict=True):
        same(again, found)


def test_a_walk_in_groups_is_the_same(language_models, monkeypatch):
    model, script = open_model(language_models, "llama")
    draws = [np.random.default_rng(5).random(len(words)) for words in SENTENCES]
    whole = walk(model, script, SENTENCES, draws)
    monkeypatch.setattr("ctl.llm.decoding.TOKENS_AT_ONCE", 2 * max(map(script.length, SENTENCES)))
    prompts = []
    forward = model.forward
    model.forward = lambda **inputs: (prompts.append(inputs.get("position_ids") is None), forward(**inputs))[1]
    for found, expected in zip(walk(model, script, SENTENCES, draws), whole, strict=True):
        same(found, expected)
    assert sum(prompts) == 2 and walk(model, script, []) == []


def test_a_tree_by_hand():
    tree = grow(((1, 9), (2, 3, 9), (2, 4), None))
    assert tree.tokens == [1, 2, 3] and tree.parents == [-1, -1, 1] and tree.depths == [0, 0, 1]
    assert tree.sees.tolist() == [[True, False, False], [False, True, False], [False, True, True]]
    assert tree.lengths.tolist() == [2, 3, 2, 0]
    assert tree.nodes.tolist() == [[0, 1, 0], [0, 2, 3], [0, 2, 0], [0, 0, 0]]
    assert tree.targets.tolist() == [[1, 9, 0], [2, 3, 9], [2, 4, 0], [0, 0, 0]]


def test_draws_follow_the_tempered_distribution():
    probs = torch.tensor([[0.5, 0.3, 0.2, 0.0]])
    chances = (np.arange(10_000) + 0.5) / 10_000
    for temperature in (1.0, 0.5, 2.0):
        tags = choose(probs.expand(10_000, 4), chances, temperature)
        expected = probs[0] ** (1 / temperature) / (probs[0] ** (1 / temperature)).sum()
        np.testing.assert_allclose(np.bincount(tags, minlength=4) / 10_000, expected, atol=2e-4)
    assert choose(probs, None, 1.0) == [0]


@pytest.mark.parametrize("style", ["tagged", "inline"])
def test_the_loss_is_what_the_right_choices_cost(language_models, style):
    """Against the sum of the tokens' log-probabilities, read one sentence at a time; prompt and words are not in it."""
    model, script = open_model(language_models, "gpt2", style)
    sentences, tags = [SENTENCES[0], SENTENCES[3]], [[1, 0, 0, 0, 5, 6, 0], [1, 2]]
    total = 0.0
    for words, labels in zip(sentences, tags, strict=True):
        ids, chosen = script.solution(words, labels)
        logits = model(torch.tensor([ids]), use_cache=False).logits[0].log_softmax(-1)
        total -= sum(logits[at - 1, ids[at]].item() for at in range(len(ids)) if chosen[at])
        text = script.tokenizer.decode([token for token, choice in zip(ids, chosen, strict=True) if choice])
        assert text == "".join(
            "".join(script.style.choices(words, place, ([0, *labels])[place])[tag]) for place, tag in enumerate(labels)
        )
    assert nats(model, script, sentences, tags).item() == pytest.approx(total / 9, rel=1e-4)


def test_long_sentences_are_cut_and_stray_continuations_become_beginnings(language_models):
    model, script = open_model(language_models, "qwen3", "inline")
    words = ["New", "York"] * 40
    parts = script.cut(words)
    assert [word for part in parts for word in words[part]] == words and len(parts) > 1
    for part in parts:
        ids, _ = script.solution(words[part], ([5, 6] * 40)[part])
        assert len(ids) <= 512
    assert script.cut(words[:4]) == [slice(0, 4)] and script.cut([]) == []
    assert len(script.ids("é" * 10_000)) <= script.room // 4
    assert walk(model, script, [["é" * 10_000]])[0].shape == (1, 7)


def test_no_text_of_a_sentence_is_a_special_token(language_models):
    _, script = open_model(language_models, "qwen3")
    special = set(script.tokenizer.all_special_ids)
    assert not special & set(script.ids(" <|end|>")) and special & set(script.prefix)


def test_mistakes_are_refused(language_models, family):
    with pytest.raises(CTLError, match="take fewer shots"):
        open_model(language_models, "llama", max_length=200)
    with pytest.raises(CTLError, match="alike"):  # its vocabulary has no brackets, and no letters of tags
        Script(Prompt(prompt_style("tagged", SCHEMA)), load_tokenizer(str(family / "encoder")), 10_000)


def test_a_model_that_ignores_masks_is_refused(language_models):
    model, script = open_model(language_models, "llama")
    check_reading(model, script)
    forward = model.forward
    model.forward = lambda **inputs: forward(**{**inputs, "position_ids": None})
    with pytest.raises(CTLError, match="does not follow attention masks and positions"):
        check_reading(model, script)


def test_a_word_that_the_tokenizer_swallows_is_still_written(language_models):
    _, script = open_model(language_models, "llama", "inline")
    assert script.ids("") == script.ids("_") != ()
    assert all(path is None or path for path in script.choices([""], 0, 0))
