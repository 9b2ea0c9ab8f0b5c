"""``ctl tag``: the command that finds the entities of a text, as the text comes in."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Literal, TextIO

from jsonargparse import ArgumentParser
from rich.console import Console
from rich.text import Text as Line

from ctl.errors import CTLError
from ctl.report.drawing import PALETTE
from ctl.system.console import say
from ctl.tagging.inputs import STDIN, Input, read_texts
from ctl.tagging.text_tagger import load_tagger
from ctl.tagging.texts import Tagged

Format = Literal["jsonl", "conll", "pretty"]
Write = Callable[[Tagged], None]


def make_parser() -> ArgumentParser:
    """The options of ``ctl tag``."""
    parser = ArgumentParser(
        prog="ctl tag",
        description="Tags text with a trained model; a result for every line or sentence, in their order. "
        "Example: echo 'Anna lives in Berlin.' | ctl tag --model runs/de-from-en-nl-es",
    )
    parser.add_argument(
        "--model", type=str, required=True, help="A run of ctl fit or ctl transfer, a checkpoint, or an export."
    )
    parser.add_argument("files", type=str, nargs="*", default=[STDIN], help="Files to tag; - is standard input.")
    parser.add_argument("--method", type=str | None, default=None, help="Of a transfer, which of its models.")
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
    parser.add_argument("--chunk", type=int, default=1024, help="Texts that are read, tagged and written together.")
    parser.add_argument("--device", type=str | None, default=None, help="cpu, cuda or mps; by default the best.")
    parser.add_argument(
        "--precision",
        type=Literal["32", "bf16"] | None,
        default=None,
        help="By default bf16 on a GPU that has it.",
    )
    parser.add_argument(
        "--tokenizer", type=str | None, default=None, help="Where the backbone is now, if it was moved after training."
    )
    return parser


def main(args: Sequence[str]) -> None:
    """Runs ``ctl tag`` with these arguments.

    Raises:
        CTLError: the model or the input can't be used.
    """
    given = make_parser().parse_args(list(args))
    if given.chunk < 1:
        raise CTLError("--chunk: at least 1")
    for name in given.files:
        if name != STDIN and not Path(name).is_file():
            raise CTLError(f"{name}: no such file")
    tagger = load_tagger(
        given.model, given.method, tokenizer=given.tokenizer, device=given.device, precision=given.precision
    )
    write = make_writer(given.format or ("pretty" if sys.stdout.isatty() else "jsonl"), tagger.schema.types, sys.stdout)
    texts = chain.from_iterable(read_texts(name, given.input, given.encoding) for name in given.files)
    interactive = given.files == [STDIN] and sys.stdin.isatty()
    counter = Counter(sys.stderr.isatty() and not interactive)
    while chunk := list(islice(texts, 1 if interactive else given.chunk)):
        for tagged in tagger.tag(chunk):
            write(tagged)
            counter.add(tagged)
        sys.stdout.flush()
    counter.close()


def make_writer(form: Format, types: Sequence[str], file: TextIO) -> Write:
    """Makes the function that writes a result in this format."""
    match form:
        case "jsonl":
            return lambda tagged: print(json.dumps(as_json(tagged), ensure_ascii=False), file=file)
        case "conll":
            return lambda tagged: print(as_conll(tagged), end="", file=file)
        case "pretty":
            console = Console(file=file, highlight=False, soft_wrap=True)
            return lambda tagged: console.print(as_line(tagged, types))


def as_json(tagged: Tagged) -> dict[str, object]:
    """Gives a result as plain values; ``start`` and ``end`` are characters of ``text``."""
    spans = [{**vars(span), "confidence": round(span.confidence, 4)} for span in tagged.spans]
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
        line.append(tagged.text[before : span.start])
        colour = PALETTE[types.index(span.type) % len(PALETTE)]
        line.append(f"[{span.text} ", style=f"black on {colour}")
        line.append(f"{span.type}]", style=f"bold black on {colour}")
        before = span.end
    return line.append(tagged.text[before:])


class Counter:
    """Counts what was tagged, and shows the numbers if somebody is looking."""

    def __init__(self, shown: bool) -> None:
        self.shown = shown
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
            say(f"\r{self}")

    def __str__(self) -> str:
        rate = self.words / (time.perf_counter() - self.began)
        return f"{self.texts:,} texts, {self.words:,} words, {rate:,.0f} words a second"
