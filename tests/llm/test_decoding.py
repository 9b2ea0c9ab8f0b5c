"""Constrained decoding against a naive one: every full string scored on its own, without cache, batch or padding."""

import numpy as np
import pytest
import torch

from ctl.data.tags import TagSchema
from ctl.llm.decoding import choose, floored, nats, walk

SCHEMA = TagSchema(("PER", "ORG", "LOC"))
SENTENCES = [
    ["John", "lives", "in", "😀", "New", "York", "."],
    ["a"],
    ["", "\u200b", "foo)(B-PER)", "<|end|>", "(", "</PER>", "é" * 40],
    ["Ada", "Lovelace"],
]
NAMES = ["qwen3", "llama", "mistral", "gemma", "gpt2"]


def naive(model, script, words, draws=None, temperature=1.0):
    """Distributions (W, C) by plain reading of whole strings."""
    ids, previous, found = [*script.prefix, *script.sentence(words)], 0, []
    for index in range(len(words)):
        ids += script.given(words, index)
        scores = torch.full((len(SCHEMA),), -torch.inf)
        choices = script.choices(words, index, previous)
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
            previous = int((sharp.cumsum(-1) <= draws[index]).sum())
        ids += choices[previous]
    return torch.stack(found)


def same(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-6)
    torch.testing.assert_close((found + 1e-30).log(), (expected + 1e-30).log(), rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize("style", ["tagged", "inline"])
@pytest.mark.parametrize("name", NAMES)
def test_cached_batched_trees_equal_plain_reading(open_model, name, style):
    model, script = open_model(name, style)
    for words, found in zip(SENTENCES, walk(model, script, SENTENCES), strict=True):
        same(found, naive(model, script, words))


def test_every_word_has_one_distribution_whatever_it_is(open_model):
    model, script = open_model("qwen3")
    for words, found in zip(SENTENCES, walk(model, script, SENTENCES), strict=True):
        assert found.shape == (len(words), 7)
        torch.testing.assert_close(found.sum(-1), torch.ones(len(words)))
        torch.testing.assert_close(floored(found).sum(-1), torch.ones(len(words)))
        assert floored(found).min() > 0


@pytest.mark.parametrize("legal", [True, False])
def test_drawn_walks_equal_plain_ones_and_legality_is_kept(open_model, legal):
    model, script = open_model("llama", legal=legal)
    draws = [np.random.default_rng(3).random(len(words)) for words in SENTENCES]
    illegal = 0
    for words, chances, found in zip(SENTENCES, draws, walk(model, script, SENTENCES, draws, 20.0), strict=True):
        same(found, naive(model, script, words, chances, 20.0))
        illegal += int((found == 0).sum())
    assert (illegal > 0) == legal


def test_company_and_order_change_nothing(open_model):
    model, script = open_model("qwen3")
    together = walk(model, script, SENTENCES)
    for words, found in zip(SENTENCES, together, strict=True):
        same(walk(model, script, [words])[0], found)
    for found, again in zip(reversed(together), walk(model, script, SENTENCES[::-1]), strict=True):
        same(again, found)


def test_a_walk_in_groups_is_the_same(open_model, monkeypatch):
    model, script = open_model("llama")
    draws = [np.random.default_rng(5).random(len(words)) for words in SENTENCES]
    whole = walk(model, script, SENTENCES, draws)
    monkeypatch.setattr("ctl.llm.decoding.CACHED_TOKENS", 2 * max(map(script.length, SENTENCES)))
    prompts = []
    forward = model.forward
    model.forward = lambda **inputs: (prompts.append(inputs.get("position_ids") is None), forward(**inputs))[1]
    for found, expected in zip(walk(model, script, SENTENCES, draws), whole, strict=True):
        same(found, expected)
    assert sum(prompts) == 2 and walk(model, script, []) == []


def test_draws_follow_the_tempered_distribution():
    probs = torch.tensor([[0.5, 0.3, 0.2, 0.0]])
    chances = (np.arange(10_000) + 0.5) / 10_000
    for temperature in (1.0, 0.5, 2.0):
        tags = choose(probs.expand(10_000, 4), chances, temperature)
        expected = probs[0] ** (1 / temperature) / (probs[0] ** (1 / temperature)).sum()
        np.testing.assert_allclose(np.bincount(tags, minlength=4) / 10_000, expected, atol=2e-4)
    assert choose(probs, None, 1.0) == [0]


@pytest.mark.parametrize("style", ["tagged", "inline"])
def test_the_loss_is_what_the_right_choices_cost(open_model, style):
    """Against the sum of the tokens' log-probabilities, read one sentence at a time; prompt and words are not in it."""
    model, script = open_model("gpt2", style)
    sentences, tags = [SENTENCES[0], SENTENCES[3]], [[1, 0, 0, 0, 5, 6, 0], [1, 2]]
    total = 0.0
    for words, labels in zip(sentences, tags, strict=True):
        ids, chosen = script.solution(words, labels)
        logits = model(torch.tensor([ids]), use_cache=False).logits[0].log_softmax(-1)
        total -= sum(logits[at - 1, ids[at]].item() for at in range(len(ids)) if chosen[at])
        text = script.tokenizer.decode([token for token, choice in zip(ids, chosen, strict=True) if choice])
        assert text == "".join(
            "".join(script.style.choices(words, index, ([0, *labels])[index])[tag]) for index, tag in enumerate(labels)
        )
    assert nats(model, script, sentences, tags).item() == pytest.approx(total / 9, rel=1e-4)
