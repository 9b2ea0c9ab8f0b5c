"""The things that a study compares: methods, and the best, the mean and the worst of a cell's direct teachers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from ctl.methods import Method, label

Pick = Literal["", "best", "mean", "worst"]
PICKS: tuple[Pick, ...] = ("best", "mean", "worst")


@dataclass(frozen=True)
class Contender:
    """One row of a table, one line of a figure: a method, or a pick of the direct teachers of every cell.

    Attributes:
        method: what is scored; for a pick the method without a language, ``direct`` or ``llm-direct+adapted``.
        pick: which of the direct teachers; empty for every other method.
        under: its settings, where runs of several are compared.
    """

    method: Method
    pick: Pick = ""
    under: str = ""

    @classmethod
    def of(cls, name: str) -> Contender:
        """The contender of one method, by its name."""
        return cls(Method.split(name))

    def __str__(self) -> str:
        return label(f"{self.pick} {self.method}".lstrip()) + (f" ({self.under})" if self.under else "")

    @property
    def is_direct(self) -> bool:
        """Tells whether this is direct transfer, of one teacher or of a pick of them."""
        return self.method.kind == "direct"

    @property
    def mixes(self) -> bool:
        """Tells whether several teachers are mixed, in what they say or in their weights."""
        return self.method.kind in ("ensemble", "student", "merged")

    @property
    def without_family(self) -> Contender:
        """Gives the same contender with encoders for teachers."""
        return replace(self, method=replace(self.method, family=""))


class CurveKey(NamedTuple):
    """The name of a curve: how its sets of sources were chosen, and the contender."""

    sets: str
    contender: Contender
