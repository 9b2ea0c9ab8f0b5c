import subprocess
import sys

import pandas as pd
import pytest

from ctl.commands.report import check_output
from ctl.main import main

ROOMS = "ctl.commands.report, ctl.report.study_page, ctl.report.plain_runs.runs_page, ctl.report.figures"


def test_a_report_needs_no_pytorch():
    code = f"import sys, {ROOMS}; sys.exit('torch' in sys.modules or 'lightning' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_terminal_shows_numbers_without_intervals(made_up_report):
    table, _, sentences = made_up_report.partition("On t, tt (3 seeds)")
    assert "n=6" in table and "82.1" in table and "[" not in table and "[" in sentences


@pytest.fixture
def made_up_report(tmp_path, capsys):
    from made_up_study import write_study

    write_study(tmp_path)
    assert main(["report", str(tmp_path)]) == 0
    check_output(tmp_path)  # what ctl wrote may be written anew
    return capsys.readouterr().out


def test_the_report_of_a_folder_is_written_elsewhere(tmp_path, capsys, monkeypatch):
    from made_up_study import write_grid

    write_grid(tmp_path / "study", lambda *_: 50.0, ["pooled"], sizes=(1,))
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path / "study")
    assert main(["report", str(tmp_path / "study")]) == 2
    assert "study: this folder is read-only; name another one with --output" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before
    assert main(["report", str(tmp_path / "study"), "--output", str(tmp_path / "new" / "place")]) == 0
    assert (tmp_path / "new" / "place" / "report.json").is_file()
    assert sorted((tmp_path / "study").rglob("*")) == [path for path in before if path != tmp_path / "study"]


@pytest.mark.parametrize("name", ["report.html", "report.md", "report.json"])
def test_a_file_of_the_user_is_not_replaced(tmp_path, capsys, name):
    (tmp_path / name).write_text("my own notes")
    assert main(["report", str(tmp_path)]) == 2
    assert f"{name}: ctl did not write this file" in capsys.readouterr().err
    assert (tmp_path / name).read_text() == "my own notes"


def test_no_results_is_one_line(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) != 0
    assert "no results" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["scores.csv", "curve.svg"])
def test_a_figure_of_the_user_is_not_replaced(tmp_path, capsys, name):
    """Those beside a page of ctl are ctl's (`made_up_report`)."""
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / name).write_text("mine")
    assert main(["report", str(tmp_path)]) == 2
    assert f"report/{name}: ctl did not write this file" in capsys.readouterr().err
    (tmp_path / "report" / name).unlink()
    (tmp_path / "report").rmdir()
    (tmp_path / "report").write_text("mine")
    assert main(["report", str(tmp_path)]) == 2
    assert "report: this is a file, where a folder is to be made" in capsys.readouterr().err


def test_figures_show_the_methods_that_are_named(tmp_path, capsys):
    """Tables have all; a method that the study lacks is refused with those that it has."""
    from made_up_study import write_study

    write_study(tmp_path)
    assert main(["report", str(tmp_path), "--draw", "[pooled, best direct]"]) == 0
    curves, scores = (set(pd.read_csv(tmp_path / "report" / f"{name}.csv").method) for name in ("scaling", "scores"))
    assert curves == {"pooled", "best direct"} < scores
    assert main(["report", str(tmp_path), "--draw", "[puled]"]) == 2
    assert "--draw puled: the report has best direct, " in capsys.readouterr().err
