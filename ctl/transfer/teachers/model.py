"""A model of a plan that can be scored and that can label text, whether a stage trains it or others did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ctl.transfer.settings import Section
from ctl.transfer.stage import Stage


class Model(NamedTuple):
    """A model that is ready when its stages are done.

    Attributes:
        title: its name, for people.
        folder: the folder of what it leaves.
        model: its class and arguments.
        data: arguments of the data module that it reads through.
        checkpoint: its weights, where a stage trains it.
        after: the stages that make it.
        tagger: fingerprint of what others made; empty where a stage trains it.
        splits: those of the target that it can label.
        tagger_untested: the fingerprint without stored answers for the target's test split.
    """

    title: str
    folder: Path
    model: Section
    data: Section
    checkpoint: Path | None = None
    after: tuple[Stage, ...] = ()
    tagger: str = ""
    splits: Sequence[str] = ("train", "test", "few")
    tagger_untested: str = ""

    @classmethod
    def of(cls, fit: Stage) -> Model:
        """The model that a stage trains."""
        title = fit.title.removeprefix("train ")
        return cls(title, fit.folder, fit.config["model"], fit.config["data"], fit.output, (fit,))
