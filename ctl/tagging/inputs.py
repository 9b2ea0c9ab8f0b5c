"""Files and standard input as texts, one at a time: running text, words between spaces, or CoNLL."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from ctl.data.reading.conll import stream_conll
from ctl.data.reading.formats import CONLL
from ctl.errors import CTLError
from ctl.tagging.texts import Text

Input = Literal["raw", "words", "conll"]
STDIN = "-"


def read_texts(name: str, kind: Input | None = None, encoding: str = "utf-8") -> Iterator[Text]:
    """Reads the texts of a file or of standard input, one at a time.

    Args:
        name: of the file; ``-`` is standard input.
        kind: ``raw``, a text a line; ``words``, a sentence a line; ``conll``, a word a line. By default ``conll`` for
            files whose names end like CoNLL, else ``raw``.
        encoding: of the input.

    Raises:
        CTLError: names the line that can't be read.
    """
    kind = kind or ("conll" if Path(name).suffix in set(CONLL) - {".txt"} else "raw")
    if name == STDIN:
        yield from _texts(sys.stdin.buffer, "standard input", kind, encoding)
    else:
        with open(name, "rb") as file:
            yield from _texts(file, name, kind, encoding)


def _texts(file: BinaryIO, name: str, kind: Input, encoding: str) -> Iterator[Text]:
    lines = decode_lines(file, name, encoding)
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
            raise CTLError(
                f"{name}:{number}: not {encoding} (byte {error.start} of the line); if it is, say, latin-1: "
                "--encoding latin-1"
            ) from None
        yield text.rstrip("\r\n")
