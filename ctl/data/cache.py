"""Text that was read once stays on disk: corpora by the file that they were read from, memory-mapped."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ctl.data.corpus import Corpus
from ctl.data.tags import TagSchema
from ctl.data.words import open_column, open_words
from ctl.system.configs import cache_folder
from ctl.system.console import notice
from ctl.system.files import PARTIAL, checksum, fingerprint, remove

FORMAT = 4  # to be raised where a file is read in another way
DAY = 86_400  # seconds after which nobody still reads what is half read
FILES = ("ids", "letters", "ends", "offsets", "tags")


def cached(key: Sequence[str | int], read: Callable[[Path | None], Corpus]) -> Corpus:
    """Takes a corpus from the cache, or reads it now and keeps it there.

    The cache is ``~/.cache/ctl``, or the folder that ``CTL_CACHE`` names; it can be removed at any time. What is found
    damaged is read anew; where nothing can be written, the text is kept in memory.

    Args:
        key: everything that the corpus depends on.
        read: reads it, to a folder or, given ``None``, in memory.
    """
    entry = folder() / fingerprint(json.dumps([FORMAT, *key]))
    if (corpus := _open(entry)) is not None:
        return corpus
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_over(entry.parent)
        fresh = Path(tempfile.mkdtemp(dir=entry.parent, prefix="partial-", suffix=PARTIAL))
    except OSError as error:
        notice(f"{entry.parent}: not writable ({error.strerror}), so text is kept in memory; CTL_CACHE names another")
        return read(None)
    try:
        _keep(read(fresh), fresh, entry)
    except OSError as error:
        notice(f"{entry.parent}: {error.strerror}, so text is kept in memory; CTL_CACHE names another folder")
        return read(None)
    finally:
        remove(fresh, entry.parent)
    return _open(entry) or read(None)


def folder() -> Path:
    """Returns the folder of the cache."""
    return cache_folder("corpora")


def _remove_left_over(home: Path) -> None:
    """Removes what killed runs had read by half."""
    for old in home.glob(f"partial-*{PARTIAL}"):
        if time.time() - old.stat().st_mtime > DAY:
            remove(old, home)


def _keep(corpus: Corpus, fresh: Path, entry: Path) -> None:
    """Adds the manifest and makes the folder appear at once."""
    remove(fresh / "codes", fresh)
    manifest = {
        "name": corpus.name,
        "types": None if corpus.schema is None else list(corpus.schema.types),
        "notes": corpus.notes,
        "repaired": corpus.repaired,
        "sha256": {file: checksum(fresh / file) for file in FILES if (fresh / file).exists()},
    }
    (fresh / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    remove(entry, entry.parent)
    try:
        fresh.rename(entry)
    except OSError:  # another process was faster
        if not entry.is_dir():
            raise


def _open(entry: Path) -> Corpus | None:
    """Opens a corpus that is whole; ``None`` where there is none."""
    try:
        manifest = json.loads((entry / "manifest.json").read_text(encoding="utf-8"))
        if any(checksum(entry / file) != digest for file, digest in manifest["sha256"].items()):
            return None
        text, offsets = open_words(entry), open_column(entry / "offsets", "q")
    except (OSError, ValueError, KeyError):
        return None
    name, notes, repaired = manifest["name"], tuple(manifest["notes"]), manifest["repaired"]
    if manifest["types"] is None:
        return Corpus(name, text, offsets, notes=notes, repaired=repaired)
    schema = TagSchema(tuple(manifest["types"]))
    return Corpus(name, text, offsets, open_column(entry / "tags", "h"), schema, notes, repaired=repaired)
