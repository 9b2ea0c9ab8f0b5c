"""Soft labels of a run's students, so that they can be seen beside those of their teachers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ctl.data.reading.form import SPLITS
from ctl.data.soft_labels import StoreWriter
from ctl.errors import CTLError
from ctl.inspection.settings import read_settings
from ctl.inspection.stores import read_named
from ctl.modules.tagger import Tagger
from ctl.system.console import say
from ctl.tagging.text_tagger import TextTagger
from ctl.tagging.trained import load_trained


def label_by_students(run: Path, split: str, settings: Mapping[str, Any]) -> None:
    """Lets every student below a run label a split of the target, unless it has already done so.

    It takes from the run the students' checkpoints and where the text is, and nothing else.

    Args:
        run: the folder.
        split: of the target.
        settings: of `NERDataModule`, in place of those of the run.

    Raises:
        CTLError: there is no student, or its text is not to be found.
    """
    if split not in SPLITS:
        raise CTLError(f"--split {split}: there is {', '.join(SPLITS)}")
    students = sorted(run.rglob("students/*/checkpoints/last.ckpt"))
    if not students:
        raise CTLError(f"{run}: no students below it; `ctl transfer` trains them")
    for checkpoint in students:
        folder = checkpoint.parents[1]
        if not checkpoint.resolve().is_relative_to(run.resolve()):
            raise CTLError(f"{checkpoint}: a link out of {run}; inspect the folder that it leads to")
        if not (folder / "soft_labels" / split / "manifest.json").is_file():
            say(f"{folder.name}: the student labels the {split} split ...")
            _label(checkpoint, folder / "soft_labels" / split, settings)


def _label(checkpoint: Path, store: Path, settings: Mapping[str, Any]) -> None:
    """Writes a student's store."""
    tagger = TextTagger(load_trained(checkpoint, module=True))
    student = tagger.trained.model
    assert isinstance(student, Tagger)
    data = {**read_settings(store.parents[1] / "fit.yaml"), **settings}
    corpus = read_named(f"{data.get('target')}/{store.name}", data, store.parents[1], tags=False)
    writer = StoreWriter(store)
    writer.add(np.arange(len(corpus.words)), tagger.probabilities(corpus))
    writer.close()
    StoreWriter.join(store, corpus, tagger.schema, student.as_teacher())
