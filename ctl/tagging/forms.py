"""Names of the forms in which texts are read and results are written; they load nothing, so that help is quick."""

from __future__ import annotations

from typing import Literal

Input = Literal["raw", "words", "conll"]
Format = Literal["jsonl", "conll", "pretty"]
STDIN = "-"
