"""What `+abstain` and `truth` gain where sources lack a type each: F1 with it and without, over seeds.

    python tests/benchmarks/abstention.py --root ../shared/data/wikiann --sources en nl es --target de --seeds 0 1 2 \
      -- --config configs/transfer/wikiann.yaml --backbone ../shared/encoder --fast

A copy of the data is made in the output folder, in which the first source lacks the first type, the second source the
second, and so on: their entities are O there, as in a corpus whose annotators did not look for them. The target stays
as it is. With ``--lacking 1`` only the first source lacks a type. What follows ``--`` goes to ``ctl transfer``.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
from pathlib import Path

from ctl.main import main
from ctl.results import read_records
from ctl.system.console import markdown

TYPES = ("PER", "ORG", "LOC")
METHODS = [
    "direct", "ensemble:uniform", "ensemble:uniform+abstain", "ensemble:truth", "student:uniform",
    "student:uniform+abstain", "student:truth",
]  # fmt: skip


def write_data(options: argparse.Namespace) -> Path:
    """Copies the data of all languages; sources lose the entities of a type."""
    root: Path = options.output / f"data-{options.lacking}"
    for language in (options.target, *options.sources):
        shutil.copytree(options.root / language, root / language, dirs_exist_ok=True)
    for number, source in enumerate(options.sources[: options.lacking]):
        lost = re.compile(rf"\b[BI]-{TYPES[number % len(TYPES)]}$", re.MULTILINE)
        for path in (root / source).glob("*.txt"):
            path.write_text(lost.sub("O", path.read_text(encoding="utf-8")), encoding="utf-8")
    return root


def scores(options: argparse.Namespace, root: Path, seed: int) -> dict[str, float]:
    """F1 by method, of one transfer."""
    folder = options.output / f"lacking{options.lacking}-seed{seed}"
    arguments = ["--data.root", str(root), "--sources", json.dumps(options.sources), "--target", options.target]
    named = ["--methods", json.dumps(options.methods), "--seed", str(seed), "--output", str(folder)]
    if status := main(["transfer", *options.rest, *arguments, *named]):
        raise SystemExit(status)
    return {record["method"]: record["f1"] for record in read_records(folder / "results.json")}


def spread(values: list[float]) -> str:
    """The mean, and the standard deviation over seeds."""
    mean = f"{statistics.fmean(values):.1f}"
    return f"{mean} ± {statistics.stdev(values):.1f}" if len(values) > 1 else mean


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="a CoNLL tree with PER, ORG and LOC")
    parser.add_argument("--sources", nargs="+", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--lacking", type=int, default=3, help="so many sources lack a type")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--output", type=Path, default=Path("runs/abstention"))
    parser.add_argument("rest", nargs="*", help="after --: options of ctl transfer")
    given = parser.parse_args()
    data = write_data(given)
    runs = [scores(given, data, seed) for seed in given.seeds]
    table = [[name, *(f"{run[name]:.1f}" for run in runs), spread([run[name] for run in runs])] for name in runs[0]]
    print(markdown(["method", *(f"seed {seed}" for seed in given.seeds), "mean"], table))
