import sys
from contextlib import closing
from unittest.mock import Mock

import pytest
from made_up_stages import Elsewhere, MadeUp

from ctl.errors import CTLError
from ctl.study.executors.running import Outcome
from ctl.study.executors.slurm import DAY, Job, Slurm

submitit = pytest.importorskip("submitit")


def executor(tmp_path, jobs=None, gpus=0, **given):
    return Slurm(tmp_path, {"cluster": "debug", **given}, jobs, 1, gpus)


def test_stages_are_jobs(tmp_path, monkeypatch, capsys):
    """Submitit's own way to run jobs in this process, by which they are pickled too."""
    monkeypatch.setenv("SLURM_NTASKS", "1")
    stages = [Elsewhere("a", [], folder=tmp_path / "a"), MadeUp("b", [], error=ValueError("no"))]
    with closing(executor(tmp_path)) as slurm:
        assert slurm.slots == sys.maxsize
        slurm.start(stages)
        slurm.start([])
        ended = dict(slurm.ended())
    assert ended[stages[0]] == Outcome() and ended[stages[1]].error == "ValueError: no" and stages[0].done()
    assert "a (seed 0) ..." in capsys.readouterr().err


def test_a_job_whose_time_is_over_is_queued_as_it_is():
    job = Job("task")
    assert job.checkpoint().function is job


def test_a_job_that_was_lost_has_failed(tmp_path):
    lost = Mock(**{"done.return_value": True, "exception.return_value": RuntimeError("gone\nlog"), "job_id": "7_1"})
    with closing(executor(tmp_path)) as slurm:
        slurm._running[lost] = stage = MadeUp("a", [])
        assert slurm.ended() == [(stage, Outcome("job 7_1: gone", ("gone\nlog",)))]


def test_what_is_asked_of_the_queue(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(submitit.AutoExecutor, "update_parameters", lambda _, **given: asked.append(given))
    assert executor(tmp_path, jobs=3, gpus=2, slurm_partition="gpu").slots == 3
    assert asked == [
        {"name": "ctl", "timeout_min": DAY, "cpus_per_task": 1, "gpus_per_node": 2, "slurm_partition": "gpu"}
    ]


@pytest.mark.parametrize(("given", "message"), [
    ({"cluster": "nowhere"}, "--slurm: .* named nowhere"), ({"speed": 1}, "--slurm: .*'speed'"),
])  # fmt: skip
def test_parameters_that_there_are_not(tmp_path, given, message):
    with pytest.raises(CTLError, match=message):
        executor(tmp_path, **given)
