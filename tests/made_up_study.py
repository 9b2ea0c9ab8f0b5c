"""Made-up studies whose true curves are known."""

import json
import shutil

import numpy as np

from ctl.results import write_counts, write_records

SIZES = (1, 2, 3, 4, 6)
LANGUAGES = ["s1", "s2", "s3", "s4", "s5", "s6"]
METHODS = ["direct", "pooled", "ensemble:uniform", "ensemble:learned", "student:learned"]
TYPES = ("PER", "LOC")


def rate(method, n):
    """Share of entities that a made-up method finds: known curves."""
    if method.startswith("direct"):
        return 0.5 + 0.02 * int(method[-1])
    base = {"pooled": 0.85, "ensemble:uniform": 0.75, "ensemble:learned": 0.8, "student:learned": 0.8}[method]
    return base - 0.25 / n


def record(method, sources, target, seed, f1, weights=None):
    provenance = {"versions": {"ctl": "0"}, "git_commit": "abc", "data": {f"{target}/test": "1"}, "model": "2"}
    if weights:
        provenance["weights"] = weights
    bins = {"count": [0, 10, 90], "confidence": [0, 0.5, 0.9], "accuracy": [0, 0.4, 0.8], "ece": 10.0}
    scores = {"precision": f1, "recall": f1, "f1": f1}
    return {
        "method": method, "sources": sources, "target": target, "seed": seed, "split": "test", **scores,
        "per_type": {kind: scores for kind in TYPES}, "calibration": bins, "train_seconds": 10.0 * len(sources),
        "provenance": provenance,
    }  # fmt: skip


def make_cell(folder, sources, target, seed):
    one = len(sources) == 1
    names = [f"direct:{source}" for source in sources] + ([] if one else METHODS[1:])
    records = []
    for name in names:
        of_one = int(name[-1]) if name.startswith("direct") else 100 * len(sources) + METHODS.index(name)
        rng = np.random.default_rng([seed, len(target), of_one])  # a teacher is the same in all cells
        hits = rng.binomial(2, rate(name, len(sources)), size=400)
        counts = np.stack([hits, np.full(400, 2), np.full(400, 2)], axis=-1).astype(np.int32)
        weights = (
            [1 / len(sources)] * len(sources) if name == "ensemble:uniform" else list(np.arange(len(sources)) + 1.0)
        )
        of = [name.partition(":")[2]] if name.startswith("direct") else sources
        records.append(record(name, of, target, seed, round(float(100 * hits.sum() / 800), 2), weights))
        write_counts(folder, name, counts)
    write_records(folder / "results.json", records)
    scored = {name: [names[0]] if one else [name] for name in METHODS[1:]}
    methods = {"direct": [f"direct:{source}" for source in sources], **scored}
    (folder / "cell.json").write_text(json.dumps({"methods": methods}))


def write_study(root, failed=0, missing=-1):
    """Writes a study of two targets and three seeds, of which one cell has failed and one was not run."""
    cells = []
    for seed in range(3):
        for target in ("t", "tt"):
            for size in SIZES:
                sources = LANGUAGES[:size]
                name = f"seed{seed}/{target}/{'+'.join(sources)}"
                cells.append({"folder": name, "target": target, "sources": sources, "seed": seed, "kinds": ["nested"]})
                make_cell(root / name, sources, target, seed)
    for index in (failed, missing):
        shutil.rmtree(root / cells[index]["folder"])
    (root / cells[failed]["folder"]).mkdir()
    (root / cells[failed]["folder"] / "failed.json").write_text('{"error": "OutOfMemoryError: <too> little"}')
    distances = {target: {name: 2.0 * rank for rank, name in enumerate(LANGUAGES, 1)} for target in ("t", "tt")}
    design = {
        "targets": ["t", "tt"], "languages": LANGUAGES, "seeds": [0, 1, 2], "methods": METHODS, "backbone": "x/encoder",
        "subsets": {"by": "given"}, "distances": distances, "cells": cells,
    }  # fmt: skip
    (root / "study.json").write_text(json.dumps(design))
