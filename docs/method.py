"""Draws the method, docs/method.svg: python docs/method.py."""

from pathlib import Path

BLUE, ORANGE, GREEN, PINK, GREY = "#0072b2", "#d55e00", "#007a5a", "#a8457e", "#555"
SOURCES = {"en": (BLUE, 0.50), "nl": (ORANGE, 0.35), "es": (GREEN, 0.15)}
TAGS = ("O", "PER", "ORG", "LOC")
ANSWERS = {"en": (5, 70, 10, 15), "nl": (10, 55, 5, 30), "es": (35, 20, 15, 30)}  # of a word, in percent
WIDTH, HEIGHT, ROW, TOP = 940, 430, 92, 78
STYLE = (
    "text{font:14px sans-serif;fill:#222}.head{font-weight:bold}.small{font-size:12px;fill:#555}"
    ".tag{font-size:11px;fill:#555}.line{stroke:#777;stroke-width:1.6;fill:none;marker-end:url(#tip)}"
    ".box{fill:#fff;stroke-width:2}"
)


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "middle") -> str:
    """Words at a place."""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" class="{kind}">{words}</text>'


def box(x: float, y: float, width: float, height: float, colour: str, *lines: str) -> str:
    """A rounded box with centred lines."""
    first = y + height / 2 + 5 - 9 * (len(lines) - 1)
    written = "".join(
        text(x + width / 2, first + 18 * place, line, "small" if place else "") for place, line in enumerate(lines)
    )
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" class="box" stroke="{colour}"/>{written}'


def arrow(*points: tuple[float, float]) -> str:
    """A line with a tip at its end."""
    return f'<path class="line" d="M{" L".join(f"{x} {y}" for x, y in points)}"/>'


def bars(x: float, y: float, shares: tuple[float, ...], colour: str) -> str:
    """P(tag | word) as four bars on a line."""
    drawn = "".join(
        f'<rect x="{x + 30 * place}" y="{y - 0.5 * share}" width="18" height="{0.5 * share}" fill="{colour}"/>'
        + text(x + 30 * place + 9, y + 13, tag, "tag")
        for place, (tag, share) in enumerate(zip(TAGS, shares, strict=True))
    )
    return f'<path d="M{x - 4} {y}h{30 * len(shares)}" stroke="#999"/>{drawn}'


def draw() -> str:
    """The whole picture as SVG."""
    shapes = [
        text(78, 40, "labelled sources", "head"),
        text(250, 40, "one teacher each", "head"),
        text(420, 40, "P(tag | word)", "head"),
        text(420, 57, "of raw target text", "small"),
        text(548, 40, "weights", "head"),
        text(686, 40, "mixture", "head"),
        text(856, 40, "student", "head"),
    ]
    for place, (name, (colour, weight)) in enumerate(SOURCES.items()):
        y = TOP + ROW * place
        shapes += [
            box(24, y, 108, 52, colour, name, "words, gold tags"),
            box(192, y, 116, 52, colour, f"teacher {name}", "encoder or LLM"),
            arrow((132, y + 26), (188, y + 26)),
            arrow((308, y + 26), (358, y + 26)),
            bars(364, y + 46, ANSWERS[name], colour),
            text(548, y + 31, f"&#215; {weight:.2f}"),
            arrow((486, y + 26), (518, y + 26)),
            arrow((578, y + 26), (622, TOP + ROW + 26)),
        ]
    mixed = tuple(sum(weight * ANSWERS[name][tag] for name, (_, weight) in SOURCES.items()) for tag in range(4))
    middle = TOP + ROW + 26
    shapes += [
        bars(632, middle + 20, mixed, PINK),
        text(686, middle + 56, "soft labels", "small"),
        arrow((754, middle), (790, middle)),
        box(794, middle - 32, 124, 64, PINK, "student", "fresh encoder"),
        box(24, 356, 284, 48, GREY, "raw text of the target language", "its gold tags are never read"),
        box(452, 356, 192, 48, GREY, "language identifier", "how near is each source?"),
        f'<path d="M308 370H332V{TOP + 26}" stroke="#777" stroke-width="1.6" fill="none"/>',
        *(f'<circle cx="332" cy="{TOP + ROW * place + 26}" r="3.5" fill="#777"/>' for place in range(len(SOURCES))),
        arrow((308, 390), (448, 390)),
        arrow((548, 356), (548, TOP + 2 * ROW + 40)),
        '<path class="line" d="M166 404 V418 H856 V' + f'{middle + 36}"/>',
    ]
    tip = '<defs><marker id="tip" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto">'
    tip += '<path d="M0 0L9 4L0 8z" fill="#777"/></marker></defs>'
    told = (
        "The method: a teacher for each labelled source language gives every word of raw target text a distribution "
        "over tags; a language identifier weighs the teachers; a student learns from the weighted mixture."
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{told}"><title>{told}</title><style>{STYLE}</style>{tip}'
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="12" fill="#fff"/>{"".join(shapes)}</svg>\n'
    )


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(draw(), encoding="utf-8")
