"""Masks, the subwords that a subword attends to: of decoders as taggers, and of several sentences in a row."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor, nn

from ctl.errors import CTLError

HIDDEN = -1e9  # is added to the attention scores of what is not to be seen


def is_decoder(config: Any) -> bool:  # noqa: ANN401  (transformers' classes are untyped)
    """Tells whether a configuration is of a causal language model: one that `transformers` knows for nothing else."""
    from transformers.models.auto import modeling_auto

    kind = config.model_type
    return (
        kind in modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
        and kind not in modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    )


def set_attention(config: Any, attention: str | None) -> Any:  # noqa: ANN401
    """The configuration with the mask that was asked for; to be called before the model is built.

    Args:
        config: of a backbone.
        attention: ``causal``, ``full`` or ``last:n`` for a decoder; ``None`` leaves a model as it was trained.

    Raises:
        CTLError: there is no such attention, or the model is an encoder, whose words see one another anyway.
    """
    if not is_decoder(config):
        if attention is not None:
            raise CTLError(f"attention {attention!r} is for decoders; a {config.model_type} has no causal mask")
        return config
    config.use_cache = False
    if open_layers(attention, config.num_hidden_layers) == config.num_hidden_layers:
        config.is_causal = False
    return config


def open_layers(attention: str | None, layers: int) -> int:
    """Counts the last layers in which words also attend to later words.

    Raises:
        CTLError: ``attention`` is none of the three, or of more layers than there are.
    """
    if attention in (None, "causal"):
        return 0
    if attention == "full":
        return layers
    number = re.fullmatch(r"last:(\d+)", str(attention))
    if number is None or not 0 < int(number[1]) <= layers:
        raise CTLError(f"attention {attention!r}: it is causal, full, or last:N with N from 1 to {layers}")
    return int(number[1])


def unmask_last(decoder: nn.Module, layers: int) -> None:
    """Removes the causal mask of the last few layers (BiLLM: Li and Li, NAACL 2024); pads stay hidden.

    Nothing is remembered between calls, so that layers may be run again in the backward pass.
    """
    total = int(decoder.config.num_hidden_layers)  # type: ignore[union-attr, arg-type]
    stack = next(part for part in decoder.modules() if isinstance(part, nn.ModuleList) and len(part) == total)
    for layer in stack[total - layers :]:
        layer.register_forward_pre_hook(_unmask, with_kwargs=True)


def _unmask(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Lets the layer see every subword that sees this one or that this one sees, and no pads."""
    if "attention_mask" not in kwargs:
        raise CTLError(f"attention last:N: the layers of this model ({type(layer).__name__}) hide their mask; use full")
    mask = kwargs["attention_mask"]
    if isinstance(mask, Tensor) and mask.ndim == 4:  # (R, 1, T, T): true, or zero, where it may be seen
        visible = mask.diagonal(dim1=-2, dim2=-1).unsqueeze(-2)  # a pad does not even see itself
        mask = torch.minimum(torch.maximum(mask, mask.transpose(-1, -2)), visible)
    return args, {**kwargs, "attention_mask": mask, "is_causal": False}


def segment_mask(config: Any, segments: Tensor, dtype: torch.dtype) -> Tensor | dict[str, Tensor]:  # noqa: ANN401
    """The mask under which a subword sees only its own segment of a row, in the form that the architecture takes.

    A mask holds zero where a subword is seen and a large negative number elsewhere, which is added to the scores: some
    architectures add whatever they are given, so that a boolean mask is wrong in silence. DeBERTa multiplies by its
    mask, (R, T, T), and is given a boolean one.

    Args:
        config: of the backbone.
        segments: the segment of each subword (R, T); padding has one of its own, so that every subword sees some.
        dtype: the numbers in which attention is computed.

    Returns:
        A mask (R, 1, T, T), or one for each kind of layer where some layers see only a window around a subword.
    """
    seen = segments[:, :, None] == segments[:, None, :]
    if config.model_type.startswith("deberta"):
        return seen
    places = torch.arange(segments.shape[1], device=segments.device)
    ahead = places - places[:, None]  # how far the subword that is seen stands after the one that sees
    causal = is_decoder(config) and getattr(config, "is_causal", True)
    if causal:
        seen = seen & (ahead <= 0)
    kinds, window = set(getattr(config, "layer_types", None) or ()), getattr(config, "sliding_window", None)
    near = ahead.abs() < window + (not causal) if window else torch.ones_like(ahead, dtype=torch.bool)
    if "sliding_attention" in kinds:
        return {"full_attention": _added(seen, dtype), "sliding_attention": _added(seen & near, dtype)}
    return _added(seen if kinds else seen & near, dtype)


def _added(seen: Tensor, dtype: torch.dtype) -> Tensor:
    """Makes the addends of scores (R, 1, T, T); not infinite, as that is no number where nothing is seen."""
    hidden = max(HIDDEN, torch.finfo(dtype).min)
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, hidden).unsqueeze(1)


def plain_attention(model: Any) -> str | None:  # noqa: ANN401
    """Chooses plain attention for training in bfloat16 on a CPU; returns what was chosen before.

    ``None`` where a model leaves no choice. PyTorch's fused attention is slow backwards there: 9 ms against 2 ms for 32
    sentences of 16 subwords (torch 2.13).
    """
    if not hasattr(model, "set_attn_implementation"):
        return None
    before: str = model.config._attn_implementation
    model.set_attn_implementation("eager")
    return before
