"""Groups: rows are found first, by what names them, and then filled cell by cell.

The first round answers a group's branch with the values of its first sub-field, one for each row,
in the order of the text: the positions of a resume, the items of an invoice. Where rows have dates, it also
asks for the first sub-field beside each period of the text (`smartform.periods`). In the second round
every other cell is a branch of its own that is told its row by name ('work[Nurse].company') and
copies from the row's record, the stretch of the text that the layout gives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from smartform.answers import Reader, judged, silence
from smartform.assignment import settle
from smartform.constraints import Plan, plan, within
from smartform.engines.base import Copy, Decoded
from smartform.errors import ValueProblem
from smartform.grounding import ground
from smartform.periods import is_dated, period_branches, periods
from smartform.prompts import cell_name, row_names
from smartform.records import records
from smartform.results import FieldResult, Span, State
from smartform.schema import Cell, Field, FieldType, Row

MAX_ROWS = 100
"""More rows of one group in one window of the text are not read."""


@dataclass(frozen=True, slots=True)
class Dated:
    """What the periods of the text are asked for a group.

    Args:
        readers: branch → what reads its answer.
    """

    readers: dict[str, Reader]

    @classmethod
    def asked(cls, reader: Reader, protocol: Field, languages: Sequence[str]) -> Dated:
        """One branch a period, for the sub-field that names rows; none where rows have no dates.

        Args:
            reader, protocol, languages: as `Group.found` takes them.
        """
        if not is_dated(protocol):
            return cls({})
        naming = reader.field.fields[0]
        anywhere = plan(naming, reader.text, languages, reader.today)
        found = periods(reader.text, tuple(languages))
        branches = period_branches(protocol, reader.text, found)
        own = (replace(reader, field=naming, plan=within(anywhere, period.near)) for period in found)
        return cls(dict(zip(branches, own, strict=True)))

    def found(self, written: Mapping[str, Decoded]) -> tuple[FieldResult, ...]:
        """What names the rows that the periods have, as far as the policy gives it."""
        answers = (self.readers[name].read(written[name]) for name in self.readers if name in written)
        return tuple(answer for answer in answers if answer.value is not None and answer.spans)


@dataclass(frozen=True, slots=True)
class Group:
    """A group whose rows are found.

    Args:
        asked: the group, as the form has it.
        answer: whether and how surely there are rows; it has none yet.
        named: for each row, the answer of the sub-field that names it.
        cells: for each row, the branch of each other sub-field.
        stretches: for each row, the text that its cells are taken from.
        readers: branch → what reads its answer.
    """

    asked: Field
    answer: FieldResult
    named: tuple[FieldResult, ...] = ()
    cells: tuple[tuple[str, ...], ...] = ()
    stretches: tuple[str, ...] = ()
    readers: dict[str, Reader] = field(default_factory=dict)

    @classmethod
    def found(
        cls,
        reader: Reader,
        protocol: Field,
        decoded: Decoded,
        languages: Sequence[str],
        dated: Sequence[FieldResult] = (),
    ) -> Group:
        """The rows that the engine named.

        Args:
            reader: for the group itself.
            protocol: the group under names that the protocol can write.
            decoded: the engine's answer to the group's branch.
            languages: of the text.
            dated: what names rows by the periods of the text.
        """
        group, numbers = reader.field, reader.policy[FieldType.LIST]
        silent = silence(decoded, numbers, long=True)
        if silent is not None and not dated:
            return cls(group, FieldResult(group.name, None, State.NOT_FOUND, silent, silent))
        named = _united(tuple(_named(reader, decoded)) if silent is None else (), dated)[:MAX_ROWS]
        if not named:
            return cls(group, FieldResult(group.name, None, State.NOT_FOUND, 0.5, 0.5))
        answer = FieldResult(group.name, None, State.FOUND, 0.0, 0.0)
        answer = judged(answer, decoded, numbers, certain=all(cell.spans for cell in named))
        rows = row_names(protocol.name, [_written(cell) for cell in named])
        cells, stretches, readers = [], [], {}
        places = [cell.spans[0] if cell.spans else None for cell in named]
        for row, near in zip(rows, records(places, reader.text), strict=True):
            names = [cell_name(row, sub.name) for sub in protocol.fields[1:]]
            for name, sub in zip(names, group.fields[1:], strict=True):
                own = plan(sub, reader.text, languages, reader.today)
                readers[name] = replace(reader, field=sub, plan=within(own, near) if near else own)
            cells.append(tuple(names))
            stretches.append(reader.text[near.start : near.end] if near else reader.text)
        return cls(group, answer, named, tuple(cells), tuple(stretches), readers)

    def result(self, written: Mapping[str, Decoded]) -> FieldResult:
        """The group's answer; no two cells of a row have one piece of the text, nor any what names the row.

        Args:
            written: branch → what the engine wrote for its cell; cells that have nothing are empty.
        """
        if not self.named:
            return self.answer
        rows = []
        for first, names, stretch in zip(self.named, self.cells, self.stretches, strict=True):
            plans = {name: self.readers[name].plan for name in names} | {"": self._naming}
            naming = Decoded("", (_written(first),), probability=1.0, p_no_data=0.0)
            told = settle(plans, stretch, [naming, *(written[name] for name in names if name in written)])
            rows.append((first, *(self._cell(name, told.get(name)) for name in names)))
        return with_rows(self.answer, tuple(rows))

    @property
    def _naming(self) -> Plan:
        """What names a row is sure by now, and copied."""
        return Plan(self.asked.fields[0], Copy(), {})

    def _cell(self, name: str, decoded: Decoded | None) -> FieldResult:
        reader = self.readers[name]
        return reader.read(decoded) if decoded else _empty(reader.field)


def merged_rows(old: FieldResult, new: FieldResult) -> FieldResult:
    """The rows of two windows' answers; one that both hold is the first one's."""
    held = {cell.spans for cell, *_ in old.rows}
    fresh = [row for row in new.rows if not row[0].spans or row[0].spans not in held]
    merged = replace(old, confidence=min(old.confidence, new.confidence)) if fresh else old
    return with_rows(merged, (*old.rows, *fresh))


def with_rows(answer: FieldResult, rows: tuple[tuple[FieldResult, ...], ...]) -> FieldResult:
    """A group's answer with these rows, their values and their places."""
    value: list[Row] = [{cell.name: cast(Cell, cell.value) for cell in row} for row in rows]
    spans = tuple(dict.fromkeys(span for row in rows for cell in row for span in cell.spans))
    return replace(answer, value=value, rows=rows, spans=spans)


def _named(reader: Reader, decoded: Decoded) -> Iterator[FieldResult]:
    """For each row, the answer of its first sub-field; what fits that field in no way is no row."""
    first = replace(reader, field=reader.field.fields[0])
    numbers = reader.policy[FieldType.LIST]
    for text, span in zip(decoded.texts, _places(decoded, reader.text), strict=True):
        one = replace(decoded, texts=(text,), spans=(span,) if span else ())
        try:
            cell = first.value(one)
        except ValueProblem:
            continue
        yield judged(cell, decoded, numbers, certain=bool(cell.spans))


def _united(listed: Sequence[FieldResult], dated: Sequence[FieldResult]) -> tuple[FieldResult, ...]:
    """What names rows, in the order of the text; of names that meet, the surest that a period has."""
    if not dated:
        return tuple(listed)
    kept: list[FieldResult] = []
    for answer in (*sorted(dated, key=lambda a: -a.confidence), *listed):
        places = [other.spans[0] for other in kept if other.spans]
        if not answer.spans or not any(answer.spans[0].overlaps(place) for place in places):
            kept.append(answer)
    return tuple(sorted(kept, key=lambda a: a.spans[0].start if a.spans else 0))


def _places(decoded: Decoded, text: str) -> list[Span | None]:
    """Where each name stands; where the engine does not tell, each is looked for after the one before."""
    if len(decoded.spans) == len(decoded.texts):
        return list(decoded.spans)
    places: list[Span | None] = []
    start = 0
    for name in decoded.texts:
        span = ground(name, text[start:])
        place = Span(span.start + start, span.end + start) if span else ground(name, text)
        places.append(place)
        start = place.end if place else start
    return places


def _written(cell: FieldResult) -> str:
    """What names a row, as its branch wrote it."""
    value = cell.raw or cell.value
    return " ".join(cast("list[str]", value)) if isinstance(value, list) else value or ""


def _empty(sub: Field) -> FieldResult:
    return FieldResult(sub.name, None, State.NOT_FOUND, 1.0, 1.0)
