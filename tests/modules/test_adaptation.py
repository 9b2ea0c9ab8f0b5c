"""Pre-training on raw text: what is hidden, what the loss is, what is left."""

import pytest
import torch
from transformers import AutoConfig, AutoModelForMaskedLM

from ctl.backbones.checks import check_backbone
from ctl.data.datamodule import NERDataModule
from ctl.modules import Adaptation

SIZE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
SMALL = {
    "bert": SIZE,
    "xlm-roberta": SIZE,
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64},
    "modernbert": SIZE,
    "deberta-v2": SIZE,
    "electra": SIZE,
}


@pytest.mark.parametrize("kind", SMALL)
def test_logits_of_asked_subwords_alone_give_the_loss_of_transformers(kind):
    torch.manual_seed(0)
    module = Adaptation("unused")
    module.model = AutoModelForMaskedLM.from_config(
        AutoConfig.for_model(kind, vocab_size=50, pad_token_id=0, bos_token_id=1, eos_token_id=2, **SMALL[kind])
    ).eval()
    inputs = torch.randint(3, 50, (4, 9))
    attention_mask = torch.ones_like(inputs)
    attention_mask[1, 5:] = 0
    labels = torch.where((torch.rand(inputs.shape) < 0.3) & (attention_mask == 1), inputs, -100)
    theirs = module.model(input_ids=inputs, attention_mask=attention_mask, labels=labels)
    ours = module.loss(inputs, attention_mask, labels)
    assert ours.item() == pytest.approx(theirs.loss.item(), abs=1e-5)
    assert module.model(input_ids=inputs).logits.shape == (4, 9, 50)  # nothing is left behind


def test_adaptation_lowers_the_loss_and_leaves_a_backbone(command, family, tmp_path):
    more = ["--trainer.max_epochs", "3", "--trainer.log_every_n_steps", "1", "--model.lr", "3e-3"]
    data = {"sources": "[]", "text": "[a1]"}
    assert command("fit", "Adaptation", family, tmp_path, *more, data=data) == 0
    check_backbone(str(tmp_path / "backbone"))
    logged = (tmp_path / "logs" / "fit" / "metrics.csv").read_text().splitlines()
    column = logged[0].split(",").index("train/loss")
    losses = [float(line.split(",")[column]) for line in logged[1:]]
    assert losses[-1] < losses[0] - 0.2
    adapted = {"sources": "[a2]", "backbone": tmp_path / "backbone"}
    assert command("fit", "Teacher", family, tmp_path / "teacher", "--trainer.max_epochs", "1", data=adapted) == 0


def test_what_is_hidden_for_adaptation(family):
    """Only subwords that stand in a sentence; about the share that was asked for; a causal model sees everything."""
    module = Adaptation(str(family / "encoder"), masked=0.5)
    module.configure_model()
    data = NERDataModule(root=str(family), backbone=str(family / "encoder"), text=["a1"])
    data.setup("fit")
    batch = next(iter(data.train_dataloader()))
    inputs, labels = module.hide(batch)
    chosen = labels != -100
    words = (batch.attention_mask == 1) & (batch.input_ids > max(module.tokenizer.all_special_ids))
    assert not (chosen & ~words).any() and (labels[chosen] == batch.input_ids[chosen]).all()
    assert 0.4 < chosen.sum() / words.sum() < 0.6
    assert 0.7 < (inputs[chosen] == module.tokenizer.mask_token_id).float().mean() < 0.9
    assert (inputs[~chosen] == batch.input_ids[~chosen]).all()
    module.masked = 0
    inputs, labels = module.hide(batch)
    assert (inputs == batch.input_ids).all() and ((labels == -100) == (batch.attention_mask == 0)).all()
