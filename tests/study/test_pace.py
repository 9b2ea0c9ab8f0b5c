import pytest
from made_up_stages import MadeUp

from ctl.study.pace import Pace, by_kind, kind_of


def stage(name="Teacher", command="fit", sources=("en",), work=100.0, seconds=0.0):
    made_up = MadeUp(name, [], work=work, command=command, module=name)
    made_up.config["data"]["sources"] = list(sources)
    made_up.seconds = lambda: seconds
    return made_up


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (stage(), "train teachers"), (stage(sources=("en", "nl")), "train pooled models"),
        (stage(command="test"), "tests of teachers"), (stage("Ensemble", "predict"), "answers of ensembles"),
        (stage("LanguageIdentifier"), "train language identifiers"), (stage("Adaptation"), "train adapted backbones"),
        (stage("Student", sources=()), "train students"), (stage("Merged", "test"), "tests of merged models"),
    ],
)  # fmt: skip
def test_kinds_of_stages(given, kind):
    assert kind_of(given) == kind and by_kind([given, given]) == {kind: [given, given]}


def test_the_time_left_is_that_of_each_kind():
    """Tests are quick and trainings slow, so that a run that goes on after tests alone is not thought to be slow."""
    pace = Pace([stage(work=100, seconds=50), stage(command="test", work=10, seconds=1)])
    assert pace.left([stage(work=200), stage(command="test", work=20)]) == 100 + 2
    assert pace.of(stage("Student", work=110)) == 51  # the pace of all that is done
    assert pace.knows("train teachers") and not pace.knows("train students")
    assert pace.left([]) == 0 and Pace().left([stage()]) is None


def test_a_pace_is_the_mean_by_work():
    pace = Pace([stage(work=100, seconds=5), stage(work=300, seconds=15)])
    pace.add(stage(work=0, seconds=99))  # it reads no sentence, so it says nothing of any other
    assert pace.of(stage(work=50)) == 2.5
