"""The resume job: a text → a resume whose every value stands in the text."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from smartform.engines.base import Cancel, TextEngine, never
from smartform.errors import NotAResume
from smartform.fill import Filler, OnField, OnProgress
from smartform.grounding import ground
from smartform.policy import answered
from smartform.results import FieldResult, FillResult, State
from smartform.resume.document import SCHEMAS, Document, check_schema, document
from smartform.resume.gate import Gate, shipped_gate
from smartform.rows import with_rows
from smartform.schema import FieldType, FormSpec, items_of
from smartform.values import find_candidates, languages_of

_CONTACTS = (FieldType.EMAIL, FieldType.PHONE)


@dataclass(frozen=True, slots=True)
class Resume:
    """A resume that was read.

    Args:
        filled: the answers, each with its places in the text.
        document: the same as JSON data of a schema.
        is_resume: whether the gate takes the text for a resume.
        probability: how sure the gate is that it is one, 0 to 1.
        warnings: remarks for the person.
        seconds: wall-clock time.
    """

    filled: FillResult
    document: Document
    is_resume: bool
    probability: float
    warnings: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The resume as JSON data: json, is_resume, fields, trace, warnings, seconds."""
        trace = self.document.trace.items()
        return {
            "json": self.document.json,
            "schema": self.document.schema,
            "is_resume": self.is_resume,
            "probability": round(self.probability, 4),
            "fields": [answer.to_dict() for answer in self.filled.fields],
            "trace": {place: [[s.start, s.end] for s in spans] for place, spans in trace},
            "warnings": list(self.warnings),
            "seconds": round(self.seconds, 3),
        }


_ROW_CELLS = 3
"""Cells of a job or a school that is believed beside others, though its name is not sure."""


class ResumeReader:
    """Reads resumes as forms, with thresholds of their own.

    Args:
        engine: the language model.
        gate: what tells resumes from other texts; the shipped one if None.
    """

    def __init__(self, engine: TextEngine, gate: Gate | None = None) -> None:
        self._filler = Filler(engine, answered())
        self._gate = gate or shipped_gate()

    def read(
        self,
        text: str,
        *,
        schema: str = SCHEMAS[0],
        force: bool = False,
        today: date | None = None,
        on_field: OnField | None = None,
        on_progress: OnProgress | None = None,
        cancel: Cancel = never,
    ) -> Resume:
        """Read one resume.

        Args:
            schema: one of `SCHEMAS`.
            force: read on where the text is no resume.
            today, on_field, on_progress, cancel: as `smartform.fill.Filler.fill` takes them.

        Raises:
            NotAResume: the gate takes the text for something else, and `force` is off.
            FormError: no such schema.
            TextError, EngineError, Cancelled: as `smartform.fill.Filler.fill`.
        """
        started = time.perf_counter()
        check_schema(schema)
        probability = self._gate.probability(text)
        is_resume = probability >= self._gate.threshold
        if not is_resume and not force and text.strip():
            raise NotAResume(
                "This does not look like a resume.",
                "Give another text, or ask for it to be read all the same.",
            )
        filled = self._filler.fill(
            resume_form(), text, today=today, on_field=on_field, on_progress=on_progress, cancel=cancel
        )
        kept = tuple(_kept(filled.form[answer.name].type, answer, text) for answer in filled.fields)
        answers = {answer.name: answer for answer in kept}
        warnings = (*filled.warnings, *_warnings(filled.fields, answers))
        return Resume(
            replace(filled, fields=kept),
            document(answers, schema),
            is_resume,
            probability,
            warnings,
            time.perf_counter() - started,
        )


@cache
def resume_form() -> FormSpec:
    """The form that a resume is read with."""
    source = files("smartform.resume").joinpath("form.json").read_text(encoding="utf-8")
    return FormSpec.from_dict(json.loads(source))


def _kept(kind: FieldType, answer: FieldResult, text: str) -> FieldResult:
    """What of an answer stands in the text; contacts must also be ones that code can spot there."""
    if kind is FieldType.GROUP:
        return _kept_rows(answer, text)
    if answer.value is None:
        return answer
    if kind is FieldType.LIST:
        return _kept_items(answer, text)
    if not answer.spans or (kind in _CONTACTS and answer.value not in _spotted(kind, text)):
        return _nothing(answer)
    return answer


def _kept_rows(answer: FieldResult, text: str) -> FieldResult:
    kinds = {sub.name: sub.type for sub in resume_form()[answer.name].fields}
    rows = [tuple(_kept(kinds[cell.name], cell, text) for cell in row) for row in answer.rows]
    counts = [sum(cell.value is not None for cell in row) for row in rows]
    # Beside rows that say more, one of so few cells and without a sure name is mostly a stray word
    # (LOG.md: 7 of 35 such rows were right, and 13 of 14 with a sure name), or a fuller one's name again
    # and nothing else.
    least = max(1, min(_ROW_CELLS, max(counts, default=0)))
    fuller = {row[0].value for row, count in zip(rows, counts, strict=True) if count >= least}
    filled = tuple(
        row
        for row, count in zip(rows, counts, strict=True)
        if count >= least or (_is_sure(row[0]) and (count > 1 or row[0].value not in fuller))
    )
    if not filled:
        return _nothing(answer)
    return with_rows(answer, filled)


def _is_sure(name: FieldResult) -> bool:
    return name.value is not None and name.state is not State.REVIEW


def _kept_items(answer: FieldResult, text: str) -> FieldResult:
    items = items_of(answer.value)
    places = answer.spans if len(answer.spans) == len(items) else [ground(item, text) for item in items]
    pairs = [(item, place) for item, place in zip(items, places, strict=True) if place]
    if not pairs:
        return _nothing(answer)
    return replace(answer, value=[item for item, _ in pairs], spans=tuple(place for _, place in pairs))


def _nothing(answer: FieldResult) -> FieldResult:
    return FieldResult(answer.name, None, State.NOT_FOUND, 0.5, 0.5)


def _spotted(kind: FieldType, text: str) -> frozenset[str]:
    return frozenset(found.value for found in find_candidates(kind, text, languages_of(text)))


def _warnings(given: tuple[FieldResult, ...], kept: Mapping[str, FieldResult]) -> Iterator[str]:
    dropped = [
        answer.name for answer in given if answer.value is not None and kept[answer.name].value is None
    ]
    if dropped:
        yield f"Not in the text and left out: {', '.join(resume_form()[n].title for n in dropped)}."
    if kept["name"].value is None:
        yield "No name was found."
    if kept["email"].value is None and kept["phone"].value is None:
        yield "No way to reach the person was found."
    for row in kept["work"].rows:
        cells = {cell.name: cell.value for cell in row}
        start, end = cells.get("startDate"), cells.get("endDate")
        if isinstance(start, str) and isinstance(end, str) and end < start[: len(end)]:
            yield f"A job ends before it begins: {cells.get('position') or cells.get('company')}."
