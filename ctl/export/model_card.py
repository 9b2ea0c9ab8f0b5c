"""The model card of an exported tagger: origin, scores and use, and what its owner must add."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader

from ctl.export.card_data import SCORES, card_data, origin_of
from ctl.export.check import Compared
from ctl.export.examples import example
from ctl.methods import FEW, OF_TARGET, POOLED, Method
from ctl.results import KEY, Record, add_up_weights, git_commit, read_records, versions
from ctl.system.console import plain_markdown
from ctl.system.files import write_text
from ctl.tagging.trained import Trained

LIMIT = {
    "student": "It learned from the soft labels of its teachers, so it repeats the mistakes that they share; no gold "
    "label of the target language was used to train or to choose it.",
    "direct": "It saw gold labels of its source language only; other languages are read by transfer.",
    "pooled": "It saw gold labels of its source languages only; other languages are read by transfer.",
    "merged": "Its weights are a mean that was never trained; no gold label of the target language was used.",
    "supervised": "It is an upper bound and no zero-resource model: it saw gold labels of the target language.",
    FEW: "It is no zero-resource model: it learned from {few} labelled sentences of the target language alone.",
}
SAW_FEW = {  # of a student: what it, or the weights of its teachers, saw
    True: "It is no zero-resource model: it learned from the soft labels of its teachers, and then from {few} labelled "
    "sentences of the target language.",
    False: "It is no zero-resource model: {few} labelled sentences of the target language weighed its teachers.",
}
STORY = {
    "student": "Teachers, each trained on the labels of source languages, labelled raw text of the target language "
    "with probability distributions; this model, the student, learned from their mixture.",
    "direct": "A model of one source language, used on others by direct transfer.",
    "pooled": "One model of several source languages together, used on others by direct transfer.",
    "merged": "The weighted mean of the weights of several models, each trained on the labels of one source language.",
    "supervised": "A model that was trained on gold labels of the target language, to show what these would bring.",
    FEW: "A model that was trained on a few labelled sentences of the target language, and on nothing else.",
}
OF_POOLED = (
    "A model of several source languages together labelled raw text of the target language with probability "
    "distributions; this model, the student, learned from them."
)


def write_card(
    path: Path,
    trained: Trained,
    backbone: str,
    networks: Mapping[str, Compared],
    folder: str | None = None,
    threshold: str = "",
) -> None:
    """Writes the model card, ``README.md``, for the Hub and for everybody who finds the folder.

    Args:
        path: of the card; the exported tokenizer lies beside it.
        trained: the model.
        backbone: Hub name or folder of its backbone.
        networks: the exported networks by the names of their files.
        folder: the name that the card's folder will have; by default the one that it has.
        threshold: that `ctl tag` takes for the folder, as its option has it; empty for none.
    """
    environment = Environment(loader=PackageLoader("ctl.export", "."), trim_blocks=True, autoescape=False)
    environment.filters["plain"] = plain_markdown
    template = environment.get_template("model_card.md.j2")
    facts = _facts(path, trained, backbone, networks)
    facts |= {"folder": folder or path.parent.name, "threshold": threshold}
    write_text(path, template.render(facts) + "\n")


def _facts(path: Path, trained: Trained, backbone: str, networks: Mapping[str, Compared]) -> dict[str, Any]:
    record, identity = trained.record(), trained.model.identity()  # type: ignore[attr-defined]
    method = Method.split(trained.method)
    kind, one_teacher = method.kind, method.of == POOLED and method.family != "mixed"
    target = record["target"] if record else None
    taught_by = identity.get("taught_by", {})
    is_folder = Path(backbone).is_dir() or not re.fullmatch(r"[\w.-]+(/[\w.<>-]+)?", backbone)  # it may have moved
    weights = add_up_weights(taught_by or identity, identity["sources"])
    title = f"Named entities{f' in {target}' if target else ''} ({trained.method})"
    base = None if is_folder else backbone
    return {
        "title": title,
        "head": card_data(title, base, target, record),
        "types": trained.types,
        "method": trained.method,
        "taught": kind == "student",
        "story": OF_POOLED if kind == "student" and one_teacher else STORY.get(kind, "A tagger."),
        "limit": _limit(method, (record or identity).get("few") or "a few"),
        "sources": identity["sources"],
        "supervised": kind in OF_TARGET,
        "few": method.sees_few,
        "target": target,
        "weights": ", ".join(f"{name} {weight:.3f}" for name, weight in weights.items()),
        "backbone": Path(backbone).name if is_folder else backbone,
        "data": _data(record),
        "seed": record["seed"] if record else None,
        "training": _training(identity.get("fit")),
        "teachers": _teachers(taught_by.get("fits", {})),
        "record": record,
        "scores": SCORES,
        "rivals": _rivals(trained.path.parent.parent, record) if record else [],
        "versions": record["provenance"]["versions"] if record else versions(),
        "commit": (record["provenance"]["git_commit"] if record else git_commit()) or "",
        "example": json.dumps(example(target), ensure_ascii=False),
        "longest": _longest(path.parent),
        "networks": networks,
    }


def _limit(method: Method, few: int | str) -> str:
    """Says what the model saw, and what not."""
    if method.kind == "student" and method.sees_few:
        return SAW_FEW[FEW in method.options].format(few=few)
    return LIMIT.get(method.kind, "It was trained as its method says and is untested elsewhere.").format(few=few)


def _training(fit: Mapping[str, Any] | None) -> str:
    """Says how the model was trained, and on which text; nothing where the checkpoint does not know."""
    if not fit:
        return ""
    batch = fit["batch_size"] * fit["accumulate_grad_batches"] * fit["processes"]
    splits = ", ".join(f"{name} {mark}" for name, mark in fit["splits"].items())
    return (
        f"{fit['steps']:,} steps ({fit['epochs']} epochs) of {batch} sentences at most, learning rate "
        f"{fit['arguments']['lr']}, {fit['precision']}; fingerprints of the text: {splits}"
    )


def _teachers(fits: Mapping[str, Mapping[str, Any]]) -> str:
    """Says how each teacher was trained; those that others trained have no fit."""
    return "; ".join(
        f"{name} {fit['steps']:,} steps, learning rate {fit['arguments']['lr']}" for name, fit in fits.items() if fit
    )


def _rivals(stage: Path, record: Record) -> list[Record]:
    """The models of the same run that a student must beat, scored on the same text: direct transfer and pooled."""
    for folder in list(stage.parents)[:3]:
        records = read_records(folder / "results.json")
        if any(all(other[name] == record[name] for name in KEY) for other in records):
            return [other for other in records if _is_rival(other, record)]
    return []


def _is_rival(other: Record, record: Record) -> bool:
    alike = all(other[name] == record[name] for name in ("target", "seed", "split"))
    return alike and other["method"] != record["method"] and Method.split(other["method"]).kind in ("direct", POOLED)


def _data(record: Record | None) -> str:
    """Names the data of a record, without the folders of this machine."""
    if record is None:
        return ""
    marks = ", ".join(f"{name} {mark}" for name, mark in record["provenance"]["data"].items())
    return f"{origin_of(record)}; fingerprint of the scored text: {marks}"


def _longest(folder: Path) -> int:
    """The most subwords that the tokenizer of a folder takes."""
    return int(json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))["model_max_length"])
