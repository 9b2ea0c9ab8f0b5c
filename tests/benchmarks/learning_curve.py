"""F1 against steps of training, for teachers, the pooled model and the student: where does each converge?

    python tests/benchmarks/learning_curve.py --steps 125 250 500 1000 -- --config configs/transfer/quickstart.yaml
    python tests/benchmarks/learning_curve.py --steps 250 500 1000 2000 4000 8000 --seeds 0 1 2 --accelerator gpu \
      --output runs/curve/wikiann -- --config configs/transfer/wikiann.yaml --data.root ../shared/data/wikiann \
      --backbone ../shared/encoder --sources '[en,nl,es]' --target de

Every number of steps is a training of its own, as the learning rate falls to zero at its end. Students of every length
learn from the teachers of the largest; ``direct`` is the mean of all sources. What follows ``--`` goes to ``ctl
transfer``. Scores are kept in the output folder, and what has one is not run again.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

from ctl.main import main
from ctl.results import read_records
from ctl.system.console import markdown
from ctl.system.files import write_json

Scores = dict[str, float]  # F1 by method
BY_STEPS = ["--teacher_epochs", "null", "--student_epochs", "null", "--overwrite"]  # four validations stop none early


def curve(options: argparse.Namespace) -> list[list[str]]:
    """A row for each number of steps: F1 of what learns from gold labels, and of what learns from soft ones."""
    rows = []
    for steps in options.steps:
        gold = [run(options, seed, steps, steps, "gold") for seed in options.seeds]
        rows.append([f"{steps:,}", *(spread([mean(scores, name) for scores in gold]) for name in options.gold)])
    for row, steps in zip(rows, options.steps, strict=True):
        taught = [run(options, seed, max(options.steps), steps, "taught") for seed in options.seeds]
        row += [spread([scores[name] for scores in taught]) for name in options.taught]
    return rows


def mean(scores: Scores, method: str) -> float:
    """The mean F1 of a method; ``direct`` has a score for each source."""
    return statistics.fmean(f1 for name, f1 in scores.items() if name.partition(":")[0] == method)


def run(options: argparse.Namespace, seed: int, teacher_steps: int, student_steps: int, kind: str) -> Scores:
    """Scores methods by one transfer, once."""
    folder = options.output / f"seed{seed}" / f"teachers-of-{teacher_steps}"
    methods: list[str] = getattr(options, kind)
    kept = folder / f"curve-{student_steps}-{'+'.join(methods).replace(':', '-')}.json"
    if not kept.exists():
        steps = ["--teacher_steps", str(teacher_steps), "--student_steps", str(student_steps)]
        trainer = ["--trainer.accelerator", options.accelerator, "--seed", str(seed), "--output", str(folder)]
        if status := main(["transfer", *options.rest, *BY_STEPS, *steps, *trainer, "--methods", json.dumps(methods)]):
            raise SystemExit(status)
        write_json(kept, {record["method"]: record["f1"] for record in read_records(folder / "results.json")})
    scores: Scores = json.loads(kept.read_text(encoding="utf-8"))
    return scores


def spread(values: list[float]) -> str:
    """The mean, and the standard deviation over seeds."""
    mean = f"{statistics.fmean(values):.1f}"
    return f"{mean} ± {statistics.stdev(values):.1f}" if len(values) > 1 else mean


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, nargs="+", default=[125, 250, 500, 1000], help="of each training")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--accelerator", default="auto", help="cpu, gpu or auto")
    parser.add_argument("--gold", nargs="+", default=["direct", "pooled"], help="methods that learn from gold labels")
    parser.add_argument(
        "--taught", nargs="+", default=["ensemble:learned", "student:learned"], help="and from soft ones"
    )
    parser.add_argument("--output", type=Path, default=Path("runs/learning_curve"))
    parser.add_argument("rest", nargs="*", help="after --: options of ctl transfer")
    given = parser.parse_args()
    table = curve(given)
    print(markdown(["steps", *given.gold, *given.taught], table))
