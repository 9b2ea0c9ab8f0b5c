import pytest

from ctl.system.console import duration, make_table, markdown, notice, plain_markdown, say, show, steps, visible


def test_durations_for_people():
    assert [duration(seconds) for seconds in (0, 42.4, 59.7, 190, 7500)] == [
        "0 s",
        "42 s",
        "1 min 0 s",  # never 60 s
        "3 min 10 s",
        "2 h 5 min",
    ]


def test_a_notice_is_said_once(capsys):
    for _ in range(2):
        notice("a line of this test")
    assert capsys.readouterr().err == "ctl: a line of this test\n"


def test_steps_give_every_item():
    assert list(steps([1, 2, 3], "counting")) == [1, 2, 3]


def test_a_table_in_markdown():
    assert markdown(["method", "F1"], [["pooled", "95.0"]]) == "| method | F1 |\n| --- | ---: |\n| pooled | 95.0 |\n"


def test_control_characters_are_shown(capsys):
    assert visible("a\x1b[2J\x07\x9b\x7f\tb\n") == "a^[[2J^G\\x9b^?\tb\n"
    say("\x1b]0;x\x07"), show("\x1b[1m")
    told = capsys.readouterr()
    assert told.err == "^[]0;x^G\n" and told.out == "^[[1m\n"


ROW = ["student:learned+filter+rounds2", "81.2", "79.3", "80.2"]


@pytest.mark.parametrize(
    ("types", "width", "shown"),
    [(0, 40, 0), (2, 80, 2), (4, 80, 2), (18, 80, 2), (18, 160, 10), (500, 80, 2), (500, 20, 0)],
)
def test_numbers_are_never_cut(capsys, monkeypatch, types, width, shown):
    monkeypatch.setenv("COLUMNS", str(width))
    names = [f"TYPE_NUMBER_{number}" for number in range(types)]
    lines = [[*ROW, *["55.5"] * types, "2 h 5 min"], ["pooled", "9.9", "100.0", "18.0", *["-"] * types, "42 s"]]
    show(make_table(["method", "P", "R", "F1", *names, "training"], lines, "a title", optional=names))
    told = capsys.readouterr().out
    assert all(number in told for number in ("81.2", "79.3", "80.2", "9.9", "100.0", "18.0")) and "…" not in told
    assert told.count("55.5") == shown
    if width >= 80:
        assert max(map(len, told.splitlines())) <= width
    assert ("more columns do not fit" in told) == (told.count("55.5") < types)


@pytest.mark.parametrize(
    "name", ["[bold]", "[on red]", "x [/x]", "..[/red]", ":smile:", "\\[b]", "[link=http://x]y[/link]"]
)
def test_names_are_no_markup(capsys, name):
    show(make_table(["method", name], [[name, "1.0"]], name))
    told = capsys.readouterr().out
    assert told.count(name) == 3 or "".join(told.split()).count("".join(name.split())) >= 2


def test_markdown_as_it_stands():
    assert plain_markdown("*a* **b** _c_ d_e __f ~~g~~") == r"\*a\* \*\*b\*\* \_c\_ d_e \_\_f \~\~g\~\~"
    assert plain_markdown("a|b <i> & `c` [d](e)\nf \\") == "a\\|b &lt;i> &amp; \\`c\\` [d]\\(e) f \\\\"


def test_a_notebook_gets_no_line_in_red(capsys, monkeypatch):
    stream = type("OutStream", (), {"__module__": "ipykernel.iostream"})()
    monkeypatch.setattr("sys.stderr", stream)
    say("done")
    assert capsys.readouterr().out == "done\n"
