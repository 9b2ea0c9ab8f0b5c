"""The answer of a study in three sentences, and the tests behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from ctl.methods import Method
from ctl.report.findings import Curve, Findings, is_direct
from ctl.report.statistics import Difference, difference, holm, overtaking

SURE = 0.05


@dataclass(frozen=True)
class Test:
    """One method against another with the largest sets of sources.

    Attributes:
        ours: the method that is hoped to be better.
        theirs: the other.
        found: the difference, with a p-value of its own.
        p: corrected for the number of tests.
    """

    ours: str
    theirs: str
    found: Difference
    p: float

    @property
    def of_rivals(self) -> bool:
        """Whether the other is what no teachers are mixed for: a single one, or one model of all gold labels."""
        ours, theirs = (Method.split(name.removeprefix("best ")).kind for name in (self.ours, self.theirs))
        return theirs in ("direct", "pooled") and theirs != ours

    @property
    def gap(self) -> str:
        """The difference and its interval."""
        return f"{self.found.points:+.1f} [{self.found.low:+.1f}, {self.found.high:+.1f}]"

    @property
    def doubt(self) -> str:
        """What must be added where chance would do as well."""
        return "" if self.p < SURE else f" (not shown, p = {self.p:.2f})"

    def row(self) -> dict[str, str]:
        """Of the table of tests."""
        points = {"points": self.found.points, "low": self.found.low, "high": self.found.high}
        signed = {name: f"{value:+.2f}" for name, value in points.items()}
        return {
            "method": self.ours,
            "against": self.theirs,
            **signed,
            "p": f"{self.found.p:.4f}",
            "p (Holm)": f"{self.p:.4f}",
        }


def compare(findings: Findings) -> list[Test]:
    """All questions that the methods of a study can answer, with Holm's correction for their number."""
    curves = {method: curve for (kind, method), curve in findings.curves.items() if kind == findings.kinds[0]}
    pairs = [(ours, theirs) for ours, theirs in _pairs(list(curves)) if _same_end(curves[ours], curves[theirs])]
    found = [difference(curves[ours].samples[:, -1], curves[theirs].samples[:, -1]) for ours, theirs in pairs]
    corrected = holm([one.p for one in found])
    return [Test(*pair, one, p) for pair, one, p in zip(pairs, found, corrected, strict=True)]


def _pairs(methods: list[str]) -> Iterator[tuple[str, str]]:
    """Whom to compare with whom: with what lacks one part of it; then with pooled and the best teacher."""
    for name in methods:
        method = Method.split(name)
        mixes = method.kind in ("ensemble", "student")
        others = [replace(method, family="")]
        others += [replace(method, family="llm")] if method.family == "mixed" else []
        others += [replace(method, of="uniform")] if method.of else []
        others += [method.ensemble()] if method.kind == "student" else []
        others += [method.without(option) for option in method.options]
        others += [method.rival("pooled")] if mixes else []
        rivals = [f"best {method.rival('direct')}"] if mixes or method.kind == "pooled" else []
        told = dict.fromkeys([*map(str, others), *rivals])
        yield from ((name, other) for other in told if other in methods and other != name)


def _same_end(one: Curve, other: Curve) -> bool:
    return one.sizes[-1] == other.sizes[-1]


def sentences(findings: Findings, tests: list[Test]) -> list[str]:
    """How F1 scales, which method wins at the end, and what each part of the method brings."""
    kind = findings.kinds[0]
    curves = {method: curve for (k, method), curve in findings.curves.items() if k == kind}
    best = max((m for m in curves if not is_direct(m)), key=lambda m: curves[m].samples[0, -1], default="")
    if not best:
        return ["There are results of direct transfer alone, so there is nothing to compare."]
    return [_rise(findings, best, curves[best]), _winner(best, curves, tests), _parts(tests)]


def _rise(findings: Findings, best: str, curve: Curve) -> str:
    targets, seeds = ", ".join(findings.design["targets"]), len(findings.design["seeds"])
    first, last = curve.sizes[0], curve.sizes[-1]
    score = curve.at(len(curve.sizes) - 1)
    told = f"On {targets} ({_count(seeds, 'seed')}), {best} scores {score:.1f} F1 with {_count(last, 'source')}"
    if first != last:
        gain = difference(curve.samples[:, -1], curve.samples[:, 0])
        told += f", {gain.points:+.1f} [{gain.low:+.1f}, {gain.high:+.1f}] over {_count(first, 'source')}"
    if fit := findings.fits.get((findings.kinds[0], best)):
        told += (
            f"; its fitted curve F1(n) = {fit.a.value:.1f} - {fit.b.value:.1f} n^-{fit.c.value:.2f} ends at {fit.a:.1f}"
        )
    return told + "."


def _winner(best: str, curves: dict[str, Curve], tests: list[Test]) -> str:
    told = [f"{t.gap} over {t.theirs}{t.doubt}" for t in tests if t.ours == best and t.of_rivals]
    behind = [test for test in tests if test.theirs == best]
    if behind:
        next_best = max(behind, key=lambda test: test.found.points)
        told.append(f"{next_best.ours} comes next, at {next_best.gap}{next_best.doubt}")
    if best != "pooled" and "pooled" in curves and curves["pooled"].sizes == curves[best].sizes:
        ahead = overtaking(curves[best].sizes, curves[best].samples, curves["pooled"].samples)
        told.append(f"ahead of pooled from {_count(ahead.at, 'source')} on, in {ahead.certainty:.0%} of the resamples")
    if best.endswith("pooled"):
        told += _taught(curves)
    return f"At that size {best} is the best of {len(curves)} methods: {'; '.join(told) or 'it has no rival here'}."


def _taught(curves: dict[str, Curve]) -> Iterator[str]:
    """How far teachers come, where one model of all gold labels is ahead of them."""
    taught = [(method, place) for method, curve in curves.items() if ":" in method for place in range(len(curve.sizes))]
    if taught:
        method, place = max(taught, key=lambda one: curves[one[0]].samples[0, one[1]])
        sources, score = _count(curves[method].sizes[place], "source"), curves[method].at(place)
        yield f"what teachers make is best with {sources}, {method} at {score:.1f}"


def _parts(tests: list[Test]) -> str:
    """What its weights, distillation and LLM teachers bring a student; an ensemble, where there are no students."""
    parts = [test for test in tests if not test.of_rivals]
    shown = [test for test in parts if "student:" in test.ours] or parts
    if not shown:
        return "No two methods here differ in one part alone."
    told = [
        f"{ours} {', '.join(f'{test.gap} against {test.theirs}{test.doubt}' for test in group)}"
        for ours, group in groupby(shown, key=lambda test: test.ours)
    ]
    return f"One part at a time, in points of F1 with the most sources: {'; '.join(told)}."


def _count(number: int | None, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
