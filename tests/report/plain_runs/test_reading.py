"""Runs below a folder, whole and stopped."""

import shutil

import pytest
from made_up_study import exact_counts, record

from ctl.errors import CTLError
from ctl.report.plain_runs.reading import missing, read_runs, run_folders
from ctl.results import write_counts, write_records

TRANSFER = {"methods": ["direct", "student:uniform"], "sources": ["en", "nl"], "target": "de", "seed": 0}


def score(folder, method):
    """Scores a model in the folder of its stage; gives the record."""
    made = record(method, ["en", "nl"], "de", 0, 50.0)
    made["provenance"]["transfer"] = TRANSFER
    write_records(folder / "results.json", [made])
    write_counts(folder, method, exact_counts(50.0, [len(method)]))
    return made


def stopped(root):
    """A run that was stopped before its counts were collected: the teacher of en alone is in its results."""
    root.mkdir()
    (root / ".lock").touch()
    write_records(root / "results.json", [score(root / "teachers" / "en", "direct:en")])
    score(root / "teachers" / "nl", "direct:nl")
    return root


def test_a_run_that_was_stopped_has_what_its_stages_scored(tmp_path):
    run = stopped(tmp_path / "run")
    runs = read_runs(tmp_path)
    assert [each.record["method"] for each in runs] == ["direct:en", "direct:nl"]
    assert {each.home for each in runs} == {run} and all(each.samples[0] == 50 for each in runs)
    assert missing(runs) == [f"student:uniform on de, seed 0 ({run})"]
    (run / "results.json").unlink()  # as where it was killed
    assert [each.record["method"] for each in read_runs(tmp_path)] == ["direct:en", "direct:nl"]


def test_a_run_in_a_run_is_its_own(tmp_path):
    run = stopped(tmp_path / "run")
    shutil.copytree(run, run / "inner")
    assert run_folders(tmp_path) == [run, run / "inner"]
    assert len(read_runs(tmp_path)) == 4
    (run / "study.json").touch()  # of a study, whose stages are those of its cells
    assert {each.home for each in read_runs(tmp_path)} == {run / "inner"}


def test_a_run_without_a_score_is_named(tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(CTLError, match=r"no results of .* in it$"):
        read_runs(tmp_path)
    (tmp_path / "run" / ".lock").touch()
    with pytest.raises(CTLError, match="run has scored no model yet"):
        read_runs(tmp_path)


def test_default_methods_are_known_where_all_teachers_are_trained(tmp_path):
    (first, second) = read_runs(stopped(tmp_path / "run"))
    TRANSFERS = ({"methods": None}, {"methods": None, "teachers": {"en": "x"}}, {"methods": ["nonsense"]})
    for changed, count in zip(TRANSFERS, (8, 0, 0), strict=True):
        for run in (first, second):
            run.record["provenance"]["transfer"] = TRANSFER | changed
        assert len(missing([first, second])) == count
