"""Drawing: SVG whose text is text and whose colours are the page's, so that light and dark both read well."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ctl.methods import Method
from ctl.results import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

from ctl.data.synthetic.family import Branch, SyntheticFamily

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


STEP, ROW, MARGIN = 56, 44, 24  # pixels for a unit of branch length, for a language, around the figure


def family_tree(family: SyntheticFamily) -> str:
    """The family tree of artificial languages as SVG: branches to scale, the number of each its length."""
    languages = family.languages
    depth = family.distance(languages[0], languages[-1]) // 2 if len(languages) > 1 else 1
    shapes: list[str] = []

    def draw(branch: Branch, x: float) -> float:
        """Draws a branch from x rightwards and returns its height."""
        end = x + branch.length * STEP
        heights = [draw(child, end) for child in branch.children]
        if heights:
            y = (heights[0] + heights[-1]) / 2
            shapes.append(f'<path d="M{end} {heights[0]}V{heights[-1]}"/>')
        else:
            y = MARGIN + ROW * (languages.index(branch.name) + 0.5)
            text = f"{branch.name}   distance to {languages[0]}: {family.distance(languages[0], branch.name)}"
            label = branch.name if branch.name == languages[0] else text
            shapes.append(f'<text x="{end + 10}" y="{y + 5}" class="name">{label}</text>')
        if branch.length:
            shapes.append(f'<path d="M{x} {y}H{end}"/>')
            shapes.append(f'<text x="{(x + end) / 2}" y="{y - 6}" text-anchor="middle">{branch.length}</text>')
        return y

    draw(family.tree, MARGIN)
    width, height = 2 * MARGIN + STEP * depth + 230, 2 * MARGIN + ROW * len(languages)
    style = (
        "path{stroke:#0072b2;stroke-width:3;fill:none;stroke-linecap:square}"
        "text{font:13px sans-serif;fill:#555}.name{font:15px sans-serif;fill:#111;white-space:pre}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="Family tree of {", ".join(languages)}"><style>{style}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(shapes)}</svg>\n'
    )


# Figures of the notebooks, drawn with matplotlib on axes that are given or made

KIND_STYLES = {  # a colour and a marker each, so that neither alone tells them apart
    "direct": (GREY, "o"), "pooled": (ORANGE, "s"),
    "ensemble": (BLUE, "^"), "student": (GREEN, "D"),
}  # fmt: skip


def tag_counts(counts: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Entities by type (columns) in each corpus (rows), as grouped bars."""
    ax = _axes(ax)
    colours = (BLUE, ORANGE, GREEN, RED, GREY)
    width, places = 0.8 / len(counts.columns), np.arange(len(counts))
    for number, (kind, column) in enumerate(counts.items()):
        offset = (number - (len(counts.columns) - 1) / 2) * width
        ax.bar(places + offset, column, width, color=colours[number % len(colours)], hatch=("", "//", "..")[number % 3],
               edgecolor="white", label=str(kind))  # fmt: skip
    ax.set_xticks(places, [str(name) for name in counts.index])
    ax.set_ylabel("entities")
    ax.set_ylim(0, 1.2 * counts.to_numpy().max())
    ax.legend(frameon=False, loc="upper center", ncols=len(counts.columns))
    return ax


def transfer_scores(records: Sequence[Record], ax: Axes | None = None) -> Axes:
    """F1 of every method of a transfer, one line a method."""
    ax = _axes(ax)
    for place, record in enumerate(records):
        kind = Method.split(record["method"]).kind
        colour, marker = KIND_STYLES[kind]
        ax.plot([0, record["f1"]], [place, place], color=colour, linewidth=1)
        ax.plot(record["f1"], place, marker, color=colour)
        ax.annotate(f"{record['f1']:.1f}", (record["f1"], place), (6, -3), textcoords="offset points", fontsize=9)
    ax.set_yticks(range(len(records)), [record["method"] for record in records])
    ax.invert_yaxis()
    ax.set_xlim(0, 105)
    ax.set_xlabel(f"F1 on {records[0]['target']}, test split (exact spans, %)")
    return ax


def transfer_by_distance(family: SyntheticFamily, records: Sequence[Record], ax: Axes | None = None) -> Axes:
    """F1 of direct transfer against the source's distance from the target."""
    ax = _axes(ax)
    direct = [record for record in records if record["method"].startswith("direct:")]
    points = sorted((family.distance(one["target"], one["sources"][0]), one["f1"], one["sources"][0]) for one in direct)
    ax.plot([x for x, _, _ in points], [y for _, y, _ in points], "o-", color=BLUE)
    for x, y, name in points:
        ax.annotate(name, (x, y), (6, 4), textcoords="offset points")
    ax.set_xlabel("distance between source and target in the family tree")
    ax.set_ylabel("F1 of direct transfer (%)")
    ax.margins(x=0.1)
    ax.set_ylim(0, 100)
    return ax


def mistakes_by(words: pd.DataFrame, measure: str, bins: int = 8, ax: Axes | None = None) -> Axes:
    """Share of wrong words against a measure of `ctl.inspection.frames`, in bins of equally many words whose value is not 0.

    Bars of two standard errors; the measure tells good labels from bad ones where the curve rises.

    Args:
        words: `Inspection.words` with gold.
        measure: ``entropy``, ``disagreement`` or ``departure``.
        bins: how many.
        ax: where to draw.
    """
    ax = _axes(ax)
    counted = words[words[measure] > 1e-3]
    groups = counted.groupby(pd.qcut(counted[measure], bins, duplicates="drop"), observed=True)
    wrong, size = groups["wrong"].mean(), groups["wrong"].size()
    errors = 200 * np.sqrt(wrong * (1 - wrong) / size)
    ax.errorbar(groups[measure].mean(), 100 * wrong, errors, fmt="o-", color=BLUE, capsize=3)
    ax.set_xlabel(f"{measure} (nats)")
    ax.set_ylabel("words with a wrong tag (%)")
    ax.set_ylim(bottom=0, auto=True)
    return ax


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    _, made = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    made.spines[["top", "right"]].set_visible(False)
    return made
