"""The command line: LightningCLI's fit, validate, test and predict, and the commands that run several of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

HELP = """usage: ctl COMMAND [--config FILE] [options]

Train a named-entity tagger for a language without labelled data.

One language, from sources to scored student
  transfer    every stage for one target        ctl transfer --config configs/transfer/quickstart.yaml

Many runs
  report      compare them                      ctl report runs/ablation

One stage (LightningCLI: every Trainer option, `ctl fit --help`)
  fit         train a teacher or student        ctl fit --config configs/teacher.yaml
  validate    score it on source validation     ctl validate --config configs/teacher.yaml --ckpt_path CKPT
  test        score it on the target            ctl test --config configs/teacher.yaml --ckpt_path CKPT
  predict     write soft labels or weights      ctl predict --config configs/teacher.yaml --ckpt_path CKPT

options
  --version     print the version
  --traceback   show where an error came from
"""


def main(args: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit status: 0, 2 after a user's mistake, 130 after an interrupt.

    Args:
        args: the command line without the program's name; `sys.argv` by default.
    """
    arguments = list(sys.argv[1:] if args is None else args)
    traceback = "--traceback" in arguments
    arguments = [argument for argument in arguments if argument != "--traceback"]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0
    if arguments[0] == "--version":
        from importlib.metadata import version

        print(f"ctl {version('ctl')}")
        return 0
    from ctl.errors import CTLError
    from ctl.notices import quiet

    quiet()
    from ctl.signals import stoppable

    with stoppable() as stop:
        try:
            _command(arguments)
        except Exception as error:
            if traceback or not isinstance(error, (CTLError, OSError, *_lightnings_own())):
                raise
            print(f"ctl: error: {_in_one_line(error)}", file=sys.stderr)
            return 2
    return stop.status


def _in_one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:  # a full disk, a folder that can't be written to
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _lightnings_own() -> tuple[type[Exception], ...]:
    """What Lightning raises for settings that can't be used."""
    from lightning.fabric.utilities.exceptions import MisconfigurationException

    return (MisconfigurationException,)


def _command(arguments: list[str]) -> None:
    match arguments[0]:
        case "transfer":
            from ctl.transfer import main as transfer

            transfer(arguments[1:])
        case "report":
            from ctl.report import main as report

            report(arguments[1:])
        case _:
            from ctl.cli import run

            os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
            run(arguments)
