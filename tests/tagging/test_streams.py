"""Chunks are full, or what there is when the input pauses; nothing that was read is lost."""

import threading

import pytest

from ctl.tagging.streams import in_chunks


def test_chunks_of_what_is_there():
    assert list(in_chunks(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(in_chunks([], 3)) == []


def test_a_pause_ends_a_chunk():
    go_on = threading.Event()

    def slow():
        yield from "ab"
        go_on.wait(20)
        yield "c"

    chunks = in_chunks(slow(), 1000, patience=0.05)
    assert next(chunks) == ["a", "b"]
    go_on.set()
    assert list(chunks) == [["c"]]


def test_an_error_comes_after_what_was_read_before_it():
    def broken():
        yield "a"
        raise ValueError("here")

    chunks = in_chunks(broken(), 10)
    assert next(chunks) == ["a"]
    with pytest.raises(ValueError, match="here"):
        next(chunks)
