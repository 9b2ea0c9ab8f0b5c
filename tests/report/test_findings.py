import json
import re

import pytest
from made_up_study import SIZES, rate, write_grid

from ctl.commands.report import read_design
from ctl.errors import CTLError
from ctl.report.contenders import Contender, CurveKey
from ctl.report.findings import Findings


@pytest.fixture(scope="module")
def findings(made_up):
    return Findings(made_up, json.loads((made_up / "study.json").read_text()))


def key(name, pick=""):
    return CurveKey("nested", Contender(Contender.of(name).method, pick))


def test_curves_are_those_that_were_made(findings):
    curve = findings.curves[key("student:learned")]
    assert curve.sizes == list(SIZES)
    for index, size in enumerate(SIZES[1:], 1):
        estimate = curve.at(index)
        assert estimate.value == pytest.approx(100 * rate("student:learned", size), abs=1.5)
        assert estimate.low < estimate.value < estimate.high
        assert (estimate.cells, estimate.seeds) == (4, 2)  # of six; two targets and seeds lack a size
    assert findings.curves[key("direct", "best")].samples[0, -1] == pytest.approx(62, abs=2)  # of s6
    assert findings.curves[key("direct", "worst")].samples[0, -1] == pytest.approx(52, abs=2)
    assert findings.fits[key("pooled")].at([6])[0] == pytest.approx(100 * rate("pooled", 6), abs=2)


def test_cells_that_failed_or_were_not_run_are_named(findings):
    assert findings.failed == [("s1 -> t, seed 0", "OutOfMemoryError: <too> little")]
    assert findings.missing == ["s1, s2, s3, s4, s6 -> tt, seed 2"] or len(findings.missing) == 1


def test_scores_are_those_of_the_cells_that_are_there(findings):
    """With most sources one cell of six is missing; a curve leaves out one more, which lacks the smallest set."""
    assert len(findings.with_most(key("pooled").contender)) == 5
    assert findings.difference(key("pooled").contender, key("student:learned").contender).cells == 5
    gaps = findings.difference_curve(key("pooled").contender, key("student:learned").contender)
    assert [len(cells) for cells in gaps.cells] == [4] * len(SIZES)
    assert gaps.at(4).value == pytest.approx(5, abs=2)
    assert findings.planned("nested", 6) == 6 and findings.planned("nested", 6, ["t"]) == 3


def test_a_study_of_the_version_before_is_read(findings):
    """It has no keys in its design."""
    assert "key" not in findings.design["cells"][0] and findings.kinds == ["nested"] and findings.most == 6


@pytest.mark.parametrize("folder", ["/etc", "../other", "seed0/../../other"])
def test_a_cell_elsewhere_is_not_read(tmp_path, folder):
    design = write_grid(tmp_path, lambda *_: 50.0, ["pooled"])
    design["cells"][0]["folder"] = folder
    with pytest.raises(CTLError, match="a cell is not in the study's folder"):
        Findings(tmp_path, design)


DAMAGED = {
    "study.json": ["{", "[1]", '{"cells": []}', '{"cells": [{}], "targets": [], "languages": [], "methods": []}'],
    "cell.json": ["{", "[1]", '{"methods": 3}'],
    "results.json": ["{", "[1]", '[{"method": "pooled", "sources": [], "target": "t", "seed": 0}]'],
    "counts/pooled.npy": ["", "garbage"],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in DAMAGED.items() for text in texts])
def test_a_damaged_file_of_a_study_is_told(tmp_path, name, text):
    write_grid(tmp_path, lambda *_: 50.0, ["pooled"], sizes=(1,), targets=("t",), seeds=(0,))
    path = next(tmp_path.rglob(name))
    path.write_text(text)
    if name == "cell.json":
        (missing,) = Findings(tmp_path, read_design(tmp_path / "study.json")).missing
        assert "results of other settings" in missing
    else:
        with pytest.raises(CTLError, match=re.escape(str(path))):
            Findings(tmp_path, read_design(tmp_path / "study.json"))


def test_a_failure_that_does_not_say_why(tmp_path):
    write_grid(tmp_path, lambda *_: 50.0, ["pooled"], sizes=(1,), targets=("t",), seeds=(0,))
    (next(tmp_path.rglob("cell.json")).parent / "failed.json").write_text("{")
    ((_, reason),) = Findings(tmp_path, read_design(tmp_path / "study.json")).failed
    assert reason == "unknown"
