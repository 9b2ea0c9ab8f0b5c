import math
from types import SimpleNamespace

import torch

from ctl.networks.word_classifier import GAP, carry_on, pool_words


def test_pooling_by_hand():
    """Two words among four subwords: one of two subwords, one of one."""
    hidden = torch.tensor([[9.0, 9.0], [1.0, 2.0], [3.0, 6.0], [5.0, 7.0]])
    batch = SimpleNamespace(first=torch.tensor([1, 3]), last=torch.tensor([2, 3]))
    assert pool_words(hidden, batch, "first").tolist() == [[1, 2], [5, 7]]
    assert pool_words(hidden, batch, "last").tolist() == [[3, 6], [5, 7]]
    assert pool_words(hidden, batch, "mean").tolist() == [[2, 4], [5, 7]]


def words_at(first, last):
    return SimpleNamespace(first=torch.tensor(first), last=torch.tensor(last))


def test_words_that_share_no_subword_keep_their_logits():
    logits = torch.randn(4, 7, generator=torch.Generator().manual_seed(0))
    assert torch.equal(carry_on(logits, words_at([1, 2, 4, 9], [1, 3, 4, 9])), logits)


def test_an_entity_goes_on_in_the_words_of_its_subword():
    """Three words of one subword, then one of its own: B and I of LOC are equally likely for each."""
    tags = torch.tensor([0.0, -9.0, -9.0, -9.0, -9.0, 2.0, 2.0]).repeat(4, 1)
    found = carry_on(tags, words_at([1, 1, 1, 2], [1, 1, 1, 2]))
    assert torch.equal(found[0], tags[0]) and torch.equal(found[3], tags[3])
    assert found[1:3].argmax(-1).tolist() == [6, 6]
    both = 2.0 + math.log(2)
    torch.testing.assert_close(found[1, [0, 5, 6]], torch.tensor([0.0, both - GAP, both]))


def test_a_word_that_begins_within_the_subword_before_goes_on():
    logits = torch.zeros(2, 3)
    found = carry_on(logits, words_at([0, 1], [1, 2]))
    assert found[1, 2] > found[1, 1] and torch.equal(found[0], logits[0])


def test_the_gradient_of_gold_is_that_of_its_type():
    logits = torch.zeros(2, 3, requires_grad=True)
    gold = torch.tensor([1, 2])
    torch.nn.functional.cross_entropy(carry_on(logits, words_at([0, 0], [0, 0])), gold).backward()
    first, second = logits.grad
    assert first[1] < 0 < first[2] and second[1] < 0 and second[2] < 0 < second[0]
