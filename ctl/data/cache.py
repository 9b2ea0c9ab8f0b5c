"""Text that was read once stays on disk: corpora by the file that they were read from, memory-mapped."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ctl.data.corpus import Corpus
from ctl.data.tags import TagSchema
from ctl.data.words import open_column, open_words
from ctl.system.console import notice

FORMAT = 1
FILES = ("ids", "letters", "ends", "offsets", "tags")


def cached(key: Sequence[str | int], read: Callable[[Path | None], Corpus]) -> Corpus:
    """A corpus from the cache, or read now and kept there.

    The cache is ``~/.cache/ctl``, or the folder that ``CTL_CACHE`` names; it can be removed at any time. What is found
    damaged is read anew; where nothing can be written, the text is kept in memory.

    Args:
        key: everything that the corpus depends on.
        read: reads it, to a folder or, given ``None``, in memory.
    """
    place = folder() / hashlib.sha256(json.dumps([FORMAT, *key]).encode()).hexdigest()[:16]
    found = _open(place)
    if found is not None:
        return found
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=place.parent, prefix="partial-"))
    except OSError as error:
        notice(f"{place.parent}: not writable ({error.strerror}), so text is kept in memory; CTL_CACHE names another")
        return read(None)
    try:
        _keep(read(fresh), fresh, place)
    except OSError as error:
        notice(f"{place.parent}: {error.strerror}, so text is kept in memory; CTL_CACHE names another folder")
        return read(None)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return _open(place) or read(None)


def folder() -> Path:
    """Where the cache is."""
    return Path(os.environ.get("CTL_CACHE") or "~/.cache/ctl").expanduser() / "corpora"


def _keep(corpus: Corpus, fresh: Path, place: Path) -> None:
    """Adds the manifest and makes the folder appear at once."""
    (fresh / "codes").unlink()
    manifest = {
        "name": corpus.name,
        "types": None if corpus.schema is None else list(corpus.schema.types),
        "notes": corpus.notes,
        "sha256": {file: _checksum(fresh / file) for file in FILES if (fresh / file).exists()},
    }
    (fresh / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    shutil.rmtree(place, ignore_errors=True)
    try:
        fresh.rename(place)
    except OSError:  # another process was faster
        if not place.is_dir():
            raise


def _open(place: Path) -> Corpus | None:
    """A corpus that is whole, or ``None``."""
    try:
        manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
        if any(_checksum(place / file) != digest for file, digest in manifest["sha256"].items()):
            return None
        text, offsets = open_words(place), open_column(place / "offsets", "q")
    except (OSError, ValueError, KeyError):
        return None
    if manifest["types"] is None:
        return Corpus(manifest["name"], text, offsets, notes=tuple(manifest["notes"]))
    schema = TagSchema(tuple(manifest["types"]))
    return Corpus(manifest["name"], text, offsets, open_column(place / "tags", "h"), schema, tuple(manifest["notes"]))


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
