import numpy as np
import pytest

from ctl.data.batching import SentenceSampler

LENGTHS = np.random.default_rng(0).integers(3, 60, size=1003)


def batches(*args, **settings):
    return [draw.sentences for draw in SentenceSampler(*args, **settings)]


@pytest.mark.parametrize("shuffle", [False, True])
def test_every_sentence_once_an_epoch(shuffle):
    sampler = SentenceSampler(LENGTHS, 32, shuffle=shuffle)
    assert sorted(index for draw in sampler for index in draw.sentences) == list(range(1003))
    assert len(sampler) == len(list(sampler)) == 32


def test_epochs_and_seeds_differ_and_repeat():
    first, again, other = (SentenceSampler(LENGTHS, 32, shuffle=True, seed=seed) for seed in (0, 0, 1))
    assert list(first) == list(again) == list(first)
    assert list(first) != list(other)
    before = list(first)
    first.set_epoch(1)
    assert list(first) != before
    assert list(first) == list(SentenceSampler(LENGTHS, 32, shuffle=True, epoch=1))


def test_a_word_weighs_the_same_whatever_the_length_of_its_sentence():
    """A loss is the mean over a batch's words: cut by length, words of long sentences would count 0.44 of the mean."""
    lengths = np.clip(np.random.default_rng(2).lognormal(2.3, 0.5, 2000), 2, 60).astype(np.int32)
    weights = np.zeros(len(lengths))  # of a word of each sentence, summed over the epochs
    for epoch in range(40):
        for batch in batches(lengths, 32, shuffle=True, epoch=epoch):
            weights[batch] += 1 / lengths[batch].sum()
    longest, shortest = (lengths >= np.quantile(lengths, 0.9)), (lengths <= np.quantile(lengths, 0.1))
    mean = np.average(weights, weights=lengths)
    assert np.average(weights[longest], weights=lengths[longest]) == pytest.approx(mean, rel=0.03)
    assert np.average(weights[shortest], weights=lengths[shortest]) == pytest.approx(mean, rel=0.04)


def test_a_sentence_meets_others_in_every_epoch():
    together = []
    for epoch in range(2):
        drawn = batches(LENGTHS, 32, shuffle=True, epoch=epoch)
        together.append({(a, b) for batch in drawn for a in batch for b in batch if a < b})
    assert len(together[0] & together[1]) < 0.06 * len(together[0])  # 31 of 1002


def test_what_is_read_once_is_sorted():
    drawn = [LENGTHS[batch] for batch in batches(LENGTHS, 32)]
    assert all((np.diff(np.concatenate(drawn)) <= 0).tolist())


@pytest.mark.parametrize("shuffle", [False, True])
def test_token_budget(shuffle):
    sums = [LENGTHS[batch].sum() for batch in batches(LENGTHS, 1000, max_tokens=256, shuffle=shuffle)]
    assert max(sums) <= 256 and np.mean(sums) > 0.85 * 256
    assert sorted(batches(np.array([500, 3]), 1000, max_tokens=256, shuffle=shuffle)) == [[0], [1]]


def test_epochs_have_equally_many_batches_whatever_the_budget():
    """Lightning counts the batches once: an epoch with more of them would lose sentences."""
    lengths = np.clip(np.random.default_rng(0).lognormal(2.3, 0.6, 5000), 3, 256).astype(np.int32)
    for world in (1, 3):
        samplers = [
            SentenceSampler(lengths, 1000, max_tokens=300, shuffle=True, rank=rank, world_size=world)
            for rank in range(world)
        ]
        for epoch in range(12):
            for sampler in samplers:
                sampler.set_epoch(epoch)
            drawn = [draw.sentences for sampler in samplers for draw in sampler]
            assert [len(drawn)] * world == [len(sampler) * world for sampler in samplers]
            assert sorted(index for batch in drawn for index in batch) == list(range(5000))
            assert max(lengths[batch].sum() for batch in drawn) <= 300
        assert len(drawn) < 1.06 * lengths.sum() / 300


@pytest.mark.parametrize("world", [1, 3])
def test_an_epoch_goes_on_where_it_was_left(world):
    for rank in range(world):
        settings = {"shuffle": True, "rank": rank, "world_size": world, "counted": LENGTHS, "accumulate": 2}
        whole, left = SentenceSampler(LENGTHS, 32, **settings), SentenceSampler(LENGTHS, 32, begin=5, **settings)
        assert list(left) == list(whole)[5:]
        assert list(left) == list(whole)  # the next epoch begins at its beginning


@pytest.mark.parametrize("world", [2, 3, 7])
def test_ranks_share_the_batches(world):
    training = [batches(LENGTHS, 32, shuffle=True, rank=r, world_size=world) for r in range(world)]
    assert len({len(share) for share in training}) == 1
    assert sorted(i for share in training for batch in share for i in batch) == list(range(1003))
    testing = [SentenceSampler(LENGTHS, 32, rank=r, world_size=world) for r in range(world)]
    shares = [[draw.sentences for draw in sampler] for sampler in testing]
    assert sorted(i for share in shares for batch in share for i in batch) == list(range(1003))
    assert {len(sampler) for sampler in testing} == {len(share) for share in shares} == {len(training[0])}


def test_fewer_sentences_than_processes():
    training = [batches(LENGTHS[:2], 32, shuffle=True, rank=r, world_size=3) for r in range(3)]
    assert [len(share) for share in training] == [1, 1, 1]
    testing = [batches(LENGTHS[:2], 32, rank=r, world_size=3) for r in range(3)]
    assert sorted(i for share in testing for batch in share for i in batch) == [0, 1]


@pytest.mark.parametrize(("world", "accumulate"), [(1, 1), (2, 1), (1, 4), (3, 2)])
def test_factors_make_the_mean_over_all_words_of_a_step(world, accumulate):
    """Means of batches times their factors, averaged, are the mean over the step's counted words."""
    rng = np.random.default_rng(1)
    counted, loss = rng.random(1003) * LENGTHS, rng.random(1003)  # of a sentence: its words' weight, their mean loss
    settings = {"shuffle": True, "world_size": world, "accumulate": accumulate, "counted": counted}
    ranks = [list(SentenceSampler(LENGTHS, 32, rank=rank, **settings)) for rank in range(world)]
    for begin in range(0, len(ranks[0]) - accumulate + 1, accumulate):
        step = [draw for rank in ranks for draw in rank[begin : begin + accumulate]]
        means = [np.average(loss[d.sentences], weights=counted[d.sentences]) * d.factor for d in step]
        every = [sentence for draw in step for sentence in draw.sentences]
        assert np.mean(means) == pytest.approx(np.average(loss[every], weights=counted[every]))
    assert world * accumulate > 1 or {draw.factor for draw in ranks[0]} == {1.0}
