"""What the run of a transfer's results shows; `test_tracking` reads it back from W&B's own files."""

from made_up_study import record

from ctl.callbacks import results_run
from ctl.thresholds.curve_file import ALL, Point, write_curve


def test_curves_of_the_methods_that_have_them(tmp_path):
    write_curve(tmp_path, "pooled", [Point(ALL, None, 60.0, 50.0, 54.55), Point(ALL, 0.5, 70.0, 40.0, 50.91)])
    records = [record(name, ["en", "nl"], "de", 0, 50.0) for name in ("pooled", "student:uniform")]
    assert list(results_run._points(tmp_path, records)) == [
        ("pooled", None, 60.0, 50.0, 54.55), ("pooled", 0.5, 70.0, 40.0, 50.91),
    ]  # fmt: skip


def test_weights_by_method_and_source():
    mixed = record("ensemble:learned", ["en", "nl"], "de", 0, 50.0, weights=[0.7, 0.3])
    assert dict(results_run._weights([mixed, record("pooled", ["en"], "de", 0, 50.0)])) == {
        "weights/ensemble:learned/en": 0.7, "weights/ensemble:learned/nl": 0.3,
    }  # fmt: skip
