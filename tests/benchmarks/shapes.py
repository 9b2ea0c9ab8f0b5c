"""Models of the shapes that people use, with random weights: these take the time and memory of trained ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

XLMR = {"model_type": "xlm-roberta", "vocab_size": 250_002, "max_position_embeddings": 514, "type_vocab_size": 1}
QWEN = {"model_type": "qwen3", "vocab_size": 151_936, "head_dim": 128, "num_key_value_heads": 8}
LLAMA = {"model_type": "llama", "vocab_size": 128_256, "num_key_value_heads": 8}
SIZES = {  # width, layers, heads, width of the feed-forward part, as their configurations have them
    "xlmr-base": (XLMR, 768, 12, 12, 3072),
    "xlmr-large": (XLMR, 1024, 24, 16, 4096),
    "Qwen3-0.6B": (QWEN, 1024, 28, 16, 3072),
    "Qwen3-1.7B": (QWEN, 2048, 28, 16, 6144),
    "Qwen3-4B": (QWEN, 2560, 36, 32, 9728),
    "Qwen3-8B": (QWEN, 4096, 36, 32, 12_288),
    "Llama-3.2-1B": (LLAMA, 2048, 16, 32, 8192),
    "Llama-3.2-3B": (LLAMA, 3072, 28, 24, 8192),
    "Llama-3.1-8B": (LLAMA, 4096, 32, 32, 14_336),
}
TINY = {  # two layers, and as many subwords as there are
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
    "intermediate_size": 64, "vocab_size": 0,
}  # fmt: skip


def configuration(shape: str, **changes: Any) -> dict[str, Any]:
    """Gives the configuration of a shape, with some changes."""
    family, width, layers, heads, inner = SIZES[shape]
    size = {"hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads, "intermediate_size": inner}
    return {**family, **size, **changes}


def write_model(
    folder: Path, shape: str, tokenizer: Any, device: str = "cpu", dtype: str = "float32", **changes: Any
) -> str:
    """Writes a model without a head, and a tokenizer beside it; gives the folder's name."""
    from transformers import AutoModel

    from ctl.backbones.loading import config_of

    config = configuration(shape, pad_token_id=tokenizer.pad_token_id, **changes)
    config["vocab_size"] = max(config["vocab_size"], len(tokenizer))
    with torch.device(device):
        AutoModel.from_config(config_of(config), dtype=getattr(torch, dtype)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def operations(model: nn.Module, training: bool = True) -> int:
    """Counts what is computed for a subword: 2 operations a weight, and as many for each gradient that is needed.

    Embeddings are looked up, and attention does not count.
    """

    def of(layer: nn.Linear) -> int:
        times = 2 if not training else 6 if layer.weight.requires_grad else 4
        return times * layer.in_features * layer.out_features

    return sum(of(layer) for layer in model.modules() if isinstance(layer, nn.Linear))
