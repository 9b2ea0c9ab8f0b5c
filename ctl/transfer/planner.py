"""How stages get their folders, keys and callbacks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ctl.backbones.loading import fingerprint_backbone
from ctl.data.corpus import Corpus
from ctl.results import versions

Settings = Mapping[str, Any]


class Split(NamedTuple):
    """What a plan knows of a split: its number of sentences, and the fingerprint of words and of tags that it shows."""

    sentences: int
    fingerprint: str


def callback(name: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401
    """A callback as LightningCLI reads it."""
    return {"class_path": name, "init_args": arguments}


def subset_name(sources: Sequence[str]) -> str:
    """A folder's name for several languages, ``en+nl``; of very many, their number and a fingerprint."""
    name = "+".join(sources)
    return name if len(name) <= 100 else f"{len(sources)}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def make_context(settings: Settings) -> str:
    """Fingerprint of what every stage depends on: backbone and version."""
    parts = [versions()["ctl"], fingerprint_backbone(settings["backbone"])]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def describe(corpus: Corpus) -> Split:
    """What a plan needs to know of a split."""
    tags = b"" if corpus.tags is None else corpus.tags.tobytes()
    digest = hashlib.sha256(corpus.fingerprint.encode() + tags)
    return Split(len(corpus), digest.hexdigest()[:16])
