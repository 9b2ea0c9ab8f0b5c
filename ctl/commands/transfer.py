"""``ctl transfer``: every stage for one target language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from jsonargparse import ArgumentParser

from ctl.callbacks.logger_settings import grouped, sweep_folder
from ctl.errors import CTLError
from ctl.methods import expand_methods, with_few
from ctl.system.locks import held
from ctl.transfer.checks import check_few, check_untagged
from ctl.transfer.run import Transfer
from ctl.transfer.settings import TransferSettings, add_settings, check_weights, read_settings, with_types
from ctl.transfer.teachers.ready import basic_methods, check_methods


def main(args: Sequence[str]) -> None:
    """Runs ``ctl transfer`` with these arguments.

    Raises:
        CTLError: before any training, where the settings or the data can't be used.
    """
    transfer = parse(args)
    if transfer.settings.dry_run:
        transfer.dry_run()
        return
    folder = transfer.settings.folder
    busy = CTLError(f"{folder}: another run writes there; wait for it or choose another --output")
    try:
        with held(folder / ".lock", busy):
            transfer.run()
    except OSError as error:
        raise CTLError(f"{error.filename or folder}: {error.strerror or error}") from error


def parse(args: Sequence[str]) -> Transfer:
    """Reads the command line and its configuration files.

    Raises:
        CTLError: the settings contradict each other.
    """
    settings, objects = read_settings(TransferSettings, make_parser(), args)
    settings = replace(settings, sources=list(dict.fromkeys([*settings.sources, *settings.ready, *settings.silvered])))
    sources, target = settings.sources, settings.target
    settings, data = with_types(settings, objects.data, settings.gold)
    names = basic_methods(settings.ready, sources) if settings.methods is None else settings.methods
    if settings.few_labels:
        names = with_few(names, len(sources), settings.llm_backbone is not None)
    methods = expand_methods(names, sources, target, decoder=settings.llm_backbone is not None)
    check_few(methods, settings)
    check_methods(methods, settings.ready, sources)
    check_untagged(settings, methods)
    check_weights(methods, settings.weights, sources)
    settings = replace(settings, output=settings.output or sweep_folder() or str(settings.folder))
    settings = replace(settings, trainer=grouped(settings.trainer, settings.folder))
    return Transfer(settings, methods, data.of(sources, target))


@cache
def make_parser() -> ArgumentParser:
    """The options of ``ctl transfer``: its own, and those of the data module, the models and the Trainer."""
    parser = ArgumentParser(
        exit_on_error=False,
        prog="ctl transfer",
        usage="ctl transfer --config FILE [--sources '[LANG,...]' --target LANG] [options]",
        description="Runs every stage from labelled source languages to a scored student, and resumes where it was "
        "killed. Example: ctl transfer --config configs/transfer/quickstart.yaml --output runs/try",
    )
    parser.add_argument("-c", "--config", action="config", help="YAML file with any of these options.")
    parser.add_argument("--dry_run", action="store_true", help="Say what would be run or made anew; run nothing.")
    add_settings(parser, TransferSettings)
    return parser
