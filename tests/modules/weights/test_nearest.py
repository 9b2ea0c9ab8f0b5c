import json

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from ctl.modules import NearestLanguages
from ctl.modules.weights.nearest import count_votes

RANDOM = torch.Generator().manual_seed(0)


def unit(*degrees):
    angles = torch.deg2rad(torch.tensor(degrees, dtype=torch.float))
    return torch.stack([angles.cos(), angles.sin()], dim=-1)


def test_votes_by_hand():
    """Words at 0 and 90 degrees; the first's three nearest are at 5 (en), 10 (nl) and 15 (en) degrees."""
    en, nl = unit(5, 15, 80), unit(10, 95, 100, 85)
    assert count_votes(unit(0, 90), [en, nl], 3).tolist() == [[2, 1], [0, 3]]
    assert count_votes(unit(0, 90), [en, nl], 1).tolist() == [[1, 0], [0, 1]]
    assert count_votes(unit(0), [en, nl], 100).tolist() == [[3, 4]]  # there are no more than seven


def test_votes_one_language_at_a_time_are_those_among_all():
    words, banks = torch.randn(20, 8, generator=RANDOM), torch.randn(3, 30, 8, generator=RANDOM)
    nearest = (words @ banks.flatten(0, 1).T).topk(5).indices // 30
    expected = torch.stack([(nearest == language).sum(-1) for language in range(3)], dim=-1)
    assert torch.equal(count_votes(words, list(banks), 5).long(), expected)


def test_weights_of_sentences_and_of_the_language():
    """Votes of a sentence of one word and of one of two, five neighbours each: every word has one voice."""
    module = NearestLanguages("encoder", ["en", "nl"])
    votes = {"nearest": np.array([[5, 0], [2, 8]], dtype=np.float32)}
    np.testing.assert_allclose(module.sentence_weights(votes)["nearest"], [[1, 0], [0.2, 0.8]])
    np.testing.assert_allclose(module.language_weights(votes)["nearest"], [7 / 15, 8 / 15], rtol=1e-6)


def test_it_is_asked_without_training_and_says_the_same_again(command, family, tmp_path, capsys):
    data = {"sources": "[a2,a3,b1]", "limit": "40"}
    for run in ("first", "again"):
        assert command("predict", "NearestLanguages", family, tmp_path / run, "--model.words", "200", data=data) == 0
    weights, again = (json.loads((tmp_path / run / "weights.json").read_text()) for run in ("first", "again"))
    assert weights == again and list(weights) == ["nearest"] and list(weights["nearest"]) == ["a2", "a3", "b1"]
    assert sum(weights["nearest"].values()) == pytest.approx(1, abs=2e-4)
    sentences = load_file(tmp_path / "first" / "weights" / "train.safetensors")["nearest"]
    assert sentences.shape == (40, 3)
    np.testing.assert_allclose(sentences.sum(-1), 1, rtol=1e-5)
    assert command("fit", "NearestLanguages", family, tmp_path / "fit", data=data) == 2
    assert "is not trained" in capsys.readouterr().err
    assert command("predict", "NearestLanguages", family, tmp_path / "one") == 2
    assert "two or more sources" in capsys.readouterr().err
