"""Groups: rows are found first, by what names them, and then filled cell by cell.

The first round answers a group's branch with the values of its first sub-field, one for each row,
in the order of the text: the positions of a resume, the items of an invoice. Where rows have dates, it also
asks for the first sub-field beside each period of the text (`smartform.periods`), and once more where two
periods claim one name. In the last round every other cell is a branch of its own that is told its row by
name ('work[Nurse].company') and copies from the row's record, the stretch of the text that the layout
gives it; its dates are those of its period, and which of them begins it is asked of the first rows only.
Beside them a model that was taught so is asked the row's name once more: one that was cut is mended, and
what names no row is none. What a record lacks is asked once more of the whole text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from smartform.answers import Reader, judged, silence
from smartform.assignment import settle
from smartform.constraints import Plan, plan, within
from smartform.dated import Named, begins, both_dates, is_time, two_dates, unite
from smartform.engines.base import Copy, Decoded
from smartform.errors import ValueProblem
from smartform.grounding import ground
from smartform.periods import is_dated, periods
from smartform.prompts import cell_name, row_names
from smartform.records import headings, records
from smartform.results import FieldResult, Span, State
from smartform.rows import with_rows
from smartform.schema import Field, FieldType

MAX_ROWS = 100
"""More rows of one group in one window of the text are not read."""

_ELSEWHERE = 0.5
"""What was found is given up for another name beside it that is at least so probable."""

ORDERED = 2
"""Of so many rows that have both dates of a period it is asked which begins it."""

_BESIDE = 60
"""Characters before and behind a row's name that the whole name may reach over."""


@dataclass(frozen=True, slots=True)
class Found:
    """A row that was found.

    Args:
        name: the answer of the sub-field that names it.
        cells: the branch of each other sub-field.
        stretch: the text that its cells are taken from.
        bounds: the branches of its two dates where a period has both and the model tells them apart, else ().
        check: the branch that asks its name once more; empty where the model was not taught it.
    """

    name: FieldResult
    cells: tuple[str, ...]
    stretch: str
    bounds: tuple[str, ...] = ()
    check: str = ""

    @property
    def place(self) -> Span | None:
        """Where its name stands; None where that is not known."""
        return self.name.spans[0] if self.name.spans else None


@dataclass(frozen=True, slots=True)
class Group:
    """A group whose rows are found.

    Args:
        asked: the group, as the form has it.
        answer: whether and how surely there are rows; it has none yet.
        rows: in the order of the text.
        readers: branch → what reads its answer.
    """

    asked: Field
    answer: FieldResult
    rows: tuple[Found, ...] = ()
    readers: dict[str, Reader] = field(default_factory=dict)

    @classmethod
    def found(
        cls,
        reader: Reader,
        protocol: Field,
        decoded: Decoded,
        languages: Sequence[str],
        dated: Sequence[Named] = (),
        *,
        checked: bool = False,
    ) -> Group:
        """The rows that the engine named.

        Args:
            reader: for the group itself.
            protocol: the group under names that the protocol can write.
            decoded: the engine's answer to the group's branch.
            languages: of the text.
            dated: what names rows by the periods of the text.
            checked: whether rows' names are asked once more, of an engine that gives probabilities.
        """
        group, numbers, text = reader.field, reader.policy[FieldType.LIST], reader.text
        silent = silence(decoded, numbers, long=True)
        if silent is not None and not dated:
            return cls(group, FieldResult(group.name, None, State.NOT_FOUND, silent, silent))
        told = periods(text, tuple(languages)) if is_dated(protocol) else ()
        times = [period.span for period in told]
        listed = tuple(_named(reader, decoded)) if silent is None else ()
        united = unite([cell for cell in listed if not is_time(cell, times)], dated)[:MAX_ROWS]
        if not united:
            return cls(group, _no_rows(group))
        checked = checked and decoded.probability is not None
        answer = FieldResult(group.name, None, State.FOUND, 0.0, 0.0)
        answer = judged(answer, decoded, numbers, certain=all(row.place for row in united))
        names = row_names(protocol.name, [_written(row.cell) for row in united])
        plans = [plan(sub, text, languages, reader.today) for sub in group.fields]
        own = records([row.place for row in united], text)
        over = headings([row.place for row in united], own, text, times)
        rows, readers = [], {}
        for name, row, near, above in zip(names, united, own, over, strict=True):
            check, *cells = (cell_name(name, sub.name) for sub in protocol.fields)
            for branch, cell in zip(cells, plans[1:], strict=True):
                if part := row.when(cell.field) or near:
                    cell = within(cell, part, *above, taken=row.place)
                readers[branch] = replace(reader, field=cell.field, plan=cell)
            if checked:
                naming = _beside(plans[0], row.place, text)
                readers[check] = replace(reader, field=naming.field, plan=naming)
            dates = [branch for branch in cells if row.when(readers[branch].field)]
            bounds = two_dates({n: readers[n].plan for n in dates}) if decoded.probability is not None else ()
            stretch = text[near.start : near.end] if near else text
            rows.append(Found(row.cell, tuple(cells), stretch, bounds, check if checked else ""))
        return cls(group, answer, tuple(rows), readers)

    @property
    def asks(self) -> dict[str, Plan]:
        """How the cells and names are asked: branch → plan.

        Which of two dates begins a row's period is asked of the first rows: it is the same for all.
        """
        known = [row for row in self.rows if row.bounds][ORDERED:]
        dates = {name for row in known for name in row.bounds}
        return {name: reader.plan for name, reader in self.readers.items() if name not in dates}

    def checked(self, written: Mapping[str, Decoded]) -> Group:
        """The group without what names no row, and with whole names where they were cut.

        What names no row is so more probably, asked once more, than it is right by its first answer.

        Args:
            written: branch → what the engine wrote for it.
        """
        if not self.rows:
            return self
        kept: list[Found] = []
        for row in self.rows:
            told = written.get(row.check)
            if told is None or told.p_no_data is None:
                kept.append(row)
            elif told.p_no_data <= row.name.confidence:
                whole = replace(row, name=self._whole(row, told))
                if not any(_meet(whole.name, other.name) for other in kept):
                    kept.append(whole)
        return replace(self, answer=self.answer if kept else _no_rows(self.asked), rows=tuple(kept))

    def _whole(self, row: Found, told: Decoded) -> FieldResult:
        """What names a row as it was written once more: at the same place, or surely and no other row's.

        How sure the row is, the first answer says: it alone had the choice.
        """
        name, again = row.name, self.readers[told.name].read(told)
        if again.value in (None, name.value):
            return name
        if not _meet(again, name):
            surely = (told.probability or 0.0) * (1 - (told.p_no_data or 0.0)) >= _ELSEWHERE
            if not surely or any(_meet(again, other.name) for other in self.rows):
                return name
        return replace(name, value=again.value, spans=again.spans, raw=again.raw)

    def lacking(self, written: Mapping[str, Decoded]) -> dict[str, Plan]:
        """The copied cells that the rows' records do not hold: branch → how to ask for it of the whole text.

        An employer may be named once, far above or below a row. Of what is hardly a row, for its record says
        nothing else or its name is another one's, too, nothing is asked.
        """
        asked = {}
        named = Counter(_written(row.name) for row in self.rows)
        for row in self.rows:
            told = {n: self.readers[n].read(written[n]).value for n in row.cells if n in written}
            says = row.bounds or any(value is not None for value in told.values())
            stray = named[_written(row.name)] > 1 or not says
            for name in () if stray else (n for n, value in told.items() if value is None):
                reader, own = self.readers[name], self.readers[name].plan.constraint
                # An engine without probabilities was not held to the record.
                held = written[name].probability is not None and isinstance(own, Copy) and bool(own.within)
                if held and not own.many:
                    whole = Span(0, len(reader.text))
                    asked[name] = within(reader.plan, whole, taken=row.place)
        return asked

    def sure(self, written: Mapping[str, Decoded]) -> dict[str, Decoded]:
        """Of what the whole text said for cells what needs no review: it may be another row's."""
        own = {name: answer for name, answer in written.items() if name in self.readers}
        return {name: a for name, a in own.items() if self._cell(name, a).state is State.FOUND}

    def result(self, written: Mapping[str, Decoded]) -> FieldResult:
        """The group's answer; no two cells of a row have one piece of the text, nor any what names the row.

        Args:
            written: branch → what the engine wrote for its cell; cells that have nothing are empty.
        """
        rows = []
        order = sum(self._order(row, written) for row in self.rows)
        for row in self.rows:
            plans = {name: self.readers[name].plan for name in row.cells} | {"": self._naming}
            naming = Decoded("", (_written(row.name),), probability=1.0, p_no_data=0.0)
            answers = {name: written[name] for name in row.cells if name in written}
            answers |= both_dates(plans, row.bounds, order)
            told = settle(plans, row.stretch, [naming, *answers.values()])
            rows.append((row.name, *(self._cell(name, told.get(name)) for name in row.cells)))
        return with_rows(self.answer, tuple(rows)) if rows else self.answer

    def _order(self, row: Found, written: Mapping[str, Decoded]) -> float:
        """What a row says of the order of its dates (`smartform.dated.begins`); 0 where it was not asked."""
        told = [written[name] for name in row.bounds if name in written]
        return begins({name: self.readers[name].plan for name in row.bounds}, told)

    @property
    def _naming(self) -> Plan:
        """What names a row is sure by now, and copied."""
        return Plan(self.asked.fields[0], Copy(), {})

    def _cell(self, name: str, decoded: Decoded | None) -> FieldResult:
        reader = self.readers[name]
        return reader.read(decoded) if decoded else _empty(reader.field)


def _no_rows(group: Field) -> FieldResult:
    return FieldResult(group.name, None, State.NOT_FOUND, 0.5, 0.5)


def _beside(naming: Plan, place: Span | None, text: str) -> Plan:
    """How to ask a row's name once more: it stands around the place where one was found."""
    if place is None:
        return naming
    return within(naming, Span(max(0, place.start - _BESIDE), min(len(text), place.end + _BESIDE)))


def _meet(one: FieldResult, other: FieldResult) -> bool:
    """Whether two answers share a place."""
    return any(a.overlaps(b) for a in one.spans for b in other.spans)


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
