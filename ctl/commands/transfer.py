"""``ctl transfer``: every stage for one target language."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout
from jsonargparse import ArgumentParser

from ctl.callbacks.logger_settings import grouped, sweep_folder
from ctl.errors import CTLError
from ctl.methods import expand_methods
from ctl.transfer.run import Transfer
from ctl.transfer.settings import add_settings, check_weights, plain_settings


def main(args: Sequence[str]) -> None:
    """Runs ``ctl transfer`` with these arguments.

    Raises:
        CTLError: before any training, where the settings or the data can't be used.
    """
    transfer = parse(args)
    try:
        transfer.output.mkdir(parents=True, exist_ok=True)
        with FileLock(transfer.output / ".lock", timeout=0):
            transfer.run()
    except Timeout:
        raise CTLError(f"{transfer.output}: another run writes there; wait for it or choose another --output") from None
    except OSError as error:
        raise CTLError(f"{error.filename or transfer.output}: {error.strerror or error}") from error


def parse(args: Sequence[str]) -> Transfer:
    """Reads the command line and its configuration files.

    Raises:
        CTLError: the settings contradict each other.
    """
    parser = make_parser()
    parsed = parser.parse_args(list(args))
    settings = plain_settings(parsed)
    methods = expand_methods(parsed.methods, parsed.sources, parsed.target, decoder=parsed.llm_backbone is not None)
    check_weights(methods, parsed.weights, parsed.sources)
    settings["output"] = parsed.output or sweep_folder() or f"runs/{parsed.target}-from-{'-'.join(parsed.sources)}"
    settings["trainer"] = grouped(settings["trainer"], Path(settings["output"]))
    data = parser.instantiate_classes(parsed).data.of(parsed.sources, parsed.target, settings["data"].get("limit"))
    return Transfer(settings, methods, data, Path(settings["output"]))


def make_parser() -> ArgumentParser:
    """The options of ``ctl transfer``: its own, and those of the data module, the models and the Trainer."""
    parser = ArgumentParser(
        prog="ctl transfer",
        usage="ctl transfer --config FILE [--sources '[LANG,...]' --target LANG] [options]",
        description="Runs every stage from labelled source languages to a scored student, and resumes where it was "
        "killed. Example: ctl transfer --config configs/transfer/quickstart.yaml --output runs/try",
    )
    parser.add_argument("-c", "--config", action="config", help="YAML file with any of these options.")
    parser.add_argument("--sources", type=list[str], required=True, help="Labelled languages, e.g. '[en,nl,es]'.")
    parser.add_argument("--target", type=str, required=True, help="The language to tag.")
    parser.add_argument("--seed", type=int, default=0, help="Of all models and of the order of the data.")
    parser.add_argument("--output", type=str | None, default=None, help="The run's folder; by default under runs/.")
    add_settings(parser)
    return parser
