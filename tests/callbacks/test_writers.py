from types import SimpleNamespace

import torch

from ctl.callbacks.writers import PerItem


def test_values_are_put_in_the_order_of_their_items():
    items = PerItem()
    items.add(torch.tensor([2, 0]), torch.tensor([[2.0, 20.0], [0.0, 1.0]]))
    items.add(torch.tensor([1]), torch.tensor([[1.0, 10.0]]))
    gathered = items.gather(SimpleNamespace(world_size=1))
    assert gathered.tolist() == [[0.0, 1.0], [1.0, 10.0], [2.0, 20.0]]
