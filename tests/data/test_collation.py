import numpy as np

from ctl.data.collation import windows


def test_windows_by_hand():
    """Windows overlap, and each of six words of two subwords is read where it has most context."""
    assert [tuple(window.words) for window in windows(np.array([2, 2, 2]), 6)] == [(0, 1, 2)]
    cut = windows(np.full(6, 2), 8)
    assert [(window.begin, window.end) for window in cut] == [(0, 8), (4, 12)]
    assert [tuple(window.words) for window in cut] == [(0, 1, 2), (3, 4, 5)]
