"""Names of the forms of texts and results, and of the engines; they load nothing, so that help is quick."""

from __future__ import annotations

from typing import Literal

Input = Literal["raw", "words", "conll"]
Format = Literal["jsonl", "conll", "pretty"]
Engine = Literal["torch", "onnx", "int8"]
STDIN = "-"
