"""Answers that outlive a run, in one file."""

import asyncio
import sqlite3
import subprocess
import sys

import pytest

from ctl.errors import CTLError
from ctl.llm.remote.answer_cache import AnswerCache


def test_a_file_that_is_no_cache(tmp_path):
    (tmp_path / "answers").write_text("not a database at all, but long enough to be taken for one" * 20)
    with pytest.raises(CTLError, match="move it away"):
        AnswerCache(tmp_path / "answers")


def test_answers_are_kept_by_all_that_a_request_says(tmp_path):
    cache, key = AnswerCache(tmp_path / "deep" / "answers"), AnswerCache.key
    asked = key("http://one", {"n": 1, "seed": 2})
    assert cache.get(asked) is None
    cache.put(asked, {"choices": ["é"]})
    cache.put(asked, {"choices": ["ö"]})
    assert AnswerCache(tmp_path / "deep" / "answers").get(asked) == {"choices": ["ö"]}
    assert asked == key("http://one", {"seed": 2, "n": 1}) and len(asked) == 64
    assert len({asked, key("http://two", {"n": 1, "seed": 2}), key("http://one", {"n": 1, "seed": 3})}) == 3


def test_keys_are_those_of_caches_that_are_on_disk():
    """A new key would pay for all answers again."""
    told = "d9d0967b5df8929bc5ba2cbda31f879444b523bf3a73a157940d44eb2bd92099"
    assert AnswerCache.key("http://localhost:8000/v1", {"model": "m", "seed": 0}) == told


@pytest.mark.parametrize("row", ["no json", "[" * 5000, 7, b"\x00", None])
def test_a_damaged_row_is_no_answer(tmp_path, row):
    cache = AnswerCache(tmp_path / "answers")
    with sqlite3.connect(tmp_path / "answers") as database:
        database.execute("drop table answers")
        database.execute("create table answers (request text primary key, answer)")
        database.execute("insert into answers values ('k', ?)", (row,))
    assert cache.get("k") in (None, 7)


def test_a_damaged_page_is_told(tmp_path):
    cache = AnswerCache(tmp_path / "answers")
    for number in range(500):
        cache.put(f"{number:064}", {"n": "x" * 200})
    content = bytearray((tmp_path / "answers").read_bytes())
    content[4096:] = b"\x07" * (len(content) - 4096)
    (tmp_path / "answers").write_bytes(content)
    with pytest.raises(CTLError, match=r"move it away, or set model\.endpoint\.cache"):
        AnswerCache(tmp_path / "answers").get(f"{7:064}")


def test_what_another_process_asks_for_is_waited_for(tmp_path):
    """The other process holds the request for a moment, and then has its answer."""
    path, key = tmp_path / "answers", AnswerCache.key("http://x", {})
    script = (
        "import asyncio, sys, time; from pathlib import Path; from ctl.llm.remote.answer_cache import AnswerCache\n"
        "async def ask():\n"
        "    cache = AnswerCache(Path(sys.argv[1]))\n"
        "    async with cache.asking(sys.argv[2]):\n"
        "        print('asking', flush=True); time.sleep(0.5); cache.put(sys.argv[2], {'n': 1})\n"
        "asyncio.run(ask())"
    )
    other = subprocess.Popen([sys.executable, "-c", script, str(path), key], stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "asking\n"

    async def ask():
        cache = AnswerCache(path)
        before = cache.get(key)
        async with cache.asking("0" * 64):  # another request waits for nobody
            pass
        async with cache.asking(key):
            return before, cache.get(key)

    assert asyncio.run(ask()) == (None, {"n": 1})
    assert other.wait() == 0
