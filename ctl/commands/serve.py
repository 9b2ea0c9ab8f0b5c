"""``ctl serve``: the command that answers other programs over HTTP with the entities of their texts."""

from __future__ import annotations

from collections.abc import Sequence

from jsonargparse import ArgumentParser

from ctl.system.console import say
from ctl.system.numbers import NonNegativeInt, PositiveFloat, PositiveInt
from ctl.tagging.options import add_model_options, check_model, load_named


def make_parser() -> ArgumentParser:
    """The options of ``ctl serve``."""
    parser = ArgumentParser(
        exit_on_error=False,
        prog="ctl serve",
        description="Answers POST /tag with the entities of texts, as `ctl tag` finds them; /docs shows how to ask. It "
        "needs ctl[serve]. Example: ctl serve --model runs/quickstart --port 8000",
    )
    add_model_options(parser)
    parser.add_argument(
        "--host", type=str, default="127.0.0.1", help="The address to listen at; 0.0.0.0 lets other machines ask."
    )
    parser.add_argument("--port", type=NonNegativeInt, default=8000, help="0 takes any that is free.")
    parser.add_argument("--max_bytes", type=PositiveInt, default=1_000_000, help="The most bytes of a request.")
    parser.add_argument("--max_texts", type=PositiveInt, default=256, help="The most texts of a request.")
    parser.add_argument(
        "--max_waiting",
        type=PositiveInt,
        default=4096,
        help="The most texts that wait; a request beyond them is refused with status 503.",
    )
    parser.add_argument("--batch", type=PositiveInt, default=256, help="Texts that are tagged together.")
    parser.add_argument("--seconds", type=PositiveFloat, default=30.0, help="In which a request must have come.")
    return parser


def main(args: Sequence[str]) -> None:
    """Runs ``ctl serve`` with these arguments, until it is told to stop.

    Raises:
        CTLError: the model or the address can't be used, or a package is missing.
    """
    given = make_parser().parse_args(list(args))
    check_model(given)
    from ctl.serving.server import address_of, check_extras, is_open_to_others, open_socket, serve

    check_extras()
    with open_socket(given.host, given.port) as listener:
        from ctl.scoring.precision import set_for_precision
        from ctl.serving.app import About, Limits, make_app

        tagger = load_named(given)
        set_for_precision(tagger, given.for_precision)
        trained = tagger.trained
        limits = Limits(given.max_bytes, given.max_texts, given.max_waiting, given.batch, given.seconds)
        app = make_app(tagger, About(str(trained.path), trained.method, trained.types), limits)
        if is_open_to_others(listener):
            say("ctl: everyone who reaches this address may ask; put a proxy before it that knows who may")
        say(f"ctl: serving at {address_of(listener)} (POST /tag, GET /health, /docs); Ctrl-C stops it")
        serve(app, listener)
        say("ctl: stopped; what was asked is answered")
