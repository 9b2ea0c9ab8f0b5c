"""brat's stand-off files to corpora: a text, ``.txt``, and its entities beside it, ``.ann``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from ctl.data.corpus import Corpus
from ctl.data.reading.form import USUAL, Form
from ctl.data.reading.lines import read_text
from ctl.data.reading.spans import Entity, tagged_sentences
from ctl.data.reading.writer import CorpusWriter
from ctl.errors import CTLError

TEXT_BOUND = re.compile(r"T\S*\t(\S+) (\d+ \d+(?:;\d+ \d+)*)(?:\t(.*))?")  # T1 PER 0 4 Anna
OTHER = re.compile(r"([REAMN#]\S*|\*)\t.*|\s*")  # relations, events, attributes, references, notes; equivalences
PARTED = "are in several parts and are read from the first to the last, with the words between"


def read_brat(path: Path, name: str, form: Form = USUAL, folder: Path | None = None, tags: bool = True) -> Corpus:
    """Reads a text and its entities, or all texts of a folder; relations, events and attributes are left out.

    Args:
        path: the ``.ann`` file, beside which is the ``.txt``, or a folder of both.
        name: of the corpus.
        form: its encoding.
        folder: where the corpus is kept, memory-mapped; ``None`` for in memory.
        tags: whether the ``.ann`` file is read.

    Raises:
        CTLError: ``path:line: what is wrong``.
    """
    writer, repairs = CorpusWriter(name, form, folder), Counter[str]()
    for text_file in brat_texts(path):
        text = read_text(text_file, form.encoding)
        entities = list(brat_entities(text_file, text, form, repairs)) if tags else []
        for words, their_tags in tagged_sentences(text, entities, repairs):
            writer.add(words, their_tags if tags else None, str(text_file))
    return writer.close(path, repairs=repairs)


def brat_texts(path: Path) -> list[Path]:
    """The texts of a folder, or the one that an ``.ann`` file is for.

    Raises:
        CTLError: it is not there.
    """
    texts = sorted(path.glob("*.txt")) if path.is_dir() else [path.with_suffix(".txt")]
    for text_file in texts:
        if not text_file.is_file():
            raise CTLError(f"{path}: the text that it is for, {text_file.name}, is not there")
    return texts


def brat_entities(text_file: Path, text: str, form: Form, repairs: Counter[str]) -> Iterator[Entity]:
    """Reads the entities of a text.

    Args:
        text_file: the text, beside which is the ``.ann`` file.
        text: what stands in it.
        form: its encoding.
        repairs: counts entities that can't be read as they are.

    Raises:
        CTLError: names the line that is no entity of this text, or nothing that brat writes.
    """
    path = text_file.with_suffix(".ann")
    if not path.is_file():
        raise CTLError(f"{text_file}: no {path.name} beside it; brat writes one, which may be empty")
    for number, line in enumerate(read_text(path, form.encoding).splitlines(), 1):
        if line.startswith("T"):
            yield _entity(line, f"{path}:{number}", text, repairs)
        elif not OTHER.fullmatch(line):
            raise CTLError(f"{path}:{number}: {line[:40]!r} is no line of brat's, as T1<tab>PER 0 4<tab>Anna is")


def _entity(line: str, place: str, text: str, repairs: Counter[str]) -> Entity:
    if not (match := TEXT_BOUND.fullmatch(line)):
        raise CTLError(f"{place}: {line!r} is no entity of brat's, as T1<tab>PER 0 4<tab>Anna is")
    kind, offsets, said = match.groups()
    parts = [tuple(map(int, part.split(" "))) for part in offsets.split(";")]
    start, end = parts[0][0], parts[-1][1]
    there = " ".join(text[begin:stop] for begin, stop in parts)
    if end <= len(text) and said is not None and said.split() != there.split():
        raise CTLError(f"{place}: at {offsets} the text has {there!r}, not {said!r}: are its ends of lines others?")
    between = [text[stop:begin].strip() for (_, stop), (begin, _) in pairwise(parts)]
    repairs.update([PARTED] if any(between) else [])
    return Entity(start, end, kind, place)
