import pytest
from made_up_stages import MadeUp, diamond

from ctl.study import order
from ctl.study.executors.running import Outcome
from ctl.study.graph import Graph
from ctl.study.order import run_in_order


class Executor:
    """Ends stages one by one, those first that began first; says what began together."""

    def __init__(self, slots, outcomes=()):
        self.slots, self.began, self.running, self.outcomes = slots, [], [], dict(outcomes)

    def start(self, stages):
        self.began += [[stage.title for stage in stages]] if stages else []
        self.running += stages

    def ended(self, seconds=None):
        stage = self.running.pop(0)
        outcomes = self.outcomes.get(stage.title, [])
        return [(stage, outcomes.pop(0) if outcomes else Outcome())]


def run(goals, executor):
    return [(stage.title, outcome.error) for stage, outcome in run_in_order(Graph(goals), executor, lambda s: s.work)]


def test_one_slot_takes_the_order_of_the_graph():
    executor = Executor(1)
    assert [title for title, _ in run(diamond([])[3:], executor)] == ["teacher", "quick", "slow", "test"]


def test_several_slots_take_the_longest_path_first():
    executor = Executor(2)
    short = [MadeUp(f"short {number}", [], work=1) for number in range(2)]
    run([*short, *diamond([])[3:]], executor)
    assert executor.began == [["teacher", "short 0"], ["slow"], ["quick"], ["short 1"], ["test"]]


def test_whole_cells_come_first_where_the_longest_path_is_short():
    """Two slots have 30 seconds of work each, and no path is longer than three: any order is nearly as quick."""
    executor, cells = Executor(2), []
    for number in range(20):
        student = MadeUp(f"student {number}", [], work=2)
        cells.append(MadeUp(f"test {number}", [], [student], 1, "test"))
    run(cells, executor)
    assert executor.began[:4] == [["student 0", "student 1"], ["test 0"], ["test 1"], ["student 2"]]


def test_what_needs_a_stage_that_failed_never_begins():
    executor = Executor(2, {"slow": [Outcome("no room")]})
    alone = MadeUp("alone", [])
    assert run([*diamond([])[3:], alone], executor) == [
        ("teacher", ""), ("alone", ""), ("slow", "no room"), ("quick", "")
    ]  # fmt: skip


@pytest.fixture
def pauses(monkeypatch):
    pauses = []
    monkeypatch.setattr(order.time, "sleep", pauses.append)
    return pauses


def test_what_another_process_runs_waits_for_others(pauses):
    executor = Executor(1, {"teacher": 2 * [Outcome(busy=True)]})
    alone = MadeUp("alone", [])
    ended = run([*diamond([])[3:], alone], executor)
    assert [title for title, _ in ended] == ["alone", "teacher", "quick", "slow", "test"]
    assert executor.began[:4] == [["teacher"], ["alone"], ["teacher"], ["teacher"]] and len(pauses) == 1
