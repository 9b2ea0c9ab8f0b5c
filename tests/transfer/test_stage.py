import json
from pathlib import Path

import pytest

from ctl.errors import CTLError
from ctl.transfer import stage as module
from ctl.transfer.stage import Stage, run_stages

CONFIG = {"trainer": {"max_epochs": 2, "accelerator": "cpu"}, "model": {}, "data": {}}


def stage(folder, name="a", after=(), **changes):
    given = {"title": name, "folder": folder / name, "command": "fit", "config": CONFIG, "outputs": ("x",), "work": 2.0}
    return Stage(**{**given, "after": after, "context": "c", **changes})


@pytest.fixture
def launched(monkeypatch):
    """Commands that were run; each writes what it must leave."""
    commands = []

    def launch(arguments, trainer):
        commands.append(arguments)
        (Path(arguments[2]).parent / "x").touch()

    monkeypatch.setattr(module, "_launch", launch)
    return commands


def test_a_key_depends_on_everything_but_the_logger(tmp_path):
    first = stage(tmp_path)
    logged = stage(tmp_path, config={**CONFIG, "trainer": {**CONFIG["trainer"], "logger": {"class_path": "W"}}})
    turned = stage(tmp_path, config={**CONFIG, "trainer": dict(reversed(CONFIG["trainer"].items()))})
    assert first.key == logged.key == turned.key
    others = [
        stage(tmp_path, config={**CONFIG, "data": {"limit": 1}}), stage(tmp_path, context="d"),
        stage(tmp_path, command="test"), stage(tmp_path, after=(first,)),
        stage(tmp_path, after=(stage(tmp_path, "b", context="d"),)),
    ]  # fmt: skip
    assert len({first.key, *(other.key for other in others)}) == 6


def test_a_key_stays_what_it_was():
    """A changed key trains everything anew that users have."""
    made = Stage("t", Path("runs/a"), "fit", {"trainer": {"max_epochs": 2}, "model": {"a": None}}, ("x",), (), 1.0, "c")
    assert made.key == "b103c33f1ab0546d"


def test_a_stage_is_run_once(tmp_path, launched):
    first = stage(tmp_path)
    second = stage(tmp_path, "b", (first,))
    run_stages([first, second])
    run_stages([first, second])
    assert [arguments[2] for arguments in launched] == [str(s.folder / "fit.yaml") for s in (first, second)]
    assert first.done() and first.output == tmp_path / "a" / "x"
    first.output.unlink()
    assert not first.done()


def test_a_stage_that_another_configuration_left_is_run_anew(tmp_path, launched):
    run_stages([stage(tmp_path)])
    (tmp_path / "a" / "old").touch()
    changed = stage(tmp_path, context="d")
    assert not changed.done()
    run_stages([changed])
    assert len(launched) == 2 and not (tmp_path / "a" / "old").exists()


def test_time_adds_up_over_interrupted_runs(tmp_path, launched):
    first = stage(tmp_path)
    first.folder.mkdir()
    first.marker.write_text(json.dumps({"key": first.key, "done": False, "seconds": 40.0}))
    assert 40 <= first.run() < 45 and 40 <= first.seconds() < 45


def test_a_stage_that_leaves_nothing_has_failed(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_launch", lambda *_: None)
    with pytest.raises(CTLError, match="ended without writing x"):
        stage(tmp_path).run()
    assert not stage(tmp_path).done()


@pytest.mark.parametrize(
    ("trainer", "several"),
    [
        ({"accelerator": "cpu"}, False), ({"accelerator": "cpu", "devices": 2}, True), ({"devices": [0, 1]}, True),
        ({"devices": 1, "num_nodes": 2}, True), ({"devices": "1"}, False),
    ],
)  # fmt: skip
def test_several_processes(trainer, several):
    assert module._several_processes(trainer) == several
