from made_up_plan import planned
from made_up_stages import diamond

from ctl.study.graph import Graph


def titles(stages):
    return [stage.title for stage in stages]


def work(stage):
    return stage.work


def test_each_stage_once_and_after_what_it_reads():
    teacher, quick, slow, test = diamond([])
    graph = Graph([quick, test, test])
    assert titles(graph) == ["teacher", "quick", "slow", "test"] and len(graph) == 4
    assert graph.before(test) == [quick, slow] and graph.before(teacher) == []
    assert graph.readers == {teacher.name: {quick.name, slow.name}, quick.name: {test.name}, slow.name: {test.name}}


def test_what_is_done_needs_nothing():
    """Its own results are enough, whatever is gone of what it read."""
    *_, test = diamond(["quick"])
    assert titles(Graph([test])) == ["teacher", "slow", "test"]
    *_, test = diamond(["quick", "slow"])
    assert titles(Graph([test])) == ["test"]
    *_, test = diamond(["test"])
    assert titles(Graph([test])) == []


def test_what_a_goal_needs():
    teacher, quick, slow, test = diamond([])
    graph = Graph([test])
    assert graph.needed_for([quick]) == {teacher.name, quick.name}
    assert graph.needed_for([test]) == {stage.name for stage in graph}
    quick.ran.append("quick")
    assert quick.name not in Graph([test]).needed_for([quick, slow])


def test_the_longest_path():
    teacher, quick, slow, test = diamond([])
    graph = Graph([test])
    assert graph.urgency(work) == {teacher.name: 17, quick.name: 3, slow.name: 7, test.name: 2}
    assert titles(graph.critical_path(work)) == ["teacher", "slow", "test"]
    assert Graph([]).critical_path(work) == []


def test_every_stage_of_a_plan_is_needed_for_a_goal():
    """Else a study would leave out what a transfer runs."""
    methods = ["direct", "pooled", "merged:uniform", "ensemble:learned-sentence", "student:learned+knn+rounds2", "few"]
    methods += ["llm-ensemble:uniform+calibrated", "student:uniform+few", "ensemble:nearest+sharp"]
    plan = planned(*methods, more=["--sources", "[en,nl,es]", "--few", "5"])
    assert {stage.name for stage in plan} == {stage.name for stage in Graph(plan.goals)}
    for stage in plan:
        assert {before.name for before in stage.after} <= {other.name for other in plan}
