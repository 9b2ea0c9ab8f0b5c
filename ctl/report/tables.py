"""Tables of what a study's models did, each the data of a figure: transfer, weights, types, calibration, origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ctl.methods import Method
from ctl.report.conclusions import Test
from ctl.report.findings import Findings
from ctl.report.statistics import overtaking
from ctl.results import Record


def transfer_table(findings: Findings) -> pd.DataFrame:
    """Direct transfer, the mean over seeds: ``source target distance method f1``."""
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
        return pd.DataFrame(columns=[*by, "f1"])
    unique = pd.DataFrame(rows).drop_duplicates(["source", "target", "method", "seed"])
    return unique.groupby(by, sort=False, dropna=False).f1.mean().round(2).reset_index()


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


def type_table(findings: Findings) -> pd.DataFrame:
    """F1 by entity type with most sources, means over seeds and targets: ``method type f1``."""
    most = findings.with_most()
    rows = [
        {"method": method, "type": kind, "f1": found["f1"]}
        for method, types in zip(most.method, most.per_type, strict=True)
        for kind, found in types.items()
    ]
    return pd.DataFrame(rows).groupby(["method", "type"], sort=False).f1.mean().round(2).reset_index()


def reliability_table(findings: Findings) -> pd.DataFrame:
    """Bins with most sources, all seeds and targets added up: ``method confidence accuracy count ece``."""
    most = findings.with_most()
    return calibration_table(list(zip(most.method, most.calibration, strict=True)))


def provenance_table(findings: Findings) -> pd.DataFrame:
    """Where every score comes from."""
    return pd.DataFrame(
        {
            **{name: cell[name] for name in ("target", "seed")},
            "sources": "+".join(record["sources"]), "method": record["method"], "f1": record["f1"],
            "ece": record.get("calibration", {}).get("ece"), "train_seconds": record["train_seconds"],
            "data": next(iter(record["provenance"]["data"].values())), **origin(record),
            "folder": cell["folder"],
        }
        for cell, record in findings.records
    )  # fmt: skip


def overtakings(findings: Findings, tests: Iterable[Test]) -> pd.DataFrame:
    """For every pair that was tested, from which size on the first is ahead."""
    kind, rows = findings.kinds[0], []
    for test in tests:
        ours, theirs = findings.curves[kind, test.ours], findings.curves[kind, test.theirs]
        if ours.sizes == theirs.sizes:
            found = overtaking(ours.sizes, ours.samples, theirs.samples)
            at = "never" if found.at is None else str(found.at)
            row = {"method": test.ours, "is ahead of": test.theirs, "from": at, "share": f"{found.certainty:.0%}"}
            rows.append(row)
    return pd.DataFrame(rows)


def wide(findings: Findings) -> pd.DataFrame:
    """The main table: a row a method, a column a number of sources."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for (kind, method), curve in findings.curves.items():
        row = rows.setdefault((kind, method), {"method": method, "sets": kind})
        row |= {f"n={size}": f"{curve.at(place):.1f}" for place, size in enumerate(curve.sizes)}
    sizes = sorted({size for curve in findings.curves.values() for size in curve.sizes})
    return pd.DataFrame(list(rows.values()))[["method", "sets", *(f"n={size}" for size in sizes)]].fillna("")


def origin(record: Record) -> dict[str, str]:
    """What a score comes from: code (``+`` where it was changed), model, packages."""
    found = record["provenance"]
    commit = found["git_commit"] or "unknown"
    versions = " ".join(f"{name} {version}" for name, version in found["versions"].items())
    return {"commit": commit[:10] + "+" * commit.endswith("+"), "model": found["model"], "versions": versions}


def calibration_table(found: Sequence[tuple[str, Mapping[str, Any] | None]]) -> pd.DataFrame:
    """Bins of several tests added up by method: ``method confidence accuracy count ece``."""
    tables = []
    for method in dict.fromkeys(method for method, _ in found):
        bins = [one for name, one in found if name == method and one]
        if not bins:
            continue
        count = np.sum([one["count"] for one in bins], axis=0)
        table = {
            name: np.sum([np.multiply(one[name], one["count"]) for one in bins], axis=0) / np.maximum(count, 1)
            for name in ("confidence", "accuracy")
        }
        ece = float(np.mean([one["ece"] for one in bins]))
        tables.append(pd.DataFrame({"method": method, **table, "count": count, "ece": ece})[count > 0])
    return pd.concat(tables).round(4) if tables else pd.DataFrame(columns=["method", "confidence", "accuracy"])
