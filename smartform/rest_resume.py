"""The REST routes of resumes: `GET` and `POST /api/v1/resume`, the latter with JSON or an uploaded file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, ValidationError

from smartform.documents import MAX_BYTES, read_document
from smartform.rest_jobs import Job, Run
from smartform.service import Service


class ResumeRequest(BaseModel):
    """The text of a resume."""

    input: str = Field(description="The text of the resume.")
    schema_: Literal["simple", "jsonresume"] = Field("simple", alias="schema", description="Which JSON.")
    force: bool = Field(False, description="Read on where the text does not look like a resume.")


class ResumeAnswer(BaseModel):
    """A resume that was read."""

    json_: dict[str, Any] = Field(alias="json", description="Valid for the schema that was asked for.")
    schema_: str = Field(alias="schema")
    is_resume: bool
    probability: float = Field(description="How sure it is that the text is a resume, 0 to 1.")
    fields: list[dict[str, Any]] = Field(description="Every answer with its spans; rows for groups.")
    trace: dict[str, list[tuple[int, int]]] = Field(
        description="JSON pointer into json → where in the text that value stands: text[start:end]."
    )
    warnings: list[str]
    seconds: float


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": ResumeRequest.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "schema": {"type": "string", "enum": ["simple", "jsonresume"]},
                        "force": {"type": "boolean"},
                    },
                }
            },
        },
    }
}


def add_resume(router: APIRouter, service: Service, run: Run, upload: type[APIRoute]) -> None:
    """Add the routes to `router`.

    Args:
        run: runs a job while its client waits.
        upload: the class of routes that take files.
    """

    def reading(text: Callable[[], str], schema: str, force: bool) -> Job:
        return lambda cancel: service.read_resume(text(), schema=schema, force=force, cancel=cancel).to_dict()

    @router.get("/resume", response_model=ResumeAnswer)
    async def read_resume(
        request: Request,
        input: Annotated[str, Query(description="The text of the resume.")],
        schema: Annotated[Literal["simple", "jsonresume"], Query()] = "simple",
        force: bool = False,
    ) -> dict[str, Any]:
        """Read a resume from the address."""
        return await run(request, reading(lambda: input, schema, force))

    async def post_resume(request: Request) -> dict[str, Any]:
        """Read a resume: JSON with `input`, or a form with `file` (PDF, DOCX, ODT, HTML, text)."""
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            async with request.form(max_files=1, max_fields=8) as form:
                file, wish = form.get("file"), {name: form.get(name) for name in ("schema", "force")}
                if file is None or isinstance(file, str):
                    raise _invalid([{"loc": ("body", "file"), "msg": "A file is missing", "type": "missing"}])
                data, name = await file.read(MAX_BYTES + 1), file.filename or ""
            asked = _checked({"input": "", **{k: v for k, v in wish.items() if v}})
            return await run(request, reading(lambda: read_document(data, name), asked.schema_, asked.force))
        try:
            body = await request.json()
        except ValueError as problem:
            raise _invalid([{"loc": ("body",), "msg": str(problem), "type": "json_invalid"}]) from problem
        asked = _checked(body)
        return await run(request, reading(lambda: asked.input, asked.schema_, asked.force))

    router.add_api_route(
        "/resume",
        post_resume,
        methods=["POST"],
        response_model=ResumeAnswer,
        route_class_override=upload,
        openapi_extra=_BODY,
    )


def _checked(body: Any) -> ResumeRequest:
    try:
        return ResumeRequest.model_validate(body)
    except ValidationError as problem:
        raise _invalid(problem.errors()) from problem


def _invalid(errors: Any) -> RequestValidationError:
    return RequestValidationError(errors)
