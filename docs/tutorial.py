"""Runs docs/tutorial.md in an empty folder, and writes what its commands print under them: python docs/tutorial.py.

Blocks of sh and Python are run in their order; a block of YAML is written to the file that its first line names. A
block of text is the output of the one before it, and is replaced. It takes some minutes.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PAGE = Path(__file__).with_suffix(".md")
BLOCK = re.compile(r"^```(?P<language>sh|python|yaml|text)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
MOST = 40  # lines of an output that are shown
TIMES = re.compile(r": (\d+ min )?\d+ s, (about .* left|all done)$|, about .* left$")  # of stages
ENVIRONMENT = {"COLUMNS": "120", "TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1"}  # the same numbers on every machine


def rewritten(page: str, folder: Path) -> str:
    """Runs the blocks of a page in a folder; returns the page with what they print."""
    printed = ""

    def replace(match: re.Match[str]) -> str:
        nonlocal printed
        if match["language"] == "text":
            return f"```text\n{printed}```"
        printed = run(match["language"], match["content"], folder)
        return match[0]

    return BLOCK.sub(replace, page)


def run(language: str, content: str, folder: Path) -> str:
    """Runs one block, and returns what it prints.

    Raises:
        RuntimeError: it failed.
    """
    if language == "yaml":
        name = content.splitlines()[0].removeprefix("# ")
        (folder / name).write_text(content, encoding="utf-8")
        return ""
    program = [sys.executable, "-c"] if language == "python" else ["bash", "-ec"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **ENVIRONMENT, "PATH": path}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    ended = subprocess.run([*program, content], cwd=folder, env=environment, text=True, check=False, **streams)
    if ended.returncode:
        raise RuntimeError(f"{content}\n{ended.stdout}")
    print(f"{content}\n{ended.stdout}", flush=True)
    return shown(ended.stdout, folder)


def shown(output: str, folder: Path) -> str:
    """An output as the page shows it: without the folder's name and times, of a long one its beginning and its end."""
    lines = [TIMES.sub("", line.rstrip()) for line in output.replace(f"{folder}/", "").splitlines()]
    if len(lines) > MOST:
        lines = [*lines[: MOST // 2], "...", *lines[-MOST // 2 :]]
    return "".join(f"{line}\n" for line in lines)


def main() -> None:
    """Runs the page and writes it anew."""
    with TemporaryDirectory() as folder:
        page = rewritten(PAGE.read_text(encoding="utf-8"), Path(folder).resolve())
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
