from types import SimpleNamespace

import numpy as np
import torch

from ctl.callbacks.writers import PerItem, _curve
from ctl.data.corpus import Corpus
from ctl.data.tags import TagSchema


def test_values_are_put_in_the_order_of_their_items():
    items = PerItem()
    items.add(torch.tensor([2, 0]), torch.tensor([[2.0, 20.0], [0.0, 1.0]]))
    items.add(torch.tensor([1]), torch.tensor([[1.0, 10.0]]))
    gathered = items.gather(SimpleNamespace(world_size=1))
    assert gathered.tolist() == [[0.0, 1.0], [1.0, 10.0], [2.0, 20.0]]


def test_a_curve_is_of_the_words_that_were_read():
    """Of three sentences, the first was left out and the last comes after those that were read."""
    corpus = Corpus("de/test", list("abcdef"), np.array([0, 2, 4, 6]), tags=np.array([1, 2, 1, 0, 1, 1]))
    words = np.zeros((4, 4), dtype=np.float32)
    words[2:] = [[0.1, 0.9, 0.0, 1], [0.8, 0.1, 0.1, 0]]
    points = _curve(words, corpus, TagSchema(("PER",)))
    assert {point[2:] for point in points if point.threshold is None or 0.2 < point.threshold < 0.9} == {
        (100, 100, 100)
    }
