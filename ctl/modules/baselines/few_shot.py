"""A few labelled sentences of the target: a model of these alone, or a student that goes on with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctl.errors import CTLError
from ctl.methods import FEW, Method, named
from ctl.modules.tagger import load_module
from ctl.modules.teacher import Teacher


class FewShot(Teacher):
    """A tagger trained on a few labelled sentences of the target, which is no zero-resource transfer.

    It begins as the pre-trained backbone does, or as a trained student.

    Args:
        start: the checkpoint of the zero-shot student that it goes on from; the settings of its form must be the same.
        **kwargs: as for every `Teacher`.

    Attributes:
        student: the identity of that student; empty where it begins as the backbone does.
        sentences: the number of labelled sentences.
    """

    needs_backbone = False  # people take it away, and a student's word embedding is not its backbone's

    def __init__(self, *, start: str | None = None, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.start = start
        self.student: dict[str, Any] = {}
        self.sentences = 0

    def setup(self, stage: str) -> None:
        """Learns from the data module which sentences these are.

        Raises:
            CTLError: the data module reads others.
        """
        super().setup(stage)
        if stage == "fit":
            data = self.trainer.datamodule  # type: ignore[attr-defined]
            if data.few is None:
                raise CTLError("FewShot learns from a few labelled sentences of the target: set data.few")
            self.sources, self.sentences = (data.target,), sum(map(len, data.training))

    def configure_model(self) -> None:
        """Loads the backbone and, where it is to be trained, the weights of the student, once."""
        begins = self.network is None and self._is_fitted()
        super().configure_model()
        if begins and self.start is not None:
            student = load_module(self.start, types=self.schema.types)
            if student.form() != self.form():
                raise CTLError(f"{self.start}: its form is {student.form()}, here it is {self.form()}: set both alike")
            self.student = student.identity()
            self.load_state_dict({**self.own_state(), **student.own_state()})

    def checkpoint_extra(self) -> dict[str, Any]:
        """Gives the identity of the student, and the number of sentences."""
        return {**super().checkpoint_extra(), "student": self.student, "sentences": self.sentences}

    def restore_extra(self, state: Mapping[str, Any]) -> None:
        """Takes the identity of the student, and the number of sentences."""
        super().restore_extra(state)
        self.student, self.sentences = dict(state["student"]), int(state["sentences"])

    def identity(self) -> dict[str, Any]:
        """Says ``few``, or the student's name with ``+few``, and how many sentences were labelled.

        The time of a student is part of the time.
        """
        own = {**super().identity(), "few": self.sentences}
        if not self.student:
            return {**own, "method": named(Method(FEW, family=self.family), self.variant)}
        seconds = self.train_seconds + self.student["train_seconds"]
        method = Method.split(self.student["method"]).adding(FEW)
        taught = {name: self.student[name] for name in ("sources", "taught_by")}
        return {**own, **taught, "method": str(method), "train_seconds": round(seconds, 1)}
