"""Drawing: SVG whose text is text and whose colours are the page's, so that light and dark both read well."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

from ctl.data.synthetic import Branch, SyntheticFamily

INK, FAINT = "#010203", "#040506"  # stand-ins that `render` replaces by the page's variables
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito's
GREY = "#7a7a7a"
MARKERS = "osD^vPX<>*"
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
        plain = dict.fromkeys(self._plain(method) for method in methods)
        self._markers = dict(zip(plain, itertools.cycle(MARKERS)))
        coloured = [name for name in plain if not self._is_direct(name)]
        self._colours = dict(zip(coloured, itertools.cycle(PALETTE)))

    def __call__(self, method: str) -> dict[str, Any]:
        """Keyword arguments of a line with markers."""
        name = self._plain(method)
        colour = self._colours.get(name, GREY)
        style = "--" if "llm-" in method else ":" if "mixed-" in method else "-"
        face = colour if style == "-" else "none"
        return {"color": colour, "marker": self._markers[name], "linestyle": style, "markerfacecolor": face}

    @staticmethod
    def _plain(method: str) -> str:
        return re.sub(r"\b(llm|mixed)-", "", method)

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
