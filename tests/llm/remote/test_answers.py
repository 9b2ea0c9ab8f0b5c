"""Replies of a server of every kind: an answer of known form, or none, and never another error."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctl.llm.remote.answers import NoAnswer, checked, count_tokens, parse


def reply(message=None, **more):
    return {"choices": [{"message": {"content": "yes"} if message is None else message, **more}]}


def test_an_answer_keeps_what_is_used():
    body = reply({"content": "yes", "role": "assistant", "debug": {"headers": "Bearer x"}}, finish_reason="stop")
    assert checked(body) == {"message": {"content": "yes"}}
    assert checked(reply({"content": [{"type": "text", "text": "y"}, {"type": "text", "text": "es"}]})) == checked(body)


def test_log_probabilities_are_kept_where_they_spell_the_text():
    tokens = [{"token": "y", "logprob": -0.5, "bytes": [1], "top_logprobs": [{"token": "n", "logprob": -9999}, "?"]},
              {"token": "es", "logprob": 3}]  # fmt: skip
    kept = checked(reply(logprobs={"content": tokens}))["logprobs"]["content"]
    assert kept == [
        {"token": "y", "logprob": -0.5, "top_logprobs": [{"token": "n", "logprob": -100.0}]},
        {"token": "es", "logprob": 0.0, "top_logprobs": []},
    ]
    odd = ["yes", {"content": "yes"}, {"content": tokens[:1]}, {"content": [{"token": "yes"}]}, None,
           {"content": [{"token": "yes", "logprob": "-1"}]}, {"content": [{"token": "yes", "logprob": float("nan")}]},
           {"content": [{"logprob": -1}]}, {"content": {"token": "yes"}}]  # fmt: skip
    assert all("logprobs" not in checked(reply(logprobs=logprobs)) for logprobs in odd)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (reply({"content": None, "refusal": "no"}), "refused"), (reply(finish_reason="content_filter"), "refused"),
        (reply({"content": None, "tool_calls": [{}]}), "a tool call"), (reply({"content": 7}), "no text"),
        (reply({"content": None}), "no text"), (reply(finish_reason="length"), "cut off"), ([], "no choices"),
        ({"choices": []}, "no choices"), ({"choices": {"0": 1}}, "no choices"), (reply("yes"), "no choices"),
        (reply({"content": [{"type": "image"}]}), "no text"), (None, "no choices"), ({"choices": [None]}, "no choices"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_answer_is_named(body, problem):
    with pytest.raises(NoAnswer, match=problem):
        checked(body)


@pytest.mark.parametrize("text", ["", "no json", "[" * 5000 + "]" * 5000, "1" * 5000, "\ufffd"], ids=lambda t: t[:6])
def test_what_is_no_json_is_named(text):
    with pytest.raises(NoAnswer, match="no JSON"):
        parse(text)


@pytest.mark.parametrize(
    ("usage", "counts"),
    [({"prompt_tokens": 5, "completion_tokens": 2}, (5, 2)), ("lots", (None, None)), (None, (None, None)),
     ({"prompt_tokens": "many", "completion_tokens": -1}, (None, None)), ({"prompt_tokens": 1e400}, (None, None)),
     ({"prompt_tokens": True, "completion_tokens": 0}, (None, None)), ({"prompt_tokens": 10**30}, (None, None))],
    ids=str,
)  # fmt: skip
def test_tokens_are_counts_or_nothing(usage, counts):
    assert count_tokens({"usage": usage}) == counts


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["choices", "message", "content", "logprobs", "token", "logprob", "top_logprobs", "usage",
                         "text", "type", "finish_reason", "prompt_tokens"]), inner, max_size=4),
    max_leaves=25,
)  # fmt: skip


@given(message=VALUES, choice=VALUES, body=VALUES)
def test_any_json_is_survived(message, choice, body):
    for value in (
        body,
        {"choices": [choice]},
        {"choices": [{"message": message}]},
        {"choices": [{"message": {"content": "x"}, "logprobs": {"content": choice}}]},
    ):
        count_tokens(value)
        with contextlib.suppress(NoAnswer):
            assert isinstance(json.loads(json.dumps(checked(value)))["message"]["content"], str)
