"""``ctl export``: the command that writes a trained model for transformers and ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jsonargparse import ArgumentParser

from ctl.errors import CTLError
from ctl.system.console import say
from ctl.tagging.options import add_threshold_options, check_model


def make_parser() -> ArgumentParser:
    """The options of ``ctl export``."""
    parser = ArgumentParser(
        exit_on_error=False,
        prog="ctl export",
        description="Writes a trained tagger as a folder that transformers.pipeline loads, with a model card, and "
        "compares it with the original. Example: ctl export --model runs/quickstart --onnx exported",
    )
    parser.add_argument("--model", type=str, required=True, help="A run of ctl fit or ctl transfer, or a checkpoint.")
    parser.add_argument("folder", type=str, help="Where to write; it must not be there yet, or be empty.")
    parser.add_argument("--method", type=str | None, default=None, help="Of a transfer, which of its models.")
    parser.add_argument(
        "--tokenizer", type=str | None, default=None, help="Where the backbone is now, if it was moved after training."
    )
    add_threshold_options(parser)
    parser.add_argument("--onnx", action="store_true", help="Write model.onnx as well, and compare it.")
    parser.add_argument("--int8", action="store_true", help="And model_int8.onnx: smaller, and faster on most CPUs.")
    parser.add_argument("--push_to_hub", type=str | None, default=None, help="Then upload it as owner/name, private.")
    return parser


def main(args: Sequence[str]) -> None:
    """Runs ``ctl export`` with these arguments.

    Raises:
        CTLError: the model can't be exported, or the exported one gives other probabilities.
    """
    given = make_parser().parse_args(list(args))
    check_model(given)
    folder = Path(given.folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CTLError(f"{folder} is there already: choose another folder or empty it")
    from ctl.export.write import export, push

    exported = export(
        given.model,
        folder,
        given.method,
        given.tokenizer,
        onnx=given.onnx,
        int8=given.int8,
        threshold=given.threshold,
        for_precision=given.for_precision,
    )
    for line in exported.report():
        say(line)
    if reason := exported.trained.unfinished():
        say(f"ctl: this model may not be finished: {reason}")
    if given.push_to_hub:
        push(folder, given.push_to_hub)
    say(f"written: {folder}")
