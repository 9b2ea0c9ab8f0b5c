"""The loss of masked and causal models: what they are asked for is a subword of the vocabulary."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ctl.backbones.packing import Subwords, lay_out

NOT_ASKED = -100  # the label of a subword that a model is not asked for


def subword_loss(model: Any, subwords: Subwords, labels: Tensor, reduction: str = "mean") -> Tensor:  # noqa: ANN401
    """Returns the cross-entropy of the labels (P) that are asked for, in nats; logits are made of these alone.

    A vocabulary is large, so that logits of all subwords would take most of the memory. The model's own head makes
    them, with whatever scale or cap it has.

    Args:
        model: a masked or causal model of `transformers`, with its head.
        subwords: what it reads.
        labels: the subword that stands at each place, or, for a causal model, after it; or `NOT_ASKED` (P).
        reduction: ``mean`` over all that is asked, or ``sum``.
    """
    layout = lay_out(model, subwords)
    labels_of_passes = layout.spread(labels, NOT_ASKED)
    logits = [_logits(model, *parts) for parts in zip(layout.passes, labels_of_passes, strict=True)]
    asked = torch.cat([labels[labels != NOT_ASKED] for labels in labels_of_passes])
    return torch.nn.functional.cross_entropy(torch.cat(logits).float(), asked, reduction=reduction)


def _logits(model: Any, inputs: dict[str, Any], labels: Tensor) -> Tensor:  # noqa: ANN401
    """Logits of the subwords that are asked for (M, vocabulary)."""

    def keep_asked(_model: Any, _inputs: Any, output: Any) -> Any:  # noqa: ANN401
        output.last_hidden_state = output.last_hidden_state[labels != NOT_ASKED][None]
        return output

    with model.base_model.register_forward_hook(keep_asked):
        logits: Tensor = model(**inputs).logits[0]
    return logits
