"""The conclusions of a study in a few sentences, and the tests behind them: nothing is said that was not shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from ctl.methods import SEEDS, Method
from ctl.report.contenders import Contender, CurveKey
from ctl.report.findings import Findings
from ctl.report.statistics.estimates import LEVEL, Estimate, bounds, holm
from ctl.report.statistics.means import Cell, Mean, Scores, widest
from ctl.report.statistics.scaling import overtaking

POOLED = Contender(Method("pooled"))
TIE = 1e-9  # points of F1
ONE_SEED = (
    "There is one seed, at least for one target: intervals and p-values are of these models on other test sentences. "
    "They say nothing about other seeds, which may turn any difference around; run three or more."
)


@dataclass(frozen=True)
class PairTest:
    """One contender against another with the largest sets of sources, in the cells that both have.

    Attributes:
        ours: the contender that is hoped to be better.
        theirs: the other.
        estimate: the difference, with a p-value of its own.
        p: corrected for the number of tests.
    """

    ours: Contender
    theirs: Contender
    estimate: Estimate
    p: float

    @property
    def of_rivals(self) -> bool:
        """Tells whether the other mixes no teachers: it is a single one, or one model of all gold labels."""
        ours, theirs = self.ours.method.kind, self.theirs.method.kind
        return theirs in ("direct", "pooled") and theirs != ours

    def __str__(self) -> str:
        return f"{self.estimate:+.1f}{doubt(self.estimate, self.p)}"

    def row(self) -> dict[str, str | float]:
        """The row of the table of tests: ``method against points low high p p_holm cells seeds``."""
        p_values = {"p": float(f"{self.estimate.p:.4g}"), "p_holm": float(f"{self.p:.4g}")}
        counts = {"cells": self.estimate.cells, "seeds": self.estimate.seeds}
        names = {"method": str(self.ours), "against": str(self.theirs)}
        return {**names, **bounds("points", self.estimate), **p_values, **counts}


def doubt(estimate: Estimate, p: float) -> str:
    """A remark behind a difference that is not shown, by its corrected p-value or for want of seeds."""
    if estimate.seeds < 2:
        return " (one seed)"
    return "" if p < LEVEL else f" (not shown, p = {p:.2f})"


def compare(findings: Findings) -> list[PairTest]:
    """All questions that the methods of a study can answer, with Holm's correction for their number."""
    differences = {
        (ours, theirs): mean.estimate
        for ours, theirs in pairs_of(findings.contenders)
        if (mean := findings.difference(ours, theirs)) is not None
    }
    corrected = holm([estimate.p for estimate in differences.values()])
    return [PairTest(*pair, each, p) for (pair, each), p in zip(differences.items(), corrected, strict=True)]


def pairs_of(contenders: Sequence[Contender]) -> Iterator[tuple[Contender, Contender]]:
    """Pairs to be tested: a method and the same without one of its parts; then pooled and the best single teacher.

    A mixture with uniform weights is also compared with seeds of one language: languages, or the number of models?
    """
    for ours in contenders:
        yield from ((ours, theirs) for theirs in dict.fromkeys(_rivals(ours)) if theirs in contenders)
        if ours.method == Method("ensemble", "uniform", family=ours.method.family):
            same = (each for each in contenders if each.method.kind == SEEDS)
            yield from ((ours, theirs) for theirs in same if theirs.method.family == ours.method.family)


def _rivals(ours: Contender) -> Iterator[Contender]:
    if ours.pick or ours.method.upper_bound:
        return
    method = ours.method
    parts = [replace(method, family="")]
    parts += [replace(method, family="llm")] if method.family == "mixed" else []
    parts += [replace(method, of="uniform")] if method.of else []
    parts += [method.ensemble()] if method.kind in ("student", "merged") else []
    parts += [method.without(option) for option in method.options]
    parts += [method.rival("pooled")] if ours.mixes else []
    yield from (Contender(other) for other in parts if other != method)
    if ours.mixes or method.kind == "pooled":
        yield Contender(method.rival("direct"), "best")


@dataclass(frozen=True)
class Contest:
    """All contenders that have the same cells with the largest sets of sources: those of a method that has most.

    Attributes:
        best: the method with the highest F1; no direct teacher, which only the target's gold can choose.
        score: its F1.
        rivals: all others, the best direct teacher among them, and how far the best method is ahead; the nearest first.
        left_out: contenders that lack some of the cells, and how many they have.
        cells: the cells of all that are compared.
        seeds: the number of seeds, of the target that has fewest.
    """

    best: Contender
    score: Estimate
    rivals: dict[Contender, Estimate]
    left_out: dict[Contender, int]
    cells: list[Cell]
    seeds: int

    @classmethod
    def of(cls, findings: Findings) -> Contest | None:
        """Compares all methods of a study; ``None`` where there are results of direct transfer alone."""
        compared = [each for each in findings.contenders if each.pick in ("", "best") and not each.method.upper_bound]
        return cls.among({each: findings.with_most(each) for each in compared}, findings.mean)

    @classmethod
    def among(cls, scores: Mapping[Contender, Scores], mean_of: Callable[[Scores], Mean] = Mean.of) -> Contest | None:
        """Compares contenders by their scores; ``None`` where all of them are direct teachers."""
        methods = [each for each, of_one in scores.items() if of_one and not each.is_direct]
        if not methods:
            return None
        cells = widest([frozenset(scores[each]) for each in methods])
        means = {
            each: mean_of({cell: of_one[cell] for cell in sorted(cells)})
            for each, of_one in scores.items()
            if cells <= set(of_one)
        }
        best = max((each for each in means if not each.is_direct), key=lambda each: means[each].estimate.value)
        rivals = {each: (means[best] - mean).estimate for each, mean in means.items() if each != best}
        nearest_first = dict(sorted(rivals.items(), key=lambda item: item[1].value))
        left_out = {each: len(cells & set(of_one)) for each, of_one in scores.items() if each not in means}
        return cls(best, means[best].estimate, nearest_first, left_out, sorted(cells), means[best].seeds)

    def p(self, rival: Contender) -> float:
        """The p-value against a rival, corrected for the choice of the best method from among all."""
        return min(1.0, self.rivals[rival].p * len(self.rivals))

    @property
    def is_shown(self) -> bool:
        """Tells whether the best method is ahead of every other.

        Each test must show it alone (an intersection-union test); any method might have come out best, so all p-values
        are multiplied by the number of rivals.
        """
        return all(each.value > 0 and each.seeds > 1 and self.p(rival) < LEVEL for rival, each in self.rivals.items())

    def answer(self) -> dict[str, Any]:
        """The result for programs: the best method, and how far it is ahead of each other one, with corrected p."""
        ahead = [
            {"method": str(rival), **bounds("points", gap), "p": self.p(rival)} for rival, gap in self.rivals.items()
        ]
        left_out = {str(each): number for each, number in self.left_out.items()}
        return {
            "best": str(self.best), **bounds("f1", self.score), "seeds": self.seeds, "cells": len(self.cells),
            "is_shown": self.is_shown, "ahead_of": ahead, "not_compared": left_out,
        }  # fmt: skip


def sentences(findings: Findings, tests: Sequence[PairTest]) -> list[str]:
    """Says how F1 scales, which method wins with most sources, and what each part of the method brings."""
    contest = Contest.of(findings)
    if contest is None:
        return ["There are results of direct transfer alone, so there is nothing to compare."]
    said = [_rise(findings, contest.best), _winner(findings, contest, tests), *_left_out(contest), _parts(tests)]
    return [ONE_SEED, *said] if contest.seeds == 1 else said


def _rise(findings: Findings, best: Contender) -> str:
    curve = findings.main_curves[best]
    end, first, last = len(curve.sizes) - 1, curve.sizes[0], curve.sizes[-1]
    text = f"On {_where(findings, curve.cells[-1])}, {best} scores {curve.at(end):.1f} F1 with {_count(last, 'source')}"
    planned = findings.planned(findings.kinds[0], last)
    if len(curve.cells[-1]) < planned:
        text += f" ({len(curve.cells[-1])} of {planned} cells: those that are there with every number of sources)"
    if first != last:
        gain = curve.gain(0, end)
        text += f", {gain:+.1f} over {_count(first, 'source')}{doubt(gain, _corrected_gains(findings)[best])}"
    if fit := findings.fits.get(CurveKey(findings.kinds[0], best)):
        formula = f"F1(n) = {fit.a.value:.1f} - {fit.b.value:.1f} n^-{fit.c.value:.2f}"
        levels_off = f"its fitted curve {formula} ends at {fit.a:.1f}"
        text += f"; {levels_off if fit.levels_off else 'no curve that levels off fits'}"
    return text + "."


def _where(findings: Findings, cells: Sequence[Cell]) -> str:
    """The targets and seeds that a number rests on."""
    present = {cell.target for cell in cells}
    targets = ", ".join(target for target in findings.design["targets"] if target in present)
    return f"{targets} ({_count(len({cell.seed for cell in cells}), 'seed')})"


def _corrected_gains(findings: Findings) -> dict[Contender, float]:
    """The p-values of every curve's gain from the fewest to the most sources, corrected for their number."""
    curves = {each: curve for each, curve in findings.main_curves.items() if len(curve.sizes) > 1}
    p_values = [curve.gain(0, len(curve.sizes) - 1).p for curve in curves.values()]
    return dict(zip(curves, holm(p_values), strict=True))


def _winner(findings: Findings, contest: Contest, tests: Iterable[PairTest]) -> str:
    best, planned = contest.best, findings.planned(findings.kinds[0], findings.most)
    with_most = f"With {_count(findings.most, 'source')}"
    with_most += f" ({len(contest.cells)} of {planned} cells)" if len(contest.cells) < planned else ""
    if not contest.rivals:
        return f"{with_most} there is no other method to compare {best} with."
    nearest = next(iter(contest.rivals))
    parts = [lead(contest, nearest)]
    parts += [f"{test} over {test.theirs}" for test in tests if _is_rival(test, best) and test.theirs != nearest]
    if best != POOLED and POOLED in contest.rivals:
        parts += _overtakes_pooled(findings, best)
    return f"{with_most} {'; '.join(parts)}."


def _is_rival(test: PairTest, best: Contender) -> bool:
    return test.ours == best and test.of_rivals


def lead(contest: Contest, nearest: Contender) -> str:
    """Says how the best method stands to all others, in the words that the difference from the nearest one carries."""
    best, gap = contest.best, contest.rivals[nearest]
    methods = _count(1 + sum(not rival.is_direct for rival in contest.rivals), "method")
    remark = doubt(gap, contest.p(nearest))
    if contest.is_shown:
        others = "all that have these cells" if contest.left_out else "all others"
        return f"{best} is ahead of {others}: {gap:+.1f} over {nearest}, which comes next"
    if gap.value < 0:
        return (
            f"{nearest}, which the target's gold alone can choose, scores highest; {best} has the highest F1 of "
            f"{methods}, {gap:+.1f} against it{remark}"
        )
    level = [str(rival) for rival, each in contest.rivals.items() if abs(each.value) < TIE]
    if level:
        return f"the highest F1 of {methods} is that of {best}, level with {', '.join(level)}"
    return (
        f"{best} has the highest F1 of {methods}, but is not shown to be ahead of all others: "
        f"{gap:+.1f} over {nearest}, which comes next{remark}"
    )


def _overtakes_pooled(findings: Findings, best: Contender) -> Iterator[str]:
    gaps = findings.difference_curve(best, POOLED)
    if gaps is None or len(gaps.sizes) < 2 or gaps.sizes[-1] != findings.most:
        return
    ahead = overtaking(gaps.sizes, gaps.samples)
    if ahead.at is not None and gaps.at(0).seeds > 1:
        yield f"ahead of pooled from {_count(ahead.at, 'source')} on, in {ahead.certainty:.0%} of the draws"


def _left_out(contest: Contest) -> Iterator[str]:
    if contest.left_out:
        names = ", ".join(f"{each} ({number} of {len(contest.cells)})" for each, number in contest.left_out.items())
        yield f"Not compared with these, as cells with most sources are missing: {names}."


def _parts(tests: Iterable[PairTest]) -> str:
    """Says what weights, distillation and LLM teachers bring a student; an ensemble, where there are no students."""
    parts = [test for test in tests if not test.of_rivals]
    shown = [test for test in parts if test.ours.method.kind == "student"] or parts
    if not shown:
        return "No two methods here differ in one part alone."
    texts = [
        f"{ours} {', '.join(f'{test} against {test.theirs}' for test in group)}"
        for ours, group in groupby(shown, key=lambda test: test.ours)
    ]
    return f"One part at a time, in points of F1 with the most sources: {'; '.join(texts)}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
