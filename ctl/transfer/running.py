"""Stages in order: what will become of each, and running what is not done."""

from __future__ import annotations

from collections.abc import Iterable

from ctl.errors import CTLError
from ctl.system.console import duration, say
from ctl.transfer.stage import Stage


def check_nothing_is_replaced(stages: Iterable[Stage], overwrite: bool) -> None:
    """Stops before the first stage where one would replace a run with other settings.

    Raises:
        CTLError: says what differs, and what to do.
    """
    replaced = [] if overwrite else [stage for stage in stages if stage.is_in_the_way()]
    if not replaced:
        return
    first = next((stage for stage in replaced if stage.changes()), replaced[0])
    raise CTLError(
        f"{first.folder}: there is a run with other settings ({first.changes() or 'what it read was made anew'}); "
        f"choose another --output, or add --overwrite to make {len(replaced)} of its stages anew"
    )


def prospect(stage: Stage) -> str:
    """Says what will become of a stage: nothing, as it is done; or it is run, goes on, or is made anew, and why."""
    if stage.done():
        return "done before"
    if stage.is_in_the_way():
        return f"would be made anew ({stage.changes() or 'what it reads is made anew'}), with --overwrite"
    return "would go on, or make again what is lost" if stage.has_begun() else "would be run"


def run_stages(stages: Iterable[Stage], overwrite: bool = False) -> None:
    """Runs stages in order, skips those that are done, and says what it is doing and how long it has left.

    Args:
        stages: in an order in which they can be run.
        overwrite: replace runs with other settings.

    Raises:
        CTLError: there is a run with other settings, or a stage has failed.
    """
    stages = list(stages)
    check_nothing_is_replaced(stages, overwrite)
    left, seconds, work = sum(stage.work for stage in stages), 0.0, 0.0
    for number, stage in enumerate(stages, 1):
        skipped = stage.done()
        title = f"[{number:>{len(str(len(stages)))}}/{len(stages)}] {stage.title}"
        if not skipped:
            say(f"{title} ...")
        took = stage.seconds() if skipped else stage.run()
        left, seconds, work = left - stage.work, seconds + took, work + stage.work
        rest = f"about {duration(left * seconds / work)} left" if number < len(stages) and work else "all done"
        say(f"{title}: {'done before' if skipped else duration(took)}, {rest}")
