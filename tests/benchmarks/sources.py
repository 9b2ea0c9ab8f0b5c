"""Rankings of sources by raw text against published transfer: how well each measure orders the sources of a target.

    python tests/benchmarks/sources.py --root ROOT --backbone NAME_OR_DIR --truth TRUTH.csv [TRUTH.csv ...]

ROOT is a CoNLL tree. A truth has a column `source` and one of F1 for every target. A target's candidates are the
sources of the truth that ROOT has text of. Printed are means over the targets, as a Markdown table.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from ctl.ranking import mean_scores, rank_scores
from ctl.sources.candidates import Measures, Texts
from ctl.sources.text import MEASURES
from ctl.system.console import quiet

Truth = dict[str, dict[str, float]]  # F1 by target and source


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--truth", type=Path, nargs="+", required=True)
    parser.add_argument("--sentences", type=int, default=2000)
    parser.add_argument("--targets", nargs="*", help="only these")
    args = parser.parse_args()
    quiet()
    truths = {path.stem: read(path) for path in args.truth}
    here = {path.name for path in args.root.iterdir() if path.is_dir()}
    pairs = {target: sorted(here & set(scores) - {target}) for target, scores in next(iter(truths.values())).items()}
    pairs = {target: sources for target, sources in pairs.items() if target in here and len(sources) > 1}
    measured = {
        target: measure(args, target, sources)
        for target, sources in pairs.items()
        if args.targets is None or target in args.targets
    }
    print(f"targets {', '.join(measured)}; candidates {', '.join(sorted(set().union(*pairs.values())))}\n")
    print(table(measured, truths))


def read(path: Path) -> Truth:
    """Reads a matrix of F1, sources by targets."""
    truth: Truth = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            source = row.pop("source")
            for target, score in row.items():
                truth.setdefault(target, {})[source] = float(score)
    return truth


def measure(args: argparse.Namespace, target: str, sources: list[str]) -> Measures:
    """Measures the candidates, and adds what needs no text."""
    texts = Texts.find(args.root, target, sources, backbone=args.backbone, sentences=args.sentences)
    return texts.measure() | {"english": {source: float(source == "en") for source in sources}}


def table(measured: dict[str, Measures], truths: dict[str, Truth]) -> str:
    """Writes the means over the targets: a row a measure, three columns a truth."""
    measures = {name: f"`{name}`" for name in MEASURES}
    measures |= {"size": "always the largest", "english": "always English"}
    columns = ["Spearman", "NDCG@3", "F1 lost"]
    heads = ["ranked by", *(f"{truth}: {column}" for truth in truths for column in columns)]
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " ---: |" * (len(heads) - 1)]
    for name, title in measures.items():
        cells = [cell for truth in truths.values() for cell in row(name, measured, truth)]
        lines.append("| " + " | ".join([title, *cells]) + " |")
    return "\n".join(lines)


def row(name: str, measured: dict[str, Measures], truth: Truth) -> list[str]:
    """Writes the cells of a measure under one truth."""
    if not any(any(by[name].values()) for by in measured.values()):
        return ["none"] * 3  # English is among no target's candidates
    means = mean_scores([rank_scores(by[name], truth[target]) for target, by in measured.items()])
    texts = {"spearman": "{:+.2f}", "ndcg": "{:.2f}", "lost": "{:.1f}"}
    return ["all equal" if means[key] is None else text.format(means[key]) for key, text in texts.items()]


if __name__ == "__main__":
    main()
