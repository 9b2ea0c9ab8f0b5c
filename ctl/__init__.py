"""Cross-lingual teacher learning: a named-entity tagger for a language without labelled data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctl.system.lazy import names_from

if TYPE_CHECKING:
    from ctl.tagging.text_tagger import load_tagger

__all__ = ["load_tagger"]

__getattr__ = names_from(__name__, {"load_tagger": "ctl.tagging.text_tagger"})
