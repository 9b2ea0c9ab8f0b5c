"""Many sentences in one row: how the subwords of a batch are laid out for a backbone, and their states read back."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from ctl.backbones.attention import segment_mask

BLOCKS = 3  # forward passes for a backbone that can't read packed rows
SUBWORDS_AT_ONCE = 65_536  # in one forward pass; only a sentence of book length has more
TOLERANCE = 1e-4  # largest difference of a hidden state between a sentence in a packed row and the sentence alone
HALF_TOLERANCE = 0.05  # the same in half precision, as a share of the norm of all states


@dataclass(frozen=True)
class Subwords:
    """The windows of a batch (V), one after another, without padding: P subwords, special tokens included.

    Attributes:
        ids: of the subwords in the vocabulary (P).
        positions: the place of each subword in its window (P).
        windows: the window, 0..V-1, that each subword belongs to (P).
        sizes: subwords of each window (V).
        slots: the place of each subword in the flattened grid of rows (P).
        grid: the number of rows R and their width T; with as many rows as windows, each window has its own row.
    """

    ids: Tensor
    positions: Tensor
    windows: Tensor
    sizes: Tensor
    slots: Tensor
    grid: tuple[int, int]

    @property
    def packed(self) -> bool:
        """Tells whether some row holds several windows."""
        return self.grid[0] < len(self.sizes)

    def first(self) -> Tensor:
        """Returns the first subword of each window (V)."""
        return self.sizes.cumsum(0) - self.sizes


@dataclass(frozen=True)
class Layout:
    """Subwords in the grids of one or several forward passes.

    Attributes:
        passes: what the backbone is given in each pass; ``input_ids`` are (R, T).
        slots: the place of each subword in the grids of all passes, flattened and end to end (P).
    """

    passes: list[dict[str, Any]]
    slots: Tensor

    def spread(self, values: Tensor, fill: int | bool) -> list[Tensor]:
        """Puts a value of each subword (P) into the grids (R, T) of all passes; ``fill`` stands at padding."""
        shapes = [inputs["input_ids"].shape for inputs in self.passes]
        flat = values.new_full((sum(shape.numel() for shape in shapes),), fill)
        parts = flat.index_copy(0, self.slots, values).split([shape.numel() for shape in shapes])  # type: ignore[no-untyped-call]
        return [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]

    def gather(self, states: Sequence[Tensor]) -> Tensor:
        """Reads the state of each subword (P, D) in the states of all passes, each (R, T, D)."""
        return torch.cat([state.flatten(0, 1) for state in states])[self.slots]


def hidden_states(model: Any, subwords: Subwords, layers: int = 1) -> Tensor:  # noqa: ANN401  (untyped classes)
    """Returns the state of every subword (P, D): of the last layer, or the mean over the last few layers."""
    layout = lay_out(model, subwords)
    if layers == 1:
        return layout.gather([model(**inputs).last_hidden_state for inputs in layout.passes])
    outputs = [model(**inputs, output_hidden_states=True).hidden_states[-layers:] for inputs in layout.passes]
    return layout.gather([torch.stack(output).mean(0) for output in outputs])


def states_of_layer(model: Any, subwords: Subwords, layer: int) -> Tensor:  # noqa: ANN401
    """Returns the state of every subword (P, D) after a layer, counted from 1; 0 stands for the embeddings."""
    layout = lay_out(model, subwords)
    return layout.gather([model(**inputs, output_hidden_states=True).hidden_states[layer] for inputs in layout.passes])


def lay_out(model: Any, subwords: Subwords) -> Layout:  # noqa: ANN401
    """Lays subwords out as the backbone reads them fastest: end to end, in packed rows, or in blocks of like length."""
    if reads_end_to_end(model):
        return end_to_end(model, subwords)
    if not subwords.packed:
        return padded(model, subwords)
    return packed(model, subwords) if packs(model) else padded(model, subwords)


def packed(model: Any, subwords: Subwords) -> Layout:  # noqa: ANN401
    """Puts several windows into a row; the mask lets a subword see its own window alone, and padding see padding."""
    ids, segments, positions = (
        values.new_full((subwords.grid[0] * subwords.grid[1],), fill).index_copy(0, subwords.slots, values)
        for values, fill in ((subwords.ids, pad_id(model)), (subwords.windows, -1), (subwords.positions, 0))
    )
    grids = (grid.view(subwords.grid).split(_rows_at_once(subwords.grid[1])) for grid in (ids, segments, positions))  # type: ignore[no-untyped-call]
    passes = [
        {
            "input_ids": ids,
            "attention_mask": segment_mask(model.config, segments, _number_type(model)),
            **_position_ids(model, positions),
        }
        for ids, segments, positions in zip(*grids, strict=True)
    ]
    return Layout(passes, subwords.slots)


def padded(model: Any, subwords: Subwords, blocks: int = BLOCKS) -> Layout:  # noqa: ANN401
    """Gives every window its own row: in order where that leaves little padding, otherwise in blocks of like length."""
    order = torch.arange(len(subwords.sizes), device=subwords.sizes.device)
    blocks = blocks if subwords.packed else 1
    if blocks > 1:
        order = subwords.sizes.argsort(descending=True, stable=True)
    rows, passes, begin = torch.empty_like(order), [], 0
    for block in order.tensor_split(min(blocks, len(order))):
        width = int(subwords.sizes[block].max()) if subwords.packed else subwords.grid[1]
        for chunk in block.split(_rows_at_once(width)):  # type: ignore[no-untyped-call]
            places = torch.arange(width, device=chunk.device)
            mask = places < subwords.sizes[chunk, None]
            ids = subwords.ids[(subwords.first()[chunk, None] + places).clamp_max(len(subwords.ids) - 1)]
            passes.append({"input_ids": ids.masked_fill(~mask, pad_id(model)), "attention_mask": mask.long()})
            rows[chunk] = begin + width * torch.arange(len(chunk), device=chunk.device)
            begin += width * len(chunk)
    return Layout(passes, rows[subwords.windows] + subwords.positions)


def end_to_end(model: Any, subwords: Subwords) -> Layout:  # noqa: ANN401
    """Puts all windows into one row without padding, as the variable lengths of flash attention take them."""
    bounds = torch.nn.functional.pad(subwords.sizes.cumsum(0), (1, 0)).int()
    longest = int(subwords.sizes.max())
    lengths = {"cu_seq_lens_q": bounds, "cu_seq_lens_k": bounds, "max_length_q": longest, "max_length_k": longest}
    inputs = {"input_ids": subwords.ids[None], **_position_ids(model, subwords.positions[None]), **lengths}
    return Layout([inputs], torch.arange(len(subwords.ids), device=subwords.ids.device))


def reads_end_to_end(model: Any) -> bool:  # noqa: ANN401
    """Tells whether the backbone uses flash attention and passes the lengths of sequences on to it."""
    takes = _inputs(type(model).forward).values()
    return "flash" in str(model.config._attn_implementation) and any(p.kind is p.VAR_KEYWORD for p in takes)


def packs(model: Any) -> bool:  # noqa: ANN401
    """Tells whether the backbone reads sentences in packed rows as it reads them alone; tried once for each model."""
    known: bool | None = getattr(model, "packs_rows", None)
    if known is None:
        let_masks_be_cubes(model)
        known = model.packs_rows = _packs(model)
    return known


def _packs(model: Any) -> bool:  # noqa: ANN401
    """Reads two sentences in one row, and each alone."""
    training = model.training
    model.eval()
    try:
        with torch.no_grad(), torch.autocast(model.device.type, enabled=False):
            sample = _sample(model)
            together, apart = packed(model, sample), padded(model, sample, 2)
            states = [
                layout.gather([_states(model, inputs) for inputs in layout.passes]) for layout in (together, apart)
            ]
    except Exception:
        return False
    finally:
        model.train(training)
    return _alike(*states)


def _states(model: Any, inputs: dict[str, Any]) -> Tensor:  # noqa: ANN401
    states: Tensor = model.base_model(**inputs).last_hidden_state
    return states


def _sample(model: Any) -> Subwords:  # noqa: ANN401
    """Two sentences of 9 and 5 subwords in one row of 16."""
    sizes = torch.tensor([9, 5], device=model.device)
    positions = torch.cat([torch.arange(9), torch.arange(5)]).to(model.device)
    slots = torch.arange(14, device=model.device)
    ids = 3 + slots * 7 % max(1, min(1000, model.config.get_text_config().vocab_size) - 3)
    return Subwords(ids, positions, slots.ge(9).long(), sizes, slots, (1, 16))


def _alike(states: Tensor, others: Tensor) -> bool:
    """Compares with the precision of the numbers: in float32 no state differs, in half precision most don't."""
    difference = (states - others).float()
    if states.dtype in (torch.float32, torch.float64):
        return bool(difference.abs().max() <= TOLERANCE * max(1.0, others.abs().max().item()))
    return bool(difference.norm() <= HALF_TOLERANCE * others.float().norm())


def let_masks_be_cubes(model: Any) -> None:  # noqa: ANN401
    """Lets a DeBERTa take a mask (R, T, T): its layers do, but its embeddings would be multiplied by it."""

    def without_mask(_embeddings: nn.Module, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401
        mask = kwargs.get("mask")
        return args, {**kwargs, "mask": None} if mask is not None and mask.ndim == 3 else kwargs

    if model.config.model_type.startswith("deberta"):
        model.base_model.embeddings.register_forward_pre_hook(without_mask, with_kwargs=True)


def _position_ids(model: Any, positions: Tensor) -> dict[str, Tensor]:  # noqa: ANN401
    """Positions as the model counts them: RoBERTa's kind begins after its padding id, and some take none."""
    if "position_ids" not in _inputs(type(model).forward):
        return {}
    return {"position_ids": positions + first_position(model)}


@cache
def _inputs(forward: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """Returns the inputs of a forward method by name; read once, as every pass asks for them."""
    return inspect.signature(forward).parameters


def first_position(model: Any) -> int:  # noqa: ANN401
    """Returns the position of a sentence's first subword; looked up once for each model."""
    known: int | None = getattr(model, "first_position", None)
    if known is None:
        tables = (part for name, part in model.named_modules() if name.endswith("position_embeddings"))
        padding = next((table.padding_idx for table in tables if isinstance(table, nn.Embedding)), None)
        known = model.first_position = 0 if padding is None else padding + 1
    return known


def pad_id(model: Any) -> int:  # noqa: ANN401
    """Returns the id that stands at padding."""
    return int(getattr(getattr(model, "config", None), "pad_token_id", None) or 0)


def _rows_at_once(width: int) -> int:
    return max(1, SUBWORDS_AT_ONCE // width)


def _number_type(model: Any) -> torch.dtype:  # noqa: ANN401
    """The numbers in which attention is computed."""
    kind = model.device.type
    dtype: torch.dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else model.dtype
    return dtype
