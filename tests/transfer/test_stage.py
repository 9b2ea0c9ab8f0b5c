import json
from pathlib import Path

import pytest
import yaml

from ctl.errors import CTLError, NotFiniteError
from ctl.system.files import fingerprint_json, write_json, write_text
from ctl.transfer import stage as module
from ctl.transfer.running import prospect, run_stages
from ctl.transfer.stage import Stage

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
    config = {"trainer": {"max_epochs": 2}, "model": {"a": None}, "data": {}}
    made = Stage("t", Path("runs/a"), "fit", config, ("x",), (), 1.0, "c")
    assert made.settings == {"model": "", "trainer.max_epochs": 2} and made.key == "71bcfe30c1982341"


def test_a_run_of_an_earlier_version_counts_as_done(tmp_path, launched):
    """Its key is that of the whole configuration, with the paths of the time; it may have been moved since."""
    first, second = stage(tmp_path), stage(tmp_path, "b", (stage(tmp_path),))
    keys = []
    for made in (first, second):
        trainer = {**CONFIG["trainer"], "default_root_dir": f"then/{made.title}", "enable_progress_bar": False}
        config = {**CONFIG, "trainer": trainer, "data": {"num_workers": 3, "limit": None}}
        keys.append(fingerprint_json(["fit", "c", config, keys[:1] if made is second else []]))
        made.folder.mkdir()
        write_text(made.folder / "fit.yaml", yaml.safe_dump({**config, "trainer": {**trainer, "logger": True}}))
        write_json(made.marker, {"key": keys[-1], "done": True, "seconds": 1.0})
        (made.folder / "x").touch()
    assert first.done() and second.done() and not stage(tmp_path, context="d").done()
    assert not stage(tmp_path, config={**CONFIG, "data": {"batch_size": 8}}).done()
    first.output.unlink()
    run_stages([first, second])
    assert len(launched) == 1 and second.done()  # the lost one alone, though its key is a new one now


def test_a_stage_is_run_once(tmp_path, launched):
    first = stage(tmp_path)
    second = stage(tmp_path, "b", (first,))
    run_stages([first, second])
    run_stages([first, second])
    assert [arguments[2] for arguments in launched] == [str(s.folder / "fit.yaml") for s in (first, second)]
    assert first.done() and first.output == tmp_path / "a" / "x"
    first.output.unlink()
    assert not first.done()


def test_a_run_with_other_settings_is_replaced_only_when_asked(tmp_path, launched, capsys):
    run_stages([stage(tmp_path)])
    changed = stage(tmp_path, config={**CONFIG, "data": {"batch_size": 8}})
    assert not changed.done() and changed.is_in_the_way()
    assert prospect(changed).startswith("would be made anew (data.batch_size is the default there and 8 here)")
    with pytest.raises(CTLError, match=r"data.batch_size is the default there and 8 here.* add --overwrite"):
        run_stages([changed])
    assert len(launched) == 1 and stage(tmp_path).done()
    run_stages([changed], overwrite=True)
    assert len(launched) == 2 and changed.done() and [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("error", "states", "in_the_way"),
    [
        (NotFiniteError("a loss"), ["best.ckpt"], False),
        (CTLError("a full disk"), ["last.ckpt"], True),
        (CTLError("a full disk"), [], False),
        (KeyboardInterrupt(), ["last.ckpt"], True),
    ],
)
def test_what_is_not_worth_keeping_is_replaced_unasked(tmp_path, launched, monkeypatch, error, states, in_the_way):
    """A run that ended as NaN, or before there was a state to go on from, is no reason to ask."""

    def launch(arguments, trainer):
        (tmp_path / "a" / "checkpoints").mkdir()
        for name in states:
            (tmp_path / "a" / "checkpoints" / name).touch()
        raise error

    with monkeypatch.context() as failing, pytest.raises((CTLError, KeyboardInterrupt)):
        failing.setattr(module, "_launch", launch)
        run_stages([stage(tmp_path)])
    changed = stage(tmp_path, config={**CONFIG, "data": {"batch_size": 8}})
    assert stage(tmp_path).has_begun() and not changed.has_begun() and changed.is_in_the_way() is in_the_way
    if not in_the_way:
        assert prospect(changed) == "would be run"
        run_stages([changed])
        assert changed.done() and not (tmp_path / "a" / "checkpoints").exists()


def test_what_lies_in_a_folder_that_is_replaced_is_moved_aside(tmp_path, launched):
    run_stages([stage(tmp_path)])
    (tmp_path / "a" / "notes.txt").touch()
    run_stages([stage(tmp_path, context="d")], overwrite=True)
    assert not (tmp_path / "a" / "notes.txt").exists() and (tmp_path / "a.aside" / "notes.txt").exists()


def test_changed_data_are_named(tmp_path, launched):
    run_stages([stage(tmp_path, context="v en/train 1 en/validation 2")])
    assert stage(tmp_path, context="v en/train 1 en/validation 3").changes() == "en/validation changed"
    assert stage(tmp_path, context="w en/train 1 en/validation 2").changes().startswith("the backbone or the version")


def test_what_is_damaged_is_made_again_before_it_is_read(tmp_path, launched, capsys):
    first = stage(tmp_path)
    second = stage(tmp_path, "b", (first,))
    run_stages([first])
    first.output.write_text("!")
    assert not first.done()  # its size differs
    run_stages([first])
    first.output.write_text("")
    record = json.loads(first.marker.read_text())
    first.marker.write_text(json.dumps({**record, "files": {"x": [0, "another"]}}))
    run_stages([first, second])
    assert [arguments[2] for arguments in launched] == [
        str(s.folder / "fit.yaml") for s in (first, first, first, second)
    ]
    assert "is damaged: a, once more" in capsys.readouterr().err


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


def test_tasks_of_a_slurm_job_are_started_by_srun():
    """From its script, that is: what srun started, and a job of one task, start programs themselves."""
    script = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "16"}
    assert module._srun(script) == ["srun"]
    assert module._srun({**script, "SLURM_STEP_ID": "0"}) == module._srun({**script, "SLURM_NTASKS": "1"}) == []
    assert module._srun({"SLURM_JOB_ID": "7"}) == module._srun({}) == []


@pytest.mark.parametrize(
    ("trainer", "several"),
    [
        ({"accelerator": "cpu"}, False), ({"accelerator": "cpu", "devices": 2}, True), ({"devices": [0, 1]}, True),
        ({"devices": 1, "num_nodes": 2}, True), ({"devices": "1"}, False),
    ],
)  # fmt: skip
def test_several_processes(trainer, several):
    assert module._several_processes(trainer) == several


PREDICT = {**CONFIG, "data": {"predict_splits": ["train", "test"]}}


def labelling(folder, tested=True, context="v de/train 1 de/test 1"):
    """A stage that labels the target, and one that reads its labels of the train split."""
    config = {**CONFIG, "data": {"predict_splits": ["train"]}}
    train = {
        "title": "labels",
        "command": "predict",
        "context": context.partition(" de/test")[0],
        "config": config,
        "outputs": ("train",),
    }
    alone = stage(folder, **train)
    both = {**train, "context": context, "config": PREDICT, "outputs": ("train", "test")}
    labels = stage(folder, **both, untested=alone) if tested else alone
    return labels, stage(folder, "student", (labels,))


@pytest.fixture
def labelled(monkeypatch):
    """Splits that were labelled, or the name of a stage; each writes what it must leave."""
    splits = []

    def launch(arguments, trainer):
        folder = Path(arguments[2]).parent
        (folder / "x").touch()
        named = "--data.predict_splits" in arguments
        given = json.loads(arguments[arguments.index("--data.predict_splits") + 1]) if named else None
        config = yaml.safe_load(Path(arguments[2]).read_text())["data"]
        splits.append(given or config.get("predict_splits", folder.name))
        for split in splits[-1] if arguments[0] == "predict" else ():
            (folder / split).touch()

    monkeypatch.setattr(module, "_launch", launch)
    return splits


def test_a_test_split_that_comes_later_trains_nothing_again(tmp_path, labelled):
    run_stages(labelling(tmp_path, tested=False))
    assert labelled == [["train"], "student"]
    labels, student = labelling(tmp_path)
    assert not labels.done() and not labels.is_in_the_way() and student.done() and prospect(labels) == "would be run"
    run_stages([labels, student])
    assert labelled == [["train"], "student", ["test"]] and labels.done()
    assert all(stage.done() for stage in labelling(tmp_path, tested=False))  # and when it goes away again
    assert yaml.safe_load((labels.folder / "predict.yaml").read_text()) == PREDICT


def test_a_test_split_that_changes_is_labelled_again_when_asked(tmp_path, labelled):
    run_stages(labelling(tmp_path))
    labels, student = labelling(tmp_path, context="v de/train 1 de/test 2")
    assert student.done() and labels.is_in_the_way() and labels.changes() == "de/test changed"
    run_stages([labels, student], overwrite=True)
    assert labelled == [["train", "test"], "student", ["test"]]


def test_text_that_changes_is_labelled_with_the_test_split(tmp_path, labelled):
    run_stages(labelling(tmp_path, tested=False))
    labels, _ = labelling(tmp_path, context="v de/train 2 de/test 1")
    assert labels.is_in_the_way() and labels.changes().startswith("data.predict_splits is")
    run_stages([labels], overwrite=True)
    assert labelled[-1] == ["train", "test"]


def test_a_run_of_the_version_before_with_a_test_split_is_not_trained_again(tmp_path, labelled):
    """Its markers name no key but that of all."""
    run_stages(labelling(tmp_path))
    labels, student = labelling(tmp_path)
    for made in (labels, student):
        record = json.loads(made.marker.read_text())
        assert record.pop("result_key") not in ("", record["key"])
        made.marker.write_text(json.dumps(record))
    labels, student = labelling(tmp_path)
    assert labels.done() and student.done() and student.key != student.result_key
    for version in (2, 3):  # of the test split, one after the other
        labels, student = labelling(tmp_path, context=f"v de/train 1 de/test {version}")
        assert student.done() and labels.is_in_the_way() and labels.changes() == "de/test changed"
        run_stages([labels, student], overwrite=True)
        assert all(stage.done() for stage in labelling(tmp_path, context=f"v de/train 1 de/test {version}"))
    assert labelled == [["train", "test"], "student", ["test"], ["test"]]
    assert not labelling(tmp_path, context="v de/train 2 de/test 3")[1].done()


def test_labels_of_a_test_split_alone_are_of_no_other(tmp_path, labelled):
    """The stage reads nothing else, so its marker never had a key of the result."""
    config = {**CONFIG, "data": {"predict_splits": ["test"]}}
    alone = {"command": "predict", "config": config, "outputs": ("test",)}
    run_stages([stage(tmp_path, context="v de/test 1", **alone)])
    changed = stage(tmp_path, context="v de/test 2", **alone)
    assert not changed.done() and changed.is_in_the_way()


def test_a_stage_that_was_killed_after_its_command_is_not_run_again(tmp_path, launched, monkeypatch):
    """While it reads what the command left, to note what that is."""
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(module, "describe", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        run_stages([stage(tmp_path)])
    assert not stage(tmp_path).done()
    run_stages([stage(tmp_path)])
    assert len(launched) == 1 and stage(tmp_path).done()
