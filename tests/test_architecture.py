"""The tree shows the architecture: the map in CONTRIBUTING.md is what is there, and imports go down it."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

from ctl.system.configs import ROOT

CODE = ROOT / "ctl"
MOST_FILES = 13
LONG = 200  # lines
REASONS = {  # the one idea of each long file
    "backbones/rows.py": "a word embedding of which some rows are trained: in steps, in checkpoints, among models",
    "backbones/packing.py": "the layout of subwords for a backbone: packed, padded or end to end",
    "backbones/loading.py": "the only caller of from_pretrained: what is loaded, refused and frozen",
    "callbacks/saving.py": "when the state of a fit is written, and how: whole, once, and no more than is needed",
    "callbacks/tracking.py": "what a run sends to its logger",
    "callbacks/writers.py": "what test and predict leave: four writers of one form",
    "cli.py": "one command line for five classes: what is linked, and what every run leaves",
    "data/batching.py": "one sampler: order, cut, factors, the place where a fit goes on; and what it draws from",
    "data/collation.py": "from examples to a batch: windows, rows, and the places of words in them",
    "data/datamodule.py": "the one data module; most of it documents its settings",
    "data/encoding.py": "from words to subwords, once for each distinct word",
    "data/reading/layout.py": "which columns of a file are words and tags: every rule can overrule another",
    "data/soft_labels.py": "one store, its reader and its writer, which must agree",
    "data/synthetic/family.py": "one family of languages, from its settings to its files",
    "data/words.py": "words as numbers, on disk and in memory",
    "inspection/frames.py": "one object, the soft labels of a text, and every frame that shows them",
    "llm/remote/client.py": "one request: retries, deadline, rate, cache and cost decide together what is sent",
    "llm/styles.py": "prompt styles side by side, each with its writer and reader",
    "methods.py": "the grammar of method names, which every room reads",
    "modules/ensemble.py": "one module: teachers, weights, and how they are mixed",
    "modules/fine_tuned.py": "the base of all that is fine-tuned; half of it documents its settings",
    "modules/generative_teacher.py": "one module: a language model that writes tags, prompted or tuned",
    "modules/weights/language_identifier.py": "one module: the identifier, its features and its rate",
    "report/conclusions.py": "the sentences of a report, each with the condition under which it is said",
    "report/findings.py": "the cells of a study as curves",
    "report/plain_runs/comparison.py": "plain runs side by side: one table and its tests",
    "report/tables.py": "the tables behind the figures, each a function of findings or records",
    "results.py": "one record of a scored model: made, written, read, and shown as a row",
    "study/grid.py": "the grid: which cells there are, what each scores, and the plan of each",
    "system/console.py": "what a user reads: lines, tables, durations, and the silence of others",
    "system/files.py": "files that are whole, and removed only where ctl wrote them",
    "transfer/plan.py": "the stages of a transfer, one short function for each, in their order",
    "transfer/planner.py": "what a stage's key is made of, for all stages",
    "transfer/settings.py": "the settings of transfers and studies; most of it is their help",
    "transfer/stage.py": "one stage: its key, its marker, and what makes it done",
}
WITHOUT_LOGIC = {
    "arrays.py", "command_table.py", "errors.py", "modules/ready/kind.py", "tagging/forms.py"
}  # fmt: skip
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


def test_a_long_file_has_a_reason():
    """Whoever lets a file grow beyond 200 lines splits it, or says here which one idea keeps it whole."""
    long = {
        str(path.relative_to(CODE))
        for path in CODE.rglob("*.py")
        if len(path.read_text(encoding="utf-8").splitlines()) > LONG
    }
    assert long == REASONS.keys()


def test_every_module_with_logic_has_a_test_file_of_its_name():
    modules = {path.relative_to(CODE) for path in CODE.rglob("*.py") if not path.name.startswith("__")}
    tested = {path.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    untested = {str(path) for path in modules if path.parent / f"test_{path.name}" not in tested}
    assert untested == WITHOUT_LOGIC
