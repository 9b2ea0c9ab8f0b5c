"""The part of a study's report on a few labelled sentences, on made-up studies whose answer is known."""

import json
import math

import pytest
from made_up_study import exact_counts, record, write_grid

from ctl.report.few.labels import few_sentences, few_table, worth_table
from ctl.report.findings import Findings
from ctl.report.study_page import study_page
from ctl.results import write_counts, write_records

ALONE = {10: 40.0, 50: 55.0, 100: 65.0, 500: 75.0}


@pytest.fixture(scope="module")
def write(tmp_path_factory):
    def write(student, numbers=ALONE, seeds=(0, 1, 2)):
        """A study with a zero-shot student of this F1, and models of so many labelled sentences."""
        root = tmp_path_factory.mktemp("few")
        design = write_grid(root, lambda *_: student, ["student:uniform"], sizes=(1, 2), seeds=seeds, keys=True)
        for entry in [entry for entry in design["cells"] if len(entry["sources"]) == 2]:
            for number, f1 in numbers.items():
                folder = f"{entry['folder']}/few/{number}"
                scored = {"few": f1, "student:uniform+few": student + 5}
                records = [record(name, entry["sources"], "t", entry["seed"], value) for name, value in scored.items()]
                write_records(root / folder / "results.json", [{**each, "few": number} for each in records])
                for name, value in scored.items():
                    write_counts(root / folder, name, exact_counts(value, [*folder.encode(), *name.encode()]))
                cell = {"methods": {name: [name] for name in scored}, "key": folder}
                (root / folder / "cell.json").write_text(json.dumps(cell))
                design["cells"].append({**entry, "key": folder, "folder": folder, "kinds": [], "few": number})
        design["methods"] += ["few", "student:uniform+few"]
        (root / "study.json").write_text(json.dumps(design))
        return root, design

    return write


def test_the_transfer_is_worth_what_a_model_of_labels_alone_needs(write):
    root, design = write(60.0)
    findings = Findings(root, design)
    (row,) = worth_table(findings).to_dict("records")
    assert row["worth"].startswith("71 [") and (row["f1"], row["seeds"]) == (60.0, 3)
    assert 50 < row["low"] < math.sqrt(50 * 100) < row["high"] < 100
    (sentence,) = few_sentences(findings)
    assert sentence.startswith("With 2 sources student:uniform (60.0 F1) is worth 71 [")
    assert sentence.endswith("labelled sentences of t: so many does a model of these alone need to reach it (3 seeds).")


@pytest.mark.parametrize(("student", "answer"), [(90.0, "more than 500"), (20.0, "at most 10")])
def test_an_answer_may_be_a_bound(write, student, answer):
    root, design = write(student, seeds=(0,))
    assert worth_table(Findings(root, design)).worth.tolist() == [answer]
    (sentence,) = few_sentences(Findings(root, design))
    assert f"is worth {answer} labelled sentences" in sentence and "(one seed, so" in sentence


def test_labels_are_no_points_of_the_scaling_curves(write):
    root, design = write(60.0)
    findings = Findings(root, design)
    assert {str(score.contender) for score in findings.scores} == {"student:uniform"} and not findings.missing
    table = few_table(findings)
    assert [(row.method, row.labels) for row in table.itertuples()] == [
        ("student:uniform", 0),
        *((f"{name} (sees a few target labels)", number) for name in ("few", "student:uniform+few") for number in ALONE)
    ]  # fmt: skip
    assert table.f1.tolist() == [60.0, *ALONE.values(), *[65.0] * 4] and set(table.cells) == {3}


def test_the_page_has_the_figure_and_the_sentence(write):
    root, design = write(60.0)
    page = study_page(root, design)
    blocks = {block.name: block for block in page.blocks}
    assert "labelled sentences of the target" in blocks["few"].svg and "worth" in blocks
    assert any("is worth 71" in sentence for sentence in page.conclusions)


def test_a_cell_that_failed_is_named_with_its_number(write):
    root, design = write(60.0)
    entry = design["cells"][-1]
    (root / entry["folder"] / "failed.json").write_text('{"error": "OutOfMemoryError: 9"}')
    findings = Findings(root, design)
    assert findings.failed == [("a0, a1 -> t, seed 2, 500 labelled sentences", "OutOfMemoryError: 9")]
    assert worth_table(findings).seeds.tolist() == [2]
