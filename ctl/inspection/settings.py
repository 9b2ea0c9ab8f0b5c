"""A run's settings of its data as plain values that are checked: a stranger's run is data, and nothing in it is run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import yaml

from ctl.data.reading.form import SPLITS
from ctl.data.reading.hub import HubDataset
from ctl.data.words import UnicodeForm
from ctl.errors import CTLError, first_line
from ctl.system.files import moved
from ctl.system.names import LANGUAGE

Settings = dict[str, Any]

REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")  # of the Hub; not a folder, and not a reader of files such as `csv`
PART = re.compile(r"(?!/|.*\.\.|.*://)[^\x00-\x1f]{1,200}")  # of a repository: a configuration, a folder, a revision


def _is_language(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, str) and value not in (".", "..") and bool(LANGUAGE.fullmatch(value))


def _is_text(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, str) and "\0" not in value and "://" not in value


def _is_hub(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, dict) and all(isinstance(key, str) and _is_dataset(one) for key, one in value.items())


def _is_dataset(value: Any) -> bool:  # noqa: ANN401
    known = {field.name for field in fields(HubDataset)}
    return (
        isinstance(value, dict)
        and value.keys() <= known
        and bool(REPOSITORY.fullmatch(str(value.get("path"))))
        and all(part is None or (isinstance(part, str) and PART.fullmatch(part)) for part in value.values())
    )


def _is_type_map(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, dict) and all(isinstance(name, str | None) for pair in value.items() for name in pair)


def _is_plain_text(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, dict) and all(_is_language(name) and _is_text(path) for name, path in value.items())


def _is_limit(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, int) and value >= 0


def _is_column(value: Any) -> bool:  # noqa: ANN401
    return _is_text(value) or _is_limit(value)


CHECKS: dict[str, Callable[[Any], bool]] = {
    "root": _is_text,
    "hub": _is_hub,
    "type_map": _is_type_map,
    "plain_text": _is_plain_text,
    "encoding": _is_text,
    "word_column": _is_column,
    "tag_column": _is_column,
    "normalization": lambda value: value in get_args(UnicodeForm),
    "limit": _is_limit,
    "drop_test_duplicates": lambda value: isinstance(value, bool),
    "target": _is_language,
}


def read_settings(path: Path) -> Settings:
    """Reads what a run's configuration says of where its text is; no model, no trainer and no other setting.

    Args:
        path: of a ``config.predict.yaml`` or ``fit.yaml``.

    Raises:
        CTLError: it is no YAML file, or a value is not what it must be.
    """
    data = _section(path, "data")
    given = {name: data[name] for name in CHECKS if data.get(name) is not None}
    for name, value in given.items():
        if not CHECKS[name](value):
            raise CTLError(
                f"{path}: data.{name} {str(value)[:60]!r} is not to be trusted; say it yourself: --data.{name}"
            )
    return given


def named_weights(path: Path) -> str | None:
    """The file of weights that a mixture's configuration names, if it names one."""
    weights = _section(path, "model").get("init_args", {}).get("weights")
    return weights if _is_text(weights) and weights.endswith(".safetensors") else None


def _section(path: Path, name: str) -> Settings:
    """A part of a configuration, read as plain values."""
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise CTLError(f"{path}: not readable ({first_line(error)})") from None
    section = config.get(name, {}) if isinstance(config, dict) else None
    if not isinstance(section, dict) or not isinstance(section.get("init_args", {}), dict):
        raise CTLError(f"{path}: no configuration of ctl")
    return section


def text_name(name: Any, path: Path) -> tuple[str, str]:  # noqa: ANN401
    """The language and the split in the name of a text, ``de/train``.

    Raises:
        CTLError: it is no such name.
    """
    language, _, split = str(name).rpartition("/")
    if not _is_language(language) or split not in SPLITS:
        raise CTLError(f"{path}: {str(name)[:60]!r} is no name of a text, such as de/train")
    return language, split


def root_of(data: Mapping[str, Any], stage: Path) -> Path | None:
    """The folder of the languages; of a run that was moved with its data, where it is now."""
    if not data.get("root"):
        return None
    root = Path(data["root"])
    return root if root.is_dir() else in_run(root, stage) or root


def in_run(path: str | Path, stage: Path) -> Path | None:
    """Finds what a stage's configuration names, in its run or the study of that; ``None`` where it is not there."""
    folders = [stage.absolute(), *stage.absolute().parents[:4]]
    return next((end for folder in folders if (end := moved(path, folder))), None)
