"""Draws how data flows through the rooms of the code, docs/architecture.svg: python docs/architecture.py."""

from pathlib import Path

from method import BLUE, GREEN, GREY, ORANGE, PINK, STYLE, arrow, box, text

WIDTH, HEIGHT = 940, 520
DASHED = ".made{fill:#fff;stroke:#999;stroke-width:1.5;stroke-dasharray:5 4}.down{stroke-dasharray:5 4}"


def made(x: float, y: float, width: float, *lines: str) -> str:
    """Files on disk: a dashed box with centred lines, 48 high."""
    written = "".join(
        text(x + width / 2, y + 21 + 17 * row, line, "small" if row else "") for row, line in enumerate(lines)
    )
    return f'<rect x="{x}" y="{y}" width="{width}" height="48" rx="4" class="made"/>{written}'


def settings() -> list[str]:
    """How settings become commands: the row at the top."""
    rooms = {"commands/": "options", "study/": "many transfers", "transfer/": "a plan of stages", "cli.py": "one stage"}
    boxes = [
        box(150 + 190 * column, 30, 130, 50, GREY, name, line) for column, (name, line) in enumerate(rooms.items())
    ]
    arrows = [arrow((280 + 190 * column, 55), (336 + 190 * column, 55)) for column in range(3)]
    return [text(16, 60, "settings", "head", "start"), *boxes, *arrows]


def labels() -> list[str]:
    """How text and gold tags become a store of soft labels for each teacher."""
    return [
        text(16, 172, "teachers", "head", "start"),
        made(110, 142, 118, "files, the Hub", "words, gold tags"),
        arrow((228, 166), (256, 166)),
        box(260, 138, 150, 56, BLUE, "data/", "words, tags, batches"),
        arrow((410, 166), (438, 166)),
        box(442, 138, 166, 56, BLUE, "modules/ teacher", "backbones/, llm/"),
        arrow((608, 166), (636, 166)),
        box(640, 138, 110, 56, BLUE, "callbacks/", "writers"),
        arrow((750, 166), (778, 166)),
        made(782, 142, 142, "soft labels", "one store a teacher"),
    ]


def students() -> list[str]:
    """How soft labels become a student and its scores."""
    return [
        text(16, 292, "student", "head", "start"),
        arrow((853, 190), (853, 254)),
        box(774, 258, 154, 56, ORANGE, "modules/ ensemble", "weighting.py"),
        arrow((774, 286), (754, 286)),
        made(636, 262, 114, "mixed labels", "of raw text"),
        arrow((636, 286), (608, 286)),
        box(442, 258, 162, 56, PINK, "modules/ student", "losses.py"),
        arrow((442, 286), (414, 286)),
        box(260, 258, 150, 56, PINK, "metrics.py", "exact spans"),
        arrow((260, 286), (232, 286)),
        made(110, 262, 118, "results.json", "one record a model"),
    ]


def uses() -> list[str]:
    """Four uses of what was trained: the row at the bottom."""
    return [
        text(16, 420, "uses", "head", "start"),
        arrow((169, 310), (169, 384)),
        box(104, 388, 130, 56, GREEN, "report/", "needs no PyTorch"),
        arrow((523, 314), (523, 350), (400, 384)),
        arrow((523, 314), (523, 350), (620, 384)),
        box(330, 388, 140, 56, GREEN, "tagging/", "running text"),
        box(550, 388, 140, 56, GREEN, "export/", "transformers, ONNX"),
        '<path class="line" d="M924 166 H932 V416 H908"/>',
        box(764, 388, 140, 56, GREEN, "inspection/", "soft labels as a page"),
    ]


def draw() -> str:
    """The whole picture as SVG."""
    shapes = [
        *settings(),
        *labels(),
        *students(),
        *uses(),
        '<path class="line down" d="M785 80 V110 H525 V134"/>',
        text(536, 126, "runs", "small", "start"),
        text(
            470,
            492,
            "solid boxes are rooms of ctl/, dashed ones are files; every room may use system/ and errors.py",
            "small",
        ),
    ]
    tip = '<defs><marker id="tip" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto">'
    tip += '<path d="M0 0L9 4L0 8z" fill="#777"/></marker></defs>'
    about = (
        "How data flows: commands become stages; files become batches, and a teacher's distributions a store of soft "
        "labels; an ensemble mixes the stores, and a student learns from the mixture; reports, taggers, exports "
        "and pages use the results."
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{about}"><title>{about}</title><style>{STYLE}{DASHED}</style>{tip}'
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="12" fill="#fff"/>{"".join(shapes)}</svg>\n'
    )


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(draw(), encoding="utf-8")
