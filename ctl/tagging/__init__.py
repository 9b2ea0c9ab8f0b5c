"""A trained tagger on running text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctl.system.lazy import names_from

if TYPE_CHECKING:
    from ctl.tagging.text_tagger import TextTagger, load_tagger
    from ctl.tagging.texts import Span, Tagged

__all__ = ["Span", "Tagged", "TextTagger", "load_tagger"]

__getattr__ = names_from(
    __name__,
    {
        "Span": "ctl.tagging.texts",
        "Tagged": "ctl.tagging.texts",
        "TextTagger": "ctl.tagging.text_tagger",
        "load_tagger": "ctl.tagging.text_tagger",
    },
)
