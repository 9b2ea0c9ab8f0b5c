"""Logits of what is asked for alone, and their loss."""

import pytest
import torch
from tiny import batch_of
from transformers import AutoConfig, AutoModelForMaskedLM

from ctl.backbones.vocabulary import subword_loss

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
    model = AutoModelForMaskedLM.from_config(
        AutoConfig.for_model(kind, vocab_size=50, pad_token_id=0, bos_token_id=1, eos_token_id=2, **SMALL[kind])
    ).eval()
    inputs = torch.randint(3, 50, (4, 9))
    real = torch.arange(9) < torch.tensor([9, 5, 1, 7])[:, None]
    labels = torch.where((torch.rand(inputs.shape) < 0.3) & real, inputs, -100)
    theirs = model(input_ids=inputs, attention_mask=real.long(), labels=labels)
    subwords = batch_of([ids[there].tolist() for ids, there in zip(inputs, real, strict=True)]).subwords
    ours = subword_loss(model, subwords, labels[real])
    assert subwords.packed and ours.item() == pytest.approx(theirs.loss.item(), abs=1e-5)
    assert model(input_ids=inputs).logits.shape == (4, 9, 50)  # nothing is left behind
