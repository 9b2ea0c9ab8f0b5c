"""How often the report's 95 % intervals cover the truth, and how often it sees a difference where there is none.

Sentences, seeds and random sets of sources are drawn from a population whose truth is known; ctl's own functions then
do what they do with a study's cells. The spread of seeds (and of sets) is given in standard errors that the sentences
give the score of one seed: at 0 seeds do not matter, at 5 they matter far more than sentences.

    python tests/benchmarks/coverage.py                      # the table of docs/results.md, ten minutes on one core
    python tests/benchmarks/coverage.py --simulations 100    # a look
"""

from __future__ import annotations

import argparse
import math
import os
from dataclasses import dataclass, replace

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the matrices are small

import numpy as np
from scipy import special

from ctl.report.statistics.estimates import Estimate
from ctl.report.statistics.means import Cell, Mean, Scores
from ctl.report.statistics.resampling import draw_weights, resampled_f1
from ctl.system.console import steps

SENTENCES, ENTITIES = 400, 3  # of the test split; found, and of the gold tags, in every sentence
RESAMPLES = 500
TRUTH = 0.6  # share of entities that is right
HARD = 0.15  # standard deviation of a sentence's own share, the same for all models
ERROR = math.sqrt(TRUTH * (1 - TRUTH) / ENTITIES / SENTENCES)  # of one model's share, from its own chance alone
SPREADS = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0)


@dataclass(frozen=True)
class Design:
    """What is drawn in a simulation.

    Attributes:
        seeds: the number of seeds.
        spread: standard deviation of the seeds' effect, in standard errors of sentences.
        targets: the number of targets, whose seeds have one effect in common and one of their own.
        sets: the number of random sets of sources for each target.
        set_spread: standard deviation of the sets' effect, in standard errors of sentences.
    """

    seeds: int
    spread: float = 0.0
    targets: int = 1
    sets: int = 1
    set_spread: float = 0.0


def draw_contenders(design: Design, rng: np.random.Generator, count: int) -> list[Scores]:
    """Scores of some equally good contenders, on sentences that are equally hard for all."""
    contenders: list[dict[Cell, np.ndarray]] = [{} for _ in range(count)]
    total = math.hypot(ERROR, HARD / math.sqrt(SENTENCES))
    common = rng.normal(size=(count, design.seeds)) * design.spread * total / math.sqrt(2)
    for target in range(design.targets):
        hardness = rng.normal(scale=HARD, size=SENTENCES)
        own = rng.normal(size=(count, design.seeds)) * design.spread * total / math.sqrt(2)
        of_sets = rng.normal(size=design.sets) * design.set_spread * total  # a good set is good for all contenders
        for number, scores in enumerate(contenders):
            for seed in range(design.seeds):
                for index, effect in enumerate(of_sets):
                    share = np.clip(TRUTH + hardness + effect + common[number, seed] + own[number, seed], 0, 1)
                    counts = _counts(rng.binomial(ENTITIES, share))
                    samples = resampled_f1(counts, draw_weights(SENTENCES, RESAMPLES))
                    scores[Cell(str(target), (str(index),), seed)] = samples
    return list(contenders)


def _counts(hits: np.ndarray) -> np.ndarray:
    given = np.full(len(hits), ENTITIES)
    return np.stack([hits, given, given], axis=-1).astype(np.int32)


def satterthwaite(estimate: Estimate) -> bool:
    """Tells whether an interval of one t with Satterthwaite's degrees of freedom covers a truth of zero."""
    variance = sum(part.variance for part in estimate.parts)
    below = sum(part.variance**2 / part.freedom for part in estimate.parts)
    t = -special.stdtrit(variance**2 / below, 0.025) if below else -special.ndtri(0.025)
    return abs(estimate.value) <= t * math.sqrt(variance)


def measure(design: Design, simulations: int) -> dict[str, float]:
    """Shares of simulations whose interval covers the truth; 1 minus that of a difference is the share of p < 0.05."""
    rng = np.random.default_rng([design.seeds, int(10 * design.spread), design.targets, design.sets])
    drawn, hits = design.sets > 1, []
    for _ in range(simulations):
        ours, theirs = draw_contenders(design, rng, 2)
        score, gap = Mean.of(ours, drawn), Mean.of(ours, drawn) - Mean.of(theirs, drawn)
        score, gap = score.estimate, gap.estimate
        off = replace(score, value=score.value - 100 * TRUTH)
        hits.append(
            {
                "score": score.low <= 100 * TRUTH <= score.high, "difference": gap.low <= 0 <= gap.high,
                "score, with one t": satterthwaite(off), "difference, with one t": satterthwaite(gap),
            }
        )  # fmt: skip
    return {name: float(np.mean([hit[name] for hit in hits])) for name in hits[0]}


def families(design: Design, simulations: int, contenders: int = 6) -> float:
    """The share of families of tests, all pairs of equally good contenders, that see any difference after Holm."""
    rng = np.random.default_rng([design.seeds, int(10 * design.spread), contenders])
    seen = 0
    for _ in range(simulations):
        means = [Mean.of(scores) for scores in draw_contenders(design, rng, contenders)]
        gaps = [(means[i] - means[j]).estimate for i in range(contenders) for j in range(i)]
        seen += any(abs(gap.value) > gap.half_width(0.05 / len(gaps)) for gap in gaps)  # Holm's first step
    return seen / simulations


DESIGNS = {
    "1 seed": Design(1),
    "2 seeds": Design(2),
    "3 seeds": Design(3),
    "5 seeds": Design(5),
    "3 seeds, 2 targets": Design(3, targets=2),
    "3 seeds, 3 random sets": Design(3, sets=3, set_spread=3.0),
}


def main() -> None:
    """Prints the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=2000, help="of every number")
    simulations = parser.parse_args().simulations
    heading = f"{' | '.join(f'{spread:g}' for spread in SPREADS)} |\n| --- | --- |{' ---: |' * len(SPREADS)}"
    print(f"| drawn | 95 % interval of the | {heading}")
    for name, design in steps(list(DESIGNS.items()), "simulating"):
        measured = [measure(replace(design, spread=spread), simulations) for spread in SPREADS]
        for column in measured[0]:
            print(f"| {name} | {column} | {' | '.join(f'{shares[column]:.3f}' for shares in measured)} |", flush=True)
    print(f"\n| drawn | families of 15 tests with any p < 0.05 after Holm | {heading}")
    for name in ("3 seeds", "5 seeds"):
        seen = [families(replace(DESIGNS[name], spread=spread), simulations // 2) for spread in SPREADS]
        print(f"| {name} | 6 equal contenders | {' | '.join(f'{share:.3f}' for share in seen)} |", flush=True)


if __name__ == "__main__":
    main()
