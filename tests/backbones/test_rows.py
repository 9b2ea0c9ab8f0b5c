"""Only the rows that are read are trained, and the whole matrix is as if all had been."""

import copy

import pytest
import torch
from torch import nn
from transformers import BertConfig, BertForMaskedLM, BertModel

from ctl.backbones.rows import ReadRows, put_block, trim, whole_state

SIZE = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": 40}
LR, DECAY = 0.1, 0.2


@pytest.fixture
def bert():
    torch.manual_seed(0)
    return BertModel(BertConfig(**SIZE, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0))


def stepped(model, steps=3, rows=None):
    """Trains on the subwords 5, 7 and 9, with padding (0) between."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=DECAY)
    for _ in range(steps):
        optimizer.zero_grad()
        model(input_ids=torch.tensor([[5, 7, 9], [7, 7, 0]])).last_hidden_state.square().sum().backward()
        optimizer.step()
        if rows is not None:
            rows.decays(1 - LR * DECAY)
    return whole_state(model)


def test_trained_rows_are_equal_to_the_bit_and_the_others_decay(bert):
    whole = stepped(copy.deepcopy(bert))
    trim(bert, torch.tensor([5, 7, 9]))
    rows = bert.get_input_embeddings()
    assert isinstance(rows, ReadRows) and rows.weight.shape == (4, 8)  # three, and padding
    trimmed = stepped(bert, rows=rows)
    assert list(trimmed) == list(whole)
    name = "embeddings.word_embeddings.weight"
    torch.testing.assert_close(trimmed[name], whole[name], rtol=0, atol=3e-8)
    assert torch.equal(trimmed[name][[5, 7, 9]], whole[name][[5, 7, 9]])
    assert all(torch.equal(trimmed[other], whole[other]) for other in whole if other != name)
    assert not torch.equal(whole[name][20], BertModel(bert.config).state_dict()[name][20])


def test_what_was_not_read_in_training_is_looked_up_in_the_backbone(bert):
    whole = copy.deepcopy(bert).eval()
    trim(bert, torch.tensor([5, 7, 9]))
    rows = bert.eval().get_input_embeddings()
    rows.decays(0.5)
    with torch.no_grad():
        whole.get_input_embeddings().weight[[i for i in range(40) if i not in (0, 5, 7, 9)]] *= 0.5
    ids = torch.tensor([[5, 30, 39], [9, 7, 0]])
    assert torch.equal(bert(input_ids=ids).last_hidden_state, whole(input_ids=ids).last_hidden_state)
    with pytest.raises(IndexError):
        bert.train()(input_ids=ids)


def test_weights_that_are_loaded_are_all_taken(bert):
    other = BertModel(bert.config)
    trim(bert, torch.tensor([5, 7]))
    bert.load_state_dict(other.state_dict())
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in whole_state(bert).items())
    with pytest.raises(RuntimeError, match=r"weight is \(50, 8\), not \(40, 8\)"):
        bert.load_state_dict(BertModel(BertConfig(**{**SIZE, "vocab_size": 50})).state_dict())
    with pytest.raises(RuntimeError, match="Missing key"):
        bert.load_state_dict({})


def test_moments_of_a_whole_matrix(bert):
    trim(bert, torch.tensor([5, 7]))
    moment, other = torch.arange(320.0).view(40, 8), torch.ones(8)
    states = {0: {"step": torch.tensor(3.0), "exp_avg": moment}, 1: {"exp_avg": other}}
    bert.get_input_embeddings().take_moments(states)
    assert torch.equal(states[0]["exp_avg"], moment[[0, 5, 7]]) and states[1]["exp_avg"] is other


def test_what_is_not_trimmed(bert):
    def trimmed(model, ids=(5, 7, 9)):
        trim(model, torch.tensor(ids))
        return isinstance(model.get_input_embeddings(), ReadRows)

    assert not trimmed(copy.deepcopy(bert), range(21))  # more than half
    frozen = copy.deepcopy(bert)
    frozen.get_input_embeddings().weight.requires_grad = False
    assert not trimmed(frozen)
    scaled = copy.deepcopy(bert)
    scaled.set_input_embeddings(type("Scaled", (nn.Embedding,), {})(40, 8))
    assert not trimmed(scaled)
    assert not trimmed(BertForMaskedLM(BertConfig(**SIZE)))  # whose outputs are the same matrix
    assert trimmed(bert)


def test_models_of_one_backbone_share_its_matrix(bert):
    trim(bert, torch.tensor([5, 7]))
    facts = bert.get_input_embeddings().facts()

    def loaded(change=0.0):
        torch.manual_seed(0)
        other = BertModel(bert.config)
        other.get_input_embeddings().weight.data[1] += change  # a row that its fingerprint does not see
        put_block(other, facts)
        return other.get_input_embeddings()

    first, second, third = loaded(), loaded(), loaded(1.0)
    assert first.matrix is second.matrix and third.matrix is not first.matrix
    assert third.matrix[1, 0] == first.matrix[1, 0] + 1
