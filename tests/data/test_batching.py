import numpy as np
import pytest

from ctl.data.batching import BucketSampler

LENGTHS = np.random.default_rng(0).integers(3, 60, size=1003)


def flat(sampler):
    return [index for batch in sampler for index in batch]


@pytest.mark.parametrize("shuffle", [False, True])
def test_every_sentence_once_an_epoch(shuffle):
    sampler = BucketSampler(LENGTHS, 32, shuffle=shuffle)
    assert sorted(flat(sampler)) == list(range(1003))
    assert len(sampler) == len(list(sampler))


def test_epochs_and_seeds_differ_and_repeat():
    first, again, other = (BucketSampler(LENGTHS, 32, shuffle=True, seed=seed) for seed in (0, 0, 1))
    assert list(first) == list(again) == list(first)
    assert list(first) != list(other)
    before = list(first)
    first.set_epoch(1)
    assert list(first) != before
    assert list(first) == list(BucketSampler(LENGTHS, 32, shuffle=True, epoch=1))


def test_little_is_padding():
    batches = list(BucketSampler(LENGTHS, 32, shuffle=True))
    padded = sum(len(batch) * LENGTHS[batch].max() for batch in batches)
    assert 1 - LENGTHS.sum() / padded < 0.06


def test_token_budget():
    batches = list(BucketSampler(LENGTHS, 1000, max_tokens=256))
    assert max(len(batch) * LENGTHS[batch].max() for batch in batches) <= 256
    assert list(BucketSampler(np.array([500, 3]), 1000, max_tokens=256)) == [[0], [1]]


@pytest.mark.parametrize("world", [2, 3, 7])
def test_ranks_share_the_batches(world):
    training = [list(BucketSampler(LENGTHS, 32, shuffle=True, rank=r, world_size=world)) for r in range(world)]
    assert len({len(share) for share in training}) == 1
    assert {i for share in training for batch in share for i in batch} == set(range(1003))
    testing = [BucketSampler(LENGTHS, 32, rank=r, world_size=world) for r in range(world)]
    assert sorted(index for sampler in testing for index in flat(sampler)) == list(range(1003))
    assert all(len(sampler) == len(list(sampler)) for sampler in testing)
