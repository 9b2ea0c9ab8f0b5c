import os
import threading

import pytest
from lightning.pytorch.utilities.exceptions import SIGTERMException
from made_up_stages import MadeUp

from ctl.errors import CTLError
from ctl.study.executors.running import Outcome, Task, in_one_line, run_stage
from ctl.system.files import fingerprint
from ctl.system.locks import held


@pytest.fixture
def lock(tmp_path):
    return tmp_path / ".locks" / f"{fingerprint('a fit')}.lock"


def test_a_stage_is_run_unless_it_is_done(tmp_path, capsys):
    stage = MadeUp("a", [])
    assert run_stage(stage, tmp_path) == run_stage(stage, tmp_path) == Outcome() and stage.ran == ["a"]
    assert capsys.readouterr().err == "  a (seed 0) ...\n"


def test_an_error_is_an_outcome(tmp_path):
    outcome = run_stage(MadeUp("a", [], error=ValueError("first\nsecond")), tmp_path)
    assert outcome.error == "ValueError: first" and outcome.traceback[-1] == "ValueError: first\nsecond\n"
    assert run_stage(MadeUp("a", [], error=SystemExit(3)), tmp_path).error == "SystemExit: 3"
    for error in (KeyboardInterrupt(), SIGTERMException()):
        with pytest.raises(type(error)):
            run_stage(MadeUp("a", [], error=error), tmp_path)


def test_what_another_process_runs_is_busy(tmp_path, lock):
    stage = MadeUp("a", [])
    with held(lock):
        assert run_stage(stage, tmp_path) == Outcome(busy=True) and not stage.ran
    assert run_stage(stage, tmp_path) == Outcome()


def test_a_task_waits_for_what_is_left_of_another(tmp_path, lock, monkeypatch):
    """It then finds the stage done, and runs from the folder in which its paths were given."""
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    stage = MadeUp("a", [])
    task = Task.of(stage, tmp_path, cores=1)
    monkeypatch.chdir(tmp_path)
    with held(lock):
        other = threading.Thread(target=task)
        other.start()
        stage.ran.append("a")
    other.join()
    assert stage.ran == ["a"] and os.getcwd() == task.folder == str(tmp_path / "home")


def test_errors_in_one_line():
    assert in_one_line(CTLError("a\nb")) == "CTLError: a" and in_one_line(KeyError()) == "KeyError"
