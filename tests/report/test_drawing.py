from pathlib import Path

import pytest

import ctl
from ctl.report.contenders import Contender
from ctl.report.drawing import BLUE, DARK, GREY, LIGHT, PALETTE, Look, axes, render, standalone
from ctl.tagging import texts


def line(colour):
    figure, (panel,) = axes()
    panel.plot([0, 1], [0, 1], color=colour)
    return figure


def test_a_figure_takes_the_page_s_colours_and_a_file_its_own():
    svg = render(line, BLUE, name="one", about="a line")
    assert "var(--c0)" in svg and BLUE not in svg and 'aria-label="a line"' in svg
    printed = standalone(svg)
    assert LIGHT[0] in printed and "var(" not in printed


def test_every_colour_has_a_shade_for_light_and_dark_paper():
    assert len(LIGHT) == len(DARK) == len({*PALETTE, GREY})


def test_nobody_else_has_a_palette_of_its_own():
    assert texts.PALETTE is PALETTE
    for path in Path(ctl.__file__).parent.rglob("*"):
        if path.suffix in (".py", ".j2") and path.name != "drawing.py":
            text = path.read_text(encoding="utf-8").lower()
            assert not [colour for colour in PALETTE if colour in text], path


def test_contenders_differ_by_what_they_do_and_by_their_teachers():
    names = ["pooled", "llm-pooled", "student:learned", "mixed-student:learned", "direct:en"]
    look = Look.of_contenders([Contender.of(name) for name in names])
    assert look("pooled")["color"] == look("llm-pooled")["color"] != look("student:learned")["color"]
    assert look("pooled")["linestyle"] == "-" and look("llm-pooled")["linestyle"] == "--"
    assert look("student:learned")["marker"] == look("mixed-student:learned")["marker"]
    assert look("direct:en")["color"] == GREY
    assert look("llm-pooled")["markerfacecolor"] == "none"


def test_a_name_that_nobody_gave_has_no_look():
    with pytest.raises(KeyError):
        Look.of_names(["a"])("b")


def test_names_are_no_formulas():
    """A dollar would begin one, and what is in it would have to be TeX."""

    def draw(name):
        figure, (panel,) = axes()
        panel.set_title(name)
        return figure

    assert "$x^{$ &lt;b&gt;" in render(draw, "$x^{$ <b>", name="one", about="a title")
