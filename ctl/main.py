"""The command line: a table of commands, each loaded only when it is called, and how they end."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentError
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module

from ctl.command_table import ALL, COMMANDS, ONE_STAGE, help_text

NOTHING_TO_GO_ON = (  # they begin anew
    "tag", "export", "serve", "review", "inspect", "report", "data", "sources", "doctor", "completion",
)  # fmt: skip


def main(args: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit status: 0; 1 or 2 after an error (see `CTLError`); 130 when interrupted.

    Args:
        args: the command line without the program's name; `sys.argv` by default.
    """
    arguments = list(sys.argv[1:] if args is None else args)
    traceback = "--traceback" in arguments
    arguments = [argument for argument in arguments if argument != "--traceback"]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(help_text(), end="")
        return 0
    if arguments[0] == "--version":
        from importlib.metadata import version

        print(f"ctl {version('ctl')}")
        return 0
    from ctl.system.signals import ENDS_WITH_PARENT, GO_ON, end_with_parent, stoppable

    if ENDS_WITH_PARENT in os.environ:
        end_with_parent()
    with stoppable("" if arguments[0] in NOTHING_TO_GO_ON else GO_ON) as stop:
        try:
            _run(arguments)
        except BrokenPipeError:  # who reads has read enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except Exception as error:
            if traceback or not isinstance(error, _mistakes()):
                raise
            from ctl.system.console import say

            say(f"ctl: error: {_in_one_line(error)}")
            return getattr(error, "status", 2)
    return stop.status


def _in_one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:  # a full disk, a folder that can't be written to
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, ArgumentError):
        from ctl.system.parsing.parser_errors import in_one_line

        return in_one_line(str(error))
    return str(error)


def _run(arguments: list[str]) -> None:
    from ctl.commands.help import main as check_or_help
    from ctl.errors import CTLError
    from ctl.system.configs import find_configs
    from ctl.system.console import quiet

    name, rest = arguments[0], arguments[1:]
    if name in COMMANDS[ONE_STAGE] or name.startswith("-"):
        name, rest = "fit", arguments  # LightningCLI finds its own command, behind options as well
    if name not in ALL:
        close = get_close_matches(name, ALL, n=1, cutoff=0.5)
        raise CTLError(
            f"unknown command {name}: " + (f"did you mean {close[0]}?" if close else f"there are {', '.join(ALL)}")
        )
    quiet()
    rest = find_configs(rest)
    if arguments[0] in ALL:
        check_or_help(arguments[0], rest)
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        import_module(ALL[name].module).main(rest)
    except SystemExit as end:
        if isinstance(end.__context__, KeyboardInterrupt):  # Lightning's own way to end
            raise KeyboardInterrupt from end
        raise


def _mistakes() -> tuple[type[Exception], ...]:
    """Errors that the user can mend: our own, those of parsers, those of Lightning for its settings, a full disk."""
    from ctl.errors import CTLError

    if "lightning" not in sys.modules:
        return CTLError, ArgumentError, OSError
    from lightning.fabric.utilities.exceptions import MisconfigurationException

    return CTLError, ArgumentError, OSError, MisconfigurationException
