import os
import signal
import sys
from contextlib import closing
from types import ModuleType, SimpleNamespace

import made_up_stages
import pytest
from made_up_stages import Elsewhere, MadeUp

from ctl.errors import CTLError
from ctl.study.executors.ray import RETRIES, Ray
from ctl.study.executors.running import Outcome


class Lost(Exception):
    """The error of a task whose machine was lost too often."""


@pytest.fixture
def cluster(monkeypatch):
    """A module in Ray's place, which runs tasks in this process; it says what it was asked."""
    ray = ModuleType("ray")
    ray.resources, ray.asked, ray.exceptions = {"CPU": 9.0, "GPU": 8.0}, [], SimpleNamespace(RayError=Lost)
    ray.init = lambda *given, **settings: ray.asked.append((given, settings))
    ray.cluster_resources = lambda: ray.resources
    ray.remote = lambda **needs: lambda run: ray.asked.append(needs) or SimpleNamespace(remote=lambda task: (run, task))
    ray.wait = lambda running, timeout: (running[:1], running[1:])
    ray.get = lambda reference: reference[0](reference[1])
    ray.shutdown = lambda: ray.asked.append("the end")
    monkeypatch.setitem(sys.modules, "ray", ray)
    return ray


def test_stages_are_tasks(cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", "hub")
    monkeypatch.setenv("SECRET", "secret")
    stages = [MadeUp("a", [], folder=tmp_path / "a"), MadeUp("b", [], error=ValueError("no"))]
    with closing(Ray(tmp_path, "host:1", None, 2, 1)) as executor:
        executor.start(stages)
        assert dict(executor.ended() + executor.ended())[stages[0]] == Outcome() and stages[0].ran == ["a"]
    (address, settings), needs, end = cluster.asked
    assert address == ("host:1",) and settings["runtime_env"]["env_vars"]["HF_HOME"] == "hub"
    assert "SECRET" not in settings["runtime_env"]["env_vars"] and end == "the end"
    assert needs == {"num_cpus": 2, "num_gpus": 1, "max_retries": RETRIES}


def test_as_many_stages_as_the_cluster_has_room_for(cluster, tmp_path):
    assert Ray(tmp_path, None, None, 2, 1).slots == 4 and Ray(tmp_path, None, None, 1, 4).slots == 2
    assert Ray(tmp_path, None, 7, 1, 1).slots == 7 and Ray(tmp_path, None, None, 1, 0).slots == 9
    cluster.resources = {"CPU": 1.0}
    assert Ray(tmp_path, None, None, 2, 1).slots == 1  # it may grow
    assert cluster.asked[-1]["num_gpus"] == 0


def test_a_stage_that_is_lost_too_often_has_failed(cluster, tmp_path):
    def lost(reference):
        raise Lost("node died\nlog")

    cluster.get, stage = lost, MadeUp("a", [])
    executor = Ray(tmp_path, None, None, 1, 0)
    executor.start([stage])
    assert executor.ended() == [(stage, Outcome("Lost: node died"))]


def test_there_is_no_such_cluster(cluster, tmp_path):
    def init(*_, **__):
        raise ConnectionError("nobody is there")

    cluster.init = init
    with pytest.raises(CTLError, match="--ray_address host:1: nobody is there"):
        Ray(tmp_path, "host:1", None, 1, 0)


class Interrupted(Elsewhere):
    """A stage that stops where it is when it is run for the first time."""

    def done(self):
        return self.folder.exists() and (self.folder / "end").exists()

    def run(self):
        first = not self.folder.exists()
        self.folder.mkdir(exist_ok=True)
        (self.folder / str(os.getpid())).touch()
        if first:
            signal.pause()
        (self.folder / "end").touch()


def test_a_lost_node_costs_its_stage_alone(tmp_path):
    """Needs Ray, and some ten seconds; the node that runs the stage is killed, and the stage goes on on another."""
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    ray.cloudpickle.register_pickle_by_value(made_up_stages)
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    node, stage = nodes.add_node(num_cpus=1), Interrupted("a", [], folder=tmp_path / "a")
    with closing(Ray(tmp_path, nodes.address, None, 1, 0)) as executor:
        executor.start([stage])
        while not stage.folder.exists() or not list(stage.folder.iterdir()):
            assert executor.ended(0.1) == []
        nodes.add_node(num_cpus=1)
        nodes.remove_node(node, allow_graceful=False)
        assert executor.ended() == [(stage, Outcome())]
    nodes.shutdown()
    assert len(list(stage.folder.iterdir())) == 3  # two processes, and the end
