"""Plain text to corpora: sentences or documents, cut by the rules by which ``ctl tag`` cuts what it tags."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ctl.data.corpus import Corpus
from ctl.data.reading.form import SPLITS, USUAL, Form
from ctl.data.reading.lines import NUL, read_lines
from ctl.data.reading.writer import CorpusWriter
from ctl.data.sentences import split_lines_of_text
from ctl.data.tag_schemes import is_tag
from ctl.errors import CTLError

TEXT, USUAL_TEXT = ".text", ".txt"  # endings of plain text; files of the second may be CoNLL, too
OTHERS = {name for split in ("validation", "test") for name in SPLITS[split]}
END_OF_SENTENCE = "mark at the end of sentences"
LONGEST = 10_000  # characters that no word has
HEAD = 100  # lines by which a file of words and tags is known
SHARE = 0.9  # of them, which are a word and its tag


def read_plain(path: Path, name: str, form: Form = USUAL, folder: Path | None = None, tags: bool = True) -> Corpus:
    """Reads plain text: no line or several lines for a document, one sentence or many in a line.

    Every line is cut into sentences and words by `split_sentences`, as ``ctl tag`` does it.

    Args:
        path: the file, or a folder of them (`text_files`).
        name: of the corpus.
        form: its encoding.
        folder: where the corpus is kept, memory-mapped; ``None`` for in memory.
        tags: there are none, whatever is asked for.

    Raises:
        CTLError: ``path:line: what is wrong``; or there is no text.
    """
    writer = CorpusWriter(name, form, folder, sentence_end=END_OF_SENTENCE)
    for file in text_files(path):
        _check_head(file, form)
        for number, line in enumerate(read_lines(file, form.encoding), 1):
            for words in cut_text(line, f"{file}:{number}"):
                writer.add(words, None, number)
    return writer.close(path)


def text_files(path: Path) -> list[Path]:
    """The files of plain text that a path means: itself, or those below a folder.

    Where files of the folder end in ``.text`` they are all; else those that end in ``.txt``. Hidden files are left out,
    and those that have the name of a validation or test split.

    Raises:
        CTLError: there is no such file or folder, or it holds no text.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise CTLError(f"{path}: no such file or folder of text")
    if texts := texts_below(path, TEXT) or texts_below(path, USUAL_TEXT):
        return texts
    raise CTLError(f"{path}: no text in this folder; files of text end in {TEXT} or {USUAL_TEXT}")


def texts_below(folder: Path, ending: str) -> list[Path]:
    """The files with this ending below a folder that `text_files` may mean, in the order of their names."""
    files = sorted(folder.rglob(f"*{ending}"))
    return [file for file in files if file.is_file() and _is_meant(file.relative_to(folder))]


def cut_text(text: str, place: str) -> Iterator[list[str]]:
    """Cuts a text into the words of its sentences; no sentence goes over the end of a line.

    Args:
        text: of one line or several.
        place: where it stands, for messages.

    Raises:
        CTLError: it is no text.
    """
    if "\0" in text:
        raise CTLError(f"{place}: {NUL}")
    for sentence in split_lines_of_text(text):
        words = [text[begin:end] for begin, end in sentence]
        if len(longest := max(words, key=len)) > LONGEST:
            raise CTLError(f"{place}: a word of {len(longest):,} characters ({longest[:20]!r} ...): this is no text")
        yield words


def _is_meant(path: Path) -> bool:
    return path.stem not in OTHERS and not any(part.startswith(".") for part in path.parts)


def _check_head(path: Path, form: Form) -> None:
    """Refuses a file of words and tags, which would be read as a sentence for every word.

    Raises:
        CTLError: it looks like one.
    """
    rows = [line.split() for line in islice(read_lines(path, form.encoding), HEAD)]
    rows = [row for row in rows if row and not row[0].startswith("#")]
    tagged = sum(len(row) > 1 and is_tag(row[-1]) for row in rows)
    if tagged > 2 and tagged > SHARE * len(rows):
        raise CTLError(
            f"{path}: a word and its tag a line: this is CoNLL and no plain text; as a file of data.root, such as "
            "ROOT/de/train.txt, it is read so"
        )
