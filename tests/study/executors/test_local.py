import os
from contextlib import closing
from multiprocessing import Pipe, get_context

import pytest
from made_up_stages import Elsewhere, MadeUp

from ctl.study.executors import local
from ctl.study.executors.local import Here, Processes
from ctl.study.executors.running import Outcome


def test_stages_run_here_one_after_another(tmp_path):
    stages, executor = [MadeUp(name, []) for name in "ab"], Here(tmp_path)
    executor.start(stages)
    assert [executor.ended() for _ in stages] == [[(stage, Outcome())] for stage in stages]


@pytest.fixture
def forked(monkeypatch):
    """Copies of this process: a new one takes seconds to import what it needs."""
    monkeypatch.setattr(local, "SPAWN", get_context("fork"))
    monkeypatch.setattr(local, "end_with_parent", lambda: None)


def ended(executor, count):
    """The next outcomes by title."""
    outcomes = []
    while len(outcomes) < count:
        outcomes += [(stage.title, outcome) for stage, outcome in executor.ended()]
    return dict(outcomes)


def test_processes_are_started_as_they_are_needed_and_go_on(forked, tmp_path):
    one, two, three = (Elsewhere(name, [], folder=tmp_path / name) for name in "abc")
    with closing(Processes(tmp_path, 2)) as executor:
        executor.start([one])
        assert ended(executor, 1) == {"a": Outcome()}
        executor.start([two, three])
        assert ended(executor, 2) == {"b": Outcome(), "c": Outcome()}
        assert one.process in (two.process, three.process) and two.process != three.process
        assert executor.ended(0) == [] and os.getpid() != one.process
    with pytest.raises(ProcessLookupError):
        os.kill(one.process, 0)


def test_a_process_that_is_killed_costs_its_stage_alone(forked, tmp_path):
    killed, other = Elsewhere("a", [], folder=tmp_path / "a", error=True), Elsewhere("b", [], folder=tmp_path / "b")
    with closing(Processes(tmp_path, 1)) as executor:
        executor.start([killed])
        assert ended(executor, 1) == {"a": Outcome("its process ended with status -9")}
        executor.start([other])
        assert ended(executor, 1) == {"b": Outcome()} and other.done()


def test_each_process_has_a_gpu_of_those_that_are_visible(monkeypatch, tmp_path):
    monkeypatch.setattr(local, "end_with_parent", lambda: None)
    monkeypatch.setattr(local.torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    ours, theirs = Pipe()
    ours.close()
    for number, device in ((0, "4"), (1, "6"), (2, "4")):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
        local._serve(theirs, tmp_path, number, 3)  # nobody sends anything
        assert os.environ["CUDA_VISIBLE_DEVICES"] == device
