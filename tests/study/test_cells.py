import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from ctl.errors import CTLError
from ctl.results import CELL
from ctl.study.cells import Cell, is_done, key_of, part_of_array, part_of_shard


def plan(*keys):
    return SimpleNamespace(tests=[SimpleNamespace(key=key, done=lambda: False) for key in keys])


def test_parts_of_a_study():
    assert part_of_shard("2/3") == (1, 3) and part_of_shard("1/1") == (0, 1)
    for wrong in ("4/3", "0/3", "3", "a/b"):
        with pytest.raises(CTLError, match=f"shard {wrong}"):
            part_of_shard(wrong)


def array(task, first, last, step, tasks, **more):
    """What SLURM sets in a task of an array."""
    given = {"ID": task, "MIN": first, "MAX": last, "STEP": step, "COUNT": tasks}
    return {**{f"SLURM_ARRAY_TASK_{name}": str(number) for name, number in given.items()}, **more}


@pytest.mark.parametrize("tasks", [range(16), range(1, 17), range(5, 9), range(1, 32, 2), range(7, 8)])
def test_every_array_has_each_part_once(tasks):
    parts = [part_of_array(array(task, tasks[0], tasks[-1], tasks.step, len(tasks))) for task in tasks]
    assert sorted(parts) == [(part, len(tasks)) for part in range(len(tasks))]


def test_tasks_that_are_run_once_more_have_the_parts_that_they_had(monkeypatch):
    """As ``--array=3,7`` is described by SLURM; the whole was 0-15 or 1-16."""
    again = array(3, 3, 7, 1, 2)
    with pytest.raises(CTLError, match="CTL_SHARDS=16"):
        part_of_array(again)
    assert part_of_array({**again, "CTL_SHARDS": "16"}) == (3, 16) == part_of_array(array(3, 1, 16, 1, 16))
    assert part_of_array(array(16, 1, 16, 1, 16)) == (0, 16)
    with pytest.raises(CTLError, match="CTL_SHARDS=0"):
        part_of_array({**again, "CTL_SHARDS": "0"})
    with pytest.raises(CTLError, match="no task of a SLURM array"):
        part_of_shard("slurm")
    for name, value in array(1, 0, 3, 1, 4).items():
        monkeypatch.setenv(name, value)
    assert part_of_shard("slurm") == (1, 4)


def test_a_cell_s_key_stays_what_it_was():
    """A changed key runs every study of a user anew."""
    assert key_of(plan("1ffe8947f6e299e2", "0")) == "15e272d58666c7f6"
    assert key_of(plan("1", "2")) != key_of(plan("2", "1"))


def test_a_cell_is_done_when_its_results_are_those_of_the_plan(tmp_path):
    cell = Cell("de", ("en", "nl"), 3, ("nested",), tmp_path)
    assert str(cell) == "en, nl -> de, seed 3" and not is_done(cell, plan("1"))
    (tmp_path / CELL).write_text(json.dumps({"key": key_of(plan("1"))}))
    assert not is_done(cell, plan("1"))
    Path(tmp_path / "results.json").write_text("[]")
    assert is_done(cell, plan("1")) and not is_done(cell, plan("2"))
    older = SimpleNamespace(tests=[SimpleNamespace(key="3", done=lambda: True)])
    assert is_done(cell, older)  # run by an earlier version, under a key of another kind
    Path(tmp_path / "results.json").write_text('[{"method": "direct:en"}]')
    assert not is_done(cell, plan("1"))  # the counts are missing
    (tmp_path / CELL).write_text("{")
    assert not is_done(cell, plan("1"))
