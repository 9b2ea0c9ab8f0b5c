"""The model card of an exported tagger: what it is, how well it does, how to use it, and what its owner must add."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctl.export.check import Measured
from ctl.methods import Method
from ctl.results import Record, git_commit, versions
from ctl.tagging.trained import Trained

CARD = """\
---
library_name: transformers
pipeline_tag: token-classification
tags:
- named-entity-recognition
- cross-lingual-transfer
{% if languages %}language:
{% for language in languages %}- {{ language }}
{% endfor %}{% endif -%}
{% if base %}base_model: {{ base }}
{% endif -%}
# license: choose one that the licences of the backbone and of the training data allow
---

# {{ title }}

Finds entities of the types {{ types | join(", ") }} in words{% if target %} of {{ target }}{% endif %}.

## How it was made

{{ story }}
The method is that of [Wu et al., ACL 2020](https://doi.org/10.18653/v1/2020.acl-main.581); it was trained with ctl
{{ versions.ctl }}{% if commit %} (commit {{ commit }}){% endif %}, PyTorch {{ versions.torch }} and transformers \
{{ versions.transformers }}.

* Method: `{{ method }}`
* Backbone: `{{ backbone }}`
* Source languages, with gold labels: {{ sources | join(", ") or "unknown" }}
{% if weights %}* Weights of the teachers: {{ weights }}
{% endif -%}
* Target language, raw text only: {{ target or "none" }}
{% if data %}* Data: {{ data }}
{% endif -%}
{% if seed is not none %}* Seed: {{ seed }}
{% endif %}
## Scores

{% if record -%}
Entities of the test split of {{ record.target }} whose type and both ends are right, in percent; one seed.

| | precision | recall | F1 |
| --- | ---: | ---: | ---: |
| all | {{ record.precision }} | {{ record.recall }} | **{{ record.f1 }}** |
{% for kind, score in record.per_type.items() -%}
| {{ kind }} | {{ score.precision }} | {{ score.recall }} | {{ score.f1 }} |
{% endfor %}
{%- else -%}
It was not scored.
{%- endif %}

## How to use it

```python
from transformers import pipeline

find = pipeline("token-classification", model="{{ folder }}", aggregation_strategy="first")
find("{{ example }}")
```

Give it text whose words and punctuation marks are separated by spaces, as in the training data; of a word that is cut
into several pieces, the first decides. Text of more than {{ longest }} pieces needs `stride=64`. `ctl tag --model \
{{ folder }}` cuts running text into sentences and words by itself and reads texts of any length.
{% if networks %}
| file | MB | words a second | largest difference of a probability | words with another tag |
| --- | ---: | ---: | ---: | ---: |
{% for name, one in networks.items() -%}
| {{ name }} | {{ "%.1f" % one.megabytes }} | {{ "{:,.0f}".format(one.words_per_second) }} | \
{{ "%.1e" % one.difference }} | {{ "{:.2%}".format(one.changed) }} |
{% endfor %}
Measured at export on one CPU, on sentences of random words. The ONNX files take `input_ids` and `attention_mask`, int64
(batch, sequence), and give `logits`; `ctl tag --model {{ folder }}/model.onnx` runs them.
{% endif %}
## Limits

* {{ limit }}
* It knows the types above and no others, and no entity within another.
* Its probabilities are a model's own and need not be calibrated.

## To be filled in by its owner

* Licence of this model, of its backbone (`{{ backbone }}`) and of its training data:
* Intended use, and who answers for it:
* Personal data in the training text, if any:
"""
LIMIT = {
    "student": "It learned from its teachers' answers, so it has their steady mistakes; no gold label of the target "
    "language was used to train or to choose it.",
    "direct": "It saw gold labels of its source language only; other languages are read by transfer.",
    "pooled": "It saw gold labels of its source languages only; other languages are read by transfer.",
}
STORY = {
    "student": "Teachers, each trained on the labels of source languages, labelled raw text of the target language "
    "with probability distributions; this model, the student, learned from their mixture.",
    "direct": "A model of one source language, used on others by direct transfer.",
    "pooled": "One model of several source languages together, used on others by direct transfer.",
}


def write_card(path: Path, trained: Trained, backbone: str, networks: Mapping[str, Measured]) -> None:
    """Writes the model card, ``README.md``, for the Hub and for whoever finds the folder."""
    from jinja2 import Environment

    template = Environment(trim_blocks=False, autoescape=False).from_string(CARD)
    path.write_text(template.render(_facts(path, trained, backbone, networks)).strip() + "\n", encoding="utf-8")


def _facts(path: Path, trained: Trained, backbone: str, networks: Mapping[str, Measured]) -> dict[str, Any]:
    record, identity = trained.record(), trained.model.identity()  # type: ignore[attr-defined]
    kind = Method.split(trained.method).kind
    target = record["target"] if record else None
    taught_by = identity.get("taught_by", {})
    weights = zip(identity["sources"], taught_by.get("weights", []), strict=False)
    return {
        "title": f"Named entities{f' in {target}' if target else ''} ({trained.method})",
        "types": trained.types,
        "method": trained.method,
        "story": STORY.get(kind, "A tagger."),
        "limit": LIMIT.get(kind, "It was trained as its method says and is untested elsewhere."),
        "sources": identity["sources"],
        "target": target,
        "languages": [name for name in (target or "",) if re.fullmatch("[a-z]{2,3}", name)],
        "weights": ", ".join(f"{name} {weight:.3f}" for name, weight in weights),
        "backbone": Path(backbone).name if Path(backbone).is_dir() else backbone,
        "base": None if Path(backbone).is_dir() else backbone,
        "data": _data(record),
        "seed": record["seed"] if record else None,
        "record": record,
        "versions": record["provenance"]["versions"] if record else versions(),
        "commit": (record["provenance"]["git_commit"] if record else git_commit()) or "",
        "folder": path.parent.name,
        "example": "Anna lives in Berlin .",
        "longest": _longest(path.parent),
        "networks": networks,
    }


def _data(record: Record | None) -> str:
    """Where a record's data came from, without the folders of this machine."""
    if record is None:
        return ""
    given = record["provenance"]["config"].get("data", {})
    hub = sorted({dataset["path"] for dataset in (given.get("hub") or {}).values()})
    where = ", ".join(hub) or ("artificial languages" if given.get("synthetic") else "CoNLL files")
    marks = ", ".join(f"{name} {mark}" for name, mark in record["provenance"]["data"].items())
    return f"{where}; fingerprint of the scored text: {marks}"


def _longest(folder: Path) -> int:
    import json

    return int(json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))["model_max_length"])
