"""Soft labels as one HTML page that needs nothing but a browser."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from jinja2 import Environment, PackageLoader

from ctl.inspection.frames import Inspection
from ctl.inspection.labellers import Labels
from ctl.inspection.overview import overview
from ctl.inspection.weights import members
from ctl.report.drawing import GREY, PALETTE
from ctl.system.files import write_text

Array = npt.NDArray[Any]


def write_page(inspection: Inspection, path: Path) -> int:
    """Writes the page; returns its size in bytes."""
    environment = Environment(loader=PackageLoader("ctl.inspection", "template"), autoescape=True)
    about, arrays = page_data(inspection)
    page = environment.get_template("inspect.html.j2").render(
        name=inspection.corpus.name,
        colours=[*PALETTE, GREY],
        data=_packed(json.dumps(about).encode()),
        numbers=_packed(arrays),
    )
    write_text(path, page)
    return path.stat().st_size


def page_data(inspection: Inspection) -> tuple[dict[str, Any], bytes]:
    """Gives what the page reads: a description with all words, and one block of little-endian arrays.

    Probabilities are in thousandths, measures in thousandths of a nat, rounded to the nearest.
    """
    layout, block = _laid_out(_arrays(inspection))
    corpus, names = inspection.corpus, list(inspection.labellers)
    sentences = ["\t".join(_plain(word) for word in corpus.sentence(index)) for index in range(len(corpus))]
    about = {
        "name": corpus.name,
        "types": inspection.schema.types,
        "tags": inspection.schema.tags,
        "default": names.index(inspection.default.name),
        "labellers": [_introduced(labels, inspection) for labels in inspection.labellers.values()],
        "overview": overview(inspection),
        "arrays": layout,
        "text": "\n".join(sentences),
    }
    return about, block


def _arrays(inspection: Inspection) -> dict[str, Array]:
    """All numbers of the page by name; those of a labeller end in its number."""
    corpus, labellers = inspection.corpus, list(inspection.labellers.values())
    arrays: dict[str, Array] = {"offsets": corpus.offsets.astype("<u4")}
    for number, labels in enumerate(labellers):
        arrays[f"probs{number}"] = _thousandths(labels.probs.T)  # (C, W): the numbers of one tag together pack well
        arrays[f"entropy{number}"] = _thousandths(labels.entropy)
        if labels.role == "student":
            arrays[f"departure{number}"] = _thousandths(inspection.departure(labels.name))
        if labels.weights is not None:
            arrays[f"weights{number}"] = _thousandths(labels.weights)
        if labels.labelled is not None:
            arrays[f"labelled{number}"] = labels.labelled.astype("u1")
    if len(inspection.teachers) > 1:
        arrays["disagreement"] = _thousandths(inspection.disagreement)
    for number, labels in enumerate(labellers):
        arrays[f"tags{number}"] = labels.tags.astype("u1")
    if corpus.tags is not None:
        arrays["gold"] = corpus.tags.astype("u1")
    return arrays


def _introduced(labels: Labels, inspection: Inspection) -> dict[str, Any]:
    teachers = members(labels, inspection.teachers) if labels.weights is not None else []
    return {"name": labels.name, "role": labels.role, "weighs": teachers}


def _thousandths(values: Array) -> Array:
    return np.rint(np.nan_to_num(values.astype(np.float64)) * 1000).astype("<u2")


def _plain(word: str) -> str:
    """Replaces the characters of a word that separate words and sentences in the page's text."""
    return " ".join(word.split("\t")).replace("\n", " ")


def _laid_out(arrays: Mapping[str, Array]) -> tuple[dict[str, Any], bytes]:
    """Lays arrays end to end, the widest first so that all are aligned; gives the position of each, and the bytes."""
    layout, parts, position = {}, [], 0
    for name, array in sorted(arrays.items(), key=lambda item: -item[1].itemsize):
        layout[name] = {"type": array.dtype.str.lstrip("<|"), "at": position, "size": array.size}
        parts.append(np.ascontiguousarray(array).tobytes())
        position += array.nbytes
    return layout, b"".join(parts)


def _packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, compresslevel=6, mtime=0)).decode("ascii")
