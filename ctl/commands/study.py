"""``ctl study``: a transfer for every target, set of sources and seed, and how scores scale."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from jsonargparse import ArgumentParser

from ctl.callbacks.logger_settings import grouped
from ctl.commands.report import write_report
from ctl.errors import CTLError
from ctl.study.cells import is_done, part_of_shard
from ctl.study.estimate import Assumed, print_estimate
from ctl.study.grid import Study
from ctl.study.subsets import Subsets
from ctl.study.workers import run_cells
from ctl.transfer.settings import add_settings, check_weights, plain_settings

BASIC = ("direct", "pooled", "ensemble:uniform", "ensemble:learned", "student:uniform", "student:learned")


def main(args: Sequence[str]) -> None:
    """Runs ``ctl study`` with these arguments.

    Raises:
        CTLError: before any training, where the settings or the data can't be used; at the end, where a cell failed.
    """
    study = parse(args)
    if study.settings["dry_run"]:
        if not study.assumed.sentences:
            study.data.prepare_data()  # artificial languages are made
        plans = {cell: study.plan(cell) for cell in study.share}
        finished = [plan for cell, plan in plans.items() if is_done(cell, plan)]
        jobs, title = study.settings["jobs"] or 1, str(study.output)
        print_estimate(list(plans.values()), finished, study.assumed, jobs, title)
        return
    study.prepare()
    failed = run_cells(study, study.settings["jobs"], partial(parse, list(args)))
    write_report(study.output)
    if failed:
        raise CTLError(
            f"{failed} of {len(study.cells)} cells failed (see the report); the same command tries them anew"
        )


def parse(args: Sequence[str]) -> Study:
    """Reads the command line and its configuration files.

    Raises:
        CTLError: the settings contradict each other.
    """
    parser = make_parser()
    parsed = parser.parse_args(list(args))
    made = parser.instantiate_classes(parsed)
    settings = plain_settings(parsed)
    settings["trainer"] = grouped(settings["trainer"], Path(parsed.output))
    settings["methods"] = list(dict.fromkeys(parsed.methods or BASIC))
    everything = list(dict.fromkeys([*parsed.languages, *parsed.targets]))
    settings["pretrain_languages"] = parsed.pretrain_languages or everything  # one backbone for all cells
    data = made.data.of((), None, settings["data"].get("limit"))
    study = Study(settings, made.subsets, made.estimate, data, Path(parsed.output))
    for target in study.targets:
        methods = [m for found in study.methods(study.pool(target)).values() for m in found]
        check_weights(methods, parsed.weights, study.pool(target))
    part_of_shard(settings["shard"])
    return study


def make_parser() -> ArgumentParser:
    """The options of ``ctl study``: its own, and those of a transfer."""
    parser = ArgumentParser(
        prog="ctl study",
        usage="ctl study --config FILE [options]",
        description="Runs a transfer for every target, set of sources and seed, and reports how scores scale. Example: "
        "ctl study --config configs/study/quickstart.yaml",
    )
    parser.add_argument("-c", "--config", action="config", help="YAML file with any of these options.")
    parser.add_argument("--languages", type=list[str], required=True, help="Labelled languages: what may be a source.")
    parser.add_argument("--targets", type=list[str], required=True, help="The languages to tag.")
    parser.add_argument("--seeds", type=list[int], default=[0, 1, 2], help="Every cell is run with each.")
    parser.add_argument("--output", type=str, default="runs/study", help="The study's folder.")
    parser.add_argument("--shard", type=str, default="1/1", help="Run only this part of the cells, 1/8 to 8/8.")
    parser.add_argument(
        "--jobs", type=int | None, default=None, help="Cells run at once; by default one on every GPU, or one."
    )
    parser.add_argument(
        "--keep_models", type=bool, default=True, help="Keep the students' checkpoints when their cell is done."
    )
    parser.add_argument("--dry_run", action="store_true", help="Say what would be run and how long it would take.")
    parser.add_class_arguments(Subsets, "subsets")
    parser.add_class_arguments(Assumed, "estimate")
    add_settings(parser)
    return parser
