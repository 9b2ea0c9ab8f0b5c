"""The upper bound: one model, gold labels of the target itself."""

from __future__ import annotations

from typing import Any

from ctl.errors import CTLError
from ctl.methods import SUPERVISED, Method, named
from ctl.modules.teacher import Teacher


class Supervised(Teacher):
    """A tagger trained on the gold tags of the target's train split: an upper bound, and no zero-resource transfer.

    Its records are marked, and it teaches nobody.
    """

    def setup(self, stage: str) -> None:
        """Learns from the data module which language it is taught.

        Raises:
            CTLError: the data module does not read the target's gold tags.
        """
        if stage == "fit":
            data = self.trainer.datamodule  # type: ignore[attr-defined]
            if not data.supervised:
                raise CTLError("Supervised learns from gold tags of the target: set data.supervised to true")
            self.sources = (data.target,)

    def identity(self) -> dict[str, Any]:
        """Says ``supervised``, ``llm-`` before it for a decoder, and that it is an upper bound."""
        method = Method(SUPERVISED, family=self.family)
        return {**super().identity(), "method": named(method, self.variant), "upper_bound": True}
