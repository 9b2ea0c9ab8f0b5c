"""Configuration files that come with the package, found from any folder by their path; and where the cache is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ctl.errors import CTLError
from ctl.system.console import notice

HERE = Path(__file__).parents[1]
ROOT = HERE if (HERE / "configs").is_dir() else HERE.parent  # the package as installed, or the checkout


OPTIONS = ("-c", "--config")
RENAMED = {"configs/llm_teacher.yaml": "configs/generative_teacher.yaml"}  # still found by the name they had


def cache_folder(name: str) -> Path:
    """Returns a folder of the cache, ``~/.cache/ctl`` or what ``CTL_CACHE`` names, which can be removed at any time."""
    return Path(os.environ.get("CTL_CACHE") or "~/.cache/ctl").expanduser() / name


def find_configs(args: Sequence[str]) -> list[str]:
    """Replaces every ``--config FILE`` that is not found from here by the file that comes with the package.

    Raises:
        CTLError: the package has none either.
    """
    arguments = list(args)
    for index, argument in enumerate(arguments):
        option, equals, value = argument.partition("=")
        if option in OPTIONS and equals:
            arguments[index] = f"{option}={_find(value)}"
        elif index and arguments[index - 1] in OPTIONS:
            arguments[index] = _find(argument)
    return arguments


def _find(name: str) -> str:
    if Path(name).is_file():
        return name
    if (ROOT / name).is_file():
        return str(ROOT / name)
    if new := RENAMED.get(name):
        notice(f"{name} is called {new} now")
        return _find(new)
    shipped = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "configs").rglob("*.yaml"))
    raise CTLError(f"no file {name}, here or in the package, which has: {' '.join(shipped)}")
