"""``ctl import``: the command that makes soft labels of a file of predictions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from inspect import signature
from pathlib import Path

import yaml
from jsonargparse import ArgumentParser

from ctl.data.datamodule import NERDataModule
from ctl.data.reading.form import SPLITS, Form
from ctl.data.reading.hub import HubDataset
from ctl.errors import CTLError
from ctl.importing.predictions import Kind, Predictions
from ctl.system.console import say
from ctl.system.files import write_text
from ctl.system.names import check_languages
from ctl.system.parsing.words_in_yaml import read_words, with_lists

WHERE = (  # settings of the data that find text
    "root", "hub", "types", "type_map", "encoding", "word_column", "tag_column", "normalization", "limit", "plain_text",
)  # fmt: skip
COLUMNS = ("word_column", "tag_column")  # of the file, not of the text


def main(args: Sequence[str]) -> None:
    """Runs ``ctl import`` with these arguments.

    Raises:
        CTLError: the file or the text can't be read, or they are not for each other.
    """
    read_words()
    parser = make_parser()
    given = parser.parse_args(with_lists(args))
    name, data = getattr(given, "as"), given.data.as_dict()
    check_languages([name], "--as")
    check_languages([given.language], "--language")
    if given.split not in SPLITS:
        raise CTLError(f"--split {given.split}: there is {', '.join(SPLITS)}")
    hub = {key: HubDataset(**dataset) for key, dataset in (data["hub"] or {}).items()}
    module = NERDataModule(target=given.language, **{**data, "hub": hub, **dict.fromkeys(COLUMNS)})
    corpus = module.raw_text(given.language, given.split)
    folder = Path(given.output or f"runs/imports/{name}")
    store = folder / "soft_labels" / given.split
    form = Form.of(data)
    predictions = Predictions(Path(given.file), name, given.form, form, given.partial)
    for line in predictions.write(corpus, module.schema, data["type_map"] or {}, store):
        say(f"ctl: {line}")
    where = {key: value for key, value in data.items() if key not in COLUMNS and value is not None}
    config = json.loads(json.dumps({"data": {**where, "target": given.language}, "model": {}}))  # tuples are lists
    write_text(folder / "config.predict.yaml", yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    say(f"written: {store} (look at it: ctl inspect {store})")


def make_parser() -> ArgumentParser:
    """The options of ``ctl import``."""
    parser = ArgumentParser(
        exit_on_error=False,
        prog="ctl import",
        usage="ctl import FILE --data.root DIR --language LANG --as NAME [options]",
        description="Makes soft labels of what people, tools and lists of names say of a text: CoNLL with a column of "
        "tags for each annotator, JSON of label-studio, doccano, prodigy or GLiNER, brat, or a gazetteer. Example: "
        "ctl import votes.conll --data.root data --language de --as crowd",
    )
    parser.add_argument("file", type=str, help="The file, or a folder of brat.")
    parser.add_argument("--language", type=str, required=True, help="The language of the text.")
    parser.add_argument("--split", type=str, default="train", help="The split that the predictions are for.")
    parser.add_argument("--as", type=str, required=True, help="The name of who or what predicts.")
    parser.add_argument(
        "--form", type=Kind | None, default=None, help="By default by the ending of the file's name and its lines."
    )
    parser.add_argument(
        "--partial", action="store_true", help="Words that nobody marks as an entity have no label, rather than O."
    )
    parser.add_argument(
        "--output", type=str | None, default=None, help="The folder of the store; runs/imports/NAME by default."
    )
    others = set(signature(NERDataModule).parameters) - set(WHERE)
    parser.add_class_arguments(NERDataModule, "data", skip=others, instantiate=False)
    return parser
