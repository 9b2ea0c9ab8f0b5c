"""Drawing: SVG whose text is text and whose colours are the page's, so that light and dark both read well."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ctl.methods import Method

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT = "#010203", "#040506"  # stand-ins that `render` replaces by the page's variables

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito's

BLUE, RED, GREEN, _, ORANGE, _ = PALETTE

GREY = "#7a7a7a"

MARKERS = "osD^vPX<>*"

LINES = {"": "-", "llm": "--", "mixed": ":"}

STYLE: dict[str, Any] = {
    "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10.0, "text.color": INK, "axes.labelcolor": INK,
    "axes.edgecolor": FAINT, "xtick.color": INK, "ytick.color": INK, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.color": FAINT, "grid.linewidth": 0.6, "grid.alpha": 0.6,
    "legend.frameon": False, "legend.fontsize": 9.0, "axes.titlesize": 10.5, "lines.linewidth": 1.8,
    "lines.markersize": 5.5,
}  # fmt: skip

VARIABLES = {INK: "--ink", FAINT: "--line", **{colour: f"--c{place}" for place, colour in enumerate((*PALETTE, GREY))}}


def render(draw: Callable[..., Figure], *args: Any, name: str, about: str) -> str:  # noqa: ANN401
    """Draws a figure and gives it as SVG to be put into a page.

    Args:
        draw: makes the figure of the arguments.
        *args: of ``draw``.
        name: of the figure, which its ids begin with.
        about: what is to be seen, for those who can't see it.
    """
    import matplotlib

    settings: Any = {**STYLE, "svg.hashsalt": name}
    with matplotlib.rc_context(settings):
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
    return svg.replace(size[0], f'role="img" aria-label="{about}" style="width: {width}px"', 1).strip()


def standalone(svg: str) -> str:
    """The same figure as a file of its own, on white."""
    for colour, variable in VARIABLES.items():
        svg = svg.replace(f"var({variable})", {INK: "#222222", FAINT: "#cccccc"}.get(colour, colour))
    return svg.replace("var(--sans)", "sans-serif").replace('style="width:', 'style="background: #fff; width:', 1)


def axes(columns: int = 1, width: float = 7.2, height: float = 4.2, **shared: Any) -> tuple[Figure, list[Axes]]:  # noqa: ANN401
    """A figure of some axes beside one another; width and height in inches, of all."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    made = figure.subplots(1, columns, squeeze=False, **shared)
    return figure, list(made[0])


class Look:
    """How methods are told apart: colour and marker by what they do, line and filling by who teaches; direct ones grey.

    Args:
        methods: all that will be drawn.
    """

    def __init__(self, methods: Sequence[str]) -> None:
        plain = dict.fromkeys(self._told(method)[0] for method in methods)
        self._markers = dict(zip(plain, itertools.cycle(MARKERS)))
        coloured = [name for name in plain if not self._is_direct(name)]
        self._colours = dict(zip(coloured, itertools.cycle(PALETTE)))

    def __call__(self, method: str) -> dict[str, Any]:
        """Keyword arguments of a line with markers."""
        name, style = self._told(method)
        colour = self._colours.get(name, GREY)
        face = colour if style == "-" else "none"
        return {"color": colour, "marker": self._markers[name], "linestyle": style, "markerfacecolor": face}

    @staticmethod
    def _told(method: str) -> tuple[str, str]:
        """Its name without a family, and the line for that."""
        which, space, name = method.rpartition(" ")  # best llm-direct
        split = Method.split(name)
        return f"{which}{space}{replace(split, family='')}", LINES[split.family]

    @staticmethod
    def _is_direct(name: str) -> bool:
        return name.endswith(" direct") or name.startswith("direct")
