"""The form of all ready-made taggers, whatever library they are of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from ctl.data.collation import WordBatch
from ctl.data.tags import TagSchema
from ctl.modules.ready.labels import Labels, TypeMap


class Kind(nn.Module, ABC):
    """A ready-made tagger, opened; nothing of it is executed but what its library computes.

    Attributes:
        reads_words: it reads text; otherwise the subwords of its own tokenizer.
        labels: its labels as tags of the task.
        inside_words: how many of its entities begin or end inside a word, and were read as all of it.
    """

    reads_words: ClassVar[bool] = True
    labels: Labels
    inside_words: int = 0

    @abstractmethod
    def __init__(self, name: str, schema: TagSchema, type_map: TypeMap | None = None) -> None:
        """Opens the tagger.

        Raises:
            CTLError: there is none of this name, it is damaged, or its labels are not of the task.
        """
        super().__init__()

    @abstractmethod
    def probabilities(self, batch: WordBatch, sentences: Sequence[Sequence[str]]) -> Tensor:
        """Gives the distributions of all words of a batch (N, C), whose words are also given as text."""

    @staticmethod
    @abstractmethod
    def fingerprint(name: str) -> str:
        """Gives 16 hex digits of the tagger's files, or of its name where the Hub keeps them.

        Raises:
            CTLError: there is no such tagger here.
        """
