"""Made-up studies whose true curves are known."""

import itertools
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


def write_grid(
    root,
    f1,
    methods,
    sizes=(1, 2, 4, 6),
    targets=("t",),
    seeds=(0, 1, 2),
    missing=(),
    drawn=1,
    keys=False,
    own_sources=False,
):
    """Writes a study whose methods score what a function says.

    Args:
        root: the study's folder.
        f1: percent by method, size, target, seed and number of the set; ``None`` where the method has no record.
        methods: their names; ``direct`` is two teachers, which are asked for as ``direct:s1`` and ``direct:s2``.
        sizes: numbers of sources.
        targets: their names.
        seeds: their numbers.
        missing: (target, size, seed) of cells that were not run.
        drawn: sets of each size; where there are several they are called random.
        keys: whether the design holds a key for every cell, as the cell does.
        own_sources: whether a direct teacher's source is that of its name.
    """
    cells = []
    for seed, target, size, number in itertools.product(seeds, targets, sizes, range(drawn)):
        sources = [f"{'abcdefgh'[number]}{rank}" for rank in range(size)]
        folder = f"seed{seed}/{target}/{'+'.join(sources)}"
        kinds = ["random" if drawn > 1 else "nested"]
        cells.append({"folder": folder, "target": target, "sources": sources, "seed": seed, "kinds": kinds})
        if keys:
            cells[-1]["key"] = folder
        if (target, size, seed) in missing:
            continue
        scored = {name: ["direct:s1", "direct:s2"] if name == "direct" else [name] for name in methods}
        records = []
        for name in itertools.chain(*scored.values()):
            percent = f1(name, size, target, seed, number)
            if percent is not None:
                of = [name.partition(":")[2]] if own_sources and name.startswith("direct") else sources
                records.append(record(name, of, target, seed, round(percent, 2)))
                write_counts(root / folder, name, exact_counts(percent, [*folder.encode(), *name.encode()]))
        write_records(root / folder / "results.json", records)
        (root / folder / "cell.json").write_text(json.dumps({"methods": scored, "key": folder}))
    design = {
        "targets": list(targets), "languages": ["s1", "s2"], "seeds": list(seeds), "methods": list(methods),
        "backbone": "x/encoder", "subsets": {"by": "given"}, "distances": {}, "cells": cells,
    }  # fmt: skip
    root.mkdir(exist_ok=True)
    (root / "study.json").write_text(json.dumps(design))
    return design


def exact_counts(percent, seed, sentences=500):
    """Entities of sentences with two each (S, 3), so many right that F1 is what it should be, at random places."""
    hits = np.zeros(2 * sentences, dtype=np.int32)
    hits[: round(percent / 100 * 2 * sentences)] = 1
    hits = np.random.default_rng(seed).permutation(hits).reshape(-1, 2).sum(-1)
    return np.stack([hits, np.full(sentences, 2), np.full(sentences, 2)], axis=-1).astype(np.int32)
