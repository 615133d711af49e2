"""The REST door under `/api/v1`: `fill`, `resume`, `proofread`, `tone`, `transcribe`, `presets`, `health`,
`docs`.

Nothing is kept between requests. Jobs run in threads and take turns; a client that goes away
cancels its job. Every error has the body `{"error": what is wrong, "hint": what to do}`: status
400 for a body that cannot be read, 413 for one that is too large, 422 for input that cannot be
used, 503 where a model fails or too many jobs wait.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Coroutine
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import Message

from smartform.engines.base import Cancel
from smartform.errors import Cancelled, EngineError, SmartFormError
from smartform.inputs import MAX_AUDIO_BYTES, clean, form_from
from smartform.rest_jobs import Busy, Jobs
from smartform.rest_mail import add_mail
from smartform.rest_resume import add_resume
from smartform.service import Service
from smartform.sources import presets

PREFIX = "/api/v1"
MAX_JSON_BYTES = 10 * 2**20
_CLIENT_GONE = 499


class FillRequest(BaseModel):
    """A form and the text to fill it from."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "form": "contact",
                    "text": "Hi, this is Jane Doe, you can reach me at jane.doe@example.com.",
                    "today": "2026-03-14",
                }
            ]
        }
    )

    form: str | dict[str, Any] = Field(
        description='The name of a preset, a JSON Schema, a form as {"fields": […]}, or HTML.'
    )
    text: str = Field(description="What was written or said.")
    today: date | None = Field(
        None, description="The date that 'tomorrow' counts from; the server's where left out."
    )


_Value = str | list[str] | list[dict[str, str | list[str] | None]] | None


class FieldAnswer(BaseModel):
    """One field's answer."""

    name: str
    value: _Value = Field(description="null where the text does not say; rows for a group.")
    confidence: float = Field(description="Probability that the answer is right, 0 to 1.")
    p_no_data: float = Field(description="Probability that the text does not say, 0 to 1.")
    spans: list[tuple[int, int]] = Field(description="Where the value stands: text[start:end].")
    state: str = Field(description="found, normalised, inferred, needs review or not found.")
    raw: str | None = Field(None, description="The words that the value was computed from.")
    note: str | None = Field(None, description="A remark for the person.")
    rows: list[list[FieldAnswer]] | None = Field(None, description="Of a group: the cells of each row.")
    suggestion: FieldAnswer | None = Field(
        None, description="Where no value is given: one that is too unsure to be, but worth a person's look."
    )


class FillAnswer(BaseModel):
    """A filled form."""

    values: dict[str, _Value] = Field(description="Field name to value.")
    fields: list[FieldAnswer]
    missing: list[str] = Field(description="Required fields without a value.")
    warnings: list[str]
    seconds: float


class Segment(BaseModel):
    """A piece of speech, in seconds from the start."""

    start: float
    end: float
    text: str


class TranscriptAnswer(BaseModel):
    """What was said."""

    text: str
    language: str = Field(description="ISO 639-1 code, detected or as asked for.")
    language_probability: float
    seconds: float = Field(description="Length of the recording.")
    segments: list[Segment]


class PresetAnswer(BaseModel):
    """A form that is known by name."""

    name: str
    title: str
    fields: list[dict[str, Any]]


class Health(BaseModel):
    """Whether the server answers, and whether its model is loaded."""

    status: str = "ok"
    ready: bool


class Problem(BaseModel):
    """What is wrong and what to do about it."""

    error: str
    hint: str


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body cannot be read."},
    413: {"model": Problem, "description": "The body is too large."},
    422: {"model": Problem, "description": "The input cannot be used."},
    503: {"model": Problem, "description": "A model failed, or too many jobs wait."},
}


def build_router(service: Service) -> APIRouter:
    """The routes, working on `service`; include them in any FastAPI application."""
    router = APIRouter(prefix=PREFIX, tags=["Smart Form"], route_class=_JsonRoute, responses=_PROBLEMS)
    jobs = Jobs()

    @router.post("/fill", response_model=FillAnswer, response_model_exclude_unset=True)
    async def fill(body: FillRequest, request: Request) -> dict[str, Any]:
        """Fill a form from text."""

        def job(cancel: Cancel) -> dict[str, Any]:
            form = form_from(body.form)
            day = body.today or date.today()
            return service.fill(form, body.text, today=day, cancel=cancel).to_dict()

        return await jobs.run(request, job)

    async def transcribe(
        request: Request,
        file: Annotated[UploadFile, File(description="A recording: WAV, MP3, FLAC, OGG, M4A or WebM.")],
        language: Annotated[
            str, Form(pattern="^([a-z]{2,3})?$", description="What is spoken; detected where empty.")
        ] = "",
    ) -> dict[str, Any]:
        """Turn speech into text."""

        def job(cancel: Cancel) -> dict[str, Any]:
            with tempfile.NamedTemporaryFile(prefix="smartform-", suffix=".audio") as copy:
                shutil.copyfileobj(file.file, copy)
                copy.flush()
                heard = service.transcribe(Path(copy.name), language=language or None, cancel=cancel)
            return heard.to_dict()

        return await jobs.run(request, job)

    router.add_api_route(
        "/transcribe",
        transcribe,
        methods=["POST"],
        response_model=TranscriptAnswer,
        route_class_override=_UploadRoute,
    )

    add_resume(router, service, jobs.run, _UploadRoute)
    add_mail(router, service, jobs.run)

    @router.get("/presets", response_model=list[PresetAnswer])
    def list_presets() -> list[dict[str, Any]]:
        """The forms that are known by name."""
        return [
            {"name": name, "title": form.title or name, "fields": [f.to_dict() for f in form.fields]}
            for name, form in presets().items()
        ]

    @router.get("/health", response_model=Health)
    def health() -> Health:
        """Whether the server answers."""
        return Health(ready=service.ready)

    _add_docs(router)
    return router


def _add_docs(router: APIRouter) -> None:
    """The OpenAPI page, with its script and style from an installed package: no other host is asked."""
    description = get_openapi(title="Smart Form", version="1", routes=router.routes)

    @router.get("/openapi.json", include_in_schema=False)
    def openapi() -> JSONResponse:
        return JSONResponse(description)

    @router.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title="Smart Form API",
            swagger_js_url="docs/swagger-ui-bundle.js",
            swagger_css_url="docs/swagger-ui.css",
            swagger_favicon_url="docs/favicon.png",
        )

    assets = Path(str(resources.files("fastapi_offline"))) / "static"
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
        router.add_api_route(
            f"/docs/{name}", _file(assets / name), response_class=FileResponse, include_in_schema=False
        )


def _file(path: Path) -> Callable[[], FileResponse]:
    return lambda: FileResponse(path)


class _JsonRoute(APIRoute):
    """A route whose errors have our body and whose request body has a limit."""

    limit: ClassVar[int] = MAX_JSON_BYTES

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            body = _Body(request, self.limit)
            try:
                if body.announced > self.limit:
                    return _too_large(self.limit)
                return await handler(Request(request.scope, body.receive))
            except SmartFormError as problem:
                return _response(problem)
            except RequestValidationError as problem:
                return _invalid(problem)
            except HTTPException as problem:
                if body.received > self.limit:
                    return _too_large(self.limit)
                return _problem(problem.status_code, str(problem.detail), "See docs for what is expected.")

        return guarded


class _UploadRoute(_JsonRoute):
    limit: ClassVar[int] = MAX_AUDIO_BYTES


class _Body:
    """A request's body, counted as it comes, whatever length its header tells."""

    def __init__(self, request: Request, limit: int) -> None:
        length = request.headers.get("content-length", "")
        self.announced = int(length) if length.isdigit() else 0
        self.received = 0
        self._limit = limit
        self._receive = request.receive

    async def receive(self) -> Message:
        message = await self._receive()
        self.received += len(message.get("body", b""))
        if self.received > self._limit:
            raise HTTPException(413)
        return message


def _response(problem: SmartFormError) -> JSONResponse:
    status = 422
    if isinstance(problem, EngineError):
        status = 503
    elif isinstance(problem, Cancelled):
        status = _CLIENT_GONE
    answer = _problem(status, str(problem), problem.hint)
    if isinstance(problem, Busy):
        answer.headers["Retry-After"] = "5"
    return answer


def _invalid(problem: RequestValidationError) -> JSONResponse:
    first = problem.errors()[0]
    if first["type"] == "json_invalid":
        return _problem(400, "The body is not JSON.", "Send a JSON object as docs describe it.")
    place = ".".join(str(part) for part in first["loc"] if part != "body")
    return _problem(422, f"{place or 'The body'}: {first['msg']}.", "See docs for what is expected.")


def _too_large(limit: int) -> JSONResponse:
    return _problem(413, "The body is too large.", f"Send at most {limit // 2**20} MB.")


def _problem(status: int, error: str, hint: str) -> JSONResponse:
    return JSONResponse({"error": clean(error), "hint": clean(hint)}, status_code=status)
