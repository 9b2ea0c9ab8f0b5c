"""The remote teacher through the commands that people use, on a server that answers by rule."""

import json

import pytest
from chat_server import answer, chat_server

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


def test_mistakes_are_said_in_one_line(command, family, tmp_path, capsys):
    nobody = ["--model.model", "m", "--model.endpoint.url", "http://127.0.0.1:9/v1"]
    cases = [
        (("fit", *nobody), "is not trained"),
        (("test", *nobody, "--model.samples", "2"), "at temperature 0 are one answer"),
        (("test", *nobody, "--model.endpoint.key_variable", "NO_SUCH_KEY"), "NO_SUCH_KEY: set it"),
    ]
    for (name, *more), message in cases:
        assert command(name, "RemoteTeacher", family, tmp_path, *more) == 2, message
        printed = capsys.readouterr().err
        assert message in printed and "Traceback" not in printed
