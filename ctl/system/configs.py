"""Configuration files that come with the package, found from any folder by their path; and where the cache is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
        CTLError: the package has none either, or the file holds no settings.
    """
    arguments = list(args)
    for index, argument in enumerate(arguments):
        option, equals, value = argument.partition("=")
        if option in OPTIONS and equals:
            arguments[index] = f"{option}={_checked(_find(value))}"
        elif index and arguments[index - 1] in OPTIONS:
            arguments[index] = _checked(_find(argument))
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


def _checked(name: str) -> str:
    """Gives back the name of a file that is YAML with settings, each there once."""
    import yaml

    try:
        settings = yaml.compose(Path(name).read_text(encoding="utf-8"), yaml.SafeLoader)
    except UnicodeDecodeError:
        raise CTLError(f"{name}: this is no text in UTF-8; a configuration is a YAML file") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f" line {mark.line + 1}:"
        raise CTLError(f"{name}:{line} this is no YAML ({getattr(error, 'problem', None) or 'unreadable'})") from None
    if settings is not None and not isinstance(settings, yaml.MappingNode):
        raise CTLError(f"{name}: a configuration has settings with their values, such as `seed: 1`")
    _check_once(name, settings)
    return name


def _check_once(name: str, node: Any) -> None:  # noqa: ANN401  (a node of YAML)
    """Refuses settings that are there twice: YAML would take the last one without a word."""
    if node is None or isinstance(node.value, str):
        return
    pairs = [pair for pair in node.value if isinstance(pair, tuple)]
    seen: set[str] = set()
    for key, _ in pairs:
        if str(key.value) in seen:
            raise CTLError(f"{name}: line {key.start_mark.line + 1}: {key.value} is there twice")
        seen.add(str(key.value))
    for child in [value for _, value in pairs] or node.value:
        _check_once(name, child)
