"""Labelled text that a model's run names: its target's test split, the validation splits of its sources."""

from __future__ import annotations

from ctl.data.corpus import Corpus
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.inspection.settings import read_settings
from ctl.inspection.stores import read_named
from ctl.tagging.trained import Trained

CONFIGURATIONS = ("config.test.yaml", "test.yaml", "config.fit.yaml", "fit.yaml")


def read_labelled(trained: Trained, split: str, language: str | None = None) -> Corpus:
    """Reads a split with its tags, under the types of a model.

    Args:
        trained: the model.
        split: ``validation`` or ``test``.
        language: the target where none is named.

    Raises:
        CTLError: there is none, or it has no tags.
    """
    stage = trained.path.parent.parent
    path = next((stage / name for name in CONFIGURATIONS if (stage / name).is_file()), None)
    if path is None:
        raise CTLError(f"{stage} has no {CONFIGURATIONS[0]}")
    data = read_settings(path)
    corpus = read_named(f"{language or data.get('target')}/{split}", data, stage, tags=True)
    if corpus.tags is None:
        raise CTLError(f"{corpus.name} is raw text")
    return corpus.project(TagSchema(trained.types), data.get("type_map"))
