"""The word embedding of a model in training: a block of the rows that its text reads, beside the backbone's matrix.

A vocabulary for a hundred languages has 250,000 rows, and 20,000 sentences of one language read some 15,000 of them.
The others have no gradient: AdamW only decays them (Loshchilov and Hutter, ICLR 2019, algorithm 2, line 12), all by the
same factor. So they need neither gradients nor moments, and their values follow from the backbone's. What is
trained is equal to the bit, as long as no gradient is clipped: the norm of all is a sum in another order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakValueDictionary

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ctl.backbones.packing import pad_id
from ctl.errors import CTLError
from ctl.system.files import fingerprint_stream

LARGEST_SHARE = 0.5  # of the rows: where more are read, little would be saved
BLOCK = "block"  # in a checkpoint: which rows of the word embedding it has; the others are the backbone's
_MATRICES: WeakValueDictionary[str, Tensor] = WeakValueDictionary()  # of backbones, as long as a model has them


class ReadRows(nn.Module):
    """A word embedding of which only some rows are trained, which are also all that its state has.

    Args:
        matrix: the backbone's (V, D); it is neither copied nor changed.
        ids: of the rows that are read in training (R).
        padding: the row of what stands at padding, which has no gradient.

    Attributes:
        weight: the rows that are trained (R, D).
        matrix: the backbone's, where the other rows are.
        padding: as given.
        decay: what the other rows are the backbone's times.
        num_embeddings: V.
        of_backbone: whether the other rows are the backbone's, and not of weights that were loaded.
    """

    def __init__(self, matrix: Tensor, ids: Tensor, padding: int | None = None) -> None:
        super().__init__()
        self.ids = ids
        self.weight = nn.Parameter(matrix[ids])
        self.decay = 1.0
        self.num_embeddings = len(matrix)
        self.of_backbone = True
        self.padding = padding
        self.matrix = matrix.cpu()  # no buffer: it stays where it is, and processes don't send it to one another
        self._padding_row = None if padding is None else int((ids == padding).nonzero())
        self._places = ids.new_full((len(matrix),), -1).index_copy(0, ids, torch.arange(len(ids), device=ids.device))

    def forward(self, ids: Tensor) -> Tensor:
        """Looks rows up (..., D) by the ids of subwords; in training only those that are trained are known."""
        places = self._places = self._places.to(ids.device)
        places = places[ids]
        if self.training:
            return F.embedding(places, self.weight, self._padding_row)
        others = places < 0
        states = F.embedding(places.clamp_min(0), self.weight)
        if others.any():
            states[others] = (self.matrix[ids[others].cpu()] * self.decay).to(states)
        return states

    def decays(self, factor: float) -> None:
        """Follows a step of AdamW in the rows that it does not see.

        Args:
            factor: one less the product of its learning rate and its weight decay.
        """
        self.decay *= factor

    def fingerprint(self) -> str:
        """Gives 16 hex digits of the ids of the rows that are trained."""
        return fingerprint_stream([self.ids.cpu().numpy().tobytes()])

    @property
    def backbone(self) -> str:
        """The fingerprint of the backbone's matrix: 16 hex digits of every 97th row of it."""
        return fingerprint_stream([self.matrix[::97].contiguous().numpy().tobytes()])

    def facts(self) -> dict[str, Any]:
        """Says what is needed to make the whole matrix of the block again, beside the backbone."""
        return {"ids": self.ids.cpu().int(), "decay": self.decay, "backbone": self.backbone}

    def go_on(self, facts: Mapping[str, Any], name: str) -> None:
        """Lets the other rows be decayed as they were around the block of a checkpoint.

        Args:
            facts: of the block.
            name: of the backbone, for the message.

        Raises:
            CTLError: it is the block of another backbone.
        """
        if self.backbone != facts["backbone"]:
            raise CTLError(
                f"it was trained from another backbone than what is at {name} now, and has only those rows of the word "
                "embedding that its text reads: put the backbone back, or train again"
            )
        self.decay = facts["decay"]

    def take_moments(self, states: Mapping[int, dict[str, Any]]) -> None:
        """Takes these rows of the moments of a whole matrix.

        Args:
            states: an optimiser's, by the number of the parameter; those of the whole matrix are changed.
        """
        for state in states.values():
            for name, value in state.items():
                if isinstance(value, Tensor) and value.shape == self.matrix.shape:
                    state[name] = value[self.ids.to(value.device)]

    def whole(self) -> Tensor:
        """Gives the whole matrix (V, D), a new one."""
        return self.around(self.weight.detach(), self.decay)

    def around(self, block: Tensor, decay: float) -> Tensor:
        """Gives the whole matrix (V, D) of a block (R, D), around which the backbone's rows have decayed."""
        return (self.matrix * decay).index_copy_(0, self.ids.cpu(), block.cpu())

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:  # noqa: ANN401
        """Takes the block, or its rows out of a whole matrix; one of another backbone also takes this one's place."""
        _, _, missing, _, errors = rest
        matrix = state_dict.get(f"{prefix}weight")
        if matrix is None:
            missing.append(f"{prefix}weight")
        elif matrix.shape == self.weight.shape:
            with torch.no_grad():
                self.weight.copy_(matrix)
        elif matrix.shape != self.matrix.shape:
            errors.append(f"{prefix}weight is {tuple(matrix.shape)}, not {tuple(self.matrix.shape)}")
        else:
            matrix = matrix.detach().cpu()
            with torch.no_grad():
                self.weight.copy_(matrix[self.ids])
                if not torch.equal(self.whole(), matrix):
                    self.matrix, self.decay, self.of_backbone = matrix, 1.0, False


def trim(backbone: Any, ids: Tensor) -> None:  # noqa: ANN401  (transformers' classes are untyped)
    """Lets a backbone train only these rows of its word embedding, if that leaves most of them out.

    Nothing is done for an embedding that is frozen, is shared with another part of the model, or does more than look
    rows up.

    Args:
        backbone: a model of `transformers`.
        ids: of all subwords that it will read in training (R).
    """
    embedding = backbone.get_input_embeddings()
    if type(embedding) is not nn.Embedding or not embedding.weight.requires_grad:
        return
    if len(ids) > LARGEST_SHARE * embedding.num_embeddings or _shared(backbone, embedding.weight):
        return
    padding = {pad_id(backbone), embedding.padding_idx} - {None}
    ids = torch.cat([ids, ids.new_tensor(list(padding))]).unique()  # type: ignore[no-untyped-call]
    rows = ReadRows(embedding.weight.detach(), ids, embedding.padding_idx)
    backbone.set_input_embeddings(rows.train(embedding.training))


def put_block(backbone: Any, facts: Mapping[str, Any]) -> None:  # noqa: ANN401
    """Makes a word embedding of a backbone's own, and of the block that a checkpoint brings.

    Models of one backbone share its matrix: K teachers in a process have one, and K blocks.

    Args:
        backbone: as it was loaded.
        facts: of the block, as `ReadRows.facts` gives them.

    Raises:
        CTLError: it is another backbone.
    """
    before = backbone.get_input_embeddings()
    of_rows = isinstance(before, ReadRows)
    matrix, padding = (before.matrix, before.padding) if of_rows else (before.weight.detach(), before.padding_idx)
    rows = ReadRows(matrix, facts["ids"].long(), padding)
    rows.go_on(facts, backbone.name_or_path)
    _share_matrix(rows)
    backbone.set_input_embeddings(rows)


def _share_matrix(rows: ReadRows) -> None:
    """Takes the matrix that another model of the process has, where that is the same."""
    known = _MATRICES.get(rows.backbone)
    if known is not None and torch.equal(known, rows.matrix):
        rows.matrix = known
    else:
        _MATRICES[rows.backbone] = rows.matrix


def whole_state(module: nn.Module) -> dict[str, Tensor]:
    """Gives the weights of a model by name; of a word embedding of which some rows are trained the whole matrix."""
    state: dict[str, Tensor] = module.state_dict()
    parts = [(name, part) for name, part in module.named_modules() if isinstance(part, ReadRows)]
    return {**state, **{f"{name}.weight": rows.whole() for name, rows in parts}}


def _shared(backbone: nn.Module, weight: Tensor) -> bool:
    """Tells whether a weight has several names."""
    return sum(parameter is weight for _, parameter in backbone.named_parameters(remove_duplicate=False)) > 1
