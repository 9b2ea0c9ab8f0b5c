"""Every notebook runs from top to bottom; together they train one small transfer."""

import json
import os
import re
import sys
from pathlib import Path

import pytest
import yaml

nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
import nbformat  # noqa: E402

from ctl.system.files import write_text  # noqa: E402

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SHORTER = {"teacher_steps": 60, "student_steps": 80, "language_id_epochs": 2}  # than readers train


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """A kernel with this interpreter and this code, in a folder that all notebooks share."""
    folder = tmp_path_factory.mktemp("notebooks")
    spec = folder / "kernels" / "python3"
    spec.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "Python 3", "language": "python"}))
    for name in ("transfer/notebook.yaml", "study/quickstart.yaml"):  # files here go before those of the package
        shorter = yaml.safe_load((ROOT / "configs" / name).read_text(encoding="utf-8")) | SHORTER
        write_text(folder / "configs" / name, yaml.safe_dump(shorter))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
        patch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
        yield folder


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path, kernel):
    notebook = nbformat.read(path, as_version=4)
    stored = [shown(cell) for cell in notebook.cells]
    for cell in notebook.cells:
        cell.source = cell.source.replace('"300"', '"60"')  # steps of decoders
    slow = {"timeout": 300, "startup_timeout": 300}  # seconds; a busy machine takes a minute to start a kernel
    resources = {"metadata": {"path": kernel}}
    nbclient.NotebookClient(notebook, kernel_name="python3", resources=resources, **slow).execute()
    assert [shown(cell) for cell in notebook.cells] == stored
    assert any("image/png" in kinds for kinds in stored)


def shown(cell):
    """What a cell shows, by its kind; with what it prints of data alone, which do not change."""
    outputs = cell.get("outputs", [])
    told = "".join(output.text for output in outputs if output.get("name") == "stderr")
    assert not re.search(r"^\[ *\d+/", told, re.MULTILINE), "progress in red"
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    printed = "".join(output.text for output in outputs if output.get("name") == "stdout")
    return sorted(kinds | {printed} if "bracketed" in cell.source or "to_bio2" in cell.source else kinds)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_stored_with_outputs_that_hold_anywhere_and_says_what_it_shows(path):
    text = path.read_text(encoding="utf-8")
    assert str(ROOT) not in text and "/tmp/" not in text
    notebook = nbformat.read(path, as_version=4)
    assert notebook.cells[0].cell_type == "markdown" and notebook.cells[0].source.startswith("# ")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not any(line.startswith(("def ", "class ")) for cell in code for line in cell.source.splitlines())
