"""The head of a model card, by which the Hub finds a model and shows it: language, base, data sets, scores."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ctl.results import Record

SCORES = ("precision", "recall", "f1")
TAGS = ["named-entity-recognition", "cross-lingual-transfer"]
LICENCE = "# license: choose one that the licences of the backbone and of the training data allow\n"


def card_data(title: str, base: str | None, target: str | None, record: Record | None) -> str:
    """The head in YAML.

    Args:
        title: the model's name.
        base: Hub name of the backbone; none where it is a folder.
        target: the language that it tags; one that is no code of a language is left out.
        record: of its score.
    """
    from huggingface_hub import ModelCardData

    data = ModelCardData(
        language=[target] if target and re.fullmatch("[a-z]{2,3}", target) else None,
        library_name="transformers",
        pipeline_tag="token-classification",
        tags=TAGS,
        base_model=base,
        datasets=sorted({dataset["path"] for dataset in hub_of(record).values()}) or None,
        metrics=list(SCORES),
        model_name=title,
        eval_results=_results(record) if record else None,
    )
    return f"{data.to_yaml()}\n{LICENCE}"


def hub_of(record: Record | None) -> dict[str, dict[str, Any]]:
    """The datasets of the Hub that a record's data come from, by language; ``*`` for all that are not named.

    Folders in the form of such a dataset are left out: their names are nobody's business.
    """
    datasets = _data_of(record).get("hub") or {}
    return {language: dataset for language, dataset in datasets.items() if _is_of_hub(str(dataset["path"]))}


def _is_of_hub(path: str) -> bool:
    return bool(re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", path)) and not Path(path).exists()


def origin_of(record: Record | None) -> str:
    """Names where a record's data come from, without the folders of this machine."""
    hub = sorted({dataset["path"] for dataset in hub_of(record).values()})
    return ", ".join(hub) or ("artificial languages" if _data_of(record).get("synthetic") else "files")


def _data_of(record: Record | None) -> dict[str, Any]:
    return dict(record["provenance"]["config"].get("data", {})) if record else {}


def _results(record: Record) -> list[Any]:
    """The scores of a record, as the Hub lists them beside those of other models."""
    from huggingface_hub import EvalResult

    hub, target = hub_of(record), record["target"]
    dataset = hub.get(target) or hub.get("*") or {}
    name = str(dataset.get("name") or "").replace("{lang}", target)
    return [
        EvalResult(
            task_type="token-classification",
            task_name="Named-entity recognition",
            dataset_type=dataset.get("path") or "files",
            dataset_name=f"{dataset.get('path') or origin_of(record)} ({target})",
            dataset_config=name or None,
            dataset_split="test",
            metric_type=score,
            metric_value=record[score],
            metric_name=f"{score if score != 'f1' else 'F1'} (percent, exact spans)",
        )
        for score in SCORES
    ]
