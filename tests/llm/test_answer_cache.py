"""Answers that outlive a run, in one file."""

import pytest

from ctl.errors import CTLError
from ctl.llm.answer_cache import AnswerCache


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
