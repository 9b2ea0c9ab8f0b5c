import numpy as np
import pandas as pd
import pytest
from made_up_study import exact_counts, record

from ctl.errors import CTLError
from ctl.report.plain_runs.runs_page import reliability_table, runs_page
from ctl.results import read_records, write_counts, write_records
from ctl.thresholds.curve_file import ALL, Point, write_curve

PERCENT = {"direct:en": 50.0, "direct:nl": 60.0, "student:uniform": 60.0, "ensemble:learned": 80.0}


def write_runs(root, seeds, moves=(0.0, 0.4, -0.4), target="de"):
    for seed in seeds:
        folder = root / f"{target}-{seed}"
        folder.mkdir(parents=True)
        (folder / ".lock").touch()
        records = []
        for name, percent in PERCENT.items():
            percent += moves[seed]
            records.append(record(name, ["en", "nl"], target, seed, percent))
            write_counts(folder, name, exact_counts(percent, [seed, *name.encode()]))
        write_records(folder / "results.json", records)


def rows(page):
    headings, lines = page.blocks[0].table()
    return pd.DataFrame(lines, columns=headings).set_index("method")


def test_what_is_far_ahead_has_a_star(tmp_path):
    write_runs(tmp_path, (0, 1, 2))
    table = rows(runs_page(tmp_path))
    assert table.loc["ensemble:learned", "de F1"] == "80.0 ± 0.4 (n=3)"
    assert table.loc["ensemble:learned", "de: over direct:nl"].startswith("+20.0 [+1")
    assert table.loc["ensemble:learned", "de: over student:uniform"].endswith("] (n=3)*")
    assert table.loc["student:uniform", "de: over direct:nl"].endswith("] (n=3)")
    assert table.loc["student:uniform", "de: over student:uniform"] == ""


def test_one_seed_has_no_star_and_the_page_says_why(tmp_path):
    write_runs(tmp_path, (0,))
    page = runs_page(tmp_path)
    assert "over sentences alone" in page.blocks[0].text
    table = rows(page)
    assert table.loc["ensemble:learned", "de F1"] == "80.0"
    assert table.loc["ensemble:learned", "de: over direct:nl"].endswith("] (n=1)")


def test_targets_stand_side_by_side(tmp_path):
    write_runs(tmp_path, (0, 1))
    write_runs(tmp_path, (0, 1), target="nl")
    page = runs_page(tmp_path)
    assert [heading for heading in rows(page).columns if heading.endswith("F1")] == ["de F1", "nl F1"]
    data = page.blocks[0].data
    assert len(data) == 2 * len(PERCENT) and data.over_direct.dtype == np.float64
    assert "over sentences alone" not in page.blocks[0].text


def test_a_page_says_what_was_run_and_what_is_missing(tmp_path):
    write_runs(tmp_path, (0, 1))
    records = read_records(tmp_path / "de-0" / "results.json")
    for each in records:
        each["provenance"]["transfer"] = {"methods": ["pooled"], "sources": ["en", "nl"], "target": "de", "seed": 0}
    write_records(tmp_path / "de-0" / "results.json", records)
    page = runs_page(tmp_path)
    assert page.title == "Transfer to de from en, nl"
    assert page.subtitle == f"8 scored models of 2 runs in {tmp_path}; seeds 0, 1."
    assert page.missing == [f"pooled on de, seed 0 ({tmp_path / 'de-0'})"] and "1 of 9 models" in page.html()
    assert page.conclusions[0].startswith("On de (2 seeds): ensemble:learned is ahead of all others: +20.0 [")


def test_no_folder_is_one_line(tmp_path):
    with pytest.raises(CTLError, match="no such folder"):
        runs_page(tmp_path / "nowhere")


def test_what_was_inferred_of_teachers_is_a_mean_over_records():
    runs = [("ensemble:truth", record("ensemble:truth", ["en"], "de", seed, 50.0)) for seed in (0, 1)]
    for (_, own), share in zip(runs, (0.4, 0.5), strict=True):
        own["provenance"] = {"reliability": {"en": {"PER": share}}}
    table = reliability_table([*runs, ("old", {})])
    assert table.to_dict("records") == [{"method": "ensemble:truth", "teacher": "en", "type": "PER", "right": 45.0}]
    assert not len(reliability_table([("old", {})]))


def test_precision_and_recall_are_drawn_where_runs_have_them(tmp_path):
    """A run of before has no curve; a method of silver labels goes by its longer name."""
    write_runs(tmp_path, (0,))
    assert "curves" not in {block.name for block in runs_page(tmp_path).blocks}
    folder = tmp_path / "de-0"
    records = read_records(folder / "results.json")
    write_records(folder / "results.json", [{**each, "silver": ["en"]} for each in records])
    write_curve(folder, "student:uniform", [Point(ALL, None, 60.0, 60.0, 60.0), Point(ALL, 0.4, 50.0, 70.0, 58.33)])
    block = next(block for block in runs_page(tmp_path).blocks if block.name == "curves")
    assert block.data.method.unique().tolist() == ["student:uniform (silver en)"] and block.svg
    (folder / "curves" / "student-uniform.csv").write_text("broken")
    assert "curves" not in {block.name for block in runs_page(tmp_path).blocks}  # no line: a curve without points
    (folder / "curves" / "student-uniform.csv").write_text("broken\n1")
    with pytest.raises(CTLError, match="no precision-recall curve; remove it"):
        runs_page(tmp_path)
