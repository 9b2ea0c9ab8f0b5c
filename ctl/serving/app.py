"""The service as a FastAPI application: one route that tags, one that says how it is, and the OpenAPI pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ctl.errors import first_line
from ctl.serving.batcher import Batcher, FullError
from ctl.serving.body_limit import BodyLimit
from ctl.serving.messages import Health, Refusal, TagRequest, TagResponse, refusal_of
from ctl.tagging.outputs import as_json
from ctl.tagging.texts import Tagged

if TYPE_CHECKING:
    from fastapi import FastAPI

Tag = Callable[[list[str | list[str]]], Sequence[Tagged]]
REFUSALS = {
    408: "the body came too slowly",
    413: "too many bytes or texts",
    422: "no request of this form",
    500: "the model failed on these texts",
    503: "too many texts wait",
}


@dataclass(frozen=True)
class Limits:
    """The limits of the service.

    Attributes:
        max_bytes: of a request.
        max_texts: of a request.
        max_waiting: texts that wait; a request beyond them is refused and may be sent again.
        batch: texts that are tagged together.
        seconds: in which a request must have come.
    """

    max_bytes: int = 1_000_000
    max_texts: int = 256
    max_waiting: int = 4096
    batch: int = 256
    seconds: float = 30.0


@dataclass(frozen=True)
class About:
    """The model of a service: its path, its method's name and its entity types."""

    model: str
    method: str
    types: tuple[str, ...]


def make_app(tag: Tag, about: About, limits: Limits) -> FastAPI:
    """Makes the application.

    Args:
        tag: tags texts, in their order, such as a `TextTagger`.
        about: what ``/health`` says of the model.
        limits: of requests.
    """
    from fastapi import FastAPI

    batcher: Batcher[str | list[str], dict[str, object]] = Batcher(
        lambda texts: [as_json(tagged) for tagged in tag(texts)], limits.batch, limits.max_waiting
    )
    app = FastAPI(
        title="ctl",
        description=f"Finds entities ({', '.join(about.types)}) in texts.",
        redoc_url=None,
        lifespan=_lifespan(batcher),
    )
    app.add_middleware(BodyLimit, most=limits.max_bytes, seconds=limits.seconds)
    _add_refusals(app)
    _add_routes(app, batcher, about, limits)
    return app


def _lifespan(batcher: Batcher[Any, Any]) -> Any:  # noqa: ANN401
    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        worker = asyncio.create_task(batcher.run())
        yield
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker

    return lifespan


def _add_routes(app: FastAPI, batcher: Batcher[Any, Any], about: About, limits: Limits) -> None:
    from fastapi import HTTPException
    from fastapi.responses import JSONResponse

    async def tag(request: TagRequest) -> JSONResponse:
        """Tags texts: strings are cut into sentences and words; a list of words is one sentence."""
        if len(request.texts) > limits.max_texts:
            raise HTTPException(413, f"a request has at most {limits.max_texts:,} texts; send them in parts")
        return JSONResponse({"results": await batcher.submit(request.texts)})

    async def health() -> Health:
        """Says which model answers, and how many texts wait."""
        return Health(
            status="ok", model=about.model, method=about.method, types=list(about.types), waiting=batcher.waiting
        )

    refusals: dict[int | str, dict[str, Any]] = {
        status: {"model": Refusal, "description": text} for status, text in REFUSALS.items()
    }
    app.post("/tag", response_model=TagResponse, responses=refusals)(tag)
    app.get("/health", response_model=Health)(health)


def _add_refusals(app: FastAPI) -> None:
    """Says in one line why a request is refused."""
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse

    async def malformed(_: object, error: Any) -> JSONResponse:  # noqa: ANN401
        return JSONResponse({"detail": refusal_of(error.errors())}, 422)

    async def unreadable(_: object, error: Exception) -> JSONResponse:
        reason = {"type": "json_invalid", "msg": "no JSON in UTF-8, or nested too deeply"}
        return JSONResponse({"detail": refusal_of([reason])}, 422)

    async def full(_: object, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": "too many texts wait; send this again"}, 503, {"Retry-After": "1"})

    async def failed(_: object, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": f"the model failed on these texts: {first_line(error)}"}, 500)

    app.exception_handler(RequestValidationError)(malformed)
    app.exception_handler(400)(unreadable)  # what FastAPI says of a body that Python's parser gives up
    app.exception_handler(FullError)(full)
    app.exception_handler(Exception)(failed)
