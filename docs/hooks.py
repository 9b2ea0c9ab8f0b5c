"""Draws the formulas of docstrings (``:math:`` and ``.. math::``) as SVG in the text's colour: no script is fetched."""

import html
import io
import re
from functools import cache
from typing import Any

from matplotlib import mathtext, rc_context
from matplotlib.font_manager import FontProperties

COLOUR = "#123456"  # stands for the text's own
INLINE = re.compile(r":math:<code>(.*?)</code>", re.DOTALL)
DISPLAY = re.compile(r"<p>\.\. math:: (.*?)</p>", re.DOTALL)


def on_page_content(content: str, **_: Any) -> str:  # noqa: ANN401
    """MkDocs calls it with every page's HTML."""
    content = DISPLAY.sub(lambda found: f"<p>{drawn(found[1])}</p>", content)
    return INLINE.sub(lambda found: drawn(found[1]), content)


@cache
def drawn(source: str) -> str:
    """One formula, read aloud as its TeX; as code where matplotlib can't set it."""
    formula = " ".join(html.unescape(re.sub("<.*?>", "", source)).split())
    readable = formula.replace(r"\|", r"\Vert ").replace(r"\frac1C", r"\frac{1}{C}").replace(r"\bar r", r"\bar{r}")
    file = io.BytesIO()
    try:
        with rc_context({"mathtext.fontset": "stix"}):
            depth = mathtext.math_to_image(
                f"${readable}$", file, prop=FontProperties(size=12), dpi=72, format="svg", color=COLOUR
            )
    except ValueError:
        return f"<code>{html.escape(formula)}</code>"
    svg = file.getvalue().decode().partition("<svg ")[2].replace(COLOUR, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    label = html.escape(formula, quote=True)
    return f'<svg role="img" aria-label="{label}" style="vertical-align:{-float(depth):.1f}pt" {svg}'
