"""Texts of many requests are answered together, each by its own answer, and one that fails fails alone."""

import asyncio

import pytest

from ctl.serving.batcher import Batcher, FullError


def answered(batcher, *requests):
    """What each request gets, an exception included, when all are sent at once."""

    async def ask():
        worker = asyncio.create_task(batcher.run())
        results = await asyncio.gather(*map(batcher.submit, requests), return_exceptions=True)
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        return results

    return asyncio.run(ask())


def test_requests_are_answered_in_few_batches_and_each_by_its_own():
    sizes = []

    def shout(texts):
        sizes.append(len(texts))
        return [text.upper() for text in texts]

    requests = [[f"a{index}", f"b{index}"] for index in range(10)]
    results = answered(Batcher(shout, 6, 100), *requests)
    assert results == [[f"A{index}", f"B{index}"] for index in range(10)]
    assert sizes == [6, 6, 6, 2]


def test_a_request_without_texts_is_answered():
    assert answered(Batcher(list, 5, 5), [], ["a"]) == [[], ["a"]]


def test_one_that_fails_fails_alone():
    def picky(texts):
        if "bad" in texts:
            raise ValueError("bad")
        return texts

    good, bad, last = answered(Batcher(picky, 100, 100), ["x"], ["y", "bad"], ["z"])
    assert (good, last) == (["x"], ["z"]) and isinstance(bad, ValueError)


def test_more_than_may_wait_are_refused_and_the_rest_is_answered():
    batcher = Batcher(list, 2, 3)
    results = answered(batcher, ["a", "b"], ["c", "d"], ["e"])
    assert results[0] == ["a", "b"] and isinstance(results[1], FullError) and results[2] == ["e"]
    assert batcher.waiting == 0


def test_texts_of_a_client_that_has_gone_are_not_tagged():
    seen = []

    async def ask():
        batcher = Batcher(lambda texts: seen.extend(texts) or texts, 10, 10)
        gone = asyncio.create_task(batcher.submit(["gone"]))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        worker = asyncio.create_task(batcher.run())
        assert await batcher.submit(["here"]) == ["here"]
        worker.cancel()

    asyncio.run(ask())
    assert seen == ["here"]
