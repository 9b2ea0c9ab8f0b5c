"""Figures are drawn from tables: what a table says must be where the figure has it."""

import numpy as np
import pandas as pd
import pytest

from ctl.report import figures
from ctl.report.contenders import Contender, CurveKey
from ctl.report.drawing import Look, render
from ctl.report.statistics.scaling import Interval, Scaling
from ctl.report.statistics.trends import trend

POOLED, STUDENT = Contender.of("pooled"), Contender.of("student:learned")
LOOK = Look.of_contenders([POOLED, STUDENT])
TABLE = pd.DataFrame(
    {
        "sets": "nested", "method": ["pooled"] * 2 + ["student:learned"] * 2, "sources": [1, 4, 1, 4],
        "f1": [50.0, 60.0, 55.0, 57.0], "low": [48.0, 58.0, 53.0, 55.0], "high": [52.0, 62.0, 57.0, 59.0],
        "seconds": [10.0, 40.0, 20.0, 80.0],
    }
)  # fmt: skip


def lines(panel):
    return {line.get_label(): line.get_xydata().tolist() for line in panel.lines if line.get_label()[0] != "_"}


def fit(levels_off):
    return Scaling(Interval(70, 60, 80), Interval(20, 10, 30), Interval(1, 0.5, 2), levels_off)


def test_scaling_curves_go_through_their_points():
    figure = figures.scaling(TABLE, {}, LOOK)
    assert lines(figure.axes[0]) == {"pooled": [[1, 50], [4, 60]], "student:learned": [[1, 55], [4, 57]]}
    assert figure.axes[0].get_title() == figures.KINDS["nested"]


@pytest.mark.parametrize("levels_off", [True, False])
def test_a_fitted_curve_is_drawn_where_it_levels_off(levels_off):
    (panel,) = figures.scaling(TABLE, {CurveKey("nested", POOLED): fit(levels_off)}, LOOK).axes
    dotted = [line for line in panel.lines if line.get_linestyle() == ":"]
    assert len(dotted) == levels_off
    assert all(line.get_ydata()[0] == pytest.approx(50) for line in dotted)


def test_kinds_of_sets_have_a_panel_each():
    both = pd.concat([TABLE, TABLE.assign(sets="random")])
    assert [panel.get_title() for panel in figures.scaling(both, {}, LOOK).axes] == [
        figures.KINDS["nested"], figures.KINDS["random"],
    ]  # fmt: skip


def test_gains_stand_beside_one_another():
    table = pd.DataFrame(
        {"method": ["pooled", "student:learned"], "sources": 4, "gain": [3.0, 1.0], "low": 0.5, "high": 4}
    )
    (panel,) = figures.marginal(table, LOOK).axes
    positions = [container.lines[0].get_xydata()[0] for container in panel.containers]
    assert [y for _, y in positions] == [3, 1] and positions[0][0] != positions[1][0]


def test_a_heat_map_has_sources_down_and_targets_across():
    table = pd.DataFrame({"source": ["en", "nl", "en"], "target": ["de", "de", "nl"], "f1": [41.2, 43.6, 50.0]})
    panel = figures.heat_map(table).axes[0]
    assert [text.get_text() for text in panel.texts] == ["41", "50", "44"]
    assert [tick.get_text() for tick in panel.get_yticklabels()] == ["en", "nl"]


def test_points_come_with_their_line_of_least_squares():
    table = pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [2.0, 4.0, 6.5], "group": "de"})
    line = trend(list(table.x), list(table.y))
    (panel,) = figures.scatter(table, "x", "y", "group", ("x", "y"), {"de": line}).axes
    ends = panel.lines[1].get_xydata()
    assert ends[:, 1] == pytest.approx(line.intercept + line.slope.value * np.array([1, 3]))


def test_cost_is_seconds_against_f1():
    (panel,) = figures.cost(TABLE, LOOK).axes
    assert lines(panel)["pooled"] == [[10, 50], [40, 60]] and panel.get_xscale() == "log"


def test_types_and_methods_have_their_places():
    table = pd.DataFrame({"method": ["pooled", "pooled"], "type": ["PER", "LOC"], "f1": [70.0, 60.0]})
    (panel,) = figures.per_type(table).axes
    assert lines(panel) == {"PER": [[70, 0]], "LOC": [[60, 0]]}


def test_reliability_is_drawn_beside_the_diagonal():
    table = pd.DataFrame(
        {"method": ["pooled", "pooled", "direct:en"], "confidence": [0.5, 0.9, 0.7], "accuracy": [0.4, 0.8, 0.6]}
    )
    (panel,) = figures.reliability(table, LOOK, ["pooled"]).axes
    assert panel.lines[0].get_xydata().tolist() == [[0, 0], [1, 1]]
    assert lines(panel)["pooled"] == [[0.5, 0.4], [0.9, 0.8]] and len(panel.lines) == 2  # of the methods that are named


def test_bars_have_a_panel_a_target():
    table = pd.DataFrame(
        {
            "target": ["de", "nl"],
            "method": ["direct:en", "student:learned+hard"],
            "f1": [40.0, 50.0],
            "low": 39.0,
            "high": 51.0,
        }
    )
    panels = figures.bars(table, Look.of_names(list(table.method))).axes
    assert [panel.get_title() for panel in panels] == ["de", "nl"]
    assert panels[1].containers[0].lines[0].get_xydata().tolist() == [[50, 1]]


def test_precision_is_drawn_against_recall_with_a_ring_for_no_threshold():
    """A threshold that finds nothing has no point."""
    table = pd.DataFrame(
        {"method": "pooled", "threshold": [float("nan"), 0.9, 0.5, 0.95], "precision": [80.0, 95.0, 85.0, 0.0],
         "recall": [70.0, 20.0, 60.0, 0.0]}
    )  # fmt: skip
    (panel,) = figures.precision_recall(table, LOOK).axes
    curve, ring = panel.lines
    assert curve.get_label() == "pooled" and curve.get_xydata().tolist() == [[60, 85], [20, 95]]
    assert ring.get_xydata().tolist() == [[70, 80]] and ring.get_color() == curve.get_color()


def test_every_type_is_in_the_legend_in_any_script(recwarn):
    """Also one that matplotlib would hide, and one for which it has no glyphs."""
    table = pd.DataFrame({"method": "pooled", "type": ["_it_al*ic*", "日本語型"], "f1": [50.0, 60.0]})
    labels = figures.per_type(table).axes[0].get_legend_handles_labels()[1]
    assert [label.strip() for label in labels] == ["_it_al*ic*", "日本語型"]
    svg = render(figures.per_type, table, name="types", about="types")
    assert "日本語型" in svg and "_it_al*ic*" in svg and not recwarn
