from types import SimpleNamespace

import torch

from ctl.modules.word_classifier import pool_words


def test_pooling_by_hand():
    """Two words among four subwords: one of two subwords, one of one."""
    hidden = torch.tensor([[9.0, 9.0], [1.0, 2.0], [3.0, 6.0], [5.0, 7.0]])
    batch = SimpleNamespace(first=torch.tensor([1, 3]), last=torch.tensor([2, 3]))
    assert pool_words(hidden, batch, "first").tolist() == [[1, 2], [5, 7]]
    assert pool_words(hidden, batch, "last").tolist() == [[3, 6], [5, 7]]
    assert pool_words(hidden, batch, "mean").tolist() == [[2, 4], [5, 7]]
