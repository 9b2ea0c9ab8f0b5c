"""Files of the user are not written over; those of ctl are, also those of the version before."""

import json

import pytest

from ctl.errors import CTLError
from ctl.results import markdown_table
from ctl.system.replacing import ANSWER, MADE_BY, PAGE, REPORT, SCORES, SOFT_LABELS, SUMMARY, check_replaceable

PAGES = '<!doctype html>\n<meta charset="utf-8">\n<link rel="icon" href="data:,">\n<title>'


@pytest.mark.parametrize(
    ("mark", "text"),
    [
        (PAGE, f"{PAGES}Runs in x</title>"),
        (SOFT_LABELS, f"{PAGES}Soft labels of de/train</title>"),
        (REPORT, f"{SUMMARY}\n\n# Transfer to de from en\n"),
        (ANSWER, json.dumps({**MADE_BY, "title": "Transfer to de from en"}, indent=2)),
        (REPORT, "# Runs in runs\n"),
        (REPORT, "# How does it scale with the number of source languages? x\n"),
        (SCORES, markdown_table([])),
    ],
)
def test_own_files_are_replaced(tmp_path, mark, text):
    path = tmp_path / "file"
    check_replaceable(path, mark, "do something")
    path.write_text(text)
    check_replaceable(path, mark, "do something")


@pytest.mark.parametrize("mark", [PAGE, SOFT_LABELS, REPORT, SCORES, ANSWER])
@pytest.mark.parametrize("content", [b"", b"# My thesis\n", b"<html><title>Mine</title></html>", bytes(range(256))])
def test_files_of_the_user_are_refused(tmp_path, mark, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(CTLError, match="file: ctl did not write this file, so it is not replaced; move it away, or"):
        check_replaceable(path, mark, "do something")
    assert path.read_bytes() == content


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(CTLError, match="this is a folder"):
        check_replaceable(tmp_path, PAGE, "do something")
