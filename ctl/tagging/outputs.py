"""Results as lines: JSON, CoNLL, or marked text; whatever a text holds, a terminal is only ever shown characters."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TextIO

from rich.console import Console
from rich.text import Text as Line

from ctl.errors import CTLError
from ctl.system.console import CONTROLS, visible
from ctl.tagging.forms import Format
from ctl.tagging.texts import Tagged, colour_of

Write = Callable[[Tagged], None]
ESCAPED = {number: f"\\u{number:04x}" for number in CONTROLS}  # as JSON has them, which are the same characters


def open_output() -> TextIO:
    """Gives standard output, in which a character that its encoding lacks is written as an escape.

    Raises:
        CTLError: it is closed.
    """
    if sys.stdout is None:
        raise CTLError("standard output is closed: there is nowhere to write results to")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    return sys.stdout


def make_writer(form: Format, types: Sequence[str], file: TextIO) -> Write:
    """Makes the function that writes a result in this format."""
    match form:
        case "jsonl":
            plain = not (file.encoding or "utf-8").lower().replace("-", "").startswith("utf")
            return lambda tagged: print(_json(tagged, plain), file=file)
        case "conll":
            shown = visible if file.isatty() else str
            return lambda tagged: print(shown(as_conll(tagged)), end="", file=file)
        case "pretty":
            return _pretty(types, file)


def _pretty(types: Sequence[str], file: TextIO) -> Write:
    console = Console(file=file, highlight=False, soft_wrap=True)

    def write(tagged: Tagged) -> None:
        with console.capture() as captured:  # rich itself ends the program where nobody reads on
            console.print(as_line(tagged, types))
        file.write(captured.get())

    return write


def _json(tagged: Tagged, plain: bool) -> str:
    return json.dumps(as_json(tagged), ensure_ascii=plain).translate(ESCAPED)


def as_json(tagged: Tagged) -> dict[str, object]:
    """Gives a result as plain values; ``start`` and ``end`` are characters of ``text``."""
    spans = [
        {**vars(span), "confidence": round(span.confidence, 4), "score": round(span.score, 4)} for span in tagged.spans
    ]
    return {
        "text": tagged.text,
        "words": tagged.words,
        "places": tagged.places,
        "sentences": tagged.sentences,
        "tags": tagged.tags,
        "spans": spans,
    }


def as_conll(tagged: Tagged) -> str:
    """Writes a word and its tag a line, and an empty line after every sentence."""
    lines = [f"{word}\t{tag}\n" for word, tag in zip(tagged.words, tagged.tags, strict=True)]
    return "".join("".join(lines[begin:end]) + "\n" for begin, end in pairwise(tagged.sentences))


def as_line(tagged: Tagged, types: Sequence[str]) -> Line:
    """Marks the entities in the text: in brackets with their type, and in colours if the terminal has some."""
    line, before = Line(), 0
    for span in tagged.spans:
        line.append(visible(tagged.text[before : span.start]))
        colour = colour_of(span.type, types)
        line.append(f"[{visible(span.text)} ", style=f"black on {colour}")
        line.append(f"{visible(span.type)}]", style=f"bold black on {colour}")
        before = span.end
    return line.append(visible(tagged.text[before:]))
