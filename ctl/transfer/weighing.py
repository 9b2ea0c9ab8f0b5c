"""The stages that weigh sources by the similarity of raw text."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ctl.methods import VOTED
from ctl.transfer.planner import Planner, subset_name
from ctl.transfer.stage import Stage


@dataclass(frozen=True)
class Weighing:
    """Plans how sources are weighed for a target.

    Attributes:
        planner: makes the stages.
        backbone: the encoder that is asked.
        before: the stages that make it.
        sources: the languages.
        target: the language that they are weighed for.
        folder: the folder of these stages, where it is not the run's own or one that a study shares.
    """

    planner: Planner
    backbone: str
    before: tuple[Stage, ...]
    sources: Sequence[str]
    target: str
    folder: Path | None = None

    def weights(self, weighting: str, of_sentences: bool = False) -> Stage:
        """The stage that writes the weights of the language, from some of its sentences, or of every sentence."""
        trained = None if weighting in VOTED else self._identifier()
        home = self._home("nearest") if trained is None else trained.folder
        splits, limit = (self.planner.labelled, {}) if of_sentences else (["train"], {"limit": self._some})
        planner, settings = self.planner, self.planner.settings
        by_neighbours = {"class_path": "NearestLanguages", "init_args": settings.nearest}
        read = sum(min(limit.get("limit", sys.maxsize), planner.count(self.target, split)) for split in splits)
        return planner.add(
            title=f"weigh the sources for {'every sentence of ' if of_sentences else ''}{self.target}"
            f"{' by nearest words' if trained is None else ''}",
            folder=self._for_target(home) / ("sentences" if of_sentences else ""),
            command="predict",
            model=by_neighbours if trained is None else trained.config["model"],
            data={**self._read, "target": self.target, "predict_splits": splits, **limit},
            checkpoint=trained.output if trained else None,
            outputs=tuple(f"weights/{split}.safetensors" for split in splits) if of_sentences else ("weights.json",),
            after=self.before if trained is None else (trained,),
            reads=[f"{source}/{self._split(source)}" for source in self.sources] if trained is None else [],
            work=read + (self._sentences if trained is None else 0),
        )

    def _identifier(self) -> Stage:
        """The training of the language identifier."""
        planner, settings = self.planner, self.planner.settings
        name = self._home("language_id")
        epochs = settings.language_id_epochs
        return planner.add(
            title="train language identifier",
            folder=name,
            command="fit",
            model={"class_path": "LanguageIdentifier", "init_args": settings.language_id},
            data={**self._read, "limit": self._some},
            trainer={"max_epochs": epochs, "callbacks": planner.keep_last(name), "limit_val_batches": 0},
            outputs=("checkpoints/last.ckpt",),
            after=self.before,
            work=(1 + 0.1 * epochs) * self._sentences,
        )

    @property
    def _read(self) -> dict[str, object]:
        untagged = [source for source in self.sources if source in self.planner.settings.untagged]
        return {
            "sources": list(self.sources),
            "backbone": self.backbone,
            **({"text": untagged} if untagged else {}),
        }

    def _split(self, source: str) -> str:
        """The name of a source's train split, which is read as raw text where no gold tags are known."""
        return "text" if source in self.planner.settings.untagged else "train"

    @property
    def _some(self) -> int:
        """The number of sentences of each language that are read."""
        settings = self.planner.settings
        return min(settings.language_id_sentences, settings.data.get("limit") or sys.maxsize)

    @property
    def _sentences(self) -> int:
        """The number of sentences of all sources that are read."""
        return sum(min(self._some, self.planner.count(source, self._split(source))) for source in self.sources)

    def _home(self, name: str) -> Path:
        if self.folder is not None:
            return self.folder / name
        return self.planner.shared / name / self.planner.named_in_study(subset_name(self.sources))

    def _for_target(self, home: Path) -> Path:
        """The folder of what is said of the target: a shared one has a folder for each."""
        own = home.is_relative_to(self.planner.settings.folder)
        return home if own else home / self.planner.named_in_study(self.target)
