from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from ctl import plots
from ctl.data.synthetic.family import SyntheticFamily


@pytest.fixture
def axes():
    return Figure().subplots()


def record(method, f1, source="a2"):
    return {"method": method, "f1": f1, "sources": [source], "target": "a1"}


def test_the_family_tree_names_every_language_and_its_distance():
    family = SyntheticFamily(families=(2, 1))
    svg = ElementTree.fromstring(plots.family_tree(family))
    texts = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    first, *others = family.languages
    assert first in texts
    for name in others:
        assert f"{name}   distance to {first}: {family.distance(first, name)}" in texts


def test_counts_are_bars(axes):
    plots.tag_counts(pd.DataFrame({"PER": [3, 4], "LOC": [5, 6]}, index=["en", "de"]), axes)
    assert [bar.get_height() for bar in axes.patches] == [3, 4, 5, 6]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["en", "de"]


def test_scores_are_lines_from_zero(axes):
    plots.transfer_scores([record("direct:a2", 41.25), record("pooled", 50.0)], axes)
    assert [text.get_text() for text in axes.texts] == ["41.2", "50.0"]
    assert axes.lines[0].get_xdata().tolist() == [0, 41.25]


def test_direct_transfer_is_drawn_by_distance(axes):
    family = SyntheticFamily(families=(3, 1))
    records = [record("direct:b1", 30.0, "b1"), record("direct:a2", 60.0, "a2"), record("pooled", 70.0)]
    plots.transfer_by_distance(family, records, axes)
    distances = [family.distance("a1", name) for name in ("a2", "b1")]
    assert axes.lines[0].get_xydata().tolist() == [[distances[0], 60], [distances[1], 30]]


def test_mistakes_are_shares_in_bins_of_equally_many_words(axes):
    measure = np.linspace(0.01, 1, 400)
    words = pd.DataFrame({"entropy": [0.0, *measure], "wrong": [True, *(measure > 0.5)]})
    plots.mistakes_by(words, "entropy", bins=4, ax=axes)
    assert axes.lines[0].get_ydata() == pytest.approx([0, 0, 100, 100], abs=3)
