"""Options that name a trained tagger, for each command that uses one, and the tagger that they name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jsonargparse import ArgumentParser, Namespace

from ctl.errors import CTLError
from ctl.system.console import say
from ctl.system.numbers import OpenShare
from ctl.tagging.finding import find_model
from ctl.tagging.forms import Engine

if TYPE_CHECKING:
    from ctl.tagging.text_tagger import TextTagger


def add_model_options(parser: ArgumentParser) -> None:
    """Adds the options that name a model, and that say how it is run."""
    parser.add_argument(
        "--model", type=str, required=True, help="A run of ctl fit or ctl transfer, a checkpoint, or an export."
    )
    parser.add_argument("--method", type=str | None, default=None, help="Of a transfer, which of its models.")
    parser.add_argument("--device", type=str | None, default=None, help="cpu, cuda or mps; by default the best.")
    parser.add_argument(
        "--precision",
        type=Literal["32", "bf16"] | None,
        default=None,
        help="By default bf16 on a GPU that has it.",
    )
    parser.add_argument(
        "--engine",
        type=Engine | None,
        default=None,
        help="Of an export, which network runs; int8 is a little less exact. By default, on a CPU, the one that was "
        "the fastest at export among those with the answers of the original.",
    )
    parser.add_argument(
        "--tokenizer", type=str | None, default=None, help="Where the backbone is now, if it was moved after training."
    )
    add_threshold_options(parser)


def add_threshold_options(parser: ArgumentParser) -> None:
    """Adds the options for more entities, or more certain ones."""
    parser.add_argument(
        "--threshold",
        type=float | dict[str, float] | None,
        default=None,
        help="Below 0.5 for more entities, above it for more certain ones; for all types or some, '{PER: 0.4}'; for "
        "none of an export's own, '{}'.",
    )
    parser.add_argument(
        "--for_precision",
        type=OpenShare | None,
        default=None,
        help="Take the threshold that has this precision, 0.9 say, and the most recall on source validation.",
    )


def check_thresholds(given: Namespace) -> None:
    """Refuses two ways to choose a threshold.

    Raises:
        CTLError: both were given.
    """
    if given.threshold is not None and given.for_precision is not None:
        raise CTLError("--for_precision chooses the threshold: leave out --threshold")


def check_model(given: Namespace) -> None:
    """Refuses a model that is not there, before anything that could load one is imported.

    Raises:
        CTLError: it is not there, or two ways to choose a threshold were given.
    """
    check_thresholds(given)
    find_model(Path(given.model), given.method)


def load_named(given: Namespace) -> TextTagger:
    """Loads the tagger that these options name, and says which it is.

    Raises:
        CTLError: there is no such model, or it can't be loaded.
    """
    check_model(given)
    from ctl.tagging.text_tagger import load_tagger
    from ctl.thresholds.decoding import option_of

    tagger = load_tagger(
        given.model,
        given.method,
        tokenizer=given.tokenizer,
        device=given.device,
        precision=given.precision,
        threshold=given.threshold,
        engine=given.engine,
    )
    say(f"ctl: {tagger.trained}")
    if given.threshold is None and given.for_precision is None and (own := tagger.threshold_by_type()):
        option = option_of(own, tagger.schema.types)
        say(f"ctl: it was exported with --threshold {option}, which holds here; --threshold '{{}}' tags without")
    if reason := tagger.trained.unfinished():
        say(f"ctl: this model may not be finished: {reason}")
    return tagger
