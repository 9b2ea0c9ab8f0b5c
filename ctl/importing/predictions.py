"""A file of predictions to a soft-label store of a split, with a count of all that could not be taken as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ctl.data.corpus import Corpus
from ctl.data.reading.brat import brat_entities, brat_texts
from ctl.data.reading.form import Form
from ctl.data.reading.lines import read_lines, read_text
from ctl.data.reading.spans import repair_notes
from ctl.data.soft_labels import StoreWriter
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.importing.aligning import Aligner, alignment_lines
from ctl.importing.columns import read_columns
from ctl.importing.documents import Document, Opinion
from ctl.importing.exports import read_exports
from ctl.importing.gazetteer import find_names, read_gazetteer
from ctl.importing.labels import Labels
from ctl.system.files import checksum, fingerprint

Kind = Literal["conll", "json", "brat", "gazetteer"]
JSON = (".json", ".jsonl", ".ndjson")
HEAD = 200  # lines by which a gazetteer is known
ANY = (".tsv", ".txt", ".csv", "")  # endings that say nothing of the form
BRAT = "of a folder, files of brat are read, .ann beside .txt"
ELSEWHERE = {  # where entities may be that were not found, by form
    "conll": ": are tags in another column? --data.tag_column says which",
    "json": ": are they under another key? --data.tag_column names it",
}


@dataclass(frozen=True)
class Predictions:
    """A file of predictions, and the name under which it is imported.

    Attributes:
        path: the file, or a folder of brat.
        name: of the teacher that the file stands for.
        kind: the form of the file; ``None`` to find it.
        form: its encoding, and its columns or keys.
        partial: where nobody marks an entity nothing is said, rather than O.
    """

    path: Path
    name: str
    kind: Kind | None
    form: Form
    partial: bool = False

    def write(self, corpus: Corpus, schema: TagSchema, type_map: Mapping[str, str | None], store: Path) -> list[str]:
        """Writes the store.

        Args:
            corpus: the split, as raw text.
            schema: the tags of the task.
            type_map: other names for types.
            store: where the store will be; an older one is replaced.

        Returns:
            What was read and what was not, a line each.

        Raises:
            CTLError: names the file and the line.
        """
        if not self.path.exists():
            raise CTLError(f"{self.path}: no such file")
        labels = Labels(schema, len(corpus.words), type_map, self.partial)
        lines = self._names(corpus, labels) if self._kind() == "gazetteer" else self._documents(corpus, labels)
        self._check_entities(labels)
        probs, said = labels.result()
        writer = StoreWriter(store)
        writer.add(np.arange(len(corpus.words)), probs, **({} if said.all() else {"labelled": said}))
        writer.close()
        StoreWriter.join(store, corpus, schema, self._identity(labels))
        counts = ", ".join(f"{labels.types[kind]:,} {kind}" for kind in schema.types)
        outside = [f"{count:,} entities of type {name}, read as O" for name, count in labels.outside.most_common()]
        return [*lines, f"entities: {counts}", *outside, *repair_notes(labels.repairs)]

    def _check_entities(self, labels: Labels) -> None:
        """Refuses labels that would be nothing but O.

        Raises:
            CTLError: there is no entity of the task's types.
        """
        if labels.types:
            return
        task = ", ".join(labels.schema.types)
        if labels.outside:
            raise CTLError(
                f"{self.path}: its entity types {', '.join(sorted(labels.outside))} are none of the task's, {task}; "
                "name their counterparts in --data.type_map, or the task's types in --data.types"
            )
        raise CTLError(f"{self.path}: no entity of type {task} in it{ELSEWHERE.get(self._kind(), '')}")

    def _kind(self) -> Kind:
        """The form of the file: by the ending of its name, and for a list of names by its lines."""
        if self.kind is not None:
            return self.kind
        if self.path.is_dir() or self.path.suffix == ".ann":
            return "brat"
        if self.path.suffix in JSON:
            return "json"
        rows = [
            line.split("\t") for line, _ in zip(read_lines(self.path, self.form.encoding), range(HEAD), strict=False)
        ]
        names = all(len(row) == 2 and row[1].strip() and row[1][1:2] != "-" for row in rows)
        return "gazetteer" if rows and names and not any(row[1] == "O" for row in rows) else "conll"

    def _documents(self, corpus: Corpus, labels: Labels) -> list[str]:
        """Adds the opinions of all texts of the file.

        Raises:
            CTLError: not one stands in the corpus.
        """
        notes, aligner, first = Counter[str](), Aligner(corpus, self.form.normalization), ""
        for document in self._read(notes, labels):
            first = first or document.place
            match = aligner.find(document.text, document.place)
            if match.words:
                labels.add(document, match, aligner.bounds(match))
        skipped = [f"{count:,} {what}" for what, count in notes.items()]
        if not first:
            reasons = [BRAT] if self.path.is_dir() else skipped
            raise CTLError(f"{self.path}: no text in it" + "".join(f"; {reason}" for reason in reasons))
        said = labels.said
        if not said.any():
            raise CTLError(
                f"{aligner.lost[0] if aligner.lost else first}: this text does not stand in {corpus.name}, and no "
                "other of the file does: is it for another split or language?"
            )
        return [*alignment_lines(corpus.name, aligner.counts, aligner.lost, said), *skipped]

    def _read(self, notes: Counter[str], labels: Labels) -> Iterable[Document]:
        match self._kind():
            case "json":
                return read_exports(self.path, self.form, notes)
            case "brat":
                return (self._brat(text, labels.repairs) for text in brat_texts(self.path))
        try:
            return read_columns(self.path, self.form)
        except CTLError as error:
            if self.kind is not None or self.path.suffix not in ANY:
                raise
            raise CTLError(f"{error}; if it is a list of names: a line is a name, a tab and its type") from error

    def _brat(self, path: Path, repairs: Counter[str]) -> Document:
        text = read_text(path, self.form.encoding)
        return Document(text, str(path), [Opinion(list(brat_entities(path, text, self.form, repairs)))])

    def _names(self, corpus: Corpus, labels: Labels) -> list[str]:
        """Adds the names of a gazetteer wherever they stand."""
        names = read_gazetteer(self.path, self.form)
        known = set()
        for begin, end, kinds in find_names(corpus, names):
            labels.add_name(begin, end, kinds)
            known.add(tuple(corpus.words[begin:end]))
        if not known:
            raise CTLError(f"{self.path}: none of its {len(names):,} names stands in {corpus.name} word for word")
        labels.add_rest()
        return [f"{len(known):,} of {len(names):,} names stand in {corpus.name}"]

    def _identity(self, labels: Labels) -> dict[str, Any]:
        """Says who labelled the text: the file, as the teacher of a source of this name."""
        files = sorted(self.path.rglob("*")) if self.path.is_dir() else [self.path]
        return {
            "method": f"direct:{self.name}",
            "sources": [self.name],
            "train_seconds": 0.0,
            "fingerprint": fingerprint(*(checksum(file) for file in files if file.is_file())),
            "source_types": [kind for kind in labels.schema.types if labels.types[kind]],
            "imported": {"file": str(self.path), "form": self._kind()},
        }
