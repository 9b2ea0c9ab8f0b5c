"""Files of the user that ctl would write over are refused, before anything is made."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ctl.errors import CTLError
from ctl.system.names import some

HEAD = 4000  # characters of a file in which a mark stands
ICON = r'<link rel="icon" href="data:,">\s*<title>'  # of pages that ctl writes
PAGE, SOFT_LABELS = re.compile(ICON), re.compile(ICON + "Soft labels of ")
SUMMARY = "<!-- Written by ctl report. -->"  # the first line of a summary in Markdown
REPORT = re.compile(rf"\A(?:{SUMMARY}|# (?:Runs in|How does it scale with) )")  # and of those of early versions
MADE_BY = {"made_by": "ctl report"}  # in an answer as JSON
ANSWER = re.compile(r'\A\{\s*"made_by": "ctl report"')
SCORES = re.compile(r"\| method \| P \| R \| F1 \|")  # of a table of results in Markdown

FINDINGS = re.compile(r"\| labels of \| role \| ")  # and of what models find, where nothing is scored
SECTIONS = ("model", "data", "seed_everything")  # of the configuration of one stage, that make its result
FREE = ("data.predict_splits", "data.num_workers", "data.eval_tokens")  # settings that change no file


def check_replaceable(path: Path, mark: re.Pattern[str], remedy: str) -> None:
    """Refuses to write over a file that has no mark of ctl.

    Args:
        path: what would be written; there may be no such file.
        mark: a pattern that is found near the beginning of ctl's own files of this kind.
        remedy: what the user may do instead of moving it away.

    Raises:
        CTLError: ctl did not write it.
    """
    if path.is_dir():
        raise CTLError(f"{path}: this is a folder, where a file is to be written; {remedy}")
    if path.exists() and not mark.search(_head(path)):
        raise CTLError(f"{path}: ctl did not write this file, so it is not replaced; move it away, or {remedy}")


def check_own(folder: Path, command: str, config: Mapping[str, Any], files: Iterable[Path]) -> None:
    """Refuses to write over what a run of one stage with other settings left in a folder.

    Args:
        folder: of the run.
        command: ``fit`` or ``predict``.
        config: of the run that is to begin.
        files: that it would replace.

    Raises:
        CTLError: says which settings differ, and what to do.
    """
    for path in files:
        if changes := list(differences(*_of_both(command, _config_of(folder, command), config))):
            raise CTLError(
                f"{path}: from a run with other settings ({some(changes, 3)}): choose another "
                "--trainer.default_root_dir, or add --overwrite true"
            )


def _config_of(folder: Path, command: str) -> dict[str, Any]:
    """The configuration of the run that wrote in a folder; empty where that is not known."""
    try:
        config = yaml.safe_load((folder / f"config.{command}.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return config if isinstance(config, dict) else {}


def _of_both(command: str, *configs: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The settings that both have, by dotted name; a version of ctl may have others than the one before."""
    sections = (*SECTIONS, *(["ckpt_path"] if command == "predict" else []))
    flat = [dict(_flat({name: config[name] for name in sections if name in config})) for config in configs]
    shared = set.intersection(*map(set, flat)).difference(FREE)
    yield from ({name: each[name] for name in shared} for each in flat)


def _flat(config: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in json.loads(json.dumps(config, default=str)).items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{above}{name}.".replace("init_args.", ""))
        else:
            yield f"{above}{name}", value


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Says which settings differ: ``data.batch_size is 16 there and 32 here``."""
    for name in sorted(before.keys() | now.keys()):
        there, here = before.get(name), now.get(name)
        if there != here:
            yield f"{name} is {_shown(there)} there and {_shown(here)} here"


def _shown(value: Any) -> str:  # noqa: ANN401
    text = (
        "the default" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    )
    return text if len(text) <= 60 else f"{text[:57]}..."


def _head(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(HEAD)
