"""The adversary: which loss reaches which weights."""

import pytest
import torch

from ctl.data.datamodule import NERDataModule
from ctl.modules import Adversary


def test_the_adversary_hides_the_language(family):
    """One step: the discriminator learns from its own loss alone, the encoder to raise it."""
    from ctl.modules.adversary import telling_loss

    logits, is_source = torch.tensor([0.0, 2.0, -1.0]), torch.tensor([True, True, False])
    per_word = torch.nn.functional.softplus(torch.tensor([-0.0, -2.0, -1.0]))
    assert float(telling_loss(logits, is_source)) == pytest.approx(float((per_word[:2].mean() + per_word[2]) / 2))
    adversary = Adversary(backbone=str(family / "encoder"), fooling=1.0, dropout=0.0)
    adversary.configure_model()
    adversary.eval()
    adversary.log_dict = lambda *args, **kwargs: None
    data = NERDataModule(sources=["a2"], target="a1", root=str(family), backbone=str(family / "encoder"), text=["a1"])
    data.setup("fit")
    batch = next(batch for batch in data.train_dataloader() if len(set(batch.languages.tolist())) == 2)
    states = adversary.network.states(batch)
    source = (batch.languages >= 0).repeat_interleave(batch.lengths)
    tell = torch.autograd.grad(
        telling_loss(adversary.discriminator(states.detach()).squeeze(-1), source), adversary.discriminator.parameters()
    )
    adversary.training_step(batch).backward()
    for expected, parameter in zip(tell, adversary.discriminator.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, expected)
    groups = adversary.parameter_groups()
    assert [len(group["params"]) for group in groups][-1] == 4 and groups[-1]["lr"] == adversary.discriminator_lr
    free = sum(parameter.requires_grad for parameter in adversary.parameters())
    assert sum(len(group["params"]) for group in groups) == free
