"""The tree shows the architecture: the map in CONTRIBUTING.md is what is there, and imports go down it."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

from ctl.system.configs import ROOT

CODE = ROOT / "ctl"
MOST_FILES = 13
LINE = re.compile(r"^(?P<indent> +)(?P<name>\w+(?:\.py|/)) +\S")


def mapped():
    """Rooms of the map from the top down: ``commands/``, ``data/synthetic/``, ``losses.py`` ..."""
    tree = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("```\nctl/\n")[2].partition("```")[0]
    parent = ""
    for line in map(LINE.match, tree.splitlines()):
        assert line is not None
        parent = parent if len(line["indent"]) > 2 else line["name"]
        yield line["name"] if len(line["indent"]) == 2 else parent + line["name"]


def files():
    """Every file of the package by the module that it is."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(CODE.rglob("*.py"))
    }


def imports(path, modules):
    """The modules of the package that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and (node.module or "") in modules:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from {name if name in modules else node.module for name in names}


def room(path):
    """The room of a file: its folder below ``ctl``, or itself."""
    first = path.relative_to(CODE).parts[0]
    return first if first.endswith(".py") else f"{first}/"


def test_the_map_is_what_is_there():
    folders = {f"{path.parent.relative_to(CODE)}/" for path in CODE.rglob("*.py") if path.parent != CODE}
    alone = {path.name for path in CODE.glob("*.py") if not path.name.startswith("__")}
    names = list(mapped())
    assert sorted(names) == sorted(folders | alone)


def test_imports_go_down_the_map():
    floors, modules = {name: floor for floor, name in enumerate(mapped())}, files()
    upwards = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules.values()
        if path.parent != CODE or not path.name.startswith("__")
        for name in imports(path, modules)
        if floors[room(modules[name])] < floors[room(path)]
    ]
    assert not upwards, "\n".join(upwards)


def test_no_circle_of_files():
    modules = files()
    graph = {name: {other for other in imports(path, modules) if other != name} for name, path in modules.items()}
    assert list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


def test_a_folder_is_seen_at_a_glance():
    crowded = {
        str(folder.relative_to(ROOT)): count
        for folder in {path.parent for path in CODE.rglob("*.py")}
        if (count := sum(path.name != "__init__.py" for path in folder.glob("*.py"))) > MOST_FILES
    }
    assert not crowded


def test_where_to_change_names_files_that_are_there():
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("### Where do I change")[2]
    paths = re.findall(r"`((?:ctl|configs)/[\w/.]+)`", table.partition("\n## ")[0])
    assert len(paths) > 10 and all(Path(ROOT / path).exists() for path in paths)
