"""Windows, rows and the places of words, compared with what was put in and with values computed by hand."""

import numpy as np
import pytest
import torch

from ctl.data.collation import Collator, count_up, rows, windows
from ctl.data.encoding import Example


class Encoder:
    """Special tokens around windows of at most eight subwords."""

    prefix, suffix, capacity = [101], [102, 103], 8


def example(counts, first_word=0, index=0):
    """A sentence whose subwords are numbered from a thousand times its place on."""
    counts = np.array(counts)
    ids = np.arange(counts.sum(), dtype=np.int32) + 1000 * (index + 1)
    return Example(ids, counts, first_word, np.zeros(len(counts), dtype=np.int64), index=index)


def test_windows_overlap_by_half_and_a_word_is_read_where_it_has_most_context():
    cut = windows(np.ones(16, dtype=np.int64), 8)
    assert [(window.begin, window.end) for window in cut] == [(0, 8), (4, 12), (8, 16)]
    assert [window.words.tolist() for window in cut] == [list(range(6)), list(range(6, 10)), list(range(10, 16))]


def test_first_fit_longest_first():
    """By hand, for rows of 32: 20 and 12 fit together, 15 and 15 do, 13 begins a third row."""
    slots, grid = rows(np.array([15, 20, 13, 12, 15]))
    assert grid == (3, 32)
    assert slots.tolist() == [32, 0, 64, 20, 47]


def test_rows_are_as_wide_as_the_longest_window():
    slots, grid = rows(np.array([100, 3, 60, 40, 7]))
    assert grid == (3, 100)
    assert slots.tolist() == [0, 207, 100, 160, 200]


def test_windows_of_like_length_have_a_row_each():
    slots, grid = rows(np.array([10, 9, 10]))
    assert grid == (3, 10) and slots.tolist() == [0, 10, 20]


@pytest.mark.parametrize("seed", range(5))
def test_rows_hold_every_subword_once_and_waste_little(seed):
    sizes = np.clip(np.random.default_rng(seed).lognormal(2.3, 0.6, 32), 3, 200).astype(np.int64)
    slots, (count, width) = rows(sizes)
    places = np.repeat(slots, sizes) + count_up(sizes)
    assert len(set(places.tolist())) == sizes.sum() <= count * width
    assert (slots // width == (slots + sizes - 1) // width).all()  # no window runs over the end of its row
    assert sizes.sum() > 0.8 * count * width


def test_special_tokens_stand_around_every_window_and_words_are_found():
    batch = Collator(Encoder())([example([1, 2], 7), example([3], 20, 1), example([2, 1, 1], 40, 2)])
    subwords = batch.subwords
    assert subwords.ids.tolist() == [
        101, 1000, 1001, 1002, 102, 103, 101, 2000, 2001, 2002, 102, 103, 101, 3000, 3001, 3002, 3003, 102, 103
    ]  # fmt: skip
    assert subwords.ids[batch.first].tolist() == [1000, 1001, 2000, 3000, 3002, 3003]
    assert subwords.ids[batch.last].tolist() == [1000, 1002, 2002, 3001, 3002, 3003]
    assert batch.words.tolist() == [7, 8, 20, 40, 41, 42]
    assert subwords.sizes.tolist() == [6, 6, 7] and batch.owners.tolist() == [0, 1, 2]
    assert subwords.positions.tolist() == [*range(6), *range(6), *range(7)]
    assert subwords.windows.tolist() == [0] * 6 + [1] * 6 + [2] * 7
    assert subwords.grid == (3, 7) and subwords.slots.tolist() == [*range(6), *range(7, 13), *range(14, 21)]


def test_words_of_a_long_sentence_are_found_in_its_windows():
    counts = [1, 3, 2, 1, 1, 2, 3, 1, 1, 1, 2]
    batch = Collator(Encoder())([example([1]), example(counts, index=1), example([2], index=2)])
    starts = 2000 + np.cumsum(counts) - counts
    assert batch.subwords.ids[batch.first].tolist() == [1000, *starts, 3000]
    assert batch.subwords.ids[batch.last].tolist() == [1000, *(starts + counts - 1), 3001]
    assert batch.owners.tolist() == [0, *[1] * (len(batch.owners) - 2), 2]
    assert (batch.subwords.windows[batch.first] == batch.subwords.windows[batch.last]).all()
    assert (batch.subwords.sizes <= 8 + 3).all() and batch.subwords.packed


def test_a_batch_has_no_more_subwords_than_were_counted_on():
    rng = np.random.default_rng(0)
    collate = Collator(Encoder())
    for size in range(1, 40):
        counts = rng.multinomial(size, np.ones(size) / size)
        counts = np.clip(counts[counts > 0], 1, 8)
        batch = collate([example(counts)])
        assert len(batch.subwords.ids) <= collate.sizes(np.array([counts.sum()], dtype=np.int32))[0]


def test_a_batch_goes_to_another_device_whole():
    batch = Collator(Encoder())([example([1, 2]), example([3], index=1)]).to("meta")
    assert {tensor.device.type for tensor in (batch.first, batch.subwords.ids, batch.subwords.slots)} == {"meta"}
    assert batch.soft is None and batch.subwords.grid == (2, 6) and torch.is_tensor(batch.owners)
