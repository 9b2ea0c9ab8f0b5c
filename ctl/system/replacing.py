"""Files of the user that ctl would write over are refused, before anything is made."""

from __future__ import annotations

import re
from pathlib import Path

from ctl.errors import CTLError

HEAD = 4000  # characters of a file in which a mark stands
ICON = r'<link rel="icon" href="data:,">\s*<title>'  # of pages that ctl writes
PAGE, SOFT_LABELS = re.compile(ICON), re.compile(ICON + "Soft labels of ")
SUMMARY = "<!-- Written by ctl report. -->"  # the first line of a summary in Markdown
REPORT = re.compile(rf"\A(?:{SUMMARY}|# (?:Runs in|How does it scale with) )")  # and of those of early versions
MADE_BY = {"made_by": "ctl report"}  # in an answer as JSON
ANSWER = re.compile(r'\A\{\s*"made_by": "ctl report"')
SCORES = re.compile(r"\| method \| P \| R \| F1 \|")  # of a table of results in Markdown

FINDINGS = re.compile(r"\| labels of \| role \| ")  # and of what models find, where nothing is scored


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


def _head(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(HEAD)
