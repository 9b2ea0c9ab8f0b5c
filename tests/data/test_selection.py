import numpy as np
import pytest

from ctl.data.corpus import Corpus
from ctl.data.selection import (
    confidence,
    confident,
    language_independent,
    neighbour_weights,
    read_word_weights,
    write_word_weights,
)
from ctl.data.soft_labels import StoreWriter
from ctl.data.tags import TagSchema
from ctl.errors import CTLError

CORPUS = Corpus("xx/train", [f"w{i}" for i in range(8)], np.array([0, 2, 5, 8]))


def test_confidence_by_hand():
    probs = np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]], dtype=np.float32)
    np.testing.assert_allclose(confidence(probs, "confidence"), [0.5, 1.0, 1 / 3])
    entropy = [0.5 * np.log(2) + 0.5 * np.log(4), 0, np.log(3)]
    np.testing.assert_allclose(confidence(probs, "entropy"), 1 - np.array(entropy) / np.log(3), atol=1e-5)


def store_of(path, probs, **marks):
    writer = StoreWriter(path)
    writer.add(np.arange(8), np.array(probs, dtype=np.float32), **marks)
    writer.close()
    return StoreWriter.join(path, CORPUS, TagSchema(("PER",)), {})


@pytest.mark.parametrize("by", ["confidence", "entropy"])
def test_a_share_of_each_predicted_tag_stays(tmp_path, by):
    """Half of the words predicted O and half of those predicted B-PER: the surest of each."""
    sure_of_o = [[p, (1 - p) / 2, (1 - p) / 2] for p in (0.99, 0.98, 0.97, 0.96)]
    sure_of_b = [[(1 - p) / 2, p, (1 - p) / 2] for p in (0.5, 0.8, 0.6, 0.7)]
    kept = confident(store_of(tmp_path / "s", sure_of_o + sure_of_b), 0.5, by)
    assert kept.tolist() == [1, 1, 0, 0, 0, 1, 0, 1]


def test_words_without_a_label_count_for_no_share(tmp_path):
    """Half of the four words that are labelled O stays, not half of all eight."""
    probs = [[p, (1 - p) / 2, (1 - p) / 2] for p in (0.9, 0.8, 0.7, 0.6)] + [[1 / 3] * 3] * 4
    store = store_of(tmp_path / "s", probs, labelled=np.arange(8) < 4)
    assert confident(store, 0.5, "confidence").tolist() == [1, 1, 0, 0, 0, 0, 0, 0]


def test_keep_is_a_share(tmp_path):
    store = store_of(tmp_path / "s", [[1.0, 0, 0]] * 8)
    assert confident(store, 1.0, "confidence").all()
    for keep in (0.0, 1.5):
        with pytest.raises(CTLError, match="share"):
            confident(store, keep, "confidence")


def test_sentences_nearest_one_half_are_picked():
    scores = np.array([0.9, 0.7, 0.5, 0.4, 0.6, 0.1, 0.2, 0.3], dtype=np.float32)  # sentence means 0.8, 0.5, 0.2
    assert language_independent(scores, CORPUS.offsets, 1 / 3).tolist() == [0, 0, 1, 1, 1, 0, 0, 0]
    assert language_independent(scores, CORPUS.offsets, 1.0).all()


def test_neighbour_weights_against_the_formula():
    """Per tag: r over its maximum, the sigmoid of 6 (r - mean r), over its maximum (CoLaDa's code).

    O has r = 1, 2/3, 1/3 and B-PER 1, 1/2 with means 2/3 and 3/4; the one word of I-PER weighs one, though it is of
    the same kind as those of B-PER.
    """
    agreement = np.array([0.9, 0.6, 0.3, 0.5, 0.25, 0.1], dtype=np.float32)
    tags = np.array([0, 0, 0, 1, 1, 2])
    expected = [1.0, 0.567668, 0.135335, 1.0, 0.223130, 1.0]
    np.testing.assert_allclose(neighbour_weights(agreement, tags), expected, rtol=1e-5)


def test_word_weights_are_for_one_text(tmp_path):
    path = tmp_path / "weights.safetensors"
    write_word_weights(path, np.linspace(0, 1, 8, dtype=np.float32), CORPUS, 12.34)
    weights, seconds = read_word_weights(path, CORPUS)
    np.testing.assert_allclose(weights, np.linspace(0, 1, 8), atol=1e-3)
    assert seconds == 12.3
    with pytest.raises(CTLError, match="for other text"):
        read_word_weights(path, Corpus("xx/test", CORPUS.words[::-1], CORPUS.offsets))
    with pytest.raises(CTLError, match="not readable"):
        read_word_weights(tmp_path / "nowhere", CORPUS)
