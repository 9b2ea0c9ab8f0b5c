"""A sentence with its entities in colours, for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import torch

from ctl.data.tags import TagIds, TagSchema, span_ends
from ctl.system.cells import Html, mark
from ctl.tagging.texts import colour_of


def marked(words: Sequence[str], tags: TagIds, schema: TagSchema) -> Html:
    """Marks the entities of a sentence, by conlleval's rule."""
    ends = span_ends(torch.from_numpy(np.ascontiguousarray(tags)), torch.tensor([len(words)])).tolist()
    parts, at = [], 0
    while at < len(words):
        end = max(ends[at], at + 1)
        text, kind = " ".join(words[at:end]), schema.types[schema.type_of(int(tags[at]))]
        parts.append(escape(text) if ends[at] < 0 else mark(text, kind, colour_of(kind, schema.types)))
        at = end
    return Html(" ".join(parts))
