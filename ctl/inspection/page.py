"""``ctl inspect``: soft labels as one HTML page that needs nothing but a browser."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from jinja2 import Environment, PackageLoader
from jsonargparse import ArgumentParser
from rich.console import Console
from rich.table import Table

from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError
from ctl.inspection.frames import Inspection
from ctl.inspection.labellers import Labels
from ctl.system.console import say
from ctl.tables import make_table

Array = npt.NDArray[Any]
SENTENCES = 20_000
WHERE = ("root", "hub", "synthetic", "types", "type_map", "encoding", "limit")  # of the data: what finds sentences


def main(args: Sequence[str]) -> None:
    """Runs ``ctl inspect`` with these arguments.

    Raises:
        CTLError: there are no soft labels, or their sentences are not to be found.
    """
    parser = make_parser()
    given = parser.parse_args(list(args))
    output = Path(given.output or Path(given.paths[0]) / "inspect.html")
    if given.students:
        for path in given.paths:
            label_by_students(Path(path), given.split)
    inspection = Inspection.open(
        *given.paths, split=given.split, gold=given.gold, limit=given.sentences, data=_settings(parser, given.data)
    )
    Console().print(summary(inspection))
    size = write_page(inspection, output)
    say(f"written: {output} ({len(inspection.corpus):,} sentences, {size / 1e6:.1f} MB; open it in a browser)")


def make_parser() -> ArgumentParser:
    """The options of ``ctl inspect``."""
    parser = ArgumentParser(
        prog="ctl inspect",
        usage="ctl inspect PATH [PATH ...] [options]",
        description="Writes a page that shows soft labels: every teacher's, the mixture's and the students' "
        "distributions word by word, and the sentences where they differ. Example: ctl inspect runs/quickstart",
    )
    parser.add_argument("paths", type=str, nargs="+", help="Soft-label stores, or runs that have some below them.")
    parser.add_argument("--output", type=str | None, default=None, help="The page; PATH/inspect.html by default.")
    parser.add_argument("--split", type=str, default="train", help="Of the target, where a run has several.")
    parser.add_argument("--gold", action="store_true", help="Show gold tags and where the labels are wrong.")
    parser.add_argument("--students", action="store_true", help="Let a run's students label the split first.")
    parser.add_argument("--sentences", type=int, default=SENTENCES, help="Take only the first so many.")
    others = set(signature(NERDataModule).parameters) - set(WHERE)
    parser.add_class_arguments(NERDataModule, "data", skip=others, instantiate=False)
    return parser


def _settings(parser: ArgumentParser, data: Any) -> dict[str, Any]:  # noqa: ANN401  (a jsonargparse Namespace)
    """What the command line says of the data; the rest is as the run was made."""
    usual = parser.get_defaults().data.as_dict()
    return {name: value for name, value in data.as_dict().items() if value != usual[name]}


def label_by_students(run: Path, split: str) -> None:
    """Lets every student below a run label a split of the target, where it has not done so yet.

    Raises:
        CTLError: there is no student.
    """
    from ctl.cli import run as run_command

    students = sorted(run.rglob("students/*/checkpoints/last.ckpt"))
    if not students:
        raise CTLError(f"{run}: no students below it; `ctl transfer` trains them")
    for checkpoint in students:
        folder = checkpoint.parents[1]
        if not (folder / "soft_labels" / split / "manifest.json").is_file():
            say(f"{folder.name}: the student labels the {split} split ...")
            quiet = ["--trainer.enable_progress_bar", "false", "--trainer.enable_model_summary", "false"]
            config = ["--config", str(folder / "fit.yaml"), "--trainer.logger", "false", *quiet]
            splits = ["--data.predict_splits", json.dumps([split])]
            run_command(["predict", *config, "--ckpt_path", str(checkpoint), *splits])


def summary(inspection: Inspection) -> Table:
    """Who is there: entities found, mean entropy, and what the mixtures weigh."""
    lines = []
    for name, labels in inspection.labellers.items():
        weights = inspection.weights(name).mean().to_dict() if labels.weights is not None else {}
        told = "  ".join(f"{str(one).removeprefix('direct:')} {weight:.3f}" for one, weight in weights.items())
        lines.append([name, labels.role, f"{(labels.tags > 0).mean():.1%}", f"{labels.entropy.mean():.3f}", told])
    headings = ("labels of", "role", "words in entities", "mean entropy", "weights")
    return make_table(headings, lines, f"{inspection.corpus.name}, {len(inspection.corpus):,} sentences")


def write_page(inspection: Inspection, path: Path) -> int:
    """Writes the page; returns its size in bytes."""
    environment = Environment(loader=PackageLoader("ctl.inspection", "."), autoescape=True)
    about, arrays = page_data(inspection)
    page = environment.get_template("inspect.html.j2").render(
        name=inspection.corpus.name, data=_packed(json.dumps(about).encode()), numbers=_packed(arrays)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path.stat().st_size


def page_data(inspection: Inspection) -> tuple[dict[str, Any], bytes]:
    """What the page reads: a description with all words, and one block of little-endian arrays that it describes.

    Probabilities are in thousandths, measures in thousandths of a nat, rounded to the nearest.
    """
    corpus, labellers = inspection.corpus, list(inspection.labellers.values())
    arrays: dict[str, Array] = {"offsets": corpus.offsets.astype("<u4")}
    for number, labels in enumerate(labellers):
        arrays[f"probs{number}"] = _thousandths(labels.probs.T)  # (C, W): one tag's beside each other pack well
        arrays[f"entropy{number}"] = _thousandths(labels.entropy)
        if labels.role == "student":
            arrays[f"departure{number}"] = _thousandths(inspection.departure(labels.name))
        if labels.weights is not None:
            arrays[f"weights{number}"] = _thousandths(labels.weights)
    if len(inspection.teachers) > 1:
        arrays["disagreement"] = _thousandths(inspection.disagreement)
    for number, labels in enumerate(labellers):
        arrays[f"tags{number}"] = labels.tags.astype("u1")
    if corpus.tags is not None:
        arrays["gold"] = corpus.tags.astype("u1")
    places, block = _laid_out(arrays)
    sentences = ["\t".join(_plain(word) for word in corpus.sentence(index)) for index in range(len(corpus))]
    about = {
        "types": inspection.schema.types,
        "tags": inspection.schema.tags,
        "answer": [labels.name for labels in labellers].index(inspection.answer.name),
        "labellers": [_introduced(labels, inspection) for labels in labellers],
        "arrays": places,
        "text": "\n".join(sentences),
    }
    return about, block


def _introduced(labels: Labels, inspection: Inspection) -> dict[str, Any]:
    teachers = list(inspection.weights(labels.name).columns) if labels.weights is not None else []
    return {"name": labels.name, "role": labels.role, "weighs": teachers}


def _thousandths(values: Array) -> Array:
    return np.rint(np.asarray(values, dtype=np.float64) * 1000).astype("<u2")


def _plain(word: str) -> str:
    """A word without what separates words and sentences in the page's text."""
    return " ".join(word.split("\t")).replace("\n", " ")


def _laid_out(arrays: Mapping[str, Array]) -> tuple[dict[str, Any], bytes]:
    """Arrays end to end, the widest first so that all are aligned, and where each one is."""
    places, parts, position = {}, [], 0
    for name, array in sorted(arrays.items(), key=lambda item: -item[1].itemsize):
        places[name] = {"type": array.dtype.str.lstrip("<|"), "at": position, "size": array.size}
        parts.append(np.ascontiguousarray(array).tobytes())
        position += array.nbytes
    return places, b"".join(parts)


def _packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, compresslevel=6, mtime=0)).decode("ascii")
