"""Tables of what a study's models did, each the data of a figure: transfer, weights, types, calibration, origin."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from ctl.methods import Method
from ctl.report.comparison import calibration_table, origin
from ctl.report.findings import Findings


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
