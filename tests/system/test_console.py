from ctl.system.console import duration, markdown, notice, steps


def test_durations_for_people():
    assert [duration(seconds) for seconds in (0, 42.4, 190, 7500)] == ["0 s", "42 s", "3 min 10 s", "2 h 5 min"]


def test_a_notice_is_said_once(capsys):
    for _ in range(2):
        notice("a line of this test")
    assert capsys.readouterr().err == "ctl: a line of this test\n"


def test_steps_give_every_item():
    assert list(steps([1, 2, 3], "counting")) == [1, 2, 3]


def test_a_table_in_markdown():
    assert markdown(["method", "F1"], [["pooled", "95.0"]]) == "| method | F1 |\n| --- | ---: |\n| pooled | 95.0 |\n"
