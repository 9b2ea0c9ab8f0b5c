import json
from types import SimpleNamespace

import pytest
from lightning.pytorch.utilities.exceptions import SIGTERMException
from made_up_stages import MadeUp

from ctl.results import CELL, FAILED
from ctl.study.cells import Cell
from ctl.study.executors.local import Here
from ctl.study.graph import Graph
from ctl.study.keeping import Keeping
from ctl.study.run import Run, run_cells


class Plan(list):
    tests = ()

    @property
    def goals(self):
        return self[-1:]

    def collect_counts(self, folder):
        pass

    def records(self):
        return []


def study(folder, plans, keep="all"):
    cells = {Cell("t", (name,), 0, (), folder / name): plan for name, plan in plans.items()}
    stages = list({stage.name: stage for plan in plans.values() for stage in plan}.values())
    return SimpleNamespace(
        share=list(cells), plan=cells.__getitem__, output=folder, cell_record=lambda cell: {}, stages=lambda: stages,
        graph=lambda cells_: Graph(goal for cell in cells_ for goal in cells[cell].goals),
        keeping=lambda graph: Keeping(keep, graph, [cell.folder for cell in cells], graph),
    )  # fmt: skip


def two_cells(folder, ran, **broken):
    teacher = MadeUp("teacher", ran, folder=folder / "teacher", **broken)
    return {name: Plan([teacher, MadeUp(name, ran, [teacher], folder=folder / name / "student")]) for name in "ab"}


def test_a_stage_of_two_cells_is_run_once(tmp_path, capsys):
    ran = []
    assert run_cells(study(tmp_path, two_cells(tmp_path, ran)), Here(tmp_path)) == 0
    assert ran == ["teacher", "a", "b"] and all((tmp_path / name / CELL).exists() for name in "ab")
    told = capsys.readouterr().err.splitlines()
    assert told[2:] == [
        "[1/2] a -> t, seed 0: done, about 2 s left", "  b (seed 0) ...", "[2/2] b -> t, seed 0: done, nothing left"
    ]  # fmt: skip


def test_a_failure_ends_what_needs_it_and_nothing_else(tmp_path, capsys):
    ran = []
    plans = two_cells(tmp_path, ran, error=ValueError("first\nsecond"))
    plans["c"] = Plan([MadeUp("c", ran, folder=tmp_path / "c")])
    assert run_cells(study(tmp_path, plans), Here(tmp_path)) == 2
    assert ran == ["c"] and not (tmp_path / "c" / FAILED).exists()
    for name in "ab":
        failed = json.loads((tmp_path / name / FAILED).read_text())
        assert failed["error"] == "teacher failed: ValueError: first" and "ValueError: first" in failed["traceback"][-1]
    assert "a -> t, seed 0: FAILED, teacher failed" in capsys.readouterr().err


def test_an_earlier_failure_is_tried_again(tmp_path):
    ran = []
    whole = study(tmp_path, {"a": Plan([MadeUp("a", ran, folder=tmp_path / "a")])})
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / FAILED).write_text("{}")
    assert run_cells(whole, Here(tmp_path)) == 0
    assert ran == ["a"] and not (tmp_path / "a" / FAILED).exists()


def test_a_cell_whose_stages_were_all_run_before_is_written_down(tmp_path):
    whole = study(tmp_path, two_cells(tmp_path, ["teacher", "a", "b"]))
    assert Run(whole, Here(tmp_path)).run() == [] and (tmp_path / "a" / CELL).exists()


def test_a_cell_that_can_not_be_written_has_failed(tmp_path, monkeypatch):
    whole = study(tmp_path, {"a": Plan([MadeUp("a", [], folder=tmp_path / "a")])})
    monkeypatch.setattr(Plan, "records", lambda _: [][0])
    assert run_cells(whole, Here(tmp_path)) == 1
    assert "IndexError" in json.loads((tmp_path / "a" / FAILED).read_text())["error"]


def test_a_queue_that_wants_its_node_back_is_no_failure(tmp_path):
    plans = two_cells(tmp_path, [], error=SIGTERMException())
    with pytest.raises(SystemExit) as end:
        run_cells(study(tmp_path, plans), Here(tmp_path))
    assert end.value.code == 143 and not list(tmp_path.rglob(FAILED))


def test_models_go_with_their_last_reader(tmp_path):
    ran = []
    plans = two_cells(tmp_path, ran)
    (teacher, _), _ = plans.values()
    (teacher.folder / "checkpoints").mkdir(parents=True)
    (teacher.folder / "fit.json").write_text('{"key": "", "done": true}')
    models = []
    plans["b"][1].run = lambda: (ran.append("b"), models.extend(teacher.folder.iterdir()))
    assert run_cells(study(tmp_path, plans, "labels"), Here(tmp_path)) == 0
    assert teacher.folder / "checkpoints" in models  # b reads it last
    assert [path.name for path in teacher.folder.iterdir()] == ["fit.json"]
