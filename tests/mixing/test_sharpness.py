import json

import numpy as np
import pytest
from scipy.special import softmax

from ctl.errors import CTLError
from ctl.mixing.sharpness import keep_heaviest, read_sharpness, sharpen
from ctl.weighting import similarity_weights

LOGITS = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)


def test_sharper_weights_by_hand():
    """Squares of 3/5, 1/5, 1/5 are in proportion to 9, 1, 1; at sharpness 0 all weigh the same."""
    weights = np.array([0.6, 0.2, 0.2], dtype=np.float32)
    np.testing.assert_allclose(sharpen(weights, 2), [9 / 11, 1 / 11, 1 / 11], rtol=1e-6)
    np.testing.assert_allclose(sharpen(weights, 0), [1 / 3] * 3, rtol=1e-6)
    np.testing.assert_allclose(sharpen(weights, 1), weights, rtol=1e-6)
    np.testing.assert_allclose(sharpen(weights, 1000), [1, 0, 0])
    np.testing.assert_allclose(sharpen(np.stack([weights, weights[::-1]]), 2)[1], [1 / 11, 1 / 11, 9 / 11], rtol=1e-6)


def test_sharpness_multiplies_the_logits():
    sharp = softmax(3 * LOGITS / LOGITS.var(), -1)
    np.testing.assert_allclose(sharpen(similarity_weights(LOGITS), 3), sharp, rtol=1e-4, atol=1e-7)


def test_the_heaviest_are_kept_and_sum_to_one():
    weights = np.array([[0.5, 0.2, 0.3], [0.2, 0.4, 0.4]], dtype=np.float32)
    np.testing.assert_allclose(keep_heaviest(weights, 2), [[5 / 8, 0, 3 / 8], [0, 0.5, 0.5]], rtol=1e-6)
    np.testing.assert_allclose(keep_heaviest(weights[1], 1), [0, 1, 0])  # the first of those that are equal
    np.testing.assert_allclose(keep_heaviest(weights, 5), weights, rtol=1e-6)


def test_the_sharpness_that_fits_is_read_by_weighting(tmp_path):
    path = tmp_path / "leave_one_out.json"
    path.write_text(json.dumps({"weightings": {"learned": {"sharpness": 4.0}}}))
    assert read_sharpness(path, "learned") == 4
    for name, weighting in (("leave_one_out.json", "nearest"), ("nowhere.json", "learned")):
        with pytest.raises(CTLError, match=f"none for {weighting}"):
            read_sharpness(tmp_path / name, weighting)
