import itertools

import numpy as np
import pytest

from ctl.mixing.chain import Chain, legal_steps

RANDOM = np.random.default_rng(0)


def rows(*shape):
    return RANDOM.dirichlet(np.ones(shape[-1]), size=shape[:-1])


def by_enumeration(chain, evidence):
    """Probabilities of tags (N, C), of the pairs of neighbours (C, C), and the likelihood, over all sequences."""
    words, tags = evidence.shape
    marginals, pairs, total = np.zeros((words, tags)), np.zeros((tags, tags)), 0.0
    for path in itertools.product(range(tags), repeat=words):
        weight = chain.first[path[0]] * np.exp(sum(evidence[word, tag] for word, tag in enumerate(path)))
        weight *= np.prod([chain.steps[pair] for pair in itertools.pairwise(path)])
        total += weight
        for word, tag in enumerate(path):
            marginals[word, tag] += weight
        for pair in itertools.pairwise(path):
            pairs[pair] += weight
    return marginals / total, pairs / total, total


def test_smoothing_is_what_all_sequences_say_together():
    """Sentences of 1 to 5 words in any order, three tags, of which the last may not follow the first nor begin."""
    steps = rows(3, 3)
    steps[0, 2], first = 0, np.array([0.7, 0.3, 0.0])
    chain = Chain(first, steps / steps.sum(-1, keepdims=True))
    lengths = np.array([2, 5, 1, 0, 4, 5])
    evidence = RANDOM.normal(scale=3, size=(lengths.sum(), 3))
    smoothed = chain.smooth(evidence, lengths)
    ends = np.cumsum(lengths)
    sentences = [evidence[end - length : end] for end, length in zip(ends, lengths, strict=True) if length]
    marginals, pairs, totals = zip(*(by_enumeration(chain, sentence) for sentence in sentences), strict=True)
    np.testing.assert_allclose(smoothed.tags, np.concatenate(marginals), atol=1e-12)
    np.testing.assert_allclose(smoothed.steps, sum(pairs), atol=1e-12)
    np.testing.assert_allclose(smoothed.first, sum(own[0] for own in marginals), atol=1e-12)
    assert smoothed.log_likelihood == pytest.approx(sum(map(np.log, totals)))


def test_nothing_underflows_in_long_sentences_or_with_very_unlikely_answers():
    lengths = np.array([5000, 3])
    chain = Chain(np.array([0.5, 0.5]), np.array([[0.9, 0.1], [0.2, 0.8]]))
    smoothed = chain.smooth(np.full((5003, 2), -500.0), lengths)
    assert smoothed.log_likelihood == pytest.approx(-500 * 5003)
    np.testing.assert_allclose(smoothed.tags.sum(-1), 1, atol=1e-9)
    np.testing.assert_allclose(smoothed.tags[2500], [2 / 3, 1 / 3], atol=1e-9)  # where the chain comes to rest
    assert smoothed.first.sum() == pytest.approx(2) and smoothed.steps.sum() == pytest.approx(5001)


def test_bio2_says_which_tags_may_follow():
    first, steps = legal_steps(5)  # O B-X I-X B-Y I-Y
    assert first.tolist() == [True, True, False, True, False]
    assert steps[2].tolist() == [True, True, True, True, False]
    assert steps[3].tolist() == [True, True, False, True, True]
