"""Configuration files that come with the package: found from any folder by the path they have in the repository."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ctl.errors import CTLError

HERE = Path(__file__).parents[1]
ROOT = HERE if (HERE / "configs").is_dir() else HERE.parent  # the package as installed, or the checkout


def find_configs(args: Sequence[str]) -> list[str]:
    """Arguments in which every ``--config FILE`` that is not found from here is the file that comes with the package.

    Raises:
        CTLError: there is none either.
    """
    found = list(args)
    for index, argument in enumerate(found):
        option, equals, value = argument.partition("=")
        if option in ("-c", "--config") and equals:
            found[index] = f"{option}={_find(value)}"
        elif index and found[index - 1] in ("-c", "--config"):
            found[index] = _find(argument)
    return found


def _find(name: str) -> str:
    if Path(name).is_file():
        return name
    if (ROOT / name).is_file():
        return str(ROOT / name)
    shipped = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "configs").rglob("*.yaml"))
    raise CTLError(f"no file {name}, here or in the package, which has: {' '.join(shipped)}")
