"""The threshold for a wanted precision, by hand and on a trained model."""

import numpy as np
import pytest

from ctl.errors import CTLError
from ctl.scoring.labelled import read_labelled
from ctl.scoring.precision import choose, set_for_precision
from ctl.tagging.text_tagger import load_tagger
from ctl.thresholds.curve import curve
from ctl.thresholds.curve_file import ALL, Point, of_all

POINTS = [
    Point(ALL, *scores, 0.0) for scores in ((0.2, 50.0, 90.0), (0.4, 80.0, 70.0), (0.6, 90.0, 70.0), (0.8, 100.0, 10.0))
]


@pytest.mark.parametrize(("wanted", "threshold"), [(0.1, 0.2), (0.8, 0.4), (0.85, 0.6), (0.95, 0.8)])
def test_the_most_recall_with_this_precision(wanted, threshold):
    assert choose(POINTS, wanted).threshold == threshold


def test_a_precision_that_no_threshold_has():
    with pytest.raises(CTLError, match=r"no threshold reaches it .* the highest is 0\.900, with --threshold 0\.6"):
        choose(POINTS[:3], 0.95)


def test_precision_rises_and_recall_falls_with_the_threshold(trained_run):
    tagger = load_tagger(trained_run, device="cpu", precision="32")
    gold = read_labelled(tagger.trained, "test")
    probabilities, tags = tagger.probabilities(gold), np.asarray(gold.tags)
    _, *points = of_all(curve(probabilities, np.diff(gold.offsets), tags, tagger.schema.types))
    recalls = [point.recall for point in points]
    assert recalls == sorted(recalls, reverse=True)
    low, middle, high = (next(point for point in points if point.threshold == value) for value in (0.1, 0.3, 0.5))
    assert low.precision < middle.precision < high.precision and low.recall > middle.recall > high.recall > 0


def test_it_is_chosen_on_the_sources_alone(trained_run, capsys, monkeypatch):
    read = []
    monkeypatch.setattr(
        "ctl.scoring.labelled.read_labelled", lambda *args: read.append(args[1:]) or read_labelled(*args)
    )
    tagger = load_tagger(trained_run, device="cpu", precision="32")
    set_for_precision(tagger, 0.3)
    assert read == [("validation", "a2"), ("validation", "a3")]
    assert len(set(tagger.thresholds.tolist())) == 1 and 0 < tagger.thresholds[0] < 1
    assert f"--threshold {tagger.thresholds[0]:g}: precision 0." in capsys.readouterr().err
