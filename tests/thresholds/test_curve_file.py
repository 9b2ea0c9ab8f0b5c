"""Precision-recall curves as files: what is written is read again, and what is no curve is told."""

import pytest

from ctl.errors import CTLError
from ctl.thresholds.curve_file import ALL, CURVE, Point, curve_file, of_all, read_curve, with_curves, write_curve

POINTS = [Point(ALL, None, 50.0, 66.67, 57.14), Point(ALL, 0.4, 100.0, 0.0, 0.0), Point("a,\n", 0.4, 1.0, 2.0, 1.33)]
HEADER = b"type,threshold,precision,recall,f1\n"


def test_a_curve_is_read_again(tmp_path):
    write_curve(tmp_path, "student:learned", [POINTS[0]._replace(recall=66.6666), *POINTS[1:]])
    path = tmp_path / "curves" / "student-learned.csv"
    assert path == curve_file(tmp_path, "student:learned")
    assert path.read_text().splitlines()[:3] == [
        "type,threshold,precision,recall,f1", "all,,50.0,66.67,57.14", "all,0.4,100.0,0.0,0.0"
    ]  # fmt: skip
    assert read_curve(tmp_path, "student:learned") == POINTS


def test_a_spreadsheet_finds_no_formula_in_it(tmp_path):
    write_curve(tmp_path, "pooled", [POINTS[1]._replace(type="=1+1")])
    assert "\n'=1+1,0.4" in curve_file(tmp_path, "pooled").read_text()


@pytest.mark.parametrize(
    "text",
    [
        b"type,threshold,precision,recall\nall,0.4,1,2", HEADER + b"all,0.4,1,2", HEADER + b"all,0.4,1,2,x",
        HEADER + b"all,0.4,1,2,nan", HEADER + b"all,0.4,1,2,101", HEADER + b"all,1,1,2,3", HEADER + b"all,0,1,2,3",
        b"\xff\n\xff", b"not,it\n1,2",
    ],
)  # fmt: skip
def test_what_is_no_curve_is_told_in_one_line(tmp_path, text):
    path = curve_file(tmp_path, "pooled")
    path.parent.mkdir()
    path.write_bytes(text)
    with pytest.raises(CTLError, match=r"pooled\.csv: damaged or no precision-recall curve; remove it") as told:
        read_curve(tmp_path, "pooled")
    assert "\n" not in str(told.value)


def test_a_record_of_before_has_no_curve(tmp_path):
    write_curve(tmp_path, "pooled", POINTS)
    new, old = with_curves(tmp_path, [{"method": "pooled"}, {"method": "direct:en"}])
    assert new == {"method": "pooled", CURVE: POINTS[:2]} and old[CURVE] == []


def test_a_type_may_be_called_all():
    assert of_all([POINTS[1], Point(ALL, 0.4, 1.0, 1.0, 1.0)]) == [POINTS[1]]
