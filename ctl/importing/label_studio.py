"""Tasks of label-studio, as its JSON export has them.

The form is that of https://labelstud.io/guide/task_format: ``data``, and ``annotations`` and ``predictions`` with a
``result`` each. By https://labelstud.io/guide/export annotations that were cancelled are exported, too. Places are code
points since version 1.4; before, they were UTF-16 units (https://github.com/HumanSignal/label-studio/issues/1347).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctl.data.reading.form import Form
from ctl.data.reading.jsonl import json_records
from ctl.errors import CTLError
from ctl.importing.documents import Document, Opinion
from ctl.importing.opinions import checked_text, read_opinion

Record = Mapping[str, Any]
LABELS = "labels"  # the type of a region of text, and the key of its labels


def annotated(path: Path, form: Form) -> bool:
    """Tells whether people annotated, or skipped, any task of a file."""
    return any(record.get("annotations") for _, record in json_records(path, form.encoding))


def read_task(record: Record, place: str, predicted: bool) -> Document | None:
    """Reads a task; gives ``None`` where nobody says anything of it.

    Args:
        record: the task.
        place: where it stands.
        predicted: predictions are read in place of annotations.

    Raises:
        CTLError: it has no text, or regions of another kind than those of text with labels.
    """
    texts = [value for value in record["data"].values() if isinstance(value, str)]
    text = record["data"].get("text", texts[0] if texts else None)
    if not isinstance(text, str):
        raise CTLError(f"{place}: a task of label-studio without a text; its data has {', '.join(record['data'])}")
    said = record.get("predictions" if predicted else "annotations") or ()
    given = [each for each in said if isinstance(each, dict) and not each.get("was_cancelled")]
    opinions = [_of_result(each.get("result"), text, place) for each in given]
    return Document(checked_text(text, place), place, opinions) if opinions else None


def _of_result(result: Any, text: str, place: str) -> Opinion:  # noqa: ANN401
    """Reads what one annotator said: regions with a label; relations and choices are left out.

    Raises:
        CTLError: there is no result, or a region is not of text, or has no label or several.
    """
    if not isinstance(result, list):
        raise CTLError(f"{place}: an annotation without a result: of another version of label-studio?")
    regions = [item for item in result if isinstance(item, dict) and str(item.get("type", LABELS)).endswith(LABELS)]
    for region in regions:
        value, kind = region.get("value"), region.get("type", LABELS)
        if not isinstance(value, dict) or kind != LABELS or "startOffset" in value or "globalOffsets" in value:
            raise CTLError(
                f"{place}: regions of label-studio's {kind if kind != LABELS else 'HyperText'}; take a project whose "
                "texts are Text, with Labels"
            )
        if len(named := value.get(LABELS) or ()) != 1:
            raise CTLError(f"{place}: a region with {len(named)} labels ({', '.join(named) or 'none'}), one is needed")
    return read_opinion([{**region["value"], **_score_of(region)} for region in regions], text, place)


def _score_of(region: Record) -> Record:
    return {"score": region["score"]} if isinstance(region.get("score"), int | float) else {}
