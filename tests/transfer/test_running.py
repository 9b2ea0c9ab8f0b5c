"""What becomes of stages, in order."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from ctl.errors import CTLError
from ctl.transfer.running import check_nothing_is_replaced, prospect, run_stages


def stage(title, done=False, in_the_way=False, changes="", begun=False, work=1.0, ran=None):
    def run():
        ran.append(title)
        return 3.0

    return SimpleNamespace(
        title=title, folder=Path("run") / title, work=work, has_begun=lambda: begun, run=run, seconds=lambda: 60.0,
        done=lambda: done, is_in_the_way=lambda: in_the_way, changes=lambda: changes,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"done": True}, "done before"),
        ({}, "would be run"),
        ({"begun": True}, "would go on, or make again what is lost"),
        ({"in_the_way": True, "changes": "lr is 1"}, "would be made anew (lr is 1), with --overwrite"),
        ({"in_the_way": True}, "would be made anew (what it reads is made anew), with --overwrite"),
    ],
)
def test_prospects(facts, said):
    assert prospect(stage("a", **facts)) == said


def test_what_is_done_is_skipped_and_the_rest_runs_in_order(capsys):
    """By hand: half of the work took 63 seconds, so the other half takes as long."""
    ran = []
    run_stages([stage("a", done=True), stage("b", work=1.0, ran=ran), stage("c", work=2.0, ran=ran)])
    lines = capsys.readouterr().err.splitlines()
    assert ran == ["b", "c"] and lines[0].startswith("[1/3] a: done before")
    assert lines[2] == "[2/3] b: 3 s, about 1 min 3 s left" and lines[-1] == "[3/3] c: 3 s, all done"


def test_other_settings_stop_everything_before_the_first_stage():
    ran = []
    stages = [stage("a", ran=ran), stage("b", in_the_way=True), stage("c", in_the_way=True, changes="lr is 1 there")]
    with pytest.raises(CTLError, match=r"run/c: .*\(lr is 1 there\).*to make 2 of its stages anew"):
        run_stages(stages)
    assert not ran
    check_nothing_is_replaced(stages, overwrite=True)
