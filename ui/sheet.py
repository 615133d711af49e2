"""The form on the screen: what each field holds, who put it there, and what may replace it.

A `Sheet` travels between browser and server as JSON; the server keeps no copy. The rules that
protect what a person typed live here: a fill never overwrites a person's value (it offers its
own), never erases a value it did not find again, and can be undone.

`Entry.revision` counts the person's edits of a field. The browser raises it at every edit and
ignores an incoming entry whose revision is behind its own, so a fill that streams in while
somebody types cannot undo the typing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any, cast

from smartform.errors import FormError
from smartform.grounding import ground
from smartform.results import FieldResult, Span, State, missing_required
from smartform.schema import Cell, Field, FieldType, FormSpec, Row, Value, items_of, rows_of

YOURS = "yours"
"""The state of a field that a person typed, beside those of `smartform.results.State`."""

_STATES = frozenset(["", YOURS, *State])


Places = tuple[tuple[int, int], ...]
"""[start, end] pairs, in characters of the text that was read."""


@dataclass(frozen=True, slots=True)
class Found:
    """A cell of a group's row, as it was found in the text.

    Args:
        value, state, spans, raw: as `Answer`'s.
    """

    value: Cell = None
    state: str = ""
    spans: Places = ()
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A value with how it came about.

    Args:
        value: as written by its type; None where there is none.
        state: a `State`, `YOURS`, or '' where nothing was asked yet.
        confidence: 0 to 1.
        spans: [start, end] pairs, in characters of the text that `source` names.
        raw: the expression that the value was computed from.
        note: a remark for the person.
        source: key of `Sheet.sources`.
        cells: for a group, for each row the cells that are still as they were found.
    """

    value: Value = None
    state: str = ""
    confidence: float = 0.0
    spans: Places = ()
    raw: str = ""
    note: str = ""
    source: str = ""
    cells: tuple[dict[str, Found], ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """What one field holds.

    Args:
        answer: the value shown.
        by_person: whether a person put it there (or emptied the field).
        offer: what the last fill found instead of a person's value.
        suggestion: what an empty field may be, for the person to take.
        problem: why the value does not fit its type; '' where it does.
        revision: how often the person edited the field.
    """

    answer: Answer = Answer()
    by_person: bool = False
    offer: Answer | None = None
    suggestion: Answer | None = None
    problem: str = ""
    revision: int = 0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Entry:
        """Read an entry as the browser sends it."""
        offer, suggestion = data.get("offer"), data.get("suggestion")
        return cls(
            answer=_answer(data.get("answer") or {}),
            by_person=bool(data.get("by_person")),
            offer=_answer(offer) if offer else None,
            suggestion=_answer(suggestion) if suggestion else None,
            problem=str(data.get("problem") or ""),
            revision=int(data.get("revision") or 0),
        )


@dataclass(slots=True)
class Sheet:
    """A form with its entries.

    Args:
        form: the form.
        generation: grows whenever the form becomes another one: the browser draws it anew, and
            ignores what a fill of an earlier form still sends.
        origin: where the form came from: preset, schema, html, pdf or edited.
        entries: one for each field.
        sources: the texts that spans point into.
        before: the entries as they were before the last fill or reset; empty: nothing to undo.
        today: the person's date, as their browser says; None where unknown.
    """

    form: FormSpec
    generation: int = 0
    origin: str = "preset"
    entries: dict[str, Entry] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    before: dict[str, Entry] = field(default_factory=dict)
    today: date | None = None

    def __post_init__(self) -> None:
        for name in self.form.names:
            self.entries.setdefault(name, Entry())

    def begin_fill(self, text: str) -> str:
        """Remember the entries for undo and `text` for spans; returns the text's source key."""
        self.before = dict(self.entries)
        source = source_key(text)
        self.sources[source] = text
        return source

    def merge(self, result: FieldResult, source: str) -> None:
        """Put one answer of a fill where it may go: field, offer, suggestion, or nowhere.

        An empty answer takes back what the same fill gave before, not what an earlier one did.
        """
        entry = self.entries[result.name]
        found = _from_result(result, source)
        if entry.by_person:
            self.entries[result.name] = replace(entry, offer=_offer(entry.answer, found))
            return
        before = self.before.get(result.name, Entry())
        kept = before.answer if result.value is None and before.answer.value is not None else found
        suggestion = _from_result(result.suggestion, source) if result.suggestion else before.suggestion
        self.entries[result.name] = Entry(
            answer=kept, suggestion=suggestion if kept.value is None else None, revision=entry.revision
        )

    def undo(self) -> None:
        """Take back the last fill or reset, except where the person typed since."""
        for name, old in self.before.items():
            entry = self.entries.get(name)
            if entry and not (entry.by_person and entry.revision != old.revision):
                self.entries[name] = replace(old, revision=entry.revision)
        self.before = {}

    def reset(self) -> None:
        """Empty every field; `undo` brings them back."""
        self.before = dict(self.entries)
        self.entries = {name: Entry(revision=entry.revision) for name, entry in self.entries.items()}

    def succeeded_by(self, form: FormSpec, *, origin: str, renamed: Mapping[str, str] | None = None) -> Sheet:
        """A sheet for another form, with the entries of fields that it shares in name and kind.

        Args:
            renamed: new name → name on this sheet, for fields that were renamed.
        """
        names = renamed or {}
        was = {f.name: f for f in self.form.fields}
        entries = {}
        for new in form.fields:
            before = was.get(names.get(new.name, new.name))
            if before and before.type is new.type and before.options == new.options:
                entries[new.name] = self.entries[before.name]
        return Sheet(form, self.generation + 1, origin, entries, dict(self.sources), today=self.today)

    @property
    def values(self) -> dict[str, Value]:
        """Field name → value, without those that do not fit their type."""
        return {name: None if entry.problem else entry.answer.value for name, entry in self.entries.items()}

    @property
    def problems(self) -> tuple[str, ...]:
        """Names of the fields whose value does not fit."""
        return tuple(name for name, entry in self.entries.items() if entry.problem)

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the required fields without a value."""
        return missing_required(self.form, self.values)

    def results(self) -> tuple[FieldResult, ...]:
        """The values that fit as answers to the form, each with the places that it still has."""
        return tuple(self._result(field) for field in self.form.fields)

    def _result(self, field: Field) -> FieldResult:
        entry = self.entries[field.name]
        answer, text = entry.answer, self.sources.get(entry.answer.source, "")
        if entry.problem or answer.value is None:
            return FieldResult(field.name, None, State.NOT_FOUND, 1.0, 1.0)
        if field.type is FieldType.GROUP:
            return _group_result(field, answer)
        spans = _spans(answer.spans)
        if field.type is FieldType.LIST and len(spans) != len(items_of(answer.value)):
            places = (ground(item, text) if text else None for item in items_of(answer.value))
            spans = tuple(place or Span(0, 0) for place in places)
        return _given(field.name, answer.value, spans, answer.raw)

    def to_dict(self) -> dict[str, Any]:
        """The sheet as JSON data; texts that no span points into any more are left out."""
        entries = {name: asdict(entry) for name, entry in self.entries.items()}
        before = {name: asdict(entry) for name, entry in self.before.items()}
        used = {
            answer.source
            for entry in (*self.entries.values(), *self.before.values())
            for answer in (entry.answer, entry.offer, entry.suggestion)
            if answer
        }
        return {
            "form": self.form.to_dict(),
            "generation": self.generation,
            "origin": self.origin,
            "entries": entries,
            "before": before,
            "sources": {key: text for key, text in self.sources.items() if key in used},
            "today": self.today.isoformat() if self.today else "",
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | None) -> Sheet:
        """Read a sheet as the browser sends it.

        Raises:
            FormError: there is no form in it, or one that cannot be used.
        """
        if not data:
            raise FormError("There is no form yet.", "Choose a form first.")
        form = FormSpec.from_dict(data["form"])
        return cls(
            form=form,
            generation=int(data.get("generation") or 0),
            origin=str(data.get("origin") or "preset"),
            entries=_entries(data.get("entries"), form),
            sources=dict(data.get("sources") or {}),
            before=_entries(data.get("before"), form),
            today=_date(data.get("today")),
        )


def _entries(data: Mapping[str, Any] | None, form: FormSpec) -> dict[str, Entry]:
    return {name: Entry.from_dict(data[name]) for name in form.names if data and name in data}


def _answer(data: Mapping[str, Any]) -> Answer:
    state = str(data.get("state") or "")
    return Answer(
        value=data.get("value") or None,
        state=state if state in _STATES else "",
        confidence=float(data.get("confidence") or 0.0),
        spans=tuple((int(start), int(end)) for start, end in data.get("spans") or ()),
        raw=str(data.get("raw") or ""),
        note=str(data.get("note") or ""),
        source=str(data.get("source") or ""),
        cells=tuple({name: _found(cell) for name, cell in row.items()} for row in data.get("cells") or ()),
    )


def _found(data: Mapping[str, Any]) -> Found:
    answer = _answer(data)
    return Found(data.get("value") or None, answer.state, answer.spans, answer.raw)


def _spans(places: Places) -> tuple[Span, ...]:
    return tuple(Span(start, end) for start, end in places)


def _given(name: str, value: Value, spans: tuple[Span, ...] = (), raw: str = "") -> FieldResult:
    return FieldResult(name, value, State.FOUND, 1.0, 0.0, spans, raw or None)


def _group_result(group: Field, answer: Answer) -> FieldResult:
    rows = rows_of(answer.value)
    found = (*answer.cells, *({} for _ in rows))
    cells = tuple(_row_results(group, row, known) for row, known in zip(rows, found, strict=False))
    return replace(_given(group.name, answer.value, _spans(answer.spans)), rows=cells)


def _row_results(group: Field, row: Row, found: Mapping[str, Found]) -> tuple[FieldResult, ...]:
    results = []
    for sub in group.fields:
        value, known = row.get(sub.name), found.get(sub.name, Found())
        own = value is None or known.value != value
        results.append(
            _given(sub.name, value) if own else _given(sub.name, value, _spans(known.spans), known.raw)
        )
    return tuple(results)


def _from_result(result: FieldResult, source: str) -> Answer:
    return Answer(
        value=result.value,
        state=result.state.value,
        confidence=round(result.confidence, 4),
        spans=tuple((span.start, span.end) for span in result.spans),
        raw=result.raw if result.raw is not None and result.raw != result.value else "",
        note=result.note,
        source=source if result.spans else "",
        cells=tuple({cell.name: _found_cell(cell) for cell in row} for row in result.rows),
    )


def _found_cell(cell: FieldResult) -> Found:
    own = _from_result(cell, "")
    return Found(cast(Cell, cell.value), own.state, own.spans, own.raw)  # there is no group within a group


def _offer(mine: Answer, found: Answer) -> Answer | None:
    if found.value is None or found.value == mine.value:
        return None
    return found


def _date(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text)) if text else None
    except ValueError:
        return None


def source_key(text: str) -> str:
    """The key of a text among `Sheet.sources`."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
