"""``ctl study``: a transfer for every target, set of sources and seed, and how scores scale."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from jsonargparse import ArgumentParser

from ctl.callbacks.logger_settings import grouped
from ctl.commands.report import check_output, write_report
from ctl.errors import CTLError
from ctl.methods import FEW, Method, with_few
from ctl.study.cells import part_of_shard
from ctl.study.estimate import Assumed
from ctl.study.executors.choice import make_executor
from ctl.study.forecast import Forecast
from ctl.study.grid import Study
from ctl.study.run import run_cells
from ctl.study.subsets import Subsets
from ctl.transfer.checks import check_untagged
from ctl.transfer.planner import check_family_stays
from ctl.transfer.running import check_nothing_is_replaced, prospect
from ctl.transfer.settings import StudySettings, add_settings, check_weights, read_settings, with_types
from ctl.transfer.teachers.ready import check_methods

BASIC = (
    "direct",
    "pooled",
    "ensemble:uniform",
    "ensemble:learned",
    "student:uniform",
    "student:learned",
    "student:pooled",
)
BASIC_READY = ("direct", "ensemble:uniform", "ensemble:truth", "student:uniform", "student:truth")  # with --teachers


def main(args: Sequence[str]) -> None:
    """Runs ``ctl study`` with these arguments.

    Raises:
        CTLError: before any training, where the settings or the data can't be used; at the end, where a cell failed.
    """
    study = parse(args)
    if study.settings.dry_run:
        print_what_it_takes(study)
        return
    check_output(study.output)
    with closing(make_executor(study.settings)) as executor:
        study.prepare()
        check_nothing_is_replaced(study.stages(), study.settings.overwrite)
        failed = run_cells(study, executor)
    write_report(study.output)
    if failed:
        raise CTLError(
            f"{failed} of {len(study.cells)} cells failed (see the report); the same command tries them anew"
        )


def print_what_it_takes(study: Study) -> None:
    """Prints which stages are done and left, and how long they will take; runs none."""
    if not study.assumed.sentences:
        check_family_stays(study.data, overwrite=False)
        study.data.prepare_data()  # artificial languages are made
    for stage in study.stages():
        if stage.is_in_the_way():
            print(f"{stage.folder}: {stage.title}: {prospect(stage)}")
    graph = study.graph(study.share)
    forecast = Forecast(study.stages(), graph, study.assumed)
    forecast.show(partial(study.keeping, graph), study.settings.jobs or 1, f"{study.output}: {len(study.share)} cells")


def parse(args: Sequence[str]) -> Study:
    """Reads the command line and its configuration files.

    Raises:
        CTLError: the settings contradict each other.
    """
    given, objects = read_settings(StudySettings, make_parser(), args)
    given = replace(given, languages=list(dict.fromkeys([*given.languages, *given.untagged])))
    for name in ("languages", "targets", "seeds"):
        if not getattr(given, name):
            raise CTLError(f"--{name}: []: name at least one")
    every_language = [name for name in dict.fromkeys([*given.languages, *given.targets]) if name not in given.ready]
    settings = replace(
        given,
        trainer=grouped(given.trainer, Path(given.output)),
        methods=_methods(given),
        seeds=list(dict.fromkeys(given.seeds)),
        pretrain_languages=given.pretrain_languages or every_language,  # one backbone for all cells
    )
    gold = [language for language in settings.languages if language not in settings.untagged]
    settings, data = with_types(settings, objects.data, gold)
    study = Study(settings, objects.subsets, objects.estimate, data)
    for target in study.targets:
        pool, transfer = study.pool(target), study.transfer(target)
        methods = study.all_methods(pool, target)
        check_methods(methods, transfer.ready, pool)
        check_untagged(transfer, methods)
        check_weights(methods, settings.weights, pool)
    part_of_shard(settings.shard)
    return study


def _methods(given: StudySettings) -> list[str]:
    """The methods that are scored, with the zero-shot student of every one that goes on with labelled sentences.

    Raises:
        CTLError: labelled sentences are named and not used, or used and not named.
    """
    names = list(given.methods or (BASIC_READY if given.ready else BASIC))
    if given.data.get("few") is not None:
        raise CTLError("--data.few: a study draws its labelled sentences: give their numbers, --few '[0,10,50,100]'")
    if any(given.few or ()):
        names = with_few(names, len(given.languages), given.llm_backbone is not None)
        names = [*(str(Method.split(name).without(FEW)) for name in names if name.endswith(f"+{FEW}")), *names]
        if not any(Method.split(name).kind == "student" and not Method.split(name).sees_few for name in names):
            raise CTLError("--few: how many labelled sentences is which student worth? add one to --methods")
    elif seeing := [name for name in names if Method.split(name).sees_few]:
        raise CTLError(f"method {seeing[0]} sees a few labelled sentences: give their numbers, --few '[0,10,50,100]'")
    return list(dict.fromkeys(names))


@cache
def make_parser() -> ArgumentParser:
    """The options of ``ctl study``: its own, and those of a transfer."""
    parser = ArgumentParser(
        exit_on_error=False,
        prog="ctl study",
        usage="ctl study --config FILE [options]",
        description="Runs a transfer for every target, set of sources and seed, and reports how scores scale. Example: "
        "ctl study --config configs/study/quickstart.yaml",
    )
    parser.add_argument("-c", "--config", action="config", help="YAML file with any of these options.")
    parser.add_argument("--dry_run", action="store_true", help="Say what would be run and how long it would take.")
    parser.add_class_arguments(Subsets, "subsets")
    parser.add_class_arguments(Assumed, "estimate")
    add_settings(parser, StudySettings)
    return parser
