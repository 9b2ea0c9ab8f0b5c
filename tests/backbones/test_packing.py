"""Sentences that share a row are read as if each were alone, by every architecture that can."""

import pytest
import torch
from tiny import batch_of
from torch import nn
from transformers import AutoConfig, AutoModel, T5EncoderModel

from ctl.backbones.attention import set_attention, unmask_last
from ctl.backbones.packing import end_to_end, first_position, hidden_states, lay_out, packs, padded

SIZE = {
    "vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48,
    "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "initializer_range": 0.3,
}  # fmt: skip
DECODER = {"num_key_value_heads": 2, "head_dim": 8}
KINDS = {
    "bert": {},
    "roberta": {"max_position_embeddings": 40},
    "electra": {"embedding_size": 16},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48},
    "albert": {"embedding_size": 16},
    "modernbert": {"local_attention": 6, "global_attn_every_n_layers": 2, "cls_token_id": 0, "sep_token_id": 2},
    "rembert": {"input_embedding_size": 16, "output_embedding_size": 16},
    "mpnet": {},
    "roformer": {},
    "deberta-v2": {"relative_attention": True, "position_buckets": 8, "pos_att_type": ["p2c", "c2p"]},
    "t5": {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4},
    "xlnet": {"d_model": 32, "n_layer": 2, "n_head": 4, "d_head": 8, "d_inner": 48},
    "qwen3": DECODER,
    "mistral": DECODER | {"sliding_window": 4},
    "gemma3_text": DECODER | {"query_pre_attn_scalar": 8, "sliding_window": 4, "sliding_window_pattern": 2},
}
SIZES = (23, 5, 11, 30, 1)
SENTENCES = [[5 + (7 * number + i) % 50 for i in range(size)] for number, size in enumerate(SIZES)]


def build(kind, attention=None, implementation=None):
    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, **SIZE, **KINDS.get(kind, {}))
    config._attn_implementation = implementation
    set_attention(config, attention)
    model = T5EncoderModel(config) if kind == "t5" else AutoModel.from_config(config)
    if attention and attention.startswith("last"):
        unmask_last(model, 1)
    return model.eval()


def alone(model):
    """The states of all sentences (P, D), each read by itself and as `transformers` reads it."""
    return torch.cat([model(input_ids=torch.tensor([sentence])).last_hidden_state[0] for sentence in SENTENCES])


DECODERS = ("qwen3", "mistral", "gemma3_text")
FIT = [(kind, None) for kind in KINDS if kind != "xlnet"]
FIT += [(kind, attention) for kind in DECODERS for attention in ("full", "last:1")]


@pytest.mark.parametrize(("kind", "attention"), FIT)
def test_packed_states_and_gradients_are_those_of_each_sentence_alone(kind, attention):
    model, subwords = build(kind, attention), batch_of(SENTENCES).subwords
    assert subwords.grid == (3, 31) and packs(model)
    assert len(lay_out(model, subwords).passes) == 1
    weights = torch.randn(len(subwords.ids), 32)
    outcomes = []
    for states in (hidden_states(model, subwords), alone(model)):
        model.zero_grad()
        (states * weights).sum().backward()
        outcomes.append((states.detach(), {n: p.grad for n, p in model.named_parameters() if p.grad is not None}))
    (states, gradients), (expected, others) = outcomes
    assert (states - expected).abs().max() <= 1e-5
    used = [name for name, gradient in others.items() if gradient.abs().max() > 0]
    assert len(used) > 10
    for name in used:
        torch.testing.assert_close(gradients[name], others[name], atol=2e-4, rtol=2e-3)


@pytest.mark.parametrize("kind", ["bert", "modernbert", "qwen3"])
@pytest.mark.parametrize("implementation", ["eager", "sdpa"])
def test_it_holds_however_attention_is_computed_and_for_a_mean_over_layers(kind, implementation):
    model, packed, rows = build(kind, implementation=implementation), batch_of(SENTENCES), batch_of(SENTENCES, False)
    for layers in (1, 2):
        states, expected = (hidden_states(model, batch.subwords, layers) for batch in (packed, rows))
        assert (states - expected).abs().max() <= 1e-5


def test_what_can_not_be_packed_is_read_in_three_blocks_of_like_length():
    model, subwords = build("xlnet"), batch_of(SENTENCES).subwords
    assert not packs(model)
    layout = lay_out(model, subwords)
    assert [tuple(inputs["input_ids"].shape) for inputs in layout.passes] == [(2, 30), (2, 11), (1, 1)]
    torch.testing.assert_close(hidden_states(model, subwords), alone(model), atol=1e-5, rtol=1e-4)


class Leaking(nn.Module):
    """A model in which what a subword is told passes to the next one, whatever the mask says."""

    def __init__(self):
        super().__init__()
        self.bert = build("bert")
        self.config, self.device, self.dtype = self.bert.config, self.bert.device, self.bert.dtype

    @property
    def base_model(self):
        return self

    def forward(self, **inputs):
        output = self.bert(**inputs)
        output.last_hidden_state = output.last_hidden_state.cumsum(1)
        return output


def test_a_leak_between_sentences_is_noticed():
    assert packs(build("bert")) and packs(build("bert").bfloat16())
    assert not packs(Leaking()) and not packs(Leaking().bfloat16())


def test_positions_begin_where_the_architecture_wants_them():
    assert [first_position(build(kind)) for kind in ("bert", "roberta", "mpnet", "qwen3")] == [0, 2, 2, 0]


def test_values_go_into_the_grids_of_all_passes_and_states_come_back():
    subwords = batch_of([[5, 6, 7], [8], [9, 10, 11, 12, 13, 14]]).subwords
    layout = padded(build("bert"), subwords)
    grids = layout.spread(subwords.ids, -1)
    assert [grid.tolist() for grid in grids] == [[[9, 10, 11, 12, 13, 14]], [[5, 6, 7]], [[8]]]
    assert [inputs["input_ids"].tolist() for inputs in layout.passes] == [grid.tolist() for grid in grids]
    assert layout.gather([grid[:, :, None] for grid in grids])[:, 0].tolist() == subwords.ids.tolist()


def test_a_book_is_read_in_several_passes(monkeypatch):
    monkeypatch.setattr("ctl.backbones.packing.SUBWORDS_AT_ONCE", 100)
    model, batch = build("bert"), batch_of(SENTENCES * 3)
    assert len(lay_out(model, batch.subwords).passes) > 1
    torch.testing.assert_close(hidden_states(model, batch.subwords), alone(model).repeat(3, 1), atol=1e-5, rtol=1e-4)


def test_end_to_end_there_is_no_padding_and_the_bounds_of_sentences_are_told():
    layout = end_to_end(build("roberta"), batch_of([[5, 6, 7], [8], [9, 10]]).subwords)
    (inputs,) = layout.passes
    assert inputs["input_ids"].tolist() == [[5, 6, 7, 8, 9, 10]]
    assert inputs["position_ids"].tolist() == [[2, 3, 4, 2, 2, 3]]
    assert inputs["cu_seq_lens_q"].tolist() == inputs["cu_seq_lens_k"].tolist() == [0, 3, 4, 6]
    assert inputs["max_length_q"] == 3 and "attention_mask" not in inputs
    assert layout.slots.tolist() == [0, 1, 2, 3, 4, 5]
