"""What a filled form is: values with their place in the text, their state and their confidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from smartform.schema import FormSpec, Value


class State(StrEnum):
    """How a field came by its value."""

    FOUND = "found"
    """Stands in the text as it is."""
    NORMALISED = "normalised"
    """Computed from an expression in the text ('half past six' → 18:30) or an option it matches."""
    INFERRED = "inferred"
    """Not in the text; follows from it."""
    REVIEW = "needs review"
    """Given, but the model is not sure enough."""
    NOT_FOUND = "not found"
    """The text does not say."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """`text[start:end]` of the source text, in characters."""

    start: int
    end: int

    def overlaps(self, other: Span) -> bool:
        """Whether some character is in both, or an empty one lies inside the other, not at its edge."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class FieldResult:
    """One field's answer.

    Args:
        name: the field's name.
        value: as written by its type (`smartform.schema.FieldType`), None where not found.
        state: how it came by its value.
        confidence: probability that the answer (a value, or 'not found') is right, 0 to 1.
        p_no_data: probability that the text does not say, 0 to 1.
        spans: where in the text the value stands; empty for inferred and missing ones.
        raw: the expression in the text that the value was computed from.
        note: a short remark for the person, such as why a value needs review.
        rows: for a group, the answers of each row's cells, in the order of its sub-fields.
        suggestion: of a field that was not found, what it would be if the text does answer it: too unsure
            to be given, but worth a person's look.
    """

    name: str
    value: Value
    state: State
    confidence: float
    p_no_data: float
    spans: tuple[Span, ...] = ()
    raw: str | None = None
    note: str = ""
    rows: tuple[tuple[FieldResult, ...], ...] = ()
    suggestion: FieldResult | None = None

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON data; spans are [start, end] pairs."""
        data: dict[str, Any] = {
            "name": self.name,
            "value": self.value,
            "confidence": round(self.confidence, 4),
            "p_no_data": round(self.p_no_data, 4),
            "spans": [[span.start, span.end] for span in self.spans],
            "state": self.state.value,
        }
        if self.raw is not None and self.raw != self.value:
            data["raw"] = self.raw
        if self.note:
            data["note"] = self.note
        if self.rows:
            data["rows"] = [[cell.to_dict() for cell in row] for row in self.rows]
        if self.suggestion:
            data["suggestion"] = self.suggestion.to_dict()
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FieldResult:
        """Read an answer as `to_dict` writes it."""
        return cls(
            data["name"],
            data["value"],
            State(data["state"]),
            data["confidence"],
            data["p_no_data"],
            tuple(Span(start, end) for start, end in data["spans"]),
            data.get("raw"),
            data.get("note", ""),
            tuple(tuple(cls.from_dict(cell) for cell in row) for row in data.get("rows", ())),
            cls.from_dict(data["suggestion"]) if "suggestion" in data else None,
        )


@dataclass(frozen=True, slots=True)
class FillResult:
    """A filled form.

    Args:
        form: the form that was filled.
        fields: one answer for each field, in form order.
        seconds: wall-clock time of the whole job.
        warnings: remarks on the job as a whole, for the person.
        stats: what the engine evaluated (tokens, windows), for benchmarks.
    """

    form: FormSpec
    fields: tuple[FieldResult, ...]
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    stats: dict[str, float] = field(default_factory=dict)

    def __getitem__(self, name: str) -> FieldResult:
        for result in self.fields:
            if result.name == name:
                return result
        raise KeyError(name)

    @property
    def values(self) -> dict[str, Value]:
        """Field name → value, every field of the form present."""
        return {result.name: result.value for result in self.fields}

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the required fields that have no value."""
        return missing_required(self.form, self.values)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON data: values, fields, missing, warnings, seconds."""
        return {
            "values": self.values,
            "fields": [result.to_dict() for result in self.fields],
            "missing": list(self.missing),
            "warnings": list(self.warnings),
            "seconds": round(self.seconds, 3),
        }


def missing_required(form: FormSpec, values: dict[str, Value]) -> tuple[str, ...]:
    """Names of `form`'s required fields for which `values` holds nothing."""
    return tuple(f.name for f in form.fields if f.required and not values.get(f.name))


def not_found(names: Iterable[str]) -> tuple[FieldResult, ...]:
    """An empty answer for each name."""
    return tuple(FieldResult(n, None, State.NOT_FOUND, 1.0, 1.0) for n in names)
