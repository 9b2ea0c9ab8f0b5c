"""Every command and every YAML block in README and docs is what this version takes."""

import os
import re
import shlex
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from ctl.command_table import ALL, COMMANDS, ONE_STAGE
from ctl.main import main
from ctl.system.configs import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = {"ROOT": "root", "ENCODER": "encoder", "DIR": "folder", "RUN": "run"}


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands():
    """Every `ctl` command of the sh blocks, as arguments, with the page that it is on."""
    for page in PAGES:
        for block in blocks(page, "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                parts = shlex.split(re.sub(r"(^|\s)<\s*\S+", " ", line), comments=True)
                while "ctl" in parts:
                    begin = parts.index("ctl") + 1
                    end = next((i for i in range(begin, len(parts)) if parts[i] in ("|", ">", "&&", ";")), len(parts))
                    yield pytest.param(parts[begin:end], id=f"{page.stem}-{'-'.join(parts[begin:end])[:60]}")
                    parts = parts[end:]


@pytest.mark.parametrize("arguments", commands())
def test_commands_are_understood(arguments, monkeypatch, capsys):
    """Each is parsed as it stands, with its configuration files; nothing is run."""
    monkeypatch.chdir(ROOT)
    name, *rest = arguments
    assert "..." not in rest
    if name in ("--help", "--version"):
        return
    assert name in ALL
    if name in COMMANDS[ONE_STAGE]:
        rest = ["--help"] if rest == ["--help"] else [*rest, "--print_config"]
        with pytest.raises(SystemExit) as end:
            main([name, *rest])
        assert end.value.code == 0, capsys.readouterr().err
    elif rest != ["--help"]:
        parse(name, rest)


def parse(name, arguments):
    from ctl.system.configs import find_configs

    parser = import_module(ALL[name].module).make_parser()
    arguments = find_configs([NAMES.get(argument, argument) for argument in arguments])
    if name == "transfer":
        sources = [given(arguments, option) for option in ("--sources", "--teachers", "--silver")]
        assert any(sources) and given(arguments, "--backbone") and given(arguments, "--target"), arguments
    parser.exit_on_error = False
    parser.parse_args([re.sub(r"^\$\w+$", "1", argument) for argument in arguments])


def given(arguments, option):
    """Whether an option is on the command line or in one of its files."""
    files = [Path(path) for before, path in pairwise(arguments) if before == "--config"]
    read = [yaml.safe_load(path.read_text(encoding="utf-8")) or {} for path in files]
    return option in arguments or any(option[2:] in content for content in read)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_yaml_and_python_blocks_are_well_formed(page):
    for block in blocks(page, "yaml"):
        assert yaml.safe_load(block)
    for block in blocks(page, "python"):
        compile(block, str(page), "exec")


def test_files_that_pages_name_are_there():
    for page in PAGES:
        for name in re.findall(r"\b(configs/[\w./-]+\.yaml)", page.read_text(encoding="utf-8")):
            assert (ROOT / name).is_file(), f"{page}: {name}"


def test_examples_of_the_help_name_files_that_are_there():
    for name, command in ALL.items():
        assert command.example.startswith((f"ctl {name}", 'eval "$(ctl completion'))
        for path in re.findall(r"configs/\S+", command.example):
            assert (ROOT / path).is_file()


@pytest.mark.parametrize("name", ["method", "architecture", "tagging"])
def test_the_picture_is_what_its_script_draws(name, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    script = import_module(name)
    assert (ROOT / "docs" / f"{name}.svg").read_text(encoding="utf-8") == script.draw()


def test_the_picture_of_the_code_names_rooms_that_are_there():
    rooms = re.findall(r">(\w+(?:/|\.py))", (ROOT / "docs" / "architecture.svg").read_text(encoding="utf-8"))
    assert len(set(rooms)) > 8 and all((ROOT / "ctl" / room).exists() for room in rooms)


def test_docs_fetch_nothing():
    """Neither the theme's fonts nor a script or style of another site."""
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert "font: false" in config and not re.search(r"extra_(javascript|css)", config)
    assert not os.environ.get("GOOGLE_ANALYTICS")
