"""The conclusions of a study in three sentences, and the tests behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ctl.methods import Method
from ctl.report.contenders import Contender, CurveKey
from ctl.report.findings import Curve, Findings
from ctl.report.statistics import Difference, difference, holm, overtaking

SURE = 0.05


@dataclass(frozen=True)
class PairTest:
    """One contender against another with the largest sets of sources.

    Attributes:
        ours: the contender that is hoped to be better.
        theirs: the other.
        difference: the difference, with a p-value of its own.
        p: corrected for the number of tests.
    """

    ours: Contender
    theirs: Contender
    difference: Difference
    p: float

    @property
    def of_rivals(self) -> bool:
        """Tells whether the other mixes no teachers: it is a single one, or one model of all gold labels."""
        ours, theirs = self.ours.method.kind, self.theirs.method.kind
        return theirs in ("direct", "pooled") and theirs != ours

    @property
    def gap(self) -> str:
        """The difference and its interval."""
        return f"{self.difference.points:+.1f} [{self.difference.low:+.1f}, {self.difference.high:+.1f}]"

    @property
    def doubt(self) -> str:
        """A remark where chance would do as well."""
        return "" if self.p < SURE else f" (not shown, p = {self.p:.2f})"

    def row(self) -> dict[str, str | float]:
        """The row of the table of tests: ``method against points low high p p_holm``."""
        numbers = {name: round(getattr(self.difference, name), 2) for name in ("points", "low", "high")}
        p_values = {"p": round(self.difference.p, 6), "p_holm": round(self.p, 6)}
        return {"method": str(self.ours), "against": str(self.theirs), **numbers, **p_values}


def compare(findings: Findings) -> list[PairTest]:
    """All questions that the methods of a study can answer, with Holm's correction for their number."""
    curves = findings.main_curves
    pairs = [pair for pair in pairs_of(list(curves)) if curves[pair[0]].sizes[-1] == curves[pair[1]].sizes[-1]]
    differences = [difference(curves[ours].samples[:, -1], curves[theirs].samples[:, -1]) for ours, theirs in pairs]
    corrected = holm([each.p for each in differences])
    return [PairTest(*pair, each, p) for pair, each, p in zip(pairs, differences, corrected, strict=True)]


def pairs_of(contenders: Sequence[Contender]) -> Iterator[tuple[Contender, Contender]]:
    """Pairs to be tested: a method and the same without one of its parts; then pooled and the best single teacher."""
    for ours in contenders:
        yield from ((ours, theirs) for theirs in dict.fromkeys(_rivals(ours)) if theirs in contenders)


def _rivals(ours: Contender) -> Iterator[Contender]:
    if ours.pick:
        return
    method = ours.method
    parts = [replace(method, family="")]
    parts += [replace(method, family="llm")] if method.family == "mixed" else []
    parts += [replace(method, of="uniform")] if method.of else []
    parts += [method.ensemble()] if method.kind == "student" else []
    parts += [method.without(option) for option in method.options]
    parts += [method.rival("pooled")] if ours.mixes else []
    yield from (Contender(other) for other in parts if other != method)
    if ours.mixes or method.kind == "pooled":
        yield Contender(method.rival("direct"), "best")


def sentences(findings: Findings, tests: list[PairTest]) -> list[str]:
    """Says how F1 scales, which method wins at the end, and what each part of the method brings."""
    curves = findings.main_curves
    methods = [contender for contender in curves if not contender.is_direct]
    if not methods:
        return ["There are results of direct transfer alone, so there is nothing to compare."]
    best = max(methods, key=lambda contender: float(curves[contender].samples[0, -1]))
    return [_rise(findings, best, curves[best]), _winner(best, curves, tests), _parts(tests)]


def _rise(findings: Findings, best: Contender, curve: Curve) -> str:
    targets, seeds = ", ".join(findings.design["targets"]), len(findings.design["seeds"])
    first, last = curve.sizes[0], curve.sizes[-1]
    score = curve.at(len(curve.sizes) - 1)
    text = f"On {targets} ({_count(seeds, 'seed')}), {best} scores {score:.1f} F1 with {_count(last, 'source')}"
    if first != last:
        gain = difference(curve.samples[:, -1], curve.samples[:, 0])
        text += f", {gain.points:+.1f} [{gain.low:+.1f}, {gain.high:+.1f}] over {_count(first, 'source')}"
    if fit := findings.fits.get(CurveKey(findings.kinds[0], best)):
        text += (
            f"; its fitted curve F1(n) = {fit.a.value:.1f} - {fit.b.value:.1f} n^-{fit.c.value:.2f} ends at {fit.a:.1f}"
        )
    return text + "."


def _winner(best: Contender, curves: Mapping[Contender, Curve], tests: list[PairTest]) -> str:
    parts = [f"{test.gap} over {test.theirs}{test.doubt}" for test in tests if test.ours == best and test.of_rivals]
    behind = [test for test in tests if test.theirs == best]
    if behind:
        next_best = max(behind, key=lambda test: test.difference.points)
        parts.append(f"{next_best.ours} comes next, at {next_best.gap}{next_best.doubt}")
    pooled = Contender(Method("pooled"))
    if best != pooled and pooled in curves and curves[pooled].sizes == curves[best].sizes:
        ahead = overtaking(curves[best].sizes, curves[best].samples, curves[pooled].samples)
        parts.append(f"ahead of pooled from {_count(ahead.at, 'source')} on, in {ahead.certainty:.0%} of the resamples")
    if best.method.kind == "pooled":
        parts += _taught(curves)
    return f"At that size {best} is the best of {len(curves)} methods: {'; '.join(parts) or 'it has no rival here'}."


def _taught(curves: Mapping[Contender, Curve]) -> Iterator[str]:
    """Says how far teachers come, where one model of all gold labels is ahead of them."""
    taught = [(method, index) for method, curve in curves.items() if method.mixes for index in range(len(curve.sizes))]
    if taught:
        method, index = max(taught, key=lambda pair: float(curves[pair[0]].samples[0, pair[1]]))
        sources, score = _count(curves[method].sizes[index], "source"), curves[method].at(index)
        yield f"what teachers make is best with {sources}, {method} at {score:.1f}"


def _parts(tests: list[PairTest]) -> str:
    """Says what weights, distillation and LLM teachers bring a student; an ensemble, where there are no students."""
    parts = [test for test in tests if not test.of_rivals]
    shown = [test for test in parts if test.ours.method.kind == "student"] or parts
    if not shown:
        return "No two methods here differ in one part alone."
    texts = [
        f"{ours} {', '.join(f'{test.gap} against {test.theirs}{test.doubt}' for test in group)}"
        for ours, group in groupby(shown, key=lambda test: test.ours)
    ]
    return f"One part at a time, in points of F1 with the most sources: {'; '.join(texts)}."


def _count(number: int | None, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
