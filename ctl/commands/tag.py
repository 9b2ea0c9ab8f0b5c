"""``ctl tag``: the command that finds the entities of a text, as the text comes in."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from jsonargparse import ArgumentParser

from ctl.errors import CTLError
from ctl.system.numbers import PositiveInt
from ctl.tagging.forms import STDIN, Format, Input
from ctl.tagging.options import add_model_options, check_model, load_named

if TYPE_CHECKING:
    from ctl.tagging.texts import Tagged


def make_parser() -> ArgumentParser:
    """The options of ``ctl tag``."""
    parser = ArgumentParser(
        exit_on_error=False,
        prog="ctl tag",
        description="Tags text with a trained model; a result for every line or sentence, in their order. "
        "Example: echo 'Anna lives in Berlin.' | ctl tag --model runs/de-from-en-nl-es",
    )
    add_model_options(parser)
    parser.add_argument("files", type=str, nargs="*", default=[STDIN], help="Files to tag; - is standard input.")
    parser.add_argument(
        "--input",
        type=Input | None,
        default=None,
        help="raw: running text, a text a line; words: a sentence a line, words between spaces; conll: a word a line. "
        "By default conll for files that end like one, else raw.",
    )
    parser.add_argument(
        "--format", type=Format | None, default=None, help="By default pretty in a terminal, else jsonl."
    )
    parser.add_argument("--encoding", type=str, default="utf-8", help="Of the input.")
    parser.add_argument(
        "--chunk", type=PositiveInt, default=1024, help="Texts that are read, tagged and written together."
    )
    return parser


def main(args: Sequence[str]) -> None:
    """Runs ``ctl tag`` with these arguments.

    Raises:
        CTLError: the model or the input can't be used.
    """
    given = make_parser().parse_args(list(args))
    check(given.files, given.chunk)
    check_model(given)
    from ctl.scoring.precision import set_for_precision
    from ctl.tagging.inputs import read_texts
    from ctl.tagging.outputs import make_writer, open_output
    from ctl.tagging.streams import in_chunks

    output = open_output()
    tagger = load_named(given)
    set_for_precision(tagger, given.for_precision)
    write = make_writer(given.format or ("pretty" if output.isatty() else "jsonl"), tagger.schema.types, output)
    texts = chain.from_iterable(read_texts(name, given.input, given.encoding) for name in given.files)
    interactive = given.files == [STDIN] and sys.stdin.isatty()
    counter = Counter(not interactive)
    for chunk in in_chunks(texts, 1 if interactive else given.chunk):
        for tagged in tagger.tag(chunk):
            write(tagged)
            counter.add(tagged)
        output.flush()
    counter.close()


def check(files: Sequence[str], chunk: int) -> None:
    """Stops before a model is loaded where there is nothing to read.

    Raises:
        CTLError: says why.
    """
    if chunk < 1:
        raise CTLError("--chunk: at least 1")
    for name in files:
        if name == STDIN and sys.stdin is None:
            raise CTLError("standard input is closed: name the files to tag")
        if name != STDIN and (not Path(name).exists() or Path(name).is_dir()):
            raise CTLError(f"{name}: {'a folder; name its files' if Path(name).is_dir() else 'no such file'}")


class Counter:
    """Counts what was tagged, and shows the numbers if somebody is looking."""

    def __init__(self, shown: bool) -> None:
        self.shown = shown and sys.stderr is not None and sys.stderr.isatty()
        self.began = self.said = time.perf_counter()
        self.texts = self.words = 0

    def add(self, tagged: Tagged) -> None:
        """Counts a result; shows the numbers every two seconds."""
        self.texts, self.words = self.texts + 1, self.words + len(tagged.words)
        if self.shown and time.perf_counter() - self.said > 2:
            self.said = time.perf_counter()
            print(f"\r{self}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Shows the last numbers, if tagging took two seconds or more."""
        if self.said > self.began:
            print(f"\r{self}", file=sys.stderr)

    def __str__(self) -> str:
        rate = self.words / (time.perf_counter() - self.began)
        return f"{self.texts:,} texts, {self.words:,} words, {rate:,.0f} words a second"
