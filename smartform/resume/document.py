"""A filled resume form → JSON of a schema (`schemas/*.json`), and where in the text each value stands.

Two schemas: `simple`, one flat object a resume, and `jsonresume`, JSON Resume 1.0 (jsonresume.org).
What is written is valid by construction and validated all the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema

from smartform.errors import FormError, SmartFormError
from smartform.results import FieldResult, Span

_DATE = re.compile(r"[12]\d{3}(-\d\d(-\d\d)?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Document:
    """JSON data of a schema.

    Args:
        schema: one of `SCHEMAS`.
        json: the data, valid.
        trace: JSON pointer of each text in it → its places in the source text; what a person
            typed has none and is left out.
    """

    schema: str
    json: dict[str, Any]
    trace: dict[str, tuple[Span, ...]]


@dataclass(frozen=True, slots=True)
class _Said:
    """A text of the document with its places in the source."""

    text: str
    spans: tuple[Span, ...] = ()


Answers = Mapping[str, FieldResult]


def document(answers: Answers, schema: str) -> Document:
    """The filled form as JSON data.

    Args:
        answers: field name of the resume form → its answer; fields may be missing.
        schema: one of `SCHEMAS`.

    Raises:
        FormError: no such schema.
    """
    check_schema(schema)
    built = _BUILDERS[schema](answers)
    data = _plain(built)
    validate(data, schema)
    return Document(schema, data, {place: said.spans for place, said in _texts(built, "") if said.spans})


def check_schema(schema: str) -> None:
    """Refuse a schema that is none.

    Raises:
        FormError: it is not one of `SCHEMAS`.
    """
    if schema not in SCHEMAS:
        raise FormError(f"There is no resume schema '{schema[:40]}'.", f"Use one of: {', '.join(SCHEMAS)}.")


def validate(data: Any, schema: str) -> None:
    """Hold JSON data to a schema, formats included.

    Raises:
        SmartFormError: it does not fit.
    """
    problem = jsonschema.exceptions.best_match(_validator(schema).iter_errors(data))
    if problem is not None:
        raise SmartFormError(
            f"The JSON does not fit the schema '{schema}' at {problem.json_path}.",
            "Correct that value, or leave it out.",
        )


@cache
def _validator(schema: str) -> jsonschema.Draft7Validator:
    source = files("smartform.resume").joinpath("schemas", f"{schema}.json").read_text(encoding="utf-8")
    return jsonschema.Draft7Validator(
        json.loads(source), format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER
    )


def _simple(answers: Answers) -> dict[str, Any]:
    resume = {
        "name": _text(answers.get("name")),
        "email": _text(answers.get("email")),
        "phone": _text(answers.get("phone")),
        "experience": _sentence(answers, "work", ("position", "company"), ("startDate", "endDate")),
        "education": _sentence(answers, "education", ("studyType", "area", "institution"), ("endDate",)),
        "skills": _items(answers.get("skills")),
    }
    return {"resumes": [resume]}


def _json_resume(answers: Answers) -> dict[str, Any]:
    city = _text(answers.get("location"))
    basics = _present(
        name=_text(answers.get("name")),
        email=_text(answers.get("email")),
        phone=_text(answers.get("phone")),
        location={"city": city} if city else None,
    )
    work = [
        _present(
            name=_text(row.get("company")),
            position=_text(row.get("position")),
            startDate=_date(row.get("startDate")),
            endDate=_date(row.get("endDate")),
        )
        for row in _rows(answers, "work")
    ]
    education = [
        _present(
            institution=_text(row.get("institution")),
            area=_text(row.get("area")),
            studyType=_text(row.get("studyType")),
            endDate=_date(row.get("endDate")),
        )
        for row in _rows(answers, "education")
    ]
    return {
        "basics": basics,
        "work": [job for job in work if job],
        "education": [school for school in education if school],
        "skills": [{"name": skill} for skill in _items(answers.get("skills"))],
        "languages": [{"language": language} for language in _items(answers.get("languages"))],
    }


_BUILDERS: dict[str, Callable[[Answers], dict[str, Any]]] = {"simple": _simple, "jsonresume": _json_resume}

SCHEMAS = tuple(_BUILDERS)
"""The schemas there are; the first one is used where none is asked for."""


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _rows(answers: Answers, group: str) -> Iterator[dict[str, FieldResult]]:
    answer = answers.get(group)
    for row in answer.rows if answer else ():
        yield {cell.name: cell for cell in row}


def _text(answer: FieldResult | None) -> _Said | None:
    if answer is None or not isinstance(answer.value, str) or not answer.value.strip():
        return None
    return _Said(answer.value, answer.spans)


def _date(answer: FieldResult | None) -> _Said | None:
    said = _text(answer)
    return said if said and _DATE.fullmatch(said.text) else None


def _items(answer: FieldResult | None) -> list[_Said]:
    if answer is None or not isinstance(answer.value, list):
        return []
    spans = answer.spans if len(answer.spans) == len(answer.value) else ((),) * len(answer.value)
    return [
        _Said(item, (span,) if isinstance(span, Span) and span.end > span.start else ())
        for item, span in zip(answer.value, spans, strict=True)
        if isinstance(item, str) and item.strip()
    ]


def _sentence(answers: Answers, group: str, names: tuple[str, ...], dates: tuple[str, ...]) -> _Said | None:
    """The rows of a group in one text: 'Nurse, St Mary's, May 2019 – June 2021; Cleaner, …'."""
    lines: list[str] = []
    spans: list[Span] = []
    for row in _rows(answers, group):
        parts = [said for name in names if (said := _text(row.get(name)))]
        times = [said for name in dates if (said := _expression(row.get(name)))]
        if not parts and not times:
            continue
        when = " – ".join(said.text for said in times)
        lines.append(", ".join(filter(None, [*(said.text for said in parts), when])))
        spans += [span for said in (*parts, *times) for span in said.spans]
    return _Said("; ".join(lines), tuple(dict.fromkeys(spans))) if lines else None


def _expression(answer: FieldResult | None) -> _Said | None:
    """A date as the resume writes it."""
    said = _text(answer)
    raw = " ".join(answer.raw.split()) if answer and answer.raw else ""
    return _Said(raw, said.spans) if said and raw else said


def _plain(node: Any) -> Any:
    if isinstance(node, _Said):
        return node.text
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items()}
    return [_plain(item) for item in node] if isinstance(node, list) else node


def _texts(node: Any, place: str) -> Iterator[tuple[str, _Said]]:
    """(JSON pointer, text) of every text in the document; no key of ours needs escaping."""
    if isinstance(node, _Said):
        yield place, node
        return
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in members:
        yield from _texts(value, f"{place}/{key}")
