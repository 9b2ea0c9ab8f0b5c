"""Figures, drawn as SVG."""

from __future__ import annotations

from ctl.data.synthetic import Branch, SyntheticFamily

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
