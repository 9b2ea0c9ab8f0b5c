"""A trained tagger as its checkpoint has it: a network that answers, without all that training needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ctl.backbones.loading import build_encoder
from ctl.backbones.rows import BLOCK
from ctl.data.collation import WordBatch
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.networks.word_classifier import WordClassifier
from ctl.system.checkpoints import TOKENIZER, are_finite, backbone_now, read_checkpoint, read_from
from ctl.system.names import check_method

NETWORK = "network."  # before the names of its weights in a checkpoint


class SavedTagger(nn.Module):
    """A tagger that can answer but not be trained, so that it needs nothing of Lightning.

    Args:
        checkpoint: the plain values and tensors of a file that holds all weights of a tagger.
        path: of the file.

    Attributes:
        schema: the entity types and tags.
        backbone: Hub name or folder of its backbone.
        fit_record: of the fit that trained it.
        tokenizer_fingerprint: of the tokenizer that it was trained with; ``None`` where nobody kept it.

    Raises:
        CTLError: a weight is no number, or its name can't be used.
    """

    def __init__(self, checkpoint: Mapping[str, Any], path: Path) -> None:
        super().__init__()
        state, settings, weights = (checkpoint[name] for name in ("ctl", "hyper_parameters", "state_dict"))
        if not are_finite(weights.values()):
            raise CTLError("the checkpoint's weights are not finite numbers: train anew, with a lower rate (lr)")
        self.schema = TagSchema(tuple(state["types"]))
        self.backbone = backbone_now(settings["backbone"], path)
        self.fit_record: dict[str, Any] = state["fit"]
        self.tokenizer_fingerprint: str | None = checkpoint.get(TOKENIZER)
        self.temperature = float(weights["temperature"]) if settings.get("calibrate") else 1.0
        self._identity: dict[str, Any] = state["identity"]
        check_method(self._identity["method"])
        encoder = build_encoder(state["encoder"], state["attention"])
        self.network = WordClassifier(encoder, len(self.schema), settings.get("pooling"))
        self.network.load_state_dict(
            {name.removeprefix(NETWORK): weight for name, weight in weights.items() if name.startswith(NETWORK)}
        )

    @property
    def backbone_model(self) -> Any:  # noqa: ANN401
        """The encoder or decoder under the tags."""
        return self.network.encoder

    def identity(self) -> dict[str, Any]:
        """Says who this is, as the module that was trained does."""
        return self._identity

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Gives the distributions of all words of a batch (N, C)."""
        return (self.network(batch) / self.temperature).softmax(-1)  # type: ignore[no-any-return]


def load_saved(path: Path) -> SavedTagger | None:
    """Loads a tagger whose checkpoint holds all of it; nothing in the file is executed.

    Returns:
        The tagger. ``None`` where the checkpoint needs its backbone, was written before checkpoints said who they are,
        or is of something else: `ctl.modules.tagger.load_module` loads it, or says why not.

    Raises:
        CTLError: there is no such file, or it is damaged.
    """
    checkpoint = read_checkpoint(path)
    with read_from(path):
        state = checkpoint.get("ctl", {})
        if "identity" not in state or state["lora_rank"] or BLOCK in state:
            return None
        return SavedTagger(checkpoint, path).eval().requires_grad_(False)
