"""Help of commands with many options is kept, and a misspelt option is told without their parser."""

import json
import os
import subprocess
import sys

import pytest

from ctl.commands import help as kept
from ctl.errors import CTLError
from ctl.main import main

OPTIONS = ["-h", "--help", "-c", "--config", "--model", "--model.help", "--data", "--data.root", "--data.hub",
           "--trainer.callbacks", "--trainer.callbacks+", "--sources"]  # fmt: skip


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CTL_CACHE", str(tmp_path))
    return tmp_path / "help"


@pytest.mark.parametrize(
    "argument",
    ["--model", "--model.lr", "--model.init_args.lr=3", "--data.root", "--data.hub.de.path", "--sources=[-1]", "-c",
     "-1", "--trainer.callbacks.class_path", "--trainer.callbacks+=X", "--", "de", "-"],
)  # fmt: skip
def test_options_that_may_be_there(argument):
    kept.check_options("fit", [argument], OPTIONS)


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("--sorces", "unknown option --sorces: did you mean --sources"),
        ("--data.rot=x", "unknown option --data.rot: did you mean --data.root"),
        ("--modle.lr", "did you mean --model"),
        ("--xyzzy", "`ctl fit --help` lists them"),
        ("-x", "unknown option -x"),
    ],
)
def test_options_that_are_not_there(argument, told):
    with pytest.raises(CTLError, match=told):
        kept.check_options("fit", [argument], OPTIONS)


def test_help_is_kept_and_says_what_the_parser_says(cache, capsys):
    from ctl.commands.inspect import make_parser

    for _ in range(2):
        with pytest.raises(SystemExit):
            main(["inspect", "--help"])
        told = capsys.readouterr().out
        assert "--students" in told and told.split() == make_parser().format_help().split()
    (file,) = cache.glob("inspect-*.json")
    file.write_text(json.dumps({"text": "as it was kept", "options": []}))
    with pytest.raises(SystemExit):
        main(["inspect", "-h"])
    assert capsys.readouterr().out == "as it was kept"


def test_what_is_spoilt_is_made_anew(cache):
    file = kept._file("inspect")
    file.parent.mkdir()
    for text in ("", "[]", '{"text": 3}', "{"):
        file.write_text(text)
        assert kept._kept("inspect") is None


def test_no_command_loads_pytorch_to_help(cache, capsys):
    """Those with many options say what was kept."""
    for name in kept.SLOW:
        file = kept._file(name)
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"text": name, "options": ["--sources"]}))
    code = """
import sys
from contextlib import suppress
from ctl.command_table import ALL
from ctl.main import main
for name in ALL:
    with suppress(SystemExit):
        main([name, "--help"])
    with suppress(SystemExit):
        main([name, "--sorces"])
sys.exit(len(sys.modules.keys() & {"torch", "lightning", "transformers", "pandas", "datasets"}))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ)
    assert ended.returncode == 0, ended.stderr
