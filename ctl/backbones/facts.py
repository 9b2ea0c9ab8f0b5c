"""Facts of a backbone: its fingerprint, the longest input that it reads, and the number of its parameters."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ctl.backbones.loading import load_config
from ctl.system.files import checksum, fingerprint, fingerprint_json, fingerprint_stream

PROBE = "Anna's Ülkü naïve İstanbul 北京 हिन्दी 3.14 ﬁ\u00ad"  # is cut in other ways by tokenizers of other settings
KEPT = (".json", ".safetensors", ".bin", ".txt", ".model")  # files of a backbone that its answers depend on


@lru_cache(maxsize=4)
def fingerprint_tokenizer(tokenizer: Any) -> str:  # noqa: ANN401
    """The fingerprint of what a tokenizer does: its subwords with their ids, and how it cuts some words."""
    return fingerprint_json([sorted(tokenizer.get_vocab().items()), tokenizer(PROBE)["input_ids"]])


def longest_input(tokenizer: Any, config: Any) -> int:  # noqa: ANN401
    """Subwords that the model can read at once, special tokens included."""
    positions = getattr(config, "max_position_embeddings", None) or 10**9
    if "roberta" in config.model_type or config.model_type in ("camembert", "mpnet"):
        positions -= int(config.pad_token_id) + 1  # their positions begin after the padding id
    return int(min(tokenizer.model_max_length, positions))


def fingerprint_backbone(name: str) -> str:
    """SHA-256 (16 hex digits) of a backbone's files, or of its name where the Hub keeps them."""
    return _fingerprint(name, stamp(name))


@cache
def _fingerprint(name: str, changed: int) -> str:
    """Files that did not change are read once in a process."""
    folder = Path(name)
    if not folder.is_dir():
        return fingerprint(name)
    kept = (path for path in sorted(folder.glob("*")) if path.suffix in KEPT)
    return fingerprint_stream(path.name.encode() + bytes.fromhex(checksum(path)) for path in kept)


def stamp(name: str) -> int:
    """Returns the time of the last change of a backbone's folder, in nanoseconds; 0 for one of the Hub."""
    return max((path.stat().st_mtime_ns for path in Path(name).glob("*")), default=0) if Path(name).is_dir() else 0


def count_parameters(name: str) -> int:
    """Parameters of a backbone without those of its embeddings, which are looked up; from its configuration alone."""
    return _count(name)[0]


def count_embeddings(name: str) -> int:
    """Parameters of a backbone's embeddings; from its configuration alone."""
    return _count(name)[1]


@cache
def _count(name: str) -> tuple[int, int]:
    from transformers import AutoModel

    with torch.device("meta"):
        model = AutoModel.from_config(load_config(name))  # type: ignore[no-untyped-call]
    embeddings = [module for module in model.modules() if isinstance(module, nn.Embedding)]
    embedded = {id(weight): weight.numel() for module in embeddings for weight in module.parameters()}
    others = sum(parameter.numel() for parameter in model.parameters() if id(parameter) not in embedded)
    return others, sum(embedded.values())
