"""Draws what `ctl tag` shows in a terminal, docs/tagging.svg: python docs/tagging.py.

`make quickstart` ends with these sentences; docs/tagging.jsonl is what its student said to them:
`ctl tag --model runs/quickstart --format jsonl docs/tagging.txt > docs/tagging.jsonl`.
"""

import io
import json
import re
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI

from ctl.tagging.outputs import as_line
from ctl.tagging.texts import Span, Tagged

HERE = Path(__file__).parent
NO_FONTS = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)  # nothing is fetched


def draw() -> str:
    """The picture."""
    lines = (HERE / "tagging.jsonl").read_text(encoding="utf-8").splitlines()
    tagged = [_read(line) for line in lines]
    types = ("PER", "ORG", "LOC")  # in the order of the colours of `ctl tag`
    console = Console(record=True, width=72, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for each in tagged:
        console.print(as_line(each, types))
    return console.export_svg(title="ctl tag", theme=MONOKAI, code_format=NO_FONTS, unique_id="tagging")


def _read(line: str) -> Tagged:
    fields = json.loads(line)
    return Tagged(**{**fields, "probabilities": None, "spans": [Span(**span) for span in fields["spans"]]})


if __name__ == "__main__":
    (HERE / "tagging.svg").write_text(draw(), encoding="utf-8")
