"""Tables of what a study's models did, each the data of a figure: scaling, transfer, weights, types, origin ..."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ctl.methods import Method
from ctl.report.conclusions import PairTest
from ctl.report.contenders import CurveKey
from ctl.report.findings import Findings
from ctl.report.statistics.estimates import bounds
from ctl.report.statistics.means import Cell, widest
from ctl.report.statistics.scaling import Interval, overtaking
from ctl.results import Record
from ctl.thresholds.curve_file import CURVE, Point

Bins = Mapping[str, Any]  # of a record: count, confidence and accuracy of every bin, and the calibration error


def scaling_table(findings: Findings, targets: Sequence[str] | None = None) -> pd.DataFrame:
    """F1 by number of sources: ``sets method sources f1 low high cells planned missing seeds seconds``.

    Args:
        findings: of the study.
        targets: some of the targets; by default all.
    """
    return pd.DataFrame(
        {
            "sets": key.sets, "method": str(key.contender), "sources": size,
            **bounds("f1", curve.at(index)), "cells": len(cells), "planned": planned,
            "missing": planned - len(cells), "seeds": curve.at(index).seeds,
            "seconds": _mean_seconds(findings, key, cells),
        }
        for key, curve in (findings.curves_on(targets) if targets else findings.curves).items()
        for index, (size, cells) in enumerate(zip(curve.sizes, curve.cells, strict=True))
        for planned in [findings.planned(key.sets, size, targets)]
    )  # fmt: skip


def _mean_seconds(findings: Findings, key: CurveKey, cells: Sequence[Cell]) -> float:
    scores = findings.by_key[key]
    return round(float(np.mean([scores[cell].seconds for cell in cells])), 1)


def marginal_table(findings: Findings) -> pd.DataFrame:
    """The gain of every source more, by the curves of the main kind: ``method sources gain low high cells``."""
    rows = []
    for contender, curve in findings.main_curves.items():
        for index, size in enumerate(curve.sizes[1:], 1):
            gain, added = curve.gain(index - 1, index), size - curve.sizes[index - 1]
            names = {"method": str(contender), "sources": size}
            rows.append({**names, **{k: v / added for k, v in bounds("gain", gain).items()}, "cells": gain.cells})
    return pd.DataFrame(rows).round(2)


def transfer_table(findings: Findings) -> pd.DataFrame:
    """Direct transfer, the mean over the seeds of all teachers: ``source target distance method f1 seeds``."""
    rows = [
        {
            "source": record["sources"][0], "target": record["target"], "f1": record["f1"], "seed": record["seed"],
            "method": str(replace(method, of="")),
            "distance": findings.design["distances"].get(record["target"], {}).get(record["sources"][0]),
        }
        for _, record in findings.records
        for method in [Method.split(record["method"])]
        if method.kind == "direct"
    ]  # fmt: skip
    by = ["source", "target", "distance", "method"]
    if not rows:
        return pd.DataFrame(columns=[*by, "f1", "seeds"])
    unique = pd.DataFrame(rows).drop_duplicates(["source", "target", "method", "seed"])
    alike = pd.concat([_with_common_seeds(part) for _, part in unique.groupby(["target", "method"], sort=False)])
    means = alike.groupby(by, sort=False, dropna=False).agg(f1=("f1", "mean"), seeds=("seed", "size"))
    return means.round({"f1": 2}).reset_index()


def _with_common_seeds(teachers: pd.DataFrame) -> pd.DataFrame:
    """The scores with the seeds that all teachers of a target have; where there are none, that most have."""
    by_source = [frozenset(part.seed) for _, part in teachers.groupby("source")]
    seeds = frozenset.intersection(*by_source) or widest(by_source)
    whole = teachers[teachers.seed.isin(seeds)]
    return whole[whole.groupby("source").seed.transform("size") == len(seeds)]


def weights_table(findings: Findings) -> pd.DataFrame:
    """Weights against measured transfer: ``method target source sources weight direct_f1``, means over seeds."""
    direct = {(row.method, row.target, row.source): row.f1 for row in transfer_table(findings).itertuples()}
    rows = [
        {"method": record["method"], "target": record["target"], "source": source, "sources": len(cell["sources"]),
         "weight": weight, "direct_f1": direct.get((str(method.rival("direct")), record["target"], source))}
        for cell, record in findings.records
        for method in [Method.split(record["method"])]
        if method.kind == "ensemble" and method.family != "mixed" and method.of != "uniform"
        for source, weight in zip(record["sources"], record["provenance"].get("weights", []), strict=False)
    ]  # fmt: skip
    by = ["method", "target", "source", "sources", "direct_f1"]
    if not rows:
        return pd.DataFrame(columns=[*by, "weight"])
    return pd.DataFrame(rows).groupby(by, sort=False).weight.mean().round(4).reset_index()


def type_table(records: Iterable[tuple[str, Record]]) -> pd.DataFrame:
    """F1 by entity type, the mean over the records of a method: ``method type f1 cells``."""
    rows = [
        {"method": method, "type": kind, "f1": scores["f1"]}
        for method, record in records
        for kind, scores in record["per_type"].items()
    ]
    by_type = pd.DataFrame(rows).groupby(["method", "type"], sort=False)
    return by_type.agg(f1=("f1", "mean"), cells=("f1", "size")).round({"f1": 2}).reset_index()


def best_methods(records: Iterable[tuple[str, Record]], most: int = 4) -> list[str]:
    """Names the methods with the highest mean F1, at most so many."""
    scores = pd.DataFrame([{"method": method, "f1": record["f1"]} for method, record in records])
    return list(scores.groupby("method", sort=False).f1.mean().nlargest(most).index)


def calibration_table(records: Iterable[tuple[str, Record]]) -> pd.DataFrame:
    """Bins of several tests added up by method: ``method confidence accuracy count ece``."""
    by_method: dict[str, list[Bins]] = defaultdict(list)
    for method, record in records:
        if bins := record.get("calibration"):  # records of early versions have none
            by_method[method].append(bins)
    tables = [_added_up(method, bins) for method, bins in by_method.items()]
    columns = ["method", "confidence", "accuracy", "count", "ece"]
    return pd.concat(tables).round(4) if tables else pd.DataFrame(columns=columns)


def _added_up(method: str, tests: list[Bins]) -> pd.DataFrame:
    count = np.sum([bins["count"] for bins in tests], axis=0)
    means = {
        name: np.sum([np.multiply(bins[name], bins["count"]) for bins in tests], axis=0) / np.maximum(count, 1)
        for name in ("confidence", "accuracy")
    }
    ece = float(np.mean([bins["ece"] for bins in tests]))
    table: pd.DataFrame = pd.DataFrame({"method": method, **means, "count": count, "ece": ece})[count > 0]
    return table


def curve_table(records: Iterable[tuple[str, Record]]) -> pd.DataFrame:
    """Scores at every threshold, means of tests: ``method threshold precision recall f1``; NaN is no threshold.

    A method one of whose tests has no curve is left out: its mean would be of fewer tests than that of the others.

    Args:
        records: methods and records that were read `with_curves`.
    """
    records = list(records)
    without = {method for method, record in records if not record.get(CURVE)}
    points = [
        {"method": method, **point._asdict()}
        for method, record in records
        if method not in without
        for point in record[CURVE]
    ]
    table = pd.DataFrame(points, columns=["method", *Point._fields]).drop(columns="type")
    return table.groupby(["method", "threshold"], sort=False, dropna=False).mean().round(2).reset_index()


def provenance_table(findings: Findings) -> pd.DataFrame:
    """The origin of every score, a row a scored model."""
    return pd.DataFrame(
        {**scored_model(record), "data": _text(record), "folder": cell["folder"]} for cell, record in findings.records
    )


def _text(record: Record) -> str:
    """The fingerprint of the text that a model was scored on; empty where its record does not say."""
    return str(next(iter((record["provenance"].get("data") or {}).values()), ""))


def scored_model(record: Record) -> dict[str, Any]:
    """The model that was scored, its score, and the code, backbone and packages that it comes from."""
    provenance = record["provenance"]
    commit, silver = provenance.get("git_commit") or "unknown", record.get("silver", ())
    return {
        "method": record["method"], "target": record["target"], "seed": record["seed"],
        "sources": "+".join(f"{name} (silver)" if name in silver else name for name in record["sources"]),
        "f1": record["f1"],
        "ece": (record.get("calibration") or {}).get("ece"), "train_seconds": record["train_seconds"],
        "commit": commit[:10] + ("+" if commit.endswith("+") else ""),  # + where files were changed
        "model": provenance.get("model"),
        "versions": " ".join(f"{name} {version}" for name, version in (provenance.get("versions") or {}).items()),
    }  # fmt: skip


def overtaking_table(findings: Findings, tests: Iterable[PairTest]) -> pd.DataFrame:
    """The size from which on the first of every tested pair is ahead: ``method rival sources share cells``.

    ``sources`` is empty where no size can be shown, and ``share`` then of the draws in which it is ahead with most.
    """
    rows = []
    for test in tests:
        gaps = findings.difference_curve(test.ours, test.theirs)
        if gaps is not None and len(gaps.sizes) > 1:
            ahead = overtaking(gaps.sizes, gaps.samples)
            names = {"method": str(test.ours), "rival": str(test.theirs)}
            share = {"sources": ahead.at, "share": round(ahead.certainty, 4), "cells": len(gaps.cells[-1])}
            rows.append({**names, **share})
    return pd.DataFrame(rows).astype({"sources": "Int64"}) if rows else pd.DataFrame()


def fits_table(findings: Findings) -> pd.DataFrame:
    """The fitted curves: ``method sets`` and a, b and c, each with ``_low`` and ``_high``; empty where none fits."""
    rows = []
    for key, fit in findings.fits.items():
        numbers = {**_parameter("a", fit.a), **_parameter("b", fit.b), **_parameter("c", fit.c)}
        if not fit.levels_off:
            numbers = dict.fromkeys(numbers, float("nan"))
        rows.append({"method": str(key.contender), "sets": key.sets, **numbers})
    return pd.DataFrame(rows)


def _parameter(name: str, estimate: Interval) -> dict[str, float]:
    return {column if column == name else f"{name}_{column}": value for column, value in bounds(name, estimate).items()}
