"""Docstrings are read out of context: each says who does what."""

import ast
import re
from pathlib import Path

import pytest

import ctl

ROOT = Path(ctl.__file__).parent
BARE = (  # a docstring that begins so has no subject, or none that a reader knows
    "what|who|whom|whose|where|whether|when|how|which|it|its|they|their|them|those|these|this|that|of|for|by|from|in|"
    "and|but|so|same"
)
PRONOUN = re.compile(r"^\w+ (it|them|this|that|these|those|one|so)( \w+)?\.")  # "Stops it."


def docstrings():
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                line = getattr(node, "lineno", 1)
                yield f"{path.relative_to(ROOT.parent)}:{line} {getattr(node, 'name', '')}", ast.get_docstring(node)


def has_no_subject(text):
    first = re.match(r"[\W_]*(?:the )?(\w+)", text, re.IGNORECASE)
    return bool(first and re.fullmatch(BARE, first[1].lower())) or bool(PRONOUN.match(text))


def test_docstrings_have_a_subject_and_a_verb():
    told = [f"{place}: {text.splitlines()[0]}" for place, text in docstrings() if text and has_no_subject(text)]
    assert not told, "\n".join(told)


@pytest.mark.parametrize(
    "text", ["Stops it.", "Of the table.", "The same as turns of a chat.", "What is known.", "Those that have a role."]
)
def test_a_fragment_is_seen(text):
    assert has_no_subject(text)


@pytest.mark.parametrize("text", ["Stops the training clock.", "The weights of all words (W).", "Tells whether."])
def test_a_sentence_is_left_alone(text):
    assert not has_no_subject(text)
