"""What a word of a decoder sees, probed by changing another word."""

import pytest
import torch
from tiny import batch_of
from transformers import AutoConfig

from ctl.backbones.attention import is_decoder, open_layers, set_attention, unmask_last
from ctl.backbones.loading import build_encoder, recompute_activations
from ctl.errors import CTLError
from ctl.networks.word_classifier import WordClassifier

SIZE = {
    "vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
KINDS = {
    "qwen3": {"num_key_value_heads": 2, "head_dim": 8},
    "llama": {"num_key_value_heads": 2},
    "mistral": {"num_key_value_heads": 2, "sliding_window": 4},
    "gemma3_text": {"num_key_value_heads": 2, "head_dim": 8, "query_pre_attn_scalar": 8, "sliding_window": 4},
}


def distributions(network, *sentences, packed=False):
    """Distributions of the words of the first sentence (W, C), each subword being a word."""
    with torch.no_grad():
        return network(batch_of(sentences, packed)).softmax(-1)[: len(sentences[0])]


@pytest.fixture(scope="module", params=[(kind, how) for kind in KINDS for how in ("sdpa", "eager")], ids=str)
def build(request):
    kind, implementation = request.param

    def network(attention):
        torch.manual_seed(0)
        config = {"model_type": kind, **SIZE, **KINDS[kind], "attn_implementation": implementation}
        return WordClassifier(build_encoder(config, attention), classes=7, dropout=0.0).eval()

    return network


@pytest.mark.parametrize("attention", [None, "causal", "full", "last:1", "last:2", "last:3"])
def test_a_later_word_changes_an_earlier_one_only_where_the_mask_is_removed(build, attention):
    network = build(attention)
    one, other = [5, 6, 7, 8], [5, 6, 7, 9]
    change = (distributions(network, one) - distributions(network, other)).abs().amax(-1)
    assert change[3] > 1e-4  # the word itself
    sees = attention not in (None, "causal")
    assert (change[:3] > 1e-6).all() if sees else (change[:3] == 0).all()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("attention", ["causal", "full", "last:2"])
def test_padding_and_the_rest_of_the_batch_change_nothing(build, attention, packed):
    """Not even where a sentence shares its row, and is longer than the window of some layers."""
    network, sentence = build(attention), [5, 6, 7, 9, 8, 6, 5]
    alone = distributions(network, sentence)
    beside = distributions(network, sentence, list(range(3, 14)), [11, 12], packed=packed)
    torch.testing.assert_close(beside, alone, atol=1e-6, rtol=1e-5)


def test_the_last_layers_alone_are_unmasked(build):
    """One open layer of three is neither the model with the mask nor the one without."""
    rows = [[5, 6, 7, 8]]
    outcomes = [distributions(build(attention), *rows) for attention in ("causal", "last:1", "last:3")]
    assert not torch.allclose(outcomes[0], outcomes[1], atol=1e-6)
    assert not torch.allclose(outcomes[1], outcomes[2], atol=1e-6)


def test_unmasking_all_layers_one_by_one_is_unmasking_the_model():
    torch.manual_seed(0)
    config = {"model_type": "qwen3", **SIZE, **KINDS["qwen3"]}
    whole = WordClassifier(build_encoder(config, "full"), classes=7, dropout=0.0).eval()
    one_by_one = WordClassifier(build_encoder(config, "causal"), classes=7, dropout=0.0).eval()
    one_by_one.load_state_dict(whole.state_dict())
    unmask_last(one_by_one.encoder, 3)
    rows = [[5, 6, 7], [9, 8, 7, 6]]
    torch.testing.assert_close(distributions(one_by_one, *rows), distributions(whole, *rows))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("attention", ["causal", "full", "last:2"])
def test_gradient_checkpointing_changes_no_gradient(attention, packed):
    gradients = []
    for checkpointing in (False, True):
        torch.manual_seed(0)
        config = {"model_type": "qwen3", **SIZE, **KINDS["qwen3"]}
        network = WordClassifier(build_encoder(config, attention), classes=7, dropout=0.0).train()
        if checkpointing:
            recompute_activations(network.encoder)
        network(batch_of([[5, 6, 7], [9, 8, 7, 6, 5, 4, 3]], packed)).square().sum().backward()
        gradients.append([parameter.grad for parameter in network.parameters() if parameter.grad is not None])
    assert len(gradients[0]) == len(gradients[1]) > 10
    for plain, checkpointed in zip(*gradients, strict=True):
        torch.testing.assert_close(checkpointed, plain, atol=1e-6, rtol=1e-4)


def test_which_models_are_decoders():
    decoders = ("qwen2", "qwen3", "llama", "mistral", "gemma", "gemma2", "gemma3_text", "phi3", "gpt2")
    encoders = ("bert", "xlm-roberta", "modernbert", "deberta-v2", "electra")
    assert all(is_decoder(AutoConfig.for_model(kind)) for kind in decoders)
    assert not any(is_decoder(AutoConfig.for_model(kind)) for kind in encoders)


def test_attention_that_can_not_be():
    assert [open_layers(attention, 6) for attention in (None, "causal", "full", "last:2")] == [0, 0, 6, 2]
    for wrong in ("last:0", "last:7", "last", "none"):
        with pytest.raises(CTLError, match="causal, full, or last:N with N from 1 to 6"):
            open_layers(wrong, 6)
    with pytest.raises(CTLError, match="a bert has no causal mask"):
        set_attention(AutoConfig.for_model("bert"), "full")
