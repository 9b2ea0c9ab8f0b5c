import json

import pytest
from made_up_study import SIZES, rate

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
        assert estimate.low < estimate.value < estimate.high and estimate.high - estimate.low < 8
    assert findings.curves[key("direct", "best")].samples[0, -1] == pytest.approx(62, abs=2)  # of s6
    assert findings.curves[key("direct", "worst")].samples[0, -1] == pytest.approx(52, abs=2)
    assert findings.fits[key("pooled")].at([6])[0] == pytest.approx(100 * rate("pooled", 6), abs=2)


def test_cells_that_failed_or_were_not_run_are_named(findings):
    assert findings.failed == [("s1 -> t, seed 0", "OutOfMemoryError: <too> little")]
    assert findings.missing == ["s1, s2, s3, s4, s6 -> tt, seed 2"] or len(findings.missing) == 1


def test_gains_are_steps_of_the_curve(findings):
    table = findings.marginal_table()
    curve = findings.curves[key("pooled")].samples[0]
    gain = table[(table.method == "pooled") & (table.sources == 6)].gain.item()
    assert gain == pytest.approx((curve[4] - curve[3]) / 2, abs=0.006)  # from four sources to six
