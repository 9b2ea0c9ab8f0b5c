"""Runs the notebooks and stores them with what they show, without what differs from machine to machine.

``python notebooks/store.py`` runs all of them in a folder of their own, ``python notebooks/store.py 02 03`` some.
Progress, absolute paths and times are left out.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import nbclient
import nbformat

HERE = Path(__file__).parent
PROGRESS = re.compile(r"^(\[ *\d+/\d+\].*|ctl: .*|.* \.\.\.)\n", re.MULTILINE)
ANSI = re.compile(r"\x1b\[[\d;]*m")
TIME = re.compile(r"\b(\d+ h )?(\d+ min )?\d+ s\b")


def clean(notebook: nbformat.NotebookNode, folder: str) -> None:
    """Leaves out of the outputs what nobody can compare.

    Args:
        notebook: after it was run.
        folder: in which it was run.
    """
    notebook.metadata = {name: notebook.metadata[name] for name in ("kernelspec",) if name in notebook.metadata}
    number = 0
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            number += 1
            cell.execution_count = number
            cell.outputs = _joined([output for each in cell.outputs if (output := _cleaned(each, folder))])
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = number


def _cleaned(output: nbformat.NotebookNode, folder: str) -> nbformat.NotebookNode | None:
    if output.output_type == "stream":
        output.text = _plain(PROGRESS.sub("", output.text), folder)
        return output if output.name == "stdout" and output.text.strip() else None
    if not output.get("data", {}).get("text/plain", " "):
        return None
    for kind, value in output.get("data", {}).items():
        if kind.startswith("text/"):
            output.data[kind] = _plain(value, folder)
    return output


def _joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Makes one of what was printed in several parts."""
    joined: list[nbformat.NotebookNode] = []
    for output in outputs:
        if joined and output.output_type == joined[-1].output_type == "stream":
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def _plain(text: str, folder: str) -> str:
    return TIME.sub("… s", ANSI.sub("", text).replace(f"{folder}/", "").replace(f"{HERE.parent}/", ""))


def main(names: list[str]) -> None:
    """Runs and stores the notebooks whose names begin so; all if none are given."""
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(HERE.glob("*.ipynb")):
            if names and not path.name.startswith(tuple(names)):
                continue
            notebook = nbformat.read(path, as_version=4)
            resources = {"metadata": {"path": folder}}
            nbclient.NotebookClient(notebook, timeout=3600, kernel_name="python3", resources=resources).execute()
            clean(notebook, folder)
            nbformat.write(notebook, path)
            print(f"written: {path.name}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
