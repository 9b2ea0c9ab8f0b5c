"""Help of commands with many options is kept, and a misspelt option is told without their parser."""

import json
import os
import subprocess
import sys

import pytest

from ctl.commands import help as kept
from ctl.main import main

OPTIONS = {
    "--sources": ["any"], "--words": [{"list": ["str"]}],
    "--data.root": ["any"], "--trainer.max_epochs": ["int"],
    "--trainer.strategy": ["any"], "--trainer.devices": ["any"], "--config": ["any"],
    "--loss": [{"choices": ["mse", "kl"]}], "--steps": ["int", "null"],
    "--model": [{"classes": {"Teacher": {"lr": ["float"]}}}], "--methods": ["any"],
}  # fmt: skip


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CTL_CACHE", str(tmp_path))
    return tmp_path / "help"


def test_help_is_kept_and_says_what_the_parser_says(cache, capsys):
    from ctl.commands.inspect import make_parser

    for _ in range(2):
        with pytest.raises(SystemExit):
            main(["inspect", "--help"])
        told = capsys.readouterr().out
        assert "--students" in told and told.split() == make_parser().format_help().split()
    (file,) = cache.glob("inspect-*.json")
    file.write_text(json.dumps({"text": "as it was kept", "options": {}}))
    with pytest.raises(SystemExit):
        main(["inspect", "-h"])
    assert capsys.readouterr().out == "as it was kept"


def test_what_is_spoilt_is_made_anew(cache):
    file = kept._file("inspect")
    file.parent.mkdir(exist_ok=True)
    for text in ("", "[]", '{"text": 3}', "{"):
        file.write_text(text)
        assert kept._kept("inspect") is None


def test_no_command_loads_pytorch_to_help(cache, capsys):
    """Those with many options say what was kept, and refuse what is misspelt with it."""
    for name in kept.SLOW:
        file = kept._file(name)
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"text": name, "options": OPTIONS}))
    code = """
import sys
from contextlib import suppress
from ctl.command_table import ALL
from ctl.commands.help import SLOW
from ctl.main import main
for name in ALL:
    with suppress(SystemExit):
        main([name, "--help"])
    with suppress(SystemExit):
        main([name, "--sorces"])
for mistake in (["--model", "Techer"], ["--model", "Teacher", "--model.lrr", "1"], ["--loss", "foo"], ["--steps", "x"],
                ["--config", sys.argv[1]], ["--trainer.max_epochs", "0"], ["--trainer.strategy", "foo"],
                ["--steps"], ["--words", "[a, {b: c}]"], ["--data.root", "x", "--trainer.devices=none"]):
    for name in SLOW:
        assert main([name, *mistake]) == 2
for mistake in (["--sources", "[de, '../x']"], ["--methods", "[studnt]"]):
    assert main(["transfer", *mistake]) == 2
sys.exit(len(sys.modules.keys() & {"torch", "lightning", "transformers", "pandas", "datasets"}))
"""
    (cache.parent / "given.yaml").write_text("stps: 3")
    run = [sys.executable, "-c", code, cache.parent / "given.yaml"]
    ended = subprocess.run(run, capture_output=True, text=True, check=False, env=os.environ)
    assert ended.returncode == 0, ended.stderr


def test_a_stage_needs_a_model_and_the_checkpoint_that_it_is_given(cache, tmp_path, capsys):
    for name in kept.STAGES:
        file = kept._file(name)
        file.parent.mkdir(exist_ok=True)
        file.write_text(
            json.dumps({"text": "", "options": {**OPTIONS, "--ckpt_path": ["any"], "--seed_everything": ["any"]}})
        )
    for arguments, message in [
        (["fit", "--sources", "x"], "--model: which?"),
        (["test", "--model", "Teacher", "--ckpt_path", "no.ckpt"], "--ckpt_path: no.ckpt: no such file"),
        (["fit", "--model", "Teacher", "--seed_everything", "-1"], "--seed_everything: -1: a whole number from 0"),
    ]:
        assert main(arguments) == 2 and message in capsys.readouterr().err
    (tmp_path / "there.ckpt").touch()
    for checkpoint in ("last", "s3://x/y.ckpt", str(tmp_path / "there.ckpt")):
        kept.main("test", ["--model", "Teacher", "--ckpt_path", checkpoint])
