"""Abstention: a teacher whose source has no entities of a type says nothing about that type."""

from __future__ import annotations

from torch import Tensor

from ctl.data.tags import TagSchema

LEAST = 1e-6  # of the others' probability of O, by which theirs of a type is divided


def abstained(each: Tensor, lacks: Tensor, weights: Tensor) -> Tensor:
    r"""Lets teachers abstain on the types that their sources lack.

    A teacher that never saw a type calls its entities O. So its O means: O, or one of these types. Its probability of O
    is shared out over O and the tags of the types that it lacks, in the proportion that the teachers give that have
    the type: for a tag t of such a type, :math:`p(t) / p(O) = q(t) / q(O)`, where q is the mean of these teachers'
    distributions by their weights. Where no other teacher has the type, nothing changes.

    Args:
        each: the teachers' distributions (K, N, C).
        lacks: the types that each teacher's source lacks (K, types).
        weights: of the teachers, (K, 1), or (K, N) where they differ from word to word.

    Returns:
        Distributions (K, N, C); those of teachers whose sources have every type are what they were.
    """
    ratios = each.new_zeros(each.shape)  # of each tag to O, by those who know, for those who do not
    for kind in range(lacks.shape[1]):
        knows = weights * ~lacks[:, kind, None]
        tags = [TagSchema.begin(kind), TagSchema.inside(kind)]
        given = (knows[..., None] * each[..., [0, *tags]]).sum(0)  # (N, 3), times the weight of those who know
        ratio = given[:, 1:] / given[:, :1].clamp(min=LEAST)
        ratios[..., tags] = ratio * lacks[:, kind, None, None]
    outside = each[..., :1]
    shared = outside / (1 + ratios.sum(-1, keepdim=True))  # (K, N, 1): what stays O
    changed = each + shared * ratios
    changed[..., :1] = shared
    return changed
