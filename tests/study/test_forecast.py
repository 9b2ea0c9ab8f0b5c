import re

from made_up_stages import MadeUp

from ctl.study.estimate import Assumed
from ctl.study.forecast import Forecast
from ctl.study.graph import Graph
from ctl.study.keeping import Keeping

ASSUMED = Assumed(parameters={"b": 250e6}, embeddings={"b": 0.0}, flops=1e12, utilisation=0.5, tokens=10, overhead=0)


def stages(ran=()):
    """Four teachers with a student each; a unit of work takes 0.01 s on the device assumed."""
    teachers = [MadeUp(f"teacher {n}", list(ran), work=6000, module="Teacher", size=2e9) for n in range(4)]
    return [*teachers, *(MadeUp(f"student {n}", [], [teacher], 3000) for n, teacher in enumerate(teachers))]


def forecast(given):
    graph = Graph(given[4:])
    return Forecast(given, graph, ASSUMED), lambda keep: Keeping(keep, graph, [], graph)


def test_what_was_measured_goes_before_what_is_assumed():
    new, _ = forecast(stages())
    assert [new.seconds(stage) for stage in stages()[::4]] == [60, 30]
    assert new.size(stages()[0]) == 1e9  # four bytes a weight
    begun, _ = forecast(stages(["teacher 0"]))
    assert [begun.seconds(stage) for stage in stages()[::4]] == [12000, 6000]  # two seconds a unit of work
    assert begun.size(stages()[1]) == 2e9 and begun.size(stages()[4]) == 1e9


def test_a_dry_run_says_what_it_takes(capsys):
    told, keeping = forecast(stages())
    told.show(keeping, 2, "study")
    lines = capsys.readouterr().out.splitlines()
    rows = [re.split(" {2,}", line.strip()) for line in lines]
    assert ["train teachers", "4", "0", "4", "?", "4 min 0 s"] in rows
    assert "No number of devices is done before 1 min 30 s, the longest path:" in lines
    assert "  teacher 0: 1 min 0 s" in lines and "  student 0: 30 s" in lines
    assert ["time", "6 min 0 s", "3 min 0 s", "1 min 30 s", "1 min 30 s"] in rows
    assert ["disk, --keep all", "11 GB", "13 GB", "17 GB", "17 GB", "8.0 GB"] in rows
    assert ["disk, --keep labels", "5.0 GB", "11 GB", "17 GB", "17 GB", "0 MB"] in rows
    assert ["stages", "1 at once", "2 at once", "8 at once", "64 at once", "in the end"] in rows


def test_nothing_is_left(capsys):
    given = stages()
    for stage in given:
        stage.ran.append(stage.title)
    told, keeping = forecast(given)
    told.show(keeping, 1, "study")
    assert "Nothing is left to run." in capsys.readouterr().out
