import json

import numpy as np
import pytest
import torch
from scipy.special import softmax

from ctl.data.corpus import Corpus
from ctl.errors import CTLError
from ctl.weighting import (
    NO_ANSWER,
    agreement,
    agreement_weights,
    entropy,
    order_weights,
    read_language_weights,
    read_sentence_weights,
    similarity_weights,
    unlearned_similarities,
    with_mean_weights,
    write_language_weights,
    write_sentence_weights,
)

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(50, 3)).astype(np.float32)


def test_similarity_weights_by_hand():
    """Two sentences, two sources: softmax of the logits over their variance (Wu et al., section 3.2)."""
    logits = np.array([[2.0, 0.0], [0.0, 0.0]], dtype=np.float32)
    variance = np.mean([1.5**2, 0.5**2, 0.5**2, 0.5**2])
    first = 1 / (1 + np.exp(-2 / variance))
    np.testing.assert_allclose(similarity_weights(logits), [[first, 1 - first], [0.5, 0.5]], rtol=1e-5)


@pytest.mark.parametrize(("scale", "spread"), [("variance", LOGITS.var()), ("std", LOGITS.std())])
def test_similarity_weights_against_scipy(scale, spread):
    np.testing.assert_allclose(similarity_weights(LOGITS, scale), softmax(LOGITS / spread, -1), rtol=1e-4)


def test_only_the_standard_deviation_is_free_of_scale():
    np.testing.assert_allclose(similarity_weights(7 * LOGITS, "std"), similarity_weights(LOGITS, "std"), rtol=1e-4)
    flatter = similarity_weights(7 * LOGITS, "variance")
    np.testing.assert_allclose(flatter, softmax(LOGITS / 7 / LOGITS.var(), -1), rtol=1e-4)


def test_one_source_has_all_the_weight():
    np.testing.assert_allclose(similarity_weights(np.zeros((3, 1), dtype=np.float32)), 1.0)


def test_unlearned_similarities_against_numpy():
    features, means = RANDOM.normal(size=(5, 8)), RANDOM.normal(size=(3, 8))
    found = unlearned_similarities(torch.from_numpy(features), torch.from_numpy(means))
    between = features[:, None] - means[None]
    norms = np.linalg.norm(features, axis=-1)[:, None] * np.linalg.norm(means, axis=-1)
    np.testing.assert_allclose(found["cosine"], features @ means.T / norms, rtol=1e-6)
    np.testing.assert_allclose(found["l1"], -np.abs(between).sum(-1), rtol=1e-6)
    np.testing.assert_allclose(found["l2"], -np.sqrt((between**2).sum(-1)), rtol=1e-6)


def test_a_pooled_teacher_has_the_mean_weight_of_the_others():
    """0.7, 0.2 and 0.1 have the mean 1/3, so all are divided by 4/3; two pooled ones divide by 5/3."""
    weights = np.array([0.7, 0.2, 0.1], dtype=np.float32)
    one = with_mean_weights(weights, [False, False, False, True])
    np.testing.assert_allclose(one, [0.525, 0.15, 0.075, 0.25], rtol=1e-6)
    two = with_mean_weights(weights, [False, True, False, False, True])
    np.testing.assert_allclose(two, [0.42, 0.2, 0.12, 0.06, 0.2], rtol=1e-6)


def test_a_pooled_teacher_has_its_share_of_every_sentence():
    """In the first sentence one teacher is kept, so the pooled one weighs as much as that."""
    weights = np.array([[1.0, 0.0], [0.4, 0.6]], dtype=np.float32)
    found = with_mean_weights(weights, [False, False, True])
    np.testing.assert_allclose(found, [[1 / 2, 0, 1 / 2], [4 / 15, 6 / 15, 1 / 3]], rtol=1e-6)


def test_agreement_by_hand():
    """Teachers 1 and 2 agree on 2 of 3 words that either tags; 3 agrees with neither but once with 2."""
    tags = np.array([[0, 1, 2, 3, 0], [0, 1, 2, 5, 0], [0, 3, 4, 5, 0]])
    pairs = {(0, 1): 2 / 3, (0, 2): 0.0, (1, 2): 1 / 3}
    mean = np.array([pairs[0, 1] + pairs[0, 2], pairs[0, 1] + pairs[1, 2], pairs[0, 2] + pairs[1, 2]])
    np.testing.assert_allclose(agreement_weights([tags]), mean / mean.sum(), rtol=1e-6)
    parts = agreement_weights([tags[:, :2], tags[:, 2:]])
    np.testing.assert_allclose(parts, mean / mean.sum(), rtol=1e-6)


def test_a_word_without_an_answer_counts_in_no_agreement():
    """The first two differ nowhere where both answer; either agrees with the third on one of two words."""
    tags = np.array([[1, NO_ANSWER, 0, 3], [1, 2, 0, NO_ANSWER], [0, 2, NO_ANSWER, 3]])
    np.testing.assert_allclose(agreement([tags]), [[1, 1, 1 / 2], [1, 1, 1 / 2], [1 / 2, 1 / 2, 1]])


def test_agreement_of_two_or_of_nothing_is_uniform():
    np.testing.assert_allclose(agreement_weights([np.array([[1, 2, 0], [1, 0, 3]])]), [0.5, 0.5])
    np.testing.assert_allclose(agreement_weights([np.zeros((3, 4), dtype=np.int64)]), [1 / 3] * 3)


def test_entropy():
    assert entropy(np.array([0.5, 0.5], dtype=np.float32)) == pytest.approx(np.log(2))
    assert entropy(np.array([1.0, 0.0], dtype=np.float32)) == 0


def test_weights_are_read_in_the_order_asked_and_sum_to_one(tmp_path):
    path = tmp_path / "w.json"
    write_language_weights(path, {"learned": {"en": 1.0, "nl": 3.0}})
    np.testing.assert_allclose(read_language_weights(path, "learned", ["nl", "en"]), [0.75, 0.25])
    with pytest.raises(CTLError, match="none for de; there are weights for en, nl"):
        read_language_weights(path, "learned", ["de"])
    with pytest.raises(CTLError, match="none are cosine; there are learned"):
        read_language_weights(path, "cosine", ["en"])
    with pytest.raises(CTLError, match="not readable"):
        read_language_weights(tmp_path / "nowhere.json", "learned", ["en"])
    for bad in ({"en": 0.0}, {"en": -1.0}, {"en": float("nan")}):
        with pytest.raises(CTLError, match="not all zero"):
            order_weights(bad, ["en"])


def test_weights_of_sentences(tmp_path):
    corpus = Corpus("de/train", ["a", "b", "c"], np.array([0, 1, 3]))
    path = tmp_path / "weights" / "train.safetensors"
    values = np.array([[0.2, 0.3, 0.5], [0.6, 0.2, 0.2]], dtype=np.float32)
    write_sentence_weights(path, {"learned": values}, ["en", "nl", "es"], corpus)
    np.testing.assert_allclose(
        read_sentence_weights(path, "learned", ["es", "en"], corpus), [[5 / 7, 2 / 7], [0.25, 0.75]]
    )
    other = Corpus("de/test", ["a", "b", "d"], np.array([0, 1, 3]))
    for weighting, sources, text in (
        ("cosine", ["en"], corpus), ("learned", ["pl"], corpus), ("learned", ["en"], other),
    ):  # fmt: skip
        with pytest.raises(CTLError, match="they are not"):
            read_sentence_weights(path, weighting, sources, text)
    path.write_text(json.dumps({}))
    with pytest.raises(CTLError, match="not readable"):
        read_sentence_weights(path, "learned", ["en"], corpus)
