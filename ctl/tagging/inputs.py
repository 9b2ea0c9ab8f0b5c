"""Files and standard input as texts, one at a time: running text, words between spaces, or CoNLL."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from ctl.data.reading.conll import stream_conll
from ctl.data.reading.formats import CONLL
from ctl.data.reading.lines import likely_encoding
from ctl.data.tag_schemes import is_tag
from ctl.errors import CTLError
from ctl.system.console import notice
from ctl.tagging.forms import STDIN, Input
from ctl.tagging.texts import Text

HEAD = 100  # lines of a file from which its form is guessed


def read_texts(name: str, kind: Input | None = None, encoding: str = "utf-8") -> Iterator[Text]:
    """Reads the texts of a file or of standard input, one at a time.

    Args:
        name: of the file; ``-`` is standard input.
        kind: ``raw``, a text a line; ``words``, a sentence a line; ``conll``, a word a line. By default ``conll`` for
            files whose names end like CoNLL or whose first lines are words and tags, else ``raw``.
        encoding: of the input.

    Raises:
        CTLError: names the line that can't be read.
    """
    if kind is None and Path(name).suffix in set(CONLL) - {".txt"}:
        kind = "conll"
    with open_input(name) as file:
        lines = decode_lines(file, "standard input" if name == STDIN else name, encoding)
        if kind is None:
            head = list(islice(lines, HEAD if Path(name).is_file() else 1))  # a pipe is not waited for
            kind, lines = _guessed(head, name), chain(head, lines)
        yield from _texts(lines, name, kind)


def open_input(name: str) -> BinaryIO:
    """Opens a file, a pipe or standard input, ``-``.

    Raises:
        CTLError: there is no such file, or standard input is closed.
    """
    if name != STDIN:
        return open(name, "rb")
    if sys.stdin is None:
        raise CTLError("standard input is closed: name the files to tag")
    try:  # a reader of its own, as a thread that waits for one of Python's keeps Python from ending
        return open(os.dup(sys.stdin.fileno()), "rb")
    except io.UnsupportedOperation:
        return io.BytesIO(sys.stdin.buffer.read())


def _guessed(head: list[str], name: str) -> Input:
    """The form of a text by its first lines: raw, unless they are all a word and its tag; says what it takes."""
    shown = [line.split() for line in head if line.strip() and not line.startswith("#")]
    tagged = sum(len(columns) > 1 and is_tag(columns[-1]) for columns in shown)
    if tagged > 0.9 * len(shown):
        if tagged > 2:
            notice(f"{name}: read as CoNLL, a word and its tag a line; --input raw if it is running text")
            return "conll"
        notice(f"{name}: its first line looks like CoNLL but is read as running text; if it is: --input conll")
    elif len(shown) > 9 and "" in head and all(len(columns) == 1 for columns in shown):
        notice(f"{name}: a word a line is read as running text; if it is CoNLL: --input conll")
    return "raw"


def _texts(lines: Iterator[str], name: str, kind: Input) -> Iterator[Text]:
    match kind:
        case "conll":
            yield from map(Text.of_words, stream_conll(lines, Path(name)))
        case "words":
            yield from (Text.of_words(line.split()) for line in lines)
        case "raw":
            yield from map(Text.raw, lines)


def decode_lines(file: BinaryIO, name: str, encoding: str) -> Iterator[str]:
    """Decodes lines, and takes off their ends.

    Raises:
        CTLError: names the line that is not in this encoding.
    """
    try:
        encoding = codecs.lookup(encoding).name
    except LookupError:
        raise CTLError(f"--encoding {encoding!r} is unknown; try utf-8 or latin-1") from None
    if encoding.startswith(("utf-16", "utf-32")):
        raise CTLError(f"--encoding {encoding}: convert the text first, as by iconv -f {encoding} -t utf-8")
    for number, line in enumerate(file, 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 and encoding == "utf-8" else encoding)
        except UnicodeDecodeError as error:
            other = likely_encoding(line)
            raise CTLError(
                f"{name}:{number}: not {encoding} (byte {error.start} of the line); if it is, say, {other}: "
                f"--encoding {other}"
            ) from None
        yield text.rstrip("\r\n")
