"""Weights of candidate sources by a pre-trained backbone, from raw text alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from lightning.pytorch import LightningModule, Trainer, seed_everything

from ctl.data.datamodule import NERDataModule
from ctl.modules import LanguageIdentifier, NearestLanguages
from ctl.system.devices import best_precision

EPOCHS = 10  # of the language identifier, as in a transfer
Weights = dict[str, dict[str, float]]  # of the sources, by weighting and source


class RawSources(NERDataModule):
    """The text of sources and target; no tag of any language is read, and no validation split is needed."""

    def setup(self, stage: str) -> None:
        """Reads the train splits."""
        if stage == "fit":
            self.training = [self.raw_text(source, "train") for source in self.sources]
            self.validation = []
        else:
            super().setup(stage)


def weigh(data: RawSources, seed: int = 0) -> Weights:
    """Gives the weights of the sources for the target: ``nearest learned cosine l1 l2``.

    Args:
        data: of these sources and this target, with a backbone.
        seed: of the language identifier.
    """
    backbone, sources = str(data.backbone), list(data.sources)
    seed_everything(seed, verbose=False)
    return {
        **_weights(NearestLanguages(backbone, sources), data),
        **_weights(LanguageIdentifier(backbone, sources), data),
    }


def _weights(module: LightningModule, data: RawSources) -> Weights:
    """Trains a module, where it is to be trained, and reads the weights that it writes."""
    with TemporaryDirectory() as folder:
        trainer = _trainer(folder)
        if module.needs_training:
            trainer.fit(module, datamodule=data)
        trainer.predict(module, datamodule=data, return_predictions=False)
        weights: Weights = json.loads((Path(folder) / "weights.json").read_text(encoding="utf-8"))
    return weights


def _trainer(folder: str) -> Trainer:
    """A Trainer that writes nothing but what modules write."""
    return Trainer(
        default_root_dir=folder,
        max_epochs=EPOCHS,
        precision=best_precision("auto"),
        limit_val_batches=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        devices=1,
    )


def subwords(data: NERDataModule, languages: Sequence[str], words: int) -> dict[str, frozenset[int]]:
    """The distinct subwords of the first words of each language's train split.

    Args:
        data: with a backbone, whose tokenizer cuts.
        languages: of these texts.
        words: how many of each text are cut; as many for all, or a longer text would have more in common with any.
    """
    tokenizer, found = data.encoder.tokenizer, {}
    for language in languages:
        text = list(dict.fromkeys(data.raw_text(language, "train").words[:words]))
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        found[language] = frozenset(subword for cut in ids for subword in cut)
    return found
