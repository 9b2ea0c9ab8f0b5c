"""Backbones that can't be used are refused in one line, before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ctl.backbones.attention import is_decoder
from ctl.backbones.loading import load_config, load_tokenizer
from ctl.errors import CTLError

WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
NO_ENCODERS = ("t5", "mt5", "umt5", "xlnet")  # they take other masks or inputs than a row of subwords


def check_backbone(name: str) -> Any:  # noqa: ANN401  (transformers' classes are untyped)
    """Stops early where loading would fail: no folder, no configuration, no weights, no fast tokenizer.

    Returns:
        The tokenizer: one of 250,000 subwords takes three seconds to load.

    Raises:
        CTLError: says which.
    """
    folder, parts = Path(name), name.partition("@")[0].count("/") + 1  # of a name of the Hub at most two
    if not folder.is_dir() and (folder.is_absolute() or name.startswith((".", "~")) or parts > 2):
        raise CTLError(f"backbone {name}: no such folder")
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise CTLError(f"backbone {name}: the folder has no config.json")
        if not any((folder / file).is_file() for file in WEIGHTS):
            raise CTLError(f"backbone {name}: the folder has no weights (looked for {', '.join(WEIGHTS)})")
    config = load_config(name)
    if getattr(config, "is_encoder_decoder", False) or config.model_type in NO_ENCODERS:
        raise CTLError(f"backbone {name}: a {config.model_type} can't be used; take an encoder or a causal decoder")
    return load_tokenizer(name)


def check_decoder(name: str) -> None:
    """Stops early where a decoder can't be loaded.

    Raises:
        CTLError: it is none, or see `check_backbone`.
    """
    check_backbone(name)
    config = load_config(name)
    if not is_decoder(config):
        raise CTLError(f"llm_backbone {name}: a {config.model_type} is no causal language model; use it as --backbone")
