"""Every command and every YAML block in README and docs is what this version takes."""

import json
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
ENDS = ("|", ">", "&", "&&", ";")  # of a command
NAMES = {"ROOT": "root", "ENCODER": "encoder", "DIR": "folder", "RUN": "run"}


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands():
    """Every `ctl` command of the sh blocks: the page that it is on, and its arguments."""
    for page in PAGES:
        for block in blocks(page, "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                parts = shlex.split(re.sub(r"(^|\s)<\s*\S+", " ", line), comments=True)
                while "ctl" in parts:
                    begin = parts.index("ctl") + 1
                    end = next((i for i in range(begin, len(parts)) if parts[i] in ENDS), len(parts))
                    yield pytest.param(page, parts[begin:end], id=f"{page.stem}-{'-'.join(parts[begin:end])[:60]}")
                    parts = parts[end:]


@pytest.mark.parametrize(("page", "arguments"), commands())
def test_commands_are_understood(page, arguments, monkeypatch, tmp_path, capsys):
    """Each is parsed as it stands, with its configuration files and those that its page shows; nothing is run."""
    for block in blocks(page, "yaml"):
        if name := re.match(r"# ([\w.]+\.yaml)\n", block):
            (tmp_path / name[1]).write_text(block, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
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


def test_pages_install_this_project():
    """Another project has the name on PyPI, so extras are those of the checkout: `.[serve]`."""
    for page in PAGES:
        assert not re.search(r"pip install '?ctl\b", page.read_text(encoding="utf-8")), page


def test_docs_fetch_nothing():
    """Neither the theme's fonts nor a script or style of another site."""
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert "font: false" in config and not os.environ.get("GOOGLE_ANALYTICS")
    for files in re.findall(r"(?:extra_css|extra_javascript|polyfills): \[(.*?)\]", config):
        assert all((ROOT / "docs" / name.strip()).is_file() for name in files.split(","))


def test_what_docs_and_notebooks_import_is_in_the_api():
    pages = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "api").glob("*.md"))
    shown = set(re.findall(r"^::: (\S+)", pages, re.MULTILINE))
    texts = [block for page in PAGES for block in blocks(page, "python")]
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        texts += ["".join(cell["source"]) for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]]
    modules = {name for text in texts for name in re.findall(r"^from (ctl\.\w+\.?\S*) import", text, re.MULTILINE)}
    assert len(modules) > 10
    assert not {name for name in modules if not any(each == name or each.startswith(f"{name}.") for each in shown)}


HELP = """usage: ctl try FILE
               [options]

Tries what is
there. Example: ctl try

options:
  -h, --help            Show this help message and exit.
  -c CONFIG, --config CONFIG
                        A file.
  --number NUMBER, --number+ NUMBER
                        So many as are zero-
                        resource, ``a_b`` *, '[x]'. (required, type: int)
  --quick               Be quick. (default: False)

What is read:
  --data CONFIG         Path to a configuration file.
  --data.root ROOT      where it is. (type: str | null, default: null)
"""


@pytest.fixture
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    return import_module


def test_options_are_read_from_help(scripts):
    options = scripts("options")
    about, own, data = options.read_help(HELP)
    assert about.heading == "Tries what is there." and (own.section, data.section) == ("", "data")
    assert [option.name for option in own.options] == ["--config", "--number", "--quick"]
    assert options.listed(own.options[1:]) == (
        "`--number` `int`, required\n:   So many as are zero-resource, `a_b` \\*, `'[x]'`.\n\n`--quick`\n:   Be quick."
    )
    assert options.listed(data.options) == "`--data.root` `str | null`, default `null`\n:   Where it is."
    assert options.first_sentence("# One, two\n# and three. Four.\na: 1\n") == "One, two and three"


def test_the_tutorial_runs_its_blocks(scripts, tmp_path):
    tutorial = scripts("tutorial")
    page = "```yaml\n# a.yaml\nb: 1\n```\n\n```sh\ncat a.yaml\npwd\n```\n\n```text\nbefore\n```\n"
    assert tutorial.rewritten(page, tmp_path).endswith("```text\n# a.yaml\nb: 1\n" + f"{tmp_path}\n```\n")
    with pytest.raises(RuntimeError, match="no such"):
        tutorial.rewritten("```sh\nls 'no such'\n```\n", tmp_path)


def test_the_tutorial_shows_what_its_steps_print():
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    assert text.count("```text\n") > 8 and "```text\n```" not in text
    assert "Traceback" not in text and "/tmp" not in text
