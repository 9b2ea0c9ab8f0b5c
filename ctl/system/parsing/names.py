"""Names of methods and of languages, checked as they are given: before PyTorch is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ctl.methods import Method, expand_methods
from ctl.system.names import check_languages, language_folder
from ctl.system.parsing.words_in_yaml import WordLoader

TAGGERS = ("--teachers", "--silver")  # ready-made ones: they are sources, too, that need no folder
ELSEWHERE = ("--data", "--data.hub", "--data.synthetic")  # where languages may come from that are no folders yet
READ = {  # what a command is sure to read as labelled data or text below data.root
    "fit": "--data.sources", "validate": "--data.sources", "test": "--data.target", "predict": "--data.target",
    "import": "--language",
}  # fmt: skip
INSTEAD = (  # what names other data
    "--data.soft_labels", "--data.silver", "--data.text", "--data.plain_text", "--data.predict_splits",
)  # fmt: skip


def check_languages_of(command: str, given: Mapping[str, Any]) -> None:
    """Refuses what `check_names` does of transfers and studies, and of other commands languages without a folder.

    Args:
        command: its name.
        given: values of settings by option, as a command line or YAML has them.

    Raises:
        CTLError: names the first.
    """
    if command in ("transfer", "study"):
        check_names(given)
    elif (option := READ.get(command)) and not any(name.startswith(INSTEAD) for name in given):
        value = _value(given, option)
        alone = [value] if isinstance(value, str) and value[:1] not in "[{" else []
        languages = _words(given, option) or alone
        check_languages(languages, option)
        _check_folders(given, languages)


def check_names(given: Mapping[str, Any]) -> None:
    """Refuses methods that there are not, and languages without a folder; what is not plain is left for later.

    Args:
        given: values of settings by option, as a command line or YAML has them.

    Raises:
        CTLError: names the first.
    """
    sources, methods = _words(given, "--sources"), _words(given, "--methods")
    targets = _words(given, "--targets") or [word for word in (given.get("--target"),) if isinstance(word, str)]
    languages = sources or _words(given, "--languages") or []
    check_languages(languages, "--sources" if sources else "--languages")
    check_languages(targets, "--target" if "--target" in given else "--targets")
    alone = not any(option.partition(".")[0] in TAGGERS for option in given)
    if alone and sources and targets and "--target" in given:
        expand_methods(methods, sources, targets[0], decoder=_value(given, "--llm_backbone") is not None)
    for method in map(Method.split, methods or ()):
        if method.kind != "direct" or method.of:  # `direct` alone stands for several
            Method.parse(str(method))
    named = _value(given, "--data.text") is not None  # the target's text is elsewhere
    _check_folders(given, [*(languages if alone else ()), *(() if named else targets)])


def _check_folders(given: Mapping[str, Any], languages: list[str]) -> None:
    root = _value(given, "--data.root")
    elsewhere = any(option.startswith(f"{other}.") for option in given for other in ELSEWHERE[1:])
    if isinstance(root, str) and not elsewhere and all(_value(given, option) is None for option in ELSEWHERE):
        for language in languages:
            language_folder(Path(root), language)


def _value(given: Mapping[str, Any], option: str) -> Any:  # noqa: ANN401
    value = given.get(option)
    return None if value in ("null", "~") else value


def _words(given: Mapping[str, Any], option: str) -> list[str] | None:
    """A list of words; `None` where it is something else."""
    value = given.get(option)
    if isinstance(value, str):
        try:
            value = yaml.load(value, WordLoader)
        except yaml.YAMLError:
            return None
    return value if isinstance(value, list) and all(isinstance(word, str) for word in value) else None
