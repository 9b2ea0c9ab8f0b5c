import json
import os
import time
from types import SimpleNamespace

import pytest

from ctl.errors import CTLError
from ctl.results import CELL, FAILED
from ctl.study import workers
from ctl.study.cells import Cell
from ctl.study.workers import Busy, Worker
from ctl.system.locks import held


class Stage:
    """A stage that writes down when it was run."""

    def __init__(self, folder, name, ran, after=(), error=None):
        self.folder, self.title, self.command, self.key = folder, name, "fit", name
        self.config = {"seed_everything": 0, "model": {"class_path": "Student"}}
        self.after, self.work, self.error, self.ran = after, 1.0, error, ran

    def done(self):
        return self.title in self.ran

    def seconds(self):
        return 1.0

    def run(self):
        if self.error:
            raise self.error
        self.ran.append(self.title)


class Plan(list):
    tests = ()

    def collect_counts(self, folder):
        pass

    def records(self):
        return []


def study(folder, plans):
    for name in plans:
        (folder / name).mkdir(exist_ok=True)
    cells = {Cell("t", (name,), 0, (), folder / name): plan for name, plan in plans.items()}
    settings = SimpleNamespace(keep_models=True, jobs=None, trainer={})
    return SimpleNamespace(
        share=list(cells), plan=lambda cell: cells[cell], output=folder, settings=settings, cell_record=lambda cell: {}
    )


def test_a_stage_of_two_cells_is_run_once(tmp_path):
    ran = []
    teacher = Stage(tmp_path, "teacher", ran)
    plans = {name: Plan([teacher, Stage(tmp_path / name, name, ran, (teacher,))]) for name in "ab"}
    Worker(study(tmp_path, plans), time.time()).run()
    assert ran == ["teacher", "a", "b"] and all((tmp_path / name / CELL).exists() for name in "ab")


def test_workers_begin_apart(tmp_path):
    ran = []
    plans = {name: Plan([Stage(tmp_path / name, name, ran)]) for name in "abcd"}
    Worker(study(tmp_path, plans), time.time(), start=0.5).run()
    assert ran == ["c", "d", "a", "b"]


def test_a_failure_ends_what_needs_it_and_nothing_else(tmp_path):
    ran = []
    broken = Stage(tmp_path, "broken", ran, error=ValueError("first\nsecond"))
    plans = {name: Plan([broken, Stage(tmp_path / name, name, ran, (broken,))]) for name in "ab"}
    plans["c"] = Plan([Stage(tmp_path / "c", "c", ran)])
    Worker(study(tmp_path, plans), time.time() - 1).run()
    assert ran == ["c"] and not (tmp_path / "c" / FAILED).exists()
    errors = [json.loads((tmp_path / name / FAILED).read_text())["error"] for name in "ab"]
    assert errors == ["ValueError: first", "CTLError: broken failed: ValueError: first"]


def test_an_earlier_failure_is_tried_again(tmp_path):
    ran = []
    plans = {"a": Plan([Stage(tmp_path / "a", "a", ran)])}
    whole = study(tmp_path, plans)
    (tmp_path / "a" / FAILED).write_text("{}")
    os.utime(tmp_path / "a" / FAILED, (0, 0))
    Worker(whole, time.time()).run()
    assert ran == ["a"] and not (tmp_path / "a" / FAILED).exists()


def test_a_lock_that_another_has_is_busy(tmp_path):
    worker = Worker(study(tmp_path, {}), time.time())
    with worker._lock("stage"), pytest.raises(Busy), worker._lock("stage"):
        pass
    with worker._lock("stage"):
        assert len(list((tmp_path / ".locks").iterdir())) == 1


def test_a_cell_that_another_has_is_left_for_later(tmp_path, monkeypatch):
    ran = []
    whole = study(tmp_path, {"a": Plan([Stage(tmp_path / "a", "a", ran)])})
    worker = Worker(whole, time.time())
    lock = held(tmp_path / ".locks" / f"{workers.fingerprint(str(tmp_path / 'a'))}.lock")
    lock.__enter__()
    monkeypatch.setattr(workers.time, "sleep", lambda _: lock.__exit__(None, None, None))
    worker.run()
    assert ran == ["a"]


def test_errors_in_one_line():
    assert workers._message(CTLError("a\nb")) == "CTLError: a" and workers._message(KeyError()) == "KeyError"
