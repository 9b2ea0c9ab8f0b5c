"""The answer of plain runs, target by target: which method, under which settings, is ahead of all others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ctl.report.conclusions import ONE_SEED, Contest, lead
from ctl.report.contenders import Contender
from ctl.report.plain_runs.comparison import Comparison, mean_of, scores_of
from ctl.report.plain_runs.settings import Group
from ctl.report.statistics.means import Scores


def contests(comparison: Comparison) -> dict[str, Contest]:
    """Compares all methods by target; a target that has direct transfer alone is left out."""
    found = {target: Contest.among(_scores(comparison, target)) for target in comparison.targets}
    return {target: contest for target, contest in found.items() if contest is not None}


def _scores(comparison: Comparison, target: str) -> dict[Contender, Scores]:
    """F1 of all that see no labels of a target, and of the one direct teacher that is best on it."""
    groups = [each for each in comparison.groups if each.target == target and not _sees_labels(each)]
    direct = [each for each in groups if comparison.contender(each).is_direct]
    best = max(direct, key=lambda each: mean_of(each.runs).estimate.value, default=None)
    compared = [each for each in groups if each not in direct or each == best]
    return {comparison.contender(each): scores_of(each.runs) for each in compared}


def _sees_labels(group: Group) -> bool:
    method = group.runs[0].method
    return method.upper_bound or method.sees_few


def headline(contests: Mapping[str, Contest]) -> Iterator[str]:
    """Says for every target which method is best and how sure that is."""
    if any(contest.seeds == 1 for contest in contests.values()):
        yield ONE_SEED
    if not contests:
        yield "There are results of direct transfer alone, so there is nothing to compare."
    for target, contest in contests.items():
        seeds = f"{contest.seeds} seed{'s' * (contest.seeds > 1)}"
        best = lead(contest, next(iter(contest.rivals))) if contest.rivals else "there is no other method"
        yield f"On {target} ({seeds}): {best}. {contest.best} scores {contest.score:.1f} F1."
        if contest.left_out:
            names = ", ".join(map(str, contest.left_out))
            yield f"Not compared on {target}, as they were not run with all of these seeds: {names}."
