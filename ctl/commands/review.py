"""``ctl review``: the command that writes the sentences that people should look at first."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from pathlib import Path

import numpy as np
from jsonargparse import ArgumentParser

from ctl.commands.inspect import WHERE, changed_settings
from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError
from ctl.inspection.frames import Inspection
from ctl.inspection.students import label_by_students
from ctl.review.choosing import choose, of_sentences, urgency
from ctl.review.forms import ENDINGS, Form, Sentence, labelling_config, spans_of, write
from ctl.system.console import say
from ctl.system.files import write_text
from ctl.system.numbers import PositiveInt
from ctl.system.parsing.words_in_yaml import read_words, with_lists


def main(args: Sequence[str]) -> None:
    """Runs ``ctl review`` with these arguments.

    Raises:
        CTLError: there are no soft labels, or a file is in the way.
    """
    read_words()
    parser = make_parser()
    given = parser.parse_args(with_lists(args))
    run, form = Path(given.run), given.form
    output = Path(given.output or run / f"review.{ENDINGS[form]}")
    config = output.with_suffix(".xml")
    files = (output, config) if form == "label-studio" else (output,)
    if there := [path for path in files if path.exists() and not given.overwrite]:
        raise CTLError(f"{there[0]}: there is such a file; name another with --output, or add --overwrite")
    data = changed_settings(parser, given.data)
    if any(run.rglob("students/*/checkpoints/last.ckpt")):
        label_by_students(run, "train", data)
    inspection = Inspection.open(run, data=data)
    by = given.by or (inspection.students or [inspection.default])[0].name
    sentences = first_sentences(inspection, by, given.sentences)
    write_text(output, write(form, sentences, by))
    if form == "label-studio":
        write_text(config, labelling_config(inspection.schema.types))
        say(f"written: {config} (the labelling configuration of the project)")
    entities = sum(len(sentence.spans) for sentence in sentences)
    say(f"written: {output} ({len(sentences):,} sentences of {inspection.corpus.name}, {entities:,} entities by {by})")


def first_sentences(inspection: Inspection, by: str, count: int) -> list[Sentence]:
    """The sentences that people should look at first, with what a model says of them.

    Args:
        inspection: of a run.
        by: the model, a student mostly.
        count: how many.
    """
    corpus, chosen = inspection.corpus, inspection[by]
    spread = inspection.disagreement if inspection.teachers else np.zeros(len(corpus.words), dtype=np.float32)
    unsure = np.nan_to_num(chosen.entropy)  # no answer is no doubt
    urgencies = urgency(of_sentences(spread, corpus), of_sentences(unsure, corpus))
    sure = chosen.probs.max(-1)
    sentences = []
    for index in choose(corpus, urgencies, count):
        words = slice(int(corpus.offsets[index]), int(corpus.offsets[index + 1]))
        spans = spans_of(chosen.tags[words], sure[words], inspection.schema)
        silent = int((~chosen.answered[words]).sum())
        sentences.append(Sentence(index, corpus.sentence(index), spans, float(urgencies[index]), silent))
    return sentences


def make_parser() -> ArgumentParser:
    """The options of ``ctl review``."""
    parser = ArgumentParser(
        exit_on_error=False,
        prog="ctl review",
        usage="ctl review RUN [options]",
        description="Writes the target's sentences that people should look at first, with what the student says of "
        "them, for an annotation tool. What people correct comes back through `ctl import`, and trains with "
        "--data.few. Example: ctl review runs/quickstart --sentences 200 --form doccano",
    )
    parser.add_argument("run", type=str, help="A run of `ctl transfer`.")
    parser.add_argument("--sentences", type=PositiveInt, default=200, help="How many.")
    parser.add_argument("--form", type=Form, default="label-studio", help="The tool, or CoNLL.")
    parser.add_argument("--by", type=str | None, default=None, help="Whose labels are shown: the first student's.")
    parser.add_argument("--output", type=str | None, default=None, help="The file; RUN/review.json or so by default.")
    parser.add_argument("--overwrite", action="store_true", help="Replace a file that is there.")
    others = set(signature(NERDataModule).parameters) - set(WHERE)
    parser.add_class_arguments(NERDataModule, "data", skip=others, instantiate=False)
    return parser
