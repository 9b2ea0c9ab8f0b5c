"""Low-rank adapters (LoRA: Hu et al., ICLR 2022): a frozen base, and for every teacher a few trained weights in it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ctl.errors import CTLError
from ctl.system.files import fingerprint_stream

Base = Literal["float32", "bfloat16", "4bit"]
ALONE = "default"  # the adapter's name in a model that has one, and in checkpoints
SAMPLE = 256  # values of each weight that go into a fingerprint


def add_adapter(base: Any, name: str, rank: int, alpha: int, dropout: float) -> None:  # noqa: ANN401
    """Adds an adapter, in float32, to every linear layer of a backbone, and freezes all that is not an adapter.

    Args:
        base: a backbone of `transformers`, which has no tag classifier inside.
        name: of the adapter; a base may have several.
        rank: of the adapter's two matrices.
        alpha: the adapter's part is scaled by ``alpha / rank``.
        dropout: of what the adapter reads.
    """
    _inject(base, name, rank, alpha, dropout)
    for key, parameter in base.named_parameters():
        if of_adapter(key, name):
            parameter.data = parameter.data.float()  # small updates would be lost in half precision


def _inject(base: Any, name: str, rank: int, alpha: int, dropout: float = 0.0) -> Any:  # noqa: ANN401
    """Adds an adapter, and gives the tuner of PEFT that knows all adapters of the base."""
    from peft import LoraConfig, LoraModel

    unused = ["pooler.dense"] if any(part == "pooler" for part, _ in base.named_children()) else None
    config = LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules="all-linear", exclude_modules=unused
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Already found a `peft_config`")
        return LoraModel(base, config, name)


def merge_adapters(base: Any, names: Sequence[str], weights: Sequence[float], merged: str) -> None:  # noqa: ANN401
    """Puts one adapter in the place of several: what it adds to the base is the weighted mean of what they add.

    The mean is exact (PEFT's ``cat``): the new adapter's rank is the sum of theirs, and it is scaled by one. In a base
    of bfloat16 its numbers are rounded to bfloat16.

    Args:
        base: the backbone with the adapters.
        names: of the adapters, which are removed.
        weights: theirs.
        merged: the name of the new adapter.
    """
    tuner = _inject(base, "unused", 1, 1)
    tuner.add_weighted_adapter(list(names), list(weights), merged, combination_type="cat")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Adapter .* was active which is now deleted")
        for name in (*names, "unused"):
            tuner.delete_adapter(name)
    for key, parameter in base.named_parameters():
        if of_adapter(key, merged):
            parameter.data = parameter.data.float()


def activate(base: nn.Module, name: str) -> None:
    """Makes a base answer with this adapter.

    Under autocast an adapter reads what its layer reads: PEFT would make float32 of it, and autocast what it was.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    layers: list[Any] = [layer for layer in base.modules() if isinstance(layer, BaseTunerLayer)]
    casts = not torch.is_autocast_enabled(layers[0].weight.device.type)
    for layer in layers:
        layer.cast_input_dtype_enabled = casts
    if layers[0].active_adapters != [name]:
        for layer in layers:
            layer.set_adapter(name, inference_mode=True)


def of_adapter(key: str, name: str) -> bool:
    """Tells whether a parameter of this name belongs to the adapter."""
    return "lora_" in key and f".{name}." in key


def owned(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """Keeps the weights of a tagger with this adapter, named as in a checkpoint: adapter and classifier, no base."""
    return {
        key.replace(f".{name}.", f".{ALONE}.") if of_adapter(key, name) else key: value
        for key, value in state.items()
        if not key.startswith("network.encoder.") or of_adapter(key, name)
    }


def disowned(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """The reverse of `owned`: the names in a base where the adapter is called so."""
    return {
        key.replace(f".{ALONE}.", f".{name}.") if of_adapter(key, ALONE) else key: value for key, value in state.items()
    }


def fingerprint_base(base: nn.Module) -> str:
    """SHA-256 (16 hex digits) of names, shapes and some values of a backbone's weights, before it has adapters.

    The values are compared as bfloat16, in which float32 and bfloat16 copies of a model are the same.
    """
    return fingerprint_stream(_described(base))


def _described(base: nn.Module) -> Iterator[str | bytes]:
    for key, value in sorted(base.named_parameters()):
        yield f"{key} {tuple(value.shape)}"
        some = value.detach().flatten()[:: max(1, value.numel() // SAMPLE)][:SAMPLE].cpu()
        some = some.bfloat16() if some.is_floating_point() else some
        yield some.contiguous().view(torch.uint8).numpy().tobytes()


def base_arguments(base: Base) -> dict[str, Any]:
    """Gives the arguments of ``from_pretrained`` that choose a base's numbers.

    Raises:
        CTLError: 4-bit numbers (Dettmers et al., NeurIPS 2023) are asked for where they can't be had.
    """
    if base != "4bit":
        return {"dtype": getattr(torch, base)}
    remedy = "set base to bfloat16, which needs four times the memory"
    if not torch.cuda.is_available():
        raise CTLError(f"base 4bit needs an NVIDIA GPU, and there is none here; {remedy}")
    try:
        import bitsandbytes  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        raise CTLError(f"base 4bit needs the package bitsandbytes (pip install 'ctl[quantize]'); or {remedy}") from None
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return {
        "dtype": torch.bfloat16,
        "quantization_config": config,
        "device_map": {"": torch.cuda.current_device()},
    }
