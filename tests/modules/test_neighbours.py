"""Neighbours by hand."""

from types import SimpleNamespace

import torch

from ctl.modules import Neighbours


def test_neighbours_by_hand(family):
    """Three words of one kind in one direction, one of another; the word itself and its copies do not count."""
    module = Neighbours("", "", neighbours=2)
    vectors = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [1, 0.1], [1, 0.2], [0, 1]]), dim=-1)
    module.bank, module.bank_kinds = vectors, torch.tensor([0, 0, 1, 0])
    module.kinds = torch.tensor([0, 0, 1, 0])
    module.features = lambda batch: vectors[batch.words]
    batch = SimpleNamespace(words=torch.arange(4))
    assert module.predict_step(batch)["scores"].tolist() == [0.5, 0.5, 0.0, 0.5]


def test_it_is_not_trained(command, family, tmp_path, capsys):
    files = ["--model.student", "x", "--model.soft_labels", "y"]
    assert command("fit", "Neighbours", family, tmp_path, *files) == 2
    assert "Neighbours is not trained: use `ctl predict`" in capsys.readouterr().err
