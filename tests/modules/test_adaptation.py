import pytest
import torch
from transformers import AutoConfig, AutoModelForMaskedLM

from ctl.modules.adaptation import Adaptation

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
