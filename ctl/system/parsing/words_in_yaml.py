"""Words in YAML stay words: ``no`` in a list of languages is Norwegian, and no truth value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import yaml
from jsonargparse import get_loader, set_loader

LISTS = {  # settings that are lists of words
    "sources", "languages", "targets", "methods", "types", "text", "predict_splits", "pretrain_languages",
}  # fmt: skip
TEXT, TRUTH, NOTHING, MERGE, DATE = (
    f"tag:yaml.org,2002:{name}" for name in ("str", "bool", "null", "merge", "timestamp")
)


class WordLoader(yaml.SafeLoader):
    """Reads YAML, and leaves it to the type of a setting what a plain scalar is.

    Keys are text, and so is all in a list of words and in a list that stands alone; elsewhere yes, no, on, off and
    dates are. Where numbers or truth values are wanted, the parser makes them of the text.
    """

    def get_single_node(self) -> yaml.Node | None:
        """Gives the document as nodes that are not values yet."""
        node: yaml.Node | None = super().get_single_node()
        _leave_words(node, in_words=True)
        return node


def _leave_words(node: yaml.Node | None, in_words: bool) -> None:
    match node:
        case yaml.SequenceNode():
            for item in node.value:
                _leave_words(item, in_words)
        case yaml.MappingNode():
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and key.tag != MERGE:
                    key.tag = TEXT
                _leave_words(value, key.value in LISTS if isinstance(value, yaml.SequenceNode) else False)
        case yaml.ScalarNode() if node.tag != NOTHING and (in_words or _is_word(node)):
            node.tag = TEXT


def _is_word(value: yaml.ScalarNode) -> bool:
    return value.tag == DATE or (value.tag == TRUTH and value.value.lower() not in ("true", "false"))


@cache
def read_words() -> None:
    """Makes parsers of the command line and of configurations read words as words."""
    read = get_loader("yaml")

    def load(text: str) -> Any:  # noqa: ANN401  (whatever YAML may hold)
        value = read(text)
        return _split(yaml.load(text, WordLoader)) if isinstance(value, dict | list) else value

    set_loader("yaml", load)


def with_lists(args: Sequence[str]) -> list[str]:
    """Gives arguments in which lists of words between commas, ``--sources pl,ru``, are lists of YAML."""
    given: list[str] = []
    for arg in args:
        option, equals, value = arg.partition("=")
        if _is_list(option) and equals:
            given.append(f"{option}={_listed(value)}")
        else:
            given.append(_listed(arg) if given and _is_list(given[-1]) else arg)
    return given


def _is_list(option: str) -> bool:
    return option.startswith("--") and option.lstrip("-").rpartition(".")[2] in LISTS


def _listed(value: str) -> str:
    """Writes words between commas as a list; what is one already, or no list at all, stays."""
    if value.strip()[:1] in ("[", "{", "-", "") or value == "null":
        return value
    return json.dumps([word.strip() for word in value.split(",")], ensure_ascii=False)


def _split(value: Any) -> Any:  # noqa: ANN401
    """Cuts the lists of words of a configuration that are written with commas alone."""
    if not isinstance(value, dict):
        return value
    return {
        name: [word.strip() for word in part.split(",")] if name in LISTS and isinstance(part, str) else _split(part)
        for name, part in value.items()
    }
