"""Drawing: SVG whose text is text and whose colours are the page's, so that light and dark both read well."""

from __future__ import annotations

import io
import itertools
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from ctl.report.contenders import Contender

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT = "#010203", "#040506"  # stand-ins that `render` replaces by the page's variables

# Okabe and Ito's colours, which the colour-blind can tell apart; every part of ctl takes them in this order.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442")
BLUE, RED, GREEN, PINK, ORANGE, SKY, YELLOW = PALETTE
GREY = "#7a7a7a"

# The same colours and grey as lines that stand out from white paper and from dark paper, for the report's page.
LIGHT = ("#0072b2", "#c44e00", "#00835f", "#b5588f", "#b87a00", "#2f8fc4", "#8f8400", "#6a6a6a")
DARK = ("#4aa8e8", "#ff8a3d", "#2cc79b", "#e79cc4", "#f0b429", "#8fd0f5", "#f5ec6e", "#b0b0b0")

MARKERS = "osD^vPX<>*"

LEGIBLE = 0.7  # of its size, at which text of 9 points is 8.4 pixels high: a wider figure scrolls on a small screen
LETTERS, ROW = 60, 0.21  # of a legend below a figure: letters in a line, and its height in inches

LINES = {"": "-", "llm": "--", "mixed": ":"}

STYLE: dict[str, Any] = {
    "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10.0, "text.color": INK, "axes.labelcolor": INK,
    "axes.edgecolor": FAINT, "xtick.color": INK, "ytick.color": INK, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.color": FAINT, "grid.linewidth": 0.6, "grid.alpha": 0.6,
    "legend.frameon": False, "legend.fontsize": 9.0, "axes.titlesize": 10.5, "lines.linewidth": 1.8,
    "lines.markersize": 5.5, "text.parse_math": False,
}  # fmt: skip

VARIABLES = {
    INK: "--ink", FAINT: "--line", **{colour: f"--c{index}" for index, colour in enumerate((*PALETTE, GREY))}
}  # fmt: skip


def render(draw: Callable[..., Figure], *args: Any, name: str, about: str) -> str:  # noqa: ANN401
    """Draws a figure and gives it as SVG to be put into a page.

    Args:
        draw: makes the figure from the arguments.
        *args: the arguments of ``draw``.
        name: the figure's name, with which its ids begin.
        about: what there is to see, for those who can't see it.
    """
    import matplotlib

    settings: Any = {**STYLE, "svg.hashsalt": name}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # text stays text, so the reader's fonts count and not those here
        file = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        draw(*args).savefig(file, format="svg", transparent=True, bbox_inches="tight", metadata=nothing)
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font: \1 var(--sans)", svg)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    size = re.search(r'width="([\d.]+)pt" height="[\d.]+pt"', svg)
    assert size is not None
    width = round(float(size[1]) * 4 / 3)
    style = f"width: {width}px; min-width: {round(LEGIBLE * width)}px"
    return svg.replace(size[0], f'role="img" aria-label="{escape(about)}" style="{style}"', 1).strip()


def standalone(svg: str) -> str:
    """Makes a file of its own from a page's figure, on white."""
    printed = {"--ink": "#222222", "--line": "#cccccc", **{f"--c{index}": colour for index, colour in enumerate(LIGHT)}}
    for variable, colour in printed.items():
        svg = svg.replace(f"var({variable})", colour)
    return svg.replace("var(--sans)", "sans-serif").replace('style="width:', 'style="background: #fff; width:', 1)


def axes(columns: int = 1, width: float = 5.2, height: float = 4.4, **shared: Any) -> tuple[Figure, list[Axes]]:  # noqa: ANN401
    """Makes a figure of some axes beside one another; width and height are the whole figure's, in inches.

    A figure of 5.2 inches is legible on a phone.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    (row,) = figure.subplots(1, columns, squeeze=False, **shared)
    return figure, list(row)


def legend_below(figure: Figure, panels: Sequence[Axes]) -> None:
    """Puts the legend below all axes, in as many columns as its names leave room for; the figure grows with it."""
    handles = {label: item for panel in panels for item, label in zip(*panel.get_legend_handles_labels(), strict=True)}
    columns = max(1, LETTERS // (6 + max(map(len, handles), default=0)))
    rows = -(-len(handles) // columns)
    figure.set_figheight(figure.get_figheight() + ROW * rows)
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=columns)


def in_legend(name: str) -> str:
    """Gives a name for a legend: matplotlib leaves out names that begin with an underscore, so a space goes before."""
    return f"\N{HAIR SPACE}{name}" if name.startswith("_") else name


Style = dict[str, Any]  # keyword arguments of a line with markers


class Look:
    """Gives every name of a figure a colour, a marker and a line that tell it apart.

    Args:
        styles: by name.
    """

    def __init__(self, styles: Mapping[str, Style]) -> None:
        self._styles = styles

    @classmethod
    def of_names(cls, names: Sequence[str]) -> Look:
        """Takes colours and markers in their order."""
        colours, markers = itertools.cycle(PALETTE), itertools.cycle(MARKERS)
        return cls({name: _style(next(colours), next(markers)) for name in dict.fromkeys(names)})

    @classmethod
    def of_contenders(cls, contenders: Sequence[Contender]) -> Look:
        """Takes colour and marker by what a contender does, line and filling by who teaches; direct ones are grey."""
        plain = list(dict.fromkeys(contender.without_family for contender in contenders))
        coloured = [contender for contender in plain if not contender.is_direct]
        markers = dict(zip(plain, itertools.cycle(MARKERS)))
        colours = dict(zip(coloured, itertools.cycle(PALETTE)))
        styles = {}
        for contender in contenders:
            base = contender.without_family
            line = LINES[contender.method.family]
            styles[str(contender)] = _style(colours.get(base, GREY), markers[base], line)
        return cls(styles)

    def __call__(self, name: str) -> Style:
        """The style of a name."""
        return self._styles[name]


def _style(colour: str, marker: str, line: str = "-") -> Style:
    face = colour if line == "-" else "none"
    return {"color": colour, "marker": marker, "linestyle": line, "markerfacecolor": face}
