"""Files as text: their lines, and what is wrong where they are in another encoding."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ctl.errors import CTLError

LINE_FEED = "\n"
UTF16 = "--data.encoding utf-16"
NUL = f"a nul character; if the file is, say, UTF-16: {UTF16}"
BINARY = 4096  # bytes, in which a file that is no text has a nul
MARKS = {  # what such files begin with; that of UTF-32 begins with that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
MARK = "\ufeff"  # of the byte order; files that were put together have it inside
WINDOWS = re.compile(rb"[\x80-\x9f]")  # quotes and dashes of windows-1252, and no letters of latin-1


def read_lines(path: Path, encoding: str) -> Iterator[str]:
    """Gives the lines of a file without their ends; of a table of comma-separated values, its cells with tabs between.

    A line ends at a line feed, or at a carriage return alone.

    Raises:
        CTLError: the encoding is another, or unknown.
    """
    with _opened(path, encoding) as file:
        yield from split_lines(file) if path.suffix != ".csv" else _cells(split_lines(file), path)


def split_lines(lines: Iterable[str]) -> Iterator[str]:
    """Takes off the ends of lines that end at line feeds, and cuts those that hold carriage returns.

    Marks of the byte order at the head of a line are left out.
    """
    for line in lines:
        line = line.rstrip("\r\n")
        if line[:1] == MARK:
            line = line.lstrip(MARK)
        if "\r" in line:
            yield from line.split("\r")
        else:
            yield line


def read_text(path: Path, encoding: str) -> str:
    """Reads a file as one text, with the ends of lines that it has.

    Raises:
        CTLError: the encoding is another, or unknown, or the text holds a nul.
    """
    with _opened(path, encoding) as file:
        text = file.read().lstrip(MARK)
    if "\0" in text:
        raise CTLError(f"{path}:{1 + text.count(LINE_FEED, 0, text.index(chr(0)))}: {NUL}")
    return text


@contextmanager
def _opened(path: Path, encoding: str) -> Iterator[TextIO]:
    try:
        utf8 = codecs.lookup(encoding).name == "utf-8"
        with path.open(encoding="utf-8-sig" if utf8 else encoding, newline=LINE_FEED) as file:
            yield file
    except LookupError:
        raise CTLError(f"data.encoding {encoding!r} is unknown; try utf-8 or latin-1") from None
    except UnicodeError:
        raise _not_in(path, encoding) from None


def likely_encoding(data: bytes) -> str:
    """Names the encoding that bytes which are no UTF-8 may have."""
    mark = next((encoding for start, encoding in MARKS.items() if data.startswith(start)), None)
    return mark or ("windows-1252" if WINDOWS.search(data) else "latin-1")


def _not_in(path: Path, encoding: str) -> CTLError:
    """Says at which byte a file is not in its encoding, and which it may have."""
    data, position = path.read_bytes(), 0
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        position = error.start
    except UnicodeError:
        pass
    line = data.count(b"\n", 0, position) + 1
    other = likely_encoding(data)
    if b"\0" in data[:BINARY] and other not in MARKS.values():
        return CTLError(f"{path}: a binary file and no text (byte {data.index(0)} is zero); if it is UTF-16: {UTF16}")
    return CTLError(f"{path}:{line}: not {encoding} (byte {position}); if it is, say, {other}: --data.encoding {other}")


def _cells(lines: Iterator[str], path: Path) -> Iterator[str]:
    """Gives the cells of a table as lines with tabs between them."""
    first = next(lines, "")
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader((line + "\n" for line in _again(first, lines)), delimiter=delimiter)
    try:
        for row in rows:
            yield "\t".join(" ".join(cell.split("\t")).strip("\n") for cell in row)
    except csv.Error as error:
        raise CTLError(f"{path}:{rows.line_num}: {error}") from None


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest
