"""The soft-label store: one distribution per word on disk, memory-mapped, with a manifest that says whose it is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ctl.arrays import Bools, Floats, Ints
from ctl.data.corpus import Corpus
from ctl.data.tags import TagSchema
from ctl.errors import CTLError, first_line
from ctl.system.files import checksum, partial_of, remove, reserve, writing

FORMAT = 2
CHUNK = 1 << 16  # words of a store that are read or written together
OFF_BY = 0.02  # of a row's sum from one: numbers are kept in 16 bits
TEXT = {"name": str, "sentences": int, "words": int, "fingerprint": str}  # what a manifest says of the text
FILES, ALL_FILES = {"probs.npy", "offsets.npy"}, {"probs.npy", "offsets.npy", "unanimous.npy", "labelled.npy"}
MANIFEST: dict[str, type] = {"types": list, "corpus": dict, "teacher": dict, "unanimous": bool, "sha256": dict}
SPLITS = ("train", "test")  # of the target, that teachers label
MARKS = ("unanimous", "labelled")  # true or false for every word, where a model tells it


class SoftLabelStore:
    """Probabilities of C tags for the W words of a corpus, as a teacher, an ensemble or a student gave them.

    A folder of ``probs.npy`` (W, C) in float16, ``offsets.npy`` (S + 1) with the first word of each sentence, and
    ``manifest.json``: the tag schema, the fingerprints of text and teacher, and the checksums of the other files.
    Marks of words are optional: ``unanimous.npy`` (W), the words on which all teachers agree, and ``labelled.npy`` (W),
    the words that have a label. The row of a word without one is uniform, and the word counts in no training.

    Args:
        path: the folder.
        verify: compare the checksums; reads all files once.

    Raises:
        CTLError: there is no complete store, or it is damaged.
    """

    def __init__(self, path: str | Path, verify: bool = True) -> None:
        self.path = Path(path)
        try:
            self.manifest: dict[str, Any] = json.loads((self.path / "manifest.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise CTLError(f"{self.path}: no soft labels here (no manifest.json); `ctl predict` writes them") from None
        except (ValueError, OSError, RecursionError) as error:
            raise CTLError(f"{self.path / 'manifest.json'}: not readable ({error}); write it anew") from None
        self._check_manifest()
        for file, digest in self.manifest["sha256"].items() if verify else ():
            if _checksum(self.path / file) != digest:
                raise CTLError(f"{self.path}: {file} is not what was written (checksum differs); write it anew")
        self.probs = _open(self.path / "probs.npy")
        self.offsets: Ints = _open(self.path / "offsets.npy")
        self.unanimous = _open(self.path / "unanimous.npy") if self.manifest["unanimous"] else None
        self.labelled = _open(self.path / "labelled.npy") if self.manifest.get("labelled") else None
        self.schema = TagSchema(tuple(self.manifest["types"]))
        self._check_shapes()
        if verify:
            self._check_rows()

    def _check_manifest(self) -> None:
        """Refuses a manifest of another format, or one that is not what `StoreWriter` writes."""
        manifest = self.manifest if isinstance(self.manifest, dict) else {}
        if manifest.get("format") != FORMAT:
            raise CTLError(f"{self.path}: format {manifest.get('format')}, this version reads {FORMAT}; write it anew")
        wrong = [name for name, kind in MANIFEST.items() if not isinstance(manifest.get(name), kind)]
        if not wrong:
            text = manifest["corpus"]
            wrong = [f"corpus.{name}" for name, kind in TEXT.items() if not isinstance(text.get(name), kind)]
            wrong += [] if all(isinstance(name, str) for name in manifest["types"]) else ["types"]
        if wrong or not FILES <= manifest["sha256"].keys() <= ALL_FILES:
            raise CTLError(
                f"{self.path}: its manifest.json is not one that ctl wrote ({', '.join(wrong) or 'sha256'}); "
                "write it anew"
            )

    def _check_shapes(self) -> None:
        """Compares the arrays with the manifest."""
        words, sentences = (self.manifest["corpus"][name] for name in ("words", "sentences"))
        marks = {name: getattr(self, name) for name in MARKS if getattr(self, name) is not None}
        wanted = {"probs": (words, len(self.schema)), "offsets": (sentences + 1,), **{name: (words,) for name in marks}}
        for name, array in {"probs": self.probs, "offsets": self.offsets, **marks}.items():
            if array.shape != wanted[name] or array.dtype.kind != {"probs": "f", "offsets": "i"}.get(name, "b"):
                raise CTLError(
                    f"{self.path}: {name}.npy is {array.shape} of {array.dtype}, but its manifest says {wanted[name]}; "
                    "write it anew"
                )
        if self.offsets[0] != 0 or self.offsets[-1] != words or (np.diff(self.offsets) < 0).any():
            raise CTLError(f"{self.path}: offsets.npy does not divide {words} words into sentences; write it anew")

    def _check_rows(self) -> None:
        """Reads all rows: each is a distribution."""
        for begin in range(0, len(self.probs), CHUNK):
            rows = self.probs[begin : begin + CHUNK].astype(np.float32)
            right = np.isfinite(rows).all(-1) & (rows >= 0).all(-1) & (np.abs(rows.sum(-1) - 1) < OFF_BY)
            if not right.all():
                raise CTLError(
                    f"{self.path}: the soft label of word {begin + int(right.argmin())} is no distribution (numbers "
                    "from 0 to 1 whose sum is 1); the model that wrote it was trained in vain, or the file is damaged"
                )

    def __len__(self) -> int:
        return len(self.probs)

    def __repr__(self) -> str:
        text, method = self.manifest["corpus"], self.manifest["teacher"].get("method", "unnamed")
        size = f"{text['sentences']:,} sentences, {len(self):,} words"
        return f"SoftLabelStore({self.path}: {method} for {text['name']}, {size}, types {', '.join(self.schema.types)})"

    def rows(self, index: slice | Ints) -> Floats:
        """Distributions of some words (n, C) in float32, each summing to one."""
        probs = self.probs[index].astype(np.float32)
        return np.asarray(probs / probs.sum(-1, keepdims=True))

    def share_of_o(self) -> float:
        """The share of the labelled words whose most probable tag is O, 0..1."""
        labelled = np.ones(len(self), dtype=bool) if self.labelled is None else self.labelled
        parts = [slice(begin, begin + CHUNK) for begin in range(0, len(self), CHUNK)]
        outside = sum(int((self.probs[part].argmax(-1)[labelled[part]] == 0).sum()) for part in parts)
        return outside / max(1, int(labelled.sum()))

    def check(self, corpus: Corpus, schema: TagSchema) -> None:
        """Refuses a store that was made for other text or other tags.

        Raises:
            CTLError: says what differs.
        """
        stored, wanted = self.manifest["corpus"], text_of(corpus)
        differences = [
            f"{key} is {stored[key]} in the store, {wanted[key]} here" for key in wanted if stored[key] != wanted[key]
        ]
        if self.schema != schema:
            differences.append(f"types are {list(self.schema.types)} in the store, {list(schema.types)} here")
        if differences:
            raise CTLError(f"{self.path}: these soft labels are for something else: {'; '.join(differences)}")


def stores_at(path: str | Path) -> dict[str, Path]:
    """Finds the stores of a folder by split: of ``ctl import`` or of a stage, or of one store and those beside it."""
    folder = Path(path)
    home = folder.parent if (folder / "manifest.json").is_file() else folder / "soft_labels"
    return {split: home / split for split in SPLITS if (home / split / "manifest.json").is_file()}


def text_of(corpus: Corpus) -> dict[str, Any]:
    """Names a text as the manifest of a store does."""
    return {
        "name": corpus.name,
        "sentences": len(corpus),
        "words": len(corpus.words),
        "fingerprint": corpus.fingerprint,
    }


class StoreWriter:
    """Writes one process's share of a store; `join` makes the whole.

    Rows may come in any order. They are appended to two raw files, so memory does not grow with the corpus.

    Args:
        path: where the store will be.
        rank: this process.
    """

    def __init__(self, path: str | Path, rank: int = 0) -> None:
        self.path = Path(path)
        shards = _shards(self.path)
        shards.mkdir(parents=True, exist_ok=True)
        self._words = (shards / f"{rank}.words").open("wb")
        self._probs = (shards / f"{rank}.probs").open("wb")
        self._marks = {mark: (shards / f"{rank}.{mark}").open("wb") for mark in MARKS}

    def add(self, words: Ints, probs: Floats, **marks: Bools) -> None:
        """Appends distributions (n, C) of the words at these addresses (n), and their ``MARKS`` by name (n)."""
        self._words.write(words.astype("<i8").tobytes())
        self._probs.write(probs.astype("<f2").tobytes())
        for mark, values in marks.items():
            self._marks[mark].write(values.tobytes())

    def close(self) -> None:
        """Flushes this process's share."""
        for file in (self._words, self._probs, *self._marks.values()):
            file.close()

    @staticmethod
    def join(
        path: str | Path, corpus: Corpus, schema: TagSchema, teacher: Mapping[str, Any], world_size: int = 1
    ) -> SoftLabelStore:
        """Puts all shares in place, checks that every word has a distribution, and makes the store appear at once.

        Args:
            path: where the store will be; an older one is replaced.
            corpus: the text that was labelled.
            schema: the tags.
            teacher: who labelled it, for the manifest.
            world_size: number of processes that wrote a share.
        """
        path, shards = Path(path), _shards(Path(path))
        whole = shards / "store"
        remove(whole, shards)
        whole.mkdir()
        _room(whole / "probs.npy", np.float16, (len(corpus.words), len(schema)))
        marks = [mark for mark in MARKS if (shards / f"0.{mark}").stat().st_size > 0]
        for mark in marks:
            _room(whole / f"{mark}.npy", np.bool_, (len(corpus.words),))
        seen = np.zeros(len(corpus.words), dtype=bool)
        for rank in range(world_size):
            for words, values in _parts(shards, rank, len(schema), marks):
                seen[words] = True
                for name, rows in values.items():
                    _put(whole / f"{name}.npy", words, rows)
        if not seen.all():
            raise RuntimeError(f"{path}: {(~seen).sum()} of {len(seen)} words were given no distribution")
        with writing(path):
            np.save(whole / "offsets.npy", corpus.offsets, allow_pickle=False)
        files = ["probs.npy", "offsets.npy", *(f"{mark}.npy" for mark in marks)]
        manifest = {
            "format": FORMAT,
            "types": list(schema.types),
            "corpus": text_of(corpus),
            "teacher": dict(teacher),
            "unanimous": "unanimous" in marks,
            **({"labelled": True} if "labelled" in marks else {}),
            "sha256": {file: _checksum(whole / file) for file in files},
        }
        (whole / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False), encoding="utf-8")
        remove(path, path.parent)
        os.replace(whole, path)
        remove(shards, path.parent)
        return SoftLabelStore(path, verify=False)


def _parts(
    shards: Path, rank: int, tags: int, marks: Sequence[str]
) -> Iterator[tuple[Ints, dict[str, npt.NDArray[Any]]]]:
    """Reads the share that a process wrote, some words at a time: their addresses (n), ``probs`` (n, C), marks (n)."""
    with ExitStack() as stack:
        words, probs, *marked = (
            stack.enter_context((shards / f"{rank}.{name}").open("rb")) for name in ("words", "probs", *marks)
        )
        while len(rows := np.fromfile(words, dtype="<i8", count=CHUNK)):
            values = np.fromfile(probs, dtype="<f2", count=len(rows) * tags).reshape(len(rows), tags)
            read = {mark: np.fromfile(file, bool, len(rows)) for mark, file in zip(marks, marked, strict=True)}
            yield rows, {"probs": values, **read}


def _room(path: Path, kind: type[np.generic], shape: tuple[int, ...]) -> None:
    """An array file of zeros; its room on the disk is taken now, as a map of a full disk would crash."""
    np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=shape).flush()
    reserve(path)


def _put(path: Path, rows: Ints, values: npt.NDArray[Any]) -> None:
    """Writes some rows; the file is mapped for that long only, or all of it would in the end be in memory."""
    array = np.load(path, mmap_mode="r+", allow_pickle=False)
    array[rows] = values
    array.flush()


def _open(path: Path) -> npt.NDArray[Any]:
    """An array, memory-mapped; a plain one, as slices of `numpy.memmap` are slow to make."""
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        reason = "a pickle, or cut short" if isinstance(error, ValueError) else first_line(error)
        raise CTLError(f"{path}: not readable ({reason}); write the soft labels anew") from error


def _shards(path: Path) -> Path:
    return partial_of(path)


def _checksum(path: Path) -> str:
    try:
        return checksum(path)
    except FileNotFoundError:
        raise CTLError(f"{path}: missing; the soft labels beside it are incomplete, write them anew") from None
