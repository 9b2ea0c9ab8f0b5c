"""Distillation losses: pure functions of student logits and teacher probabilities, averaged over counted words.

Shapes: ``logits`` (N, C) are the student's, ``teacher`` (N, C) are probabilities, ``mask`` (N) says how much each word
counts: true or false, or a weight from 0 up. The class axis is the last one. Losses in nats, except the squared error,
which is on probabilities.
"""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor

LossName = Literal["mse", "kl", "cross_entropy", "hard"]


def distillation_loss(
    name: LossName, logits: Tensor, teacher: Tensor, mask: Tensor, temperature: float = 1.0
) -> Tensor:
    """Chooses a loss by name."""
    match name:
        case "mse":
            return mse(logits, teacher, mask)
        case "kl":
            return kl(logits, teacher, mask, temperature)
        case "cross_entropy":
            return cross_entropy(logits, teacher, mask)
        case "hard":
            return hard(logits, teacher, mask)


def masked_mean(per_word: Tensor, mask: Tensor) -> Tensor:
    """Mean over the words that count (N) -> (); zero where none does."""
    return (per_word * mask).sum() / mask.sum().clamp(min=1e-6)


def mse(logits: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
    r"""Squared error between probabilities, :math:`\frac1C \sum_c (p_c - q_c)^2`.

    Wu et al., ACL 2020 (doi 10.18653/v1/2020.acl-main.581), equation 3 as its authors' code has it: the mean over
    words and over classes.
    """
    return masked_mean((logits.softmax(-1) - teacher).square().mean(-1), mask)


def kl(logits: Tensor, teacher: Tensor, mask: Tensor, temperature: float = 1.0) -> Tensor:
    r"""Kullback-Leibler divergence :math:`T^2\, KL(q_T \| p_T)` of distributions softened by temperature T.

    Hinton et al., 2015 (arXiv 1503.02531); the factor :math:`T^2` keeps the size of the gradient.
    """
    softened = (teacher.clamp(min=1e-8).log() / temperature).softmax(-1)
    per_class = F.kl_div((logits / temperature).log_softmax(-1), softened, reduction="none")
    return temperature**2 * masked_mean(per_class.sum(-1), mask)


def cross_entropy(logits: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
    r"""Cross-entropy with soft targets, :math:`-\sum_c q_c \log p_c`."""
    return masked_mean(-(teacher * logits.log_softmax(-1)).sum(-1), mask)


def hard(logits: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
    """Cross-entropy with the teacher's most probable tag alone: the ablation without soft labels."""
    return masked_mean(F.cross_entropy(logits, teacher.argmax(-1), reduction="none"), mask)


def unanimous(logits: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
    """Squared error against the tag on which all teachers agree, as one-hot; ``mask`` (N) says where they do.

    An option of the code of Wu et al., ACL 2020 (``hard label weight``), added to the loss against soft labels.
    """
    return mse(logits, F.one_hot(teacher.argmax(-1), teacher.shape[-1]).to(teacher.dtype), mask)
