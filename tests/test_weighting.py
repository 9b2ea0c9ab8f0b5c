import numpy as np
import pytest

from ctl.errors import CTLError
from ctl.weighting import read_weights, similarity_weights, write_weights


def test_similarity_weights_by_hand():
    """Two sentences, two sources: softmax of the logits over their variance, then the mean (Wu et al., section 3.2)."""
    logits = np.array([[2.0, 0.0], [0.0, 0.0]], dtype=np.float32)
    variance = np.mean([1.5**2, 0.5**2, 0.5**2, 0.5**2])
    first = 1 / (1 + np.exp(-2 / variance))
    expected = [(first + 0.5) / 2, (1 - first + 0.5) / 2]
    np.testing.assert_allclose(similarity_weights(logits), expected, rtol=1e-5)


def test_one_source_has_all_the_weight():
    np.testing.assert_allclose(similarity_weights(np.zeros((3, 1), dtype=np.float32)), [1.0])


def test_weights_are_read_in_the_order_asked_and_sum_to_one(tmp_path):
    write_weights(tmp_path / "w.json", {"en": 1.0, "nl": 3.0})
    np.testing.assert_allclose(read_weights(tmp_path / "w.json", ["nl", "en"]), [0.75, 0.25])
    with pytest.raises(CTLError, match="none for de; it has en, nl"):
        read_weights(tmp_path / "w.json", ["de"])
    write_weights(tmp_path / "w.json", {"en": 0.0})
    with pytest.raises(CTLError, match="all zero"):
        read_weights(tmp_path / "w.json", ["en"])
    with pytest.raises(CTLError, match="not readable"):
        read_weights(tmp_path / "nowhere.json", ["en"])
