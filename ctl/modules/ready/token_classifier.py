"""Token classifiers of `transformers`, of any architecture and any labels, as teachers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from ctl.backbones.checks import check_backbone
from ctl.backbones.facts import fingerprint_backbone
from ctl.backbones.loading import load_token_classifier
from ctl.backbones.packing import padded
from ctl.data.collation import WordBatch
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.modules.ready.kind import Kind
from ctl.modules.ready.labels import TypeMap, read_labels
from ctl.networks.word_classifier import carry_on

WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
TINY = 1e-30  # a probability that is zero in every store, and whose logarithm is finite


class TokenClassifier(Kind):
    """A token classifier, read at the first subword of every word.

    Args:
        name: Hub name, ``owner/name`` or ``owner/name@revision``, or folder.
        schema: the task's tags.
        type_map: see `read_labels`.
    """

    reads_words = False

    def __init__(self, name: str, schema: TagSchema, type_map: TypeMap | None = None) -> None:
        super().__init__(name, schema, type_map)
        _check_folder(Path(name))
        check_backbone(name)
        self.model = load_token_classifier(name).requires_grad_(False)
        names = [str(label) for _, label in sorted(self.model.config.id2label.items())]
        self.labels = read_labels(names, schema, type_map)

    def probabilities(self, batch: WordBatch, sentences: Sequence[Sequence[str]] = ()) -> Tensor:
        """Gives the distributions of all words (N, C)."""
        layout = padded(self.model, batch.subwords)
        logits = layout.gather([self.model(**inputs).logits for inputs in layout.passes])
        with torch.autocast(logits.device.type, enabled=False):
            probs = self.labels.probabilities(logits[batch.first].float().softmax(-1), batch.lengths)
            return carry_on(probs.clamp(min=TINY).log(), batch).softmax(-1)

    @staticmethod
    def fingerprint(name: str) -> str:
        """Gives the fingerprint of the folder's files, or of the Hub name with its revision."""
        _check_folder(Path(name))
        return fingerprint_backbone(name)


def _check_folder(folder: Path) -> None:
    """Refuses a folder that is none of `transformers`, or whose weights are pickles alone.

    Raises:
        CTLError: says what is missing.
    """
    if not folder.is_dir():
        return
    if not (folder / "config.json").is_file():
        raise CTLError(
            f"{folder}: no config.json, so no model of transformers; a run of ctl is made one by `ctl export`"
        )
    if not any((folder / name).is_file() for name in WEIGHTS):
        raise CTLError(f"{folder}: no {WEIGHTS[0]}; ctl reads no pickled weights: save the model as safetensors")
