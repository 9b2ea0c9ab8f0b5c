"""The remote teacher through the commands that people use, on a server that answers by rule."""

import json

import numpy as np
import pytest
from chat_server import answer, chat_server
from faults import said

from ctl.data.datamodule import NERDataModule
from ctl.data.soft_labels import SoftLabelStore


def test_it_labels_and_is_scored(command, family, tmp_path, capsys):
    """The server marks the first word of every sentence as a person; the second run asks for nothing."""

    def reply(request, number):
        text = request["messages"][-1]["content"].rpartition("Text:\n")[2]
        return answer(json.dumps([{"text": text.split()[0], "type": "PER"}]), read=50, written=5)

    with chat_server(reply) as (url, seen):
        endpoint = {"url": url, "cache": str(tmp_path / "answers"), "prompt_price": 1.0, "completion_price": 2.0}
        more = ["--model.model", "tiny", "--model.endpoint", json.dumps(endpoint), "--model.shots", "1"]
        data = {"backbone": family / "encoder", "limit": 12}
        assert command("predict", "RemoteTeacher", family, tmp_path, *more, data=data) == 0
        asked = len(seen)
        assert "tiny: 12 requests, 0 more from the cache" in capsys.readouterr().err
        store = SoftLabelStore(tmp_path / "soft_labels" / "train")
        tags = store.probs[:].argmax(-1)
        assert (tags[store.offsets[:-1]] == 1).all() and (tags == 1).sum() == asked == 12
        assert float(store.probs[:].max()) == pytest.approx(0.95 + 0.05 / 7, abs=1e-3)
        card = store.manifest["teacher"]
        assert card["method"] == "llm-prompted" and card["sources"] == ["a2"]
        assert card["usage"]["requests"] == 12 and card["usage"]["cost"] == pytest.approx(12 * 60e-6)
        assert card["probabilities"].startswith("votes of 1 answer at temperature 0.0")
        assert command("predict", "RemoteTeacher", family, tmp_path, *more, data=data) == 0
        assert len(seen) == asked
        usage = SoftLabelStore(tmp_path / "soft_labels" / "train").manifest["teacher"]["usage"]
        assert (usage["requests"], usage["cached"], usage["cost"]) == (0, 12, 0)
        assert usage["cost_of_labels"] == pytest.approx(12 * 60e-6)
        assert command("test", "RemoteTeacher", family, tmp_path, *more, data=data) == 0
        assert "logprobs" not in seen[0]["body"] and seen[0]["body"]["max_tokens"] > 100
    (record,) = json.loads((tmp_path / "results.json").read_text())
    assert record["method"] == "llm-prompted" and record["provenance"]["usage"]["requests"] == 12


def run(command, family, output, url, *more, name="predict", **endpoint):
    endpoint = {"url": url, "backoff": 0, "retries": 1, **endpoint}
    more = ["--model.model", "tiny", "--model.endpoint", json.dumps(endpoint), *more]
    return command(name, "RemoteTeacher", family, output, *more, data={"backbone": family / "encoder", "limit": 20})


def test_words_without_an_answer_have_no_label(command, family, tmp_path, capsys):
    """The server refuses the third of twenty sentences; the student's data give its words no weight."""

    def reply(request, number):
        refused = sentence(request) == data.target_text("train").sentence(2)
        return {"choices": [{"message": {"content": None, "refusal": "no"}}]} if refused else answer("[]")

    data = NERDataModule(target="a1", root=str(family), limit=20)
    with chat_server(reply) as (url, seen):
        assert run(command, family, tmp_path, url) == 0
    assert len(seen) == 21 and "1 without an answer, so their words have no label" in capsys.readouterr().err
    store = SoftLabelStore(tmp_path / "soft_labels" / "train")
    sentences = np.searchsorted(store.offsets, np.arange(len(store)), side="right") - 1
    assert store.labelled.tolist() == (sentences != 2).tolist()
    np.testing.assert_allclose(store.rows(slice(None)).sum(-1), 1, atol=1e-5)
    assert store.manifest["teacher"]["usage"]["unanswered"] == 1


def sentence(request):
    return request["messages"][-1]["content"].rpartition("Text:\n")[2].split(" ")


NOTHING = {
    "refusal": {"choices": [{"message": {"content": None, "refusal": "no"}, "finish_reason": "content_filter"}]},
    "prose": answer("Sure! Here it is"),
    "parts": {"choices": [{"message": {"content": [{"type": "text", "text": "no"}]}}]},
    "usage": {**answer("no"), "usage": "lots"},
    "deep": "[" * 5000 + "]" * 5000,
}


@pytest.mark.parametrize("name", ["predict", "test"])
@pytest.mark.parametrize("nothing", NOTHING.values(), ids=NOTHING)
def test_a_server_that_answers_nothing_ends_the_run_with_a_remedy(command, family, tmp_path, capsys, name, nothing):
    with chat_server(lambda request, number: nothing) as (url, _):
        assert run(command, family, tmp_path, url, name=name) == 2
    assert "20 of 20 requests have no answer" in said(capsys)
    assert not (tmp_path / "soft_labels" / "train").exists() and not (tmp_path / "results.json").exists()


def test_no_secret_is_in_any_file_or_message(command, family, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-SECRET-123\n")
    with chat_server(lambda request, number: {**answer("[]"), "debug": request}) as (url, seen):
        assert run(command, family, tmp_path, url, key_variable="MY_KEY", cache=str(tmp_path / "answers")) == 0
        assert seen[0]["headers"]["Authorization"] == "Bearer sk-SECRET-123"
        assert run(command, family, tmp_path / "b", url.replace("//", "//user:SECRET@")) == 2
        assert "key_variable" in said(capsys)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files and not any(b"SECRET" in path.read_bytes() for path in files)


def test_null_on_the_command_line_is_no_cache(command, family, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with chat_server(lambda request, number: answer("[]")) as (url, _):
        assert run(command, family, tmp_path, url, "--model.endpoint.cache", "null") == 0
    assert not [path.name for path in tmp_path.iterdir() if path.name in ("None", "null", "None.lock")]


def test_mistakes_are_said_in_one_line(command, family, tmp_path, capsys):
    nobody = ["--model.model", "m", "--model.endpoint.url", "http://127.0.0.1:9/v1"]
    cases = [
        (("fit", *nobody), "is not trained"),
        (("test", *nobody, "--model.samples", "2"), "at temperature 0 are one answer"),
        (("test", *nobody, "--model.options", "{top_p: .nan}"), "can't be sent as JSON"),
        (("test", *nobody, "--model.shots", "100000"), "100000 shots"),
        (("test", *nobody, "--model.endpoint.key_variable", "NO_SUCH_KEY"), "NO_SUCH_KEY: set it"),
    ]
    for (name, *more), message in cases:
        assert command(name, "RemoteTeacher", family, tmp_path, *more) == 2, message
        printed = capsys.readouterr().err
        assert message in printed and "Traceback" not in printed
