"""Files that are whole or not there, removed only where ctl wrote them, and fingerprints."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ctl.errors import CTLError
from ctl.system.console import say

OF_RUST = re.compile(r"\(os error (\d+)\)")  # at the end of what safetensors and tokenizers say
SHORT = re.compile(r"\d+ requested and \d+ written")  # what NumPy says of a file that was not written whole
PARTIAL = ".ctl-partial"  # ends the name of what is being written
STAGE = r"""
    \.?(fit|validate|test|predict)\.(lock|json|yaml) | config\.(fit|validate|test|predict)\.yaml | \.lock
    | results\.(json|md) | weights\.json | (cell|failed)\.json | ([^/]+\.(json|yaml|md)|backbone)\.partial(/.*)?
    | checkpoints/([^/]+\.ckpt(/.*)?|tokenizer/[^/]+\.(json|jinja|model)) | counts/[^/]+\.npy
    | curves/[^/]+\.csv | (weights|word_weights)/[^/]+\.safetensors
    | ([^/]+/)?soft_labels/[^/]+/(manifest\.json|(probs|offsets|unanimous|labelled)\.npy)
    | (checkpoints|counts|weights|word_weights|soft_labels|[^/]+/soft_labels)/[^/]+\.partial(/.*)?
    | backbone/([^/]+\.(json|safetensors|bin|model|jinja)|vocab\.txt|merges\.txt)
    | (logs|wandb|lightning_logs|mlruns)/.* | (.*/)?\.[^/]+\.ctl-partial(/.*)?"""
STORE = r"manifest\.json | (probs|offsets|unanimous|labelled)\.npy | ids | letters | ends | offsets | tags | codes"
FAMILY = r"family\.json | [a-z]\d+/(train|validation|test)\.txt | (encoder|decoder)/[^/]+\.(json|safetensors)"
MARKS: dict[str, tuple[set[str], str]] = {  # files that mark ctl's folders: their keys, and what lies beside them
    "fit.json": ({"key", "done"}, STAGE),
    "test.json": ({"key", "done"}, STAGE),
    "predict.json": ({"key", "done"}, STAGE),
    "cell.json": ({"key", "methods"}, STAGE),
    "failed.json": ({"error", "traceback"}, STAGE),
    "manifest.json": ({"sha256"}, STORE),
    "family.json": ({"format", "families"}, FAMILY),
}


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Gives the name of a file or folder to be written beside ``path``, which takes its place when all is written.

    Its folder is made where there is none. After an error nothing is left of it, and what stood at ``path`` stays.
    """
    partial = partial_of(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    remove(partial, path.parent)
    try:
        with writing(path):
            yield partial
            _as_umask_says(partial)
            if partial.is_dir() and path.is_dir():
                remove(path, path.parent)
            os.replace(partial, path)
    finally:
        remove(partial, path.parent)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Lets an error of writing name its file, and say what the system said, whichever library hands it on.

    Raises:
        OSError: nothing could be written.
    """
    try:
        yield
    except OSError as error:
        if SHORT.fullmatch(str(error)):
            raise OSError(errno.ENOSPC, "not written whole; is the disk full?", str(path)) from error
        if error.errno is not None:  # one without a number has a message alone
            error.filename = error.filename or str(path)  # a full disk names no file
        raise
    except Exception as error:
        if said := OF_RUST.search(str(error)):
            raise OSError(int(said[1]), os.strerror(int(said[1])), str(path)) from error
        raise


def _as_umask_says(path: Path) -> None:
    """Lets others read what the user's umask lets them read; safetensors makes files for the user alone."""
    mask = os.umask(0)
    os.umask(mask)
    for file in (path, *path.rglob("*")) if path.is_dir() else (path,):
        if not file.is_symlink():
            file.chmod((0o777 if file.is_dir() else 0o666) & ~mask)


def partial_of(path: Path) -> Path:
    """The name under which a file or folder is written; nobody else has such a name."""
    return path.with_name(f".{path.name}{PARTIAL}")


def remove(path: Path, within: Path) -> None:
    """Removes a file, or a folder of ctl with all that is in it; nothing in ctl is removed in another way.

    A folder that has no mark of ctl, or in which there is anything that ctl did not write, is moved aside instead.

    Args:
        path: what to remove; nothing happens where there is none. Of a link the link alone is removed.
        within: the folder that it must lie in, all links followed.

    Raises:
        CTLError: it lies elsewhere.
    """
    if not path.exists() and not path.is_symlink():
        return
    real = path.parent.resolve() / path.name if path.is_symlink() else path.resolve()
    if within.resolve() not in real.parents:
        raise CTLError(f"{path}: not removed, as it lies outside {within} (it is {real})")
    if path.is_symlink() or not path.is_dir():
        path.unlink()
    elif any(part.endswith(PARTIAL) for part in path.parts) or not (foreign := next(_foreign(path, within), None)):
        shutil.rmtree(path)
    else:
        _move_aside(path, foreign)


def _move_aside(path: Path, foreign: Path) -> None:
    """Renames a folder that is in the way, and says why."""
    numbers = (path.with_name(f"{path.name}.aside{number or ''}") for number in range(10**6))
    aside = next(name for name in numbers if not name.exists())
    path.rename(aside)
    say(f"ctl: {path} holds {foreign.relative_to(path)}, which ctl did not write: moved to {aside}")


def _foreign(folder: Path, within: Path) -> Iterator[Path]:
    """The files below a folder that ctl did not write, by the marks of the folders that they lie in."""
    above = [parent for parent in folder.parents if parent.is_relative_to(within)]
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_dir():
            inside = [parent for parent in path.parents if parent.is_relative_to(folder)]
            if not any(_is_written(path, parent) for parent in (*inside, *above)):
                yield path


def _is_written(path: Path, folder: Path) -> bool:
    """Tells whether a folder has a mark of ctl that lists a file below it, or with which the file's name goes."""
    name = path.relative_to(folder).as_posix()
    return any(
        re.fullmatch(MARKS[mark][1], name, re.VERBOSE) or name in (read_object(folder / mark).get("files") or ())
        for mark in marks(folder)
    )


def marks(folder: Path) -> list[str]:
    """The files by which ctl knows a folder as its own; empty where it did not make it."""
    return [mark for mark, (keys, _) in MARKS.items() if keys <= read_object(folder / mark).keys()]


def read_object(path: Path) -> dict[str, Any]:
    """Reads a JSON object; gives an empty one where the file is missing, damaged or something else."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def write_text(path: Path, text: str) -> None:
    """Writes a whole text file in UTF-8."""
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any, indent: int | None = 2) -> None:  # noqa: ANN401
    """Writes a value as a whole JSON file."""
    write_text(path, json.dumps(value, indent=indent, ensure_ascii=False) + "\n")


def reserve(path: Path) -> None:
    """Takes the room that a file says it needs.

    Raises:
        OSError: the disk is full.
    """
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def fingerprint(*parts: str | bytes) -> str:
    """SHA-256 of texts and bytes end to end, its first 16 hex digits."""
    return fingerprint_stream(parts)


def fingerprint_stream(parts: Iterable[str | bytes | memoryview]) -> str:
    """The fingerprint of parts that are made one by one, as the weights of a model are."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
    return digest.hexdigest()[:16]


def fingerprint_json(value: Any) -> str:  # noqa: ANN401
    """The fingerprint of a value as JSON; the order in which a mapping names its keys changes nothing."""
    return fingerprint(json.dumps(value, sort_keys=True))


def checksum(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def moved(path: str | Path, folder: Path) -> Path | None:
    """Finds what a folder that was moved has in it: the end of the old path, the longest that is below the folder.

    Args:
        path: where it was, ``runs/try/data``.
        folder: where ``runs/try`` may be now.

    Returns:
        ``folder/data``; ``None`` where there is nothing, or a link that leads out of the folder.
    """
    parts = [part for part in Path(path).parts if part != Path(path).anchor]
    for begin in range(len(parts)):
        end = folder.joinpath(*parts[begin:])
        if ".." not in parts[begin:] and end.exists() and end.resolve().is_relative_to(folder.resolve()):
            return end
    return None
