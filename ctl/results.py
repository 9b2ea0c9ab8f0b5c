"""Result records: what was scored, how well, and where it came from."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ctl.errors import CTLError
from ctl.methods import Method, label
from ctl.system.cells import bar, table
from ctl.system.console import duration, make_table, markdown, show
from ctl.system.files import whole, write_json
from ctl.system.names import check_method

Record = dict[str, Any]
KEY = ("method", "sources", "target", "seed", "split")
DESIGN, CELL, FAILED = "study.json", "cell.json", "failed.json"  # of a study; of a cell that is done, that has failed
LEFT_OUT = "leave_one_out.json"  # a trial of weightings on the sources alone
LENGTH = ("max_epochs", "min_epochs", "max_steps", "min_steps", "max_time")  # of a fit, in a Trainer's arguments
IDLE = {  # settings that change no result: places, speed, display; and what the fingerprints of the data say
    "trainer": {
        "accelerator", "strategy", "logger", "default_root_dir", "enable_checkpointing", "enable_progress_bar",
        "enable_model_summary", "enable_autolog_hparams", "log_every_n_steps", "profiler", "benchmark",
        "deterministic", "inference_mode", "num_sanity_val_steps", "detect_anomaly", "barebones", "model_registry",
        "use_distributed_sampler",
    },
    "model": {"compile", "gradient_checkpointing", "tagger", "store"},
    "data": {
        "root", "hub", "synthetic", "encoding", "word_column", "tag_column", "normalization", "type_map", "num_workers",
        "eval_tokens", "plain_text", "few", "few_seed",
    },
}  # fmt: skip
# Settings that came later, by section: with these values all is as it was without them.
LATER: dict[str, dict[str, Any]] = {
    "data": {
        "drop_test_duplicates": False,
        "normalization": "NFC",
        "word_column": None,
        "tag_column": None,
        "equal": False,
        "silver": None,
        "supervised": False,
        "plain_text": None,
        "few": None,
        "few_seed": 0,
    },
    "language_id": {"schedule": "constant"},
    "transfer": {"teachers": None, "silver": None, "few": None, "few_steps": None},
}
OWN = ("method", "sources", "train_seconds", "upper_bound", "few")  # what a record has of a model's identity
NEEDED: dict[str, Any] = {  # what every record has
    "method": str, "sources": list, "target": str, "seed": int, "precision": int | float, "recall": int | float,
    "f1": int | float, "per_type": dict, "train_seconds": int | float, "provenance": dict,
}  # fmt: skip
SCORE_AGAIN = "the same `ctl transfer` or `ctl study` scores the model again"
PACKAGES = ("ctl", "torch", "lightning", "transformers", "torchmetrics", "numpy")


def make_record(
    identity: Mapping[str, Any],
    scores: Mapping[str, float],
    *,
    target: str,
    seed: int,
    provenance: Mapping[str, Any],
    calibration: Mapping[str, Any],
) -> Record:
    """One evaluated model as `results.json` has it.

    Args:
        identity: the scored model (`ctl.modules.base.Labeller.identity`); what has no place of its own is provenance.
        scores: ``test/f1``, ``test/<TYPE>/f1`` and so on, 0..100.
        target: the language.
        seed: the run's seed.
        provenance: data and model fingerprints, and the configuration.
        calibration: see `ctl.metrics.Calibration`.
    """
    rounded = {name.removeprefix("test/"): round(float(value), 2) for name, value in scores.items()}
    types = sorted({name.rpartition("/")[0] for name in rounded if "/" in name})
    extra = {key: value for key, value in identity.items() if key not in OWN}
    return {
        "method": identity["method"],
        "sources": list(identity["sources"]),
        "target": target,
        "seed": seed,
        "split": "test",
        **({"upper_bound": True} if identity.get("upper_bound") else {}),
        **({"few": identity["few"]} if identity.get("few") else {}),
        **{name: rounded[name] for name in ("precision", "recall", "f1")},
        "per_type": {
            kind: {name: rounded[f"{kind}/{name}"] for name in ("precision", "recall", "f1")} for kind in types
        },
        "calibration": rounded_calibration(calibration),
        "train_seconds": identity["train_seconds"],
        "provenance": {"versions": versions(), "git_commit": git_commit(), **extra, **_of_test(provenance)},
    }


def _of_test(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Leaves out of a test's configuration how long a fit would be: the fit has a record of its own."""
    config = dict(provenance.get("config", {}))
    config["trainer"] = {name: value for name, value in config.get("trainer", {}).items() if name not in LENGTH}
    if "data" in config:
        config["data"] = without_later("data", config["data"])
    return {**provenance, "config": config}


def without_later(section: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Leaves out settings that came later and change nothing, so that keys and records are what they were."""
    later = LATER.get(section, {})
    return {name: value for name, value in settings.items() if name not in later or value != later[name]}


def rounded_calibration(calibration: Mapping[str, Any]) -> dict[str, Any]:
    """Calibration with the digits that matter: the error in percent, shares of bins."""
    error = {name: round(value, 2) for name, value in calibration.items() if isinstance(value, float)}
    bins = {name: [round(v, 4) for v in values] for name, values in calibration.items() if name not in error}
    return {**error, **bins}


class Results(list[Record]):
    """The records of scored models, which a notebook shows as a table."""

    def __repr__(self) -> str:
        scores = [f"{shown(record)} {record['f1']:.1f}" for record in self]
        return f"<Results: {', '.join(scores) or 'none'}>"

    def _repr_html_(self) -> str:
        types = columns(self)[4:-1]
        lines = [
            [row[0], row[1], row[2], bar(record["f1"], 100), *row[4:]]
            for record, row in zip(self, rows(self), strict=True)
        ]
        targets = ", ".join(dict.fromkeys(record["target"] for record in self))
        return table(["method", "P", "R", "F1", *types, "training"], lines, f"F1 on {targets}, test split, in percent")


def read_records(path: Path) -> Results:
    """The records of a `results.json`; none where there is no file.

    Raises:
        CTLError: it holds something else.
    """
    try:
        records: list[Record] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Results()
    except (ValueError, RecursionError) as error:
        raise CTLError(f"{path}: not readable as JSON ({error}); move it away") from None
    if not isinstance(records, list) or not all(map(_is_record, records)):
        raise CTLError(f"{path}: these are no records of scored models; move it away")
    return Results(records)


def _is_record(value: Any) -> bool:  # noqa: ANN401
    return (
        isinstance(value, dict)
        and all(isinstance(value.get(name), kind) for name, kind in NEEDED.items())
        and all(isinstance(source, str) for source in value["sources"])
        and all(isinstance(scores, dict) and "f1" in scores for scores in value["per_type"].values())
    )


def write_records(path: Path, records: list[Record]) -> None:
    """Writes records at once, so that a killed run leaves the old file or the new one."""
    write_json(path, records)


def add_record(path: Path, record: Record) -> None:
    """Adds a record, in place of an earlier one of the same method, sources, target, seed and split."""
    others = [old for old in read_records(path) if any(old[key] != record[key] for key in KEY)]
    write_records(path, [*others, record])


def write_counts(folder: Path, method: str, counts: npt.NDArray[np.int32]) -> None:
    """Writes each test sentence's entities (S, 3), see `ctl.metrics.span_counts`: ``<folder>/counts/<method>.npy``."""
    with whole(counts_file(folder, method)) as partial, partial.open("wb") as file:
        np.save(file, counts, allow_pickle=False)


def read_counts(folder: Path, method: str) -> npt.NDArray[np.int32]:
    """Reads what `write_counts` wrote (S, 3).

    Raises:
        CTLError: the file is missing or damaged.
    """
    path = counts_file(folder, method)
    try:
        counts: npt.NDArray[np.int32] = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise CTLError(f"{path}: missing; {SCORE_AGAIN}") from None
    except (OSError, ValueError, EOFError) as error:  # NumPy recommends to read pickles all the same
        raise CTLError(f"{path}: these are no counts of entities; {SCORE_AGAIN}") from error
    if not isinstance(counts, np.ndarray) or counts.ndim != 2 or counts.shape[1] != 3 or counts.dtype.kind != "i":
        raise CTLError(f"{path}: these are no counts of entities; {SCORE_AGAIN}")
    return counts


def f1_of_counts(counts: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Computes F1 (...), 0..100, of counts of entities (..., 3): found and right, found, of the gold tags."""
    return np.asarray(200 * counts[..., 0] / np.maximum(counts[..., 1] + counts[..., 2], 1))


def counts_file(folder: Path, method: str) -> Path:
    """The file in which `write_counts` puts the counts of a method."""
    return folder / "counts" / f"{check_method(method).replace(':', '-')}.npy"


def weights_by_source(record: Record) -> dict[str, float]:
    """The weight of each language in a mixture, and of pooled teachers; empty where nothing was mixed."""
    return add_up_weights(record["provenance"], record["sources"])


def add_up_weights(identity: Mapping[str, Any], sources: Sequence[str]) -> dict[str, float]:
    """Adds up the weights of a mixture's teachers by language, those of pooled teachers as ``pooled``.

    Where the mixture does not name its teachers, they are those of all sources, kind by kind.

    Args:
        identity: of the mixture, with its ``weights``; ``fits`` has the teachers' names.
        sources: their languages, in order.
    """
    weights, names = identity.get("weights") or [], list(identity.get("fits") or ())
    if len(names) == len(weights):
        methods = [Method.split(name) for name in names]
        labels = [method.of if method.kind == "direct" else method.kind for method in methods]
    else:
        labels = [sources[index % len(sources)] for index in range(len(weights) if sources else 0)]
    shares: dict[str, float] = {}
    for name, weight in zip(labels, weights, strict=False):
        shares[name] = shares.get(name, 0.0) + weight
    return shares


@cache
def versions() -> dict[str, str]:
    """Versions of the packages that a result depends on."""
    installed = {}
    for name in PACKAGES:
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            installed[name] = "unknown"
    return installed


@cache
def git_commit() -> str | None:
    """The commit that this code is at, ``+`` after it where files were changed; ``None`` outside a checkout."""
    here = Path(__file__).parent
    commands = (["git", "rev-parse", "HEAD"], ["git", "status", "--porcelain", "--", "."])
    try:
        commit, changes = (
            subprocess.run(command, cwd=here, capture_output=True, text=True, check=True).stdout.strip()
            for command in commands
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + ("+" if changes else "")


def columns(records: Sequence[Record]) -> list[str]:
    """Headings: the method, its scores, F1 by type, and the time that all its training took."""
    types = list(dict.fromkeys(kind for record in records for kind in record["per_type"]))
    return ["method", "P", "R", "F1", *types, "training"]


def rows(records: Sequence[Record]) -> list[list[str]]:
    """One row a record under `columns`."""
    types = columns(records)[4:-1]
    return [
        [
            shown(record),
            *(f"{record[name]:.1f}" for name in ("precision", "recall", "f1")),
            *(f"{record['per_type'][kind]['f1']:.1f}" if kind in record["per_type"] else "-" for kind in types),
            duration(record["train_seconds"]),
        ]
        for record in records
    ]


def shown(record: Record) -> str:
    """The name of a record's method as tables show it, with what it saw: silver labels, or how many of the target."""
    silver, few = record.get("silver"), record.get("few")
    name = f"{record['method']} (sees {few} labelled target sentences)" if few else label(record["method"])
    return name + (f" (silver {', '.join(silver)})" if silver else "")


def print_table(records: Sequence[Record], title: str) -> None:
    """Prints the results, the best F1 in bold; what saw labels of the target does not count."""
    seeing = [record for record in records if record.get("upper_bound") or record.get("few")]
    best = max((record["f1"] for record in records if record not in seeing), default=None)
    styles = ["bold" if record["f1"] == best else "" for record in records]
    names = columns(records)
    show(make_table(names, rows(records), title, styles, optional=names[4:-1]))
    for record in records:
        if weights := weights_by_source(record):
            given = "  ".join(f"{name} {weight:.3f}" for name, weight in weights.items())
            show(f"{record['method']} weighs its teachers  {given}")


def markdown_table(records: Sequence[Record]) -> str:
    """The table of results in Markdown."""
    return markdown(columns(records), rows(records))
