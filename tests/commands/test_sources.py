import json
import subprocess
import sys

import pytest

from ctl.commands.transfer import make_parser as transfer_parser
from ctl.main import main


def options(family, *more):
    return ["sources", "--target", "a1", "--data.root", str(family), "--backbone", str(family / "encoder"), *more]


def test_a_table_and_a_command_that_transfer_reads(family, capsys):
    assert main(options(family, "--sentences", "40", "--json", "--best", "2")) == 0
    report = json.loads(capsys.readouterr().out)
    rows = report["sources"]
    assert [row["rank"] for row in rows] == [1, 2, 3] and {row["source"] for row in rows} == {"a2", "a3", "b1"}
    assert [row["subwords"] for row in rows] == sorted((row["subwords"] for row in rows), reverse=True)
    assert report["best"] == [row["source"] for row in rows[:2]] and report["by"] == "subwords"
    words = report["command"].split()
    assert words[:2] == ["ctl", "transfer"]
    given = transfer_parser().parse_args([word.strip("'") for word in words[2:]])
    assert given.sources == report["best"] and given.target == "a1" and given.data.root == str(family)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--target", "xx"], "unknown language xx"),
        (["--by", "luck"], "--by"),
        (["--best", "0"], "above zero"),
        (["--sources", "[a2]"], "two or more"),
        (["--backbone", "nowhere/at-all"], "nowhere/at-all"),
        (["--sources", "[../a2,b1]"], "can't be the name of a language"),
    ],
)
def test_mistakes_are_told_in_one_line(family, more, said, capsys):
    assert main(options(family, *more)) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("ctl: error: ") and said in error


def test_what_is_missing_is_named(capsys):
    assert main(["sources", "--target", "de"]) == 2
    assert "--backbone is missing; example: ctl sources --target de" in capsys.readouterr().err


def test_help_needs_no_pytorch():
    code = """
import sys
from ctl.main import main
try:
    main(["sources", "--help"])
finally:
    print("torch" in sys.modules)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    text = " ".join(ended.stdout.split())
    assert text.endswith("False") and "Example: ctl sources --target de" in text
