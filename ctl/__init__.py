"""Cross-lingual teacher learning: a named-entity tagger for a language without labelled data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ctl.tagging.text_tagger import load_tagger

__all__ = ["load_tagger"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Loads what needs PyTorch only when it is asked for, so that ``import ctl`` is instant."""
    if name == "load_tagger":
        from ctl.tagging.text_tagger import load_tagger

        return load_tagger
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
