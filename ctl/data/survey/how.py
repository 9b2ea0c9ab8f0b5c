"""The way in which a file is read, in words."""

from __future__ import annotations

from functools import partial
from itertools import islice
from pathlib import Path

from ctl.data.reading.form import SPLITS, Form
from ctl.data.reading.layout import SAMPLE, Layout, find_layout
from ctl.data.reading.lines import read_lines

STEMS = {name for names in SPLITS.values() for name in names}  # names of files and folders that are splits
PLAIN = "plain text, cut into sentences and words"
FORMS = {  # of all files but those of one word a line, by the ending of the name
    **dict.fromkeys((".jsonl", ".json", ".ndjson"), "JSON"),
    ".ann": "brat, a text and its entities",
    ".spacy": "a DocBin of spaCy",
    ".text": PLAIN,
}


def how_it_is_read(path: Path, form: Form) -> str:
    """Says how a split is read: its form and, where it has one word a line, which columns are words and tags.

    Args:
        path: a file, a folder of brat, or the folder of a language with plain text in it.
        form: settings of reading.

    Raises:
        CTLError: the file is in another encoding.
    """
    if path.is_dir():
        return "brat, texts and their entities" if path.name in STEMS else PLAIN
    if (known := FORMS.get(path.suffix)) is not None:
        return known
    lines = partial(read_lines, path, form.encoding)
    layout = find_layout(path, list(islice(lines(), SAMPLE)), form, lines)
    return "no sentences" if layout is None else _columns(layout)


def _columns(layout: Layout) -> str:
    """Says which columns are words and tags; they count from 1."""
    words = f"words in column {layout.word + 1}"
    if layout.tag is None:
        return f"{words}, no tags"
    among = " among other values" if layout.named else ""
    sentences = "" if layout.sentence is None else f", numbers of sentences in column {layout.sentence + 1}"
    return f"{words}, tags in column {layout.tag + 1}{among}{sentences}"
