r"""Files of annotation tools with sentences and what a model says of them, for people to correct.

The forms are those that the tools document:

* label-studio: a list of tasks with ``data`` and ``predictions``, https://labelstud.io/guide/predictions, whose regions
  are those of https://labelstud.io/guide/task_format (``from_name``, ``to_name``, ``type`` and a ``value`` with
  ``start``, ``end``, ``text`` and ``labels``); the names are those of `labelling_config`.
* doccano: JSON lines with ``text`` and ``label``, a list of ``[start, end, label]`` (``SpanLabel.parse`` in
  ``backend/data_import/pipeline/labels.py`` and the default columns of ``readers.py``, doccano 1.8).
* prodigy: JSON lines of ``ner.manual``, https://prodi.gy/docs/api-interfaces#ner_manual: ``text``, ``tokens`` and
  ``spans``, where ``end`` is the character after the last, and ``token_end`` is the last token.
* CoNLL: a word, a tab and its BIO2 tag, which doccano and others read as well (``CoNLLParser`` in doccano's
  ``parsers.py`` wants a tab, two columns and no more).

All count characters, as Python does, from 0.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from ctl.arrays import Floats
from ctl.data.sentences import Place, join_with_spaces
from ctl.data.tags import TagIds, TagSchema, span_ends

Form = Literal["label-studio", "doccano", "prodigy", "conll"]
ENDINGS: dict[Form, str] = {"label-studio": "json", "doccano": "jsonl", "prodigy": "jsonl", "conll": "conll"}


class Span(NamedTuple):
    """An entity: its first word, the one after its last, its type and its probability, the least of its words."""

    first: int
    end: int
    kind: str
    score: float


class Sentence(NamedTuple):
    """A sentence and what a model says of it.

    Attributes:
        number: of the sentence in the text, from 0.
        words: its words (W).
        spans: the entities in it, in their order.
        urgency: how much a look at it promises, 0..1.
        silent: the number of words on which the model gave no answer; a file says so, as ``no_answer``.
    """

    number: int
    words: Sequence[str]
    spans: Sequence[Span]
    urgency: float
    silent: int = 0

    @property
    def about(self) -> dict[str, int | float]:
        """Gives what a file says of it beside text and entities."""
        silent = {"no_answer": self.silent} if self.silent else {}
        return {"sentence": self.number, "urgency": round(self.urgency, 4), **silent}


def spans_of(tags: TagIds, sure: Floats, schema: TagSchema) -> list[Span]:
    """The entities of a sentence by its tags (W), with the probabilities of these (W); by conlleval's rule."""
    ends = span_ends(torch.from_numpy(np.ascontiguousarray(tags)), torch.tensor([len(tags)])).tolist()
    return [
        Span(first, end, schema.types[schema.type_of(int(tags[first]))], round(float(sure[first:end].min()), 4))
        for first, end in enumerate(ends)
        if end >= 0
    ]


def write(form: Form, sentences: Sequence[Sentence], model: str) -> str:
    """Writes sentences in the form of a tool.

    Args:
        form: of the file.
        sentences: in the order in which people should see them.
        model: the name of the model, for tools that show it.
    """
    if form == "label-studio":
        return json.dumps([_label_studio(each, model) for each in sentences], ensure_ascii=False, indent=1) + "\n"
    lines: dict[Form, Callable[[Sentence], str]] = {"doccano": _doccano, "prodigy": _prodigy, "conll": _conll}
    return "".join(f"{lines[form](each)}\n" for each in sentences)


def labelling_config(types: Sequence[str]) -> str:
    """The labelling configuration of a project of label-studio that shows these tasks."""
    labels = "".join(f'    <Label value="{escape(kind)}"/>\n' for kind in types)
    return (
        f'<View>\n  <Labels name="label" toName="text">\n{labels}  </Labels>\n'
        '  <Text name="text" value="$text" granularity="word"/>\n</View>\n'
    )


def _label_studio(sentence: Sentence, model: str) -> dict[str, Any]:
    text, places = join_with_spaces(sentence.words)
    result = [
        {
            "id": f"{sentence.number}-{span.first}",
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "value": {"start": start, "end": end, "text": text[start:end], "labels": [span.kind]},
            "score": span.score,
        }
        for span in sentence.spans
        for start, end in [_place(span, places)]
    ]
    said = [{"model_version": model, "result": result}] if sentence.silent < len(sentence.words) else []
    return {"data": {"text": text, **sentence.about}, "predictions": said}


def _doccano(sentence: Sentence) -> str:
    text, places = join_with_spaces(sentence.words)
    label = [[*_place(span, places), span.kind] for span in sentence.spans]
    return json.dumps({"text": text, "label": label, **sentence.about}, ensure_ascii=False)


def _prodigy(sentence: Sentence) -> str:
    text, places = join_with_spaces(sentence.words)
    tokens = [
        {"text": word, "start": start, "end": end, "id": number, "ws": number + 1 < len(places)}
        for number, (word, (start, end)) in enumerate(zip(sentence.words, places, strict=True))
    ]
    spans = [
        {
            **dict(zip(("start", "end"), _place(span, places), strict=True)),
            "token_start": span.first,
            "token_end": span.end - 1,
            "label": span.kind,
        }
        for span in sentence.spans
    ]
    return json.dumps({"text": text, "tokens": tokens, "spans": spans, "meta": sentence.about}, ensure_ascii=False)


def _conll(sentence: Sentence) -> str:
    tags = ["O"] * len(sentence.words)
    for span in sentence.spans:
        tags[span.first : span.end] = [f"B-{span.kind}", *[f"I-{span.kind}"] * (span.end - span.first - 1)]
    return "".join(f"{word}\t{tag}\n" for word, tag in zip(sentence.words, tags, strict=True))


def _place(span: Span, places: Sequence[Place]) -> Place:
    """The characters of an entity in its text."""
    return places[span.first][0], places[span.end - 1][1]
