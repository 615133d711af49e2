"""Groups: rows are found first, by what names them, and then filled cell by cell.

The first round answers a group's branch with the values of its first sub-field, one for each row,
in the order of the text: the positions of a resume, the items of an invoice. Where rows have dates, it also
asks for the first sub-field beside each period of the text (`smartform.periods`), and once more where two
periods claim one name. In the last round every other cell is a branch of its own that is told its row by
name ('work[Nurse].company') and copies from the row's record, the stretch of the text that the layout
gives it; its dates are those of its period. What a record lacks is asked once more of the whole text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from smartform.answers import Reader, judged, silence
from smartform.assignment import settle
from smartform.constraints import Plan, plan, within
from smartform.engines.base import Copy, Decoded, OneOf
from smartform.errors import ValueProblem
from smartform.grounding import ground, places_of
from smartform.periods import Period, is_dated, period_branches, periods
from smartform.prompts import cell_name, row_names
from smartform.records import headings, records
from smartform.results import FieldResult, Span, State
from smartform.schema import Cell, Field, FieldType, Row

MAX_ROWS = 100
"""More rows of one group in one window of the text are not read."""


_UNTOLD = 1e-3
"""Share of a date that the model gave none: where it says nothing, the first comes first."""


@dataclass(frozen=True, slots=True)
class Named:
    """What names a row.

    Args:
        cell: the answer of the sub-field that does.
        period: when it was, where that tells the row; None where the list of rows has it.
    """

    cell: FieldResult
    period: Period | None = None

    @property
    def place(self) -> Span | None:
        """Where the name stands; None where that is not known."""
        return self.cell.spans[0] if self.cell.spans else None

    def when(self, sub: Field) -> Span | None:
        """Where the row's dates stand: in its period, where that has both of them."""
        if sub.type is not FieldType.DATE or self.period is None or len(self.period.values) < 2:
            return None
        return self.period.span


@dataclass(frozen=True, slots=True)
class Dated:
    """What the periods of the text are asked for a group.

    Args:
        readers: branch → what reads its answer.
        periods: branch → its period.
    """

    readers: dict[str, Reader]
    periods: dict[str, Period]

    @classmethod
    def asked(cls, reader: Reader, protocol: Field, languages: Sequence[str]) -> Dated:
        """One branch a period, for the sub-field that names rows; none where rows have no dates.

        Args:
            reader, protocol, languages: as `Group.found` takes them.
        """
        if not is_dated(protocol):
            return cls({}, {})
        naming = reader.field.fields[0]
        anywhere = plan(naming, reader.text, languages, reader.today)
        found = periods(reader.text, tuple(languages))
        branches = period_branches(protocol, reader.text, found)
        own = (replace(reader, field=naming, plan=within(anywhere, period.near)) for period in found)
        return cls(dict(zip(branches, own, strict=True)), dict(zip(branches, found, strict=True)))

    def contested(self, written: Mapping[str, Decoded]) -> dict[str, Plan]:
        """How to ask once more the periods whose name is, more surely, that of another one: branch → plan.

        Each is asked between the names that hold before and after it.
        """
        held: list[Span] = []
        lost: list[str] = []
        for name, answer in sorted(self._given(written).items(), key=lambda given: -given[1].confidence):
            (place,) = answer.spans
            if any(place.overlaps(other) for other in held):
                lost.append(name)
            else:
                held.append(place)
        left = {name: self._between(name, held) for name in lost}
        return {name: within(self.readers[name].plan, part) for name, part in left.items() if part}

    def _between(self, branch: str, names: Sequence[Span]) -> Span | None:
        """What is near a branch's period and between the names before and after it; None without words."""
        period, text = self.periods[branch], self.readers[branch].text
        before = [name.end for name in names if name.end <= period.span.start]
        after = [name.start for name in names if name.start >= period.span.end]
        part = Span(max([period.near.start, *before]), min([period.near.end, *after]))
        around = text[part.start : period.span.start] + text[period.span.end : part.end]
        return part if any(map(str.isalpha, around)) else None

    def found(self, written: Mapping[str, Decoded]) -> tuple[Named, ...]:
        """What names the rows that the periods have, as far as the policy gives it."""
        return tuple(Named(answer, self.periods[name]) for name, answer in self._given(written).items())

    def _given(self, written: Mapping[str, Decoded]) -> dict[str, FieldResult]:
        """Branch → its answer, of those that the policy gives."""
        answers = {name: self.readers[name].read(written[name]) for name in self.readers if name in written}
        dates = [period.span for period in self.periods.values()]
        given = {name: a for name, a in answers.items() if a.value is not None and a.spans}
        named = {name: self._nearest(name, a) for name, a in given.items()}
        return {name: a for name, a in named.items() if not _is_time(a, dates)}

    def _nearest(self, branch: str, answer: FieldResult) -> FieldResult:
        """The answer at that place of its words which is nearest to the branch's period."""
        period, text = self.periods[branch], self.readers[branch].text
        (named,) = answer.spans
        start = period.near.start
        places = [
            Span(place.start + start, place.end + start)
            for place in places_of(text[named.start : named.end], text[start : period.near.end])
        ]
        if named not in places:
            return answer
        return replace(answer, spans=(min(places, key=lambda place: period.distance(place, text)),))


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
        bounds: for each row, the branches of its two dates where a period has both, else ().
    """

    asked: Field
    answer: FieldResult
    named: tuple[FieldResult, ...] = ()
    cells: tuple[tuple[str, ...], ...] = ()
    stretches: tuple[str, ...] = ()
    readers: dict[str, Reader] = field(default_factory=dict)
    bounds: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def found(
        cls,
        reader: Reader,
        protocol: Field,
        decoded: Decoded,
        languages: Sequence[str],
        dated: Sequence[Named] = (),
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
        told = periods(reader.text, tuple(languages)) if is_dated(protocol) else ()
        dates = [period.span for period in told]
        listed = tuple(_named(reader, decoded)) if silent is None else ()
        united = _united([cell for cell in listed if not _is_time(cell, dates)], dated)[:MAX_ROWS]
        if not united:
            return cls(group, FieldResult(group.name, None, State.NOT_FOUND, 0.5, 0.5))
        named = tuple(row.cell for row in united)
        answer = FieldResult(group.name, None, State.FOUND, 0.0, 0.0)
        answer = judged(answer, decoded, numbers, certain=all(cell.spans for cell in named))
        rows = row_names(protocol.name, [_written(cell) for cell in named])
        cells, stretches, bounds, readers = [], [], [], {}
        places = [row.place for row in united]
        own = records(places, reader.text)
        over = headings(places, own, reader.text, dates)
        for row, whole, near, above in zip(rows, united, own, over, strict=True):
            names = [cell_name(row, sub.name) for sub in protocol.fields[1:]]
            for name, sub in zip(names, group.fields[1:], strict=True):
                cell = plan(sub, reader.text, languages, reader.today)
                if part := whole.when(sub) or near:
                    cell = within(cell, part, *above, taken=whole.place)
                readers[name] = replace(reader, field=sub, plan=cell)
            cells.append(tuple(names))
            bounds.append(_bounds(name for name in names if whole.when(readers[name].field)))
            stretches.append(reader.text[near.start : near.end] if near else reader.text)
        return cls(group, answer, named, tuple(cells), tuple(stretches), readers, tuple(bounds))

    def lacking(self, written: Mapping[str, Decoded]) -> dict[str, Plan]:
        """The copied cells that the rows' records do not hold: branch → how to ask for it of the whole text.

        An employer may be named once, far above or below a row. Of what is hardly a row, for its record says
        nothing else or its name is another one's, too, nothing is asked.
        """
        asked = {}
        rows_named = Counter(_written(row) for row in self.named)
        for row, names in zip(self.named, self.cells, strict=True):
            told = {n: self.readers[n].read(written[n]).value for n in names if n in written}
            stray = rows_named[_written(row)] > 1 or all(value is None for value in told.values())
            for name in () if stray else (n for n, value in told.items() if value is None):
                reader, own = self.readers[name], self.readers[name].plan.constraint
                # An engine without probabilities was not held to the record.
                held = written[name].probability is not None and isinstance(own, Copy) and bool(own.within)
                if held and not own.many:
                    whole = Span(0, len(reader.text))
                    asked[name] = within(reader.plan, whole, taken=row.spans[0] if row.spans else None)
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
        if not self.named:
            return self.answer
        rows = []
        for first, names, stretch, dates in zip(
            self.named, self.cells, self.stretches, self.bounds, strict=True
        ):
            plans = {name: self.readers[name].plan for name in names} | {"": self._naming}
            naming = Decoded("", (_written(first),), probability=1.0, p_no_data=0.0)
            answers = {name: written[name] for name in names if name in written}
            answers |= _both_dates(plans, [answers[name] for name in dates if name in answers])
            told = settle(plans, stretch, [naming, *answers.values()])
            rows.append((first, *(self._cell(name, told.get(name)) for name in names)))
        return with_rows(self.answer, tuple(rows))

    @property
    def dates(self) -> tuple[str, ...]:
        """The names of its sub-fields that are dates."""
        return tuple(sub.name for sub in self.asked.fields if sub.type is FieldType.DATE)

    @property
    def _naming(self) -> Plan:
        """What names a row is sure by now, and copied."""
        return Plan(self.asked.fields[0], Copy(), {})

    def _cell(self, name: str, decoded: Decoded | None) -> FieldResult:
        reader = self.readers[name]
        return reader.read(decoded) if decoded else _empty(reader.field)


def told_once(groups: Sequence[Group], answers: Sequence[FieldResult]) -> list[FieldResult]:
    """The groups' answers, each time and what was then in one of them only: what is a job is no school.

    Rows of two groups that have one piece of the text for their dates and one for something else are one
    record; it is a row of the group that is surer of its name.

    Args:
        groups, answers: one answer for each group.
    """
    rows = [(g, row) for g, answer in enumerate(answers) for row in answer.rows]
    kept: list[tuple[int, tuple[FieldResult, ...]]] = []
    for g, row in sorted(rows, key=lambda each: -each[1][0].confidence):
        dates = groups[g].dates
        if not any(o != g and _one_record(row, dates, other, groups[o].dates) for o, other in kept):
            kept.append((g, row))
    left = [tuple(row for row in answer.rows if (g, row) in kept) for g, answer in enumerate(answers)]
    return [
        answer if len(own) == len(answer.rows) else with_rows(answer, own)
        for answer, own in zip(answers, left, strict=True)
    ]


def _one_record(
    row: Sequence[FieldResult], dates: Sequence[str], other: Sequence[FieldResult], others: Sequence[str]
) -> bool:
    """Whether two rows share the place of a date and that of something else."""
    met = [
        {a.name in dates, b.name in others}
        for a in row
        for b in other
        if any(one.overlaps(two) for one in a.spans for two in b.spans)
    ]
    return {True} in met and {False} in met


def merged_rows(old: FieldResult, new: FieldResult) -> FieldResult:
    """The rows of two windows' answers; one that both hold is the first one's."""
    held = {cell.spans for cell, *_ in old.rows}
    fresh = [row for row in new.rows if not row[0].spans or row[0].spans not in held]
    merged = replace(old, confidence=min(old.confidence, new.confidence)) if fresh else old
    return with_rows(merged, (*old.rows, *fresh))


def with_rows(answer: FieldResult, rows: tuple[tuple[FieldResult, ...], ...]) -> FieldResult:
    """A group's answer with these rows, their values and their places."""
    if answer.rows and not rows:
        return FieldResult(answer.name, None, State.NOT_FOUND, 0.5, 0.5)
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


def _is_time(cell: FieldResult, dates: Sequence[Span]) -> bool:
    """Whether what names a row lies within a period: dates are no names."""
    return any(d.start <= span.start and span.end <= d.end for span in cell.spans for d in dates)


def _united(listed: Sequence[FieldResult], dated: Sequence[Named]) -> tuple[Named, ...]:
    """What names rows, in the order of the text; of names that meet, the surest that a period has."""
    if not dated:
        return tuple(map(Named, listed))
    kept: list[Named] = []
    for row in (*sorted(dated, key=lambda row: -row.cell.confidence), *map(Named, listed)):
        places = [other.cell.spans[0] for other in kept if other.cell.spans]
        if not row.cell.spans or not any(row.cell.spans[0].overlaps(place) for place in places):
            kept.append(row)
    return tuple(sorted(kept, key=lambda row: row.cell.spans[0].start if row.cell.spans else 0))


def _bounds(dates: Iterable[str]) -> tuple[str, ...]:
    """The branches of a row's dates where they are two, as its period's are."""
    listed = tuple(dates)
    return listed if len(listed) == 2 else ()


def _both_dates(plans: Mapping[str, Plan], answers: Sequence[Decoded]) -> dict[str, Decoded]:
    """The two dates of a row's period, one for each of the two `answers`; {} where they are not so many.

    The model only tells which is which: that the row has both is known.
    """
    if len(answers) != 2 or any(answer.probability is None for answer in answers):
        return {}
    own = plans[answers[0].name]
    dates = own.constraint.texts if isinstance(own.constraint, OneOf) else ()
    if len(dates) != 2:
        return {}
    one, other = ([share + _UNTOLD for share in answer.p_texts or (0.0, 0.0)] for answer in answers)
    orders = ((one[0] * other[1], (0, 1)), (one[1] * other[0], (1, 0)))
    # Of two as likely, the one that begins with the date that stands first.
    share, order = max(orders, key=lambda o: (o[0], -own.candidates[dates[o[1][0]]][0].start))
    sure = share / sum(share for share, _ in orders)
    return {
        answer.name: replace(answer, texts=(dates[place],), probability=sure, p_no_data=0.0, p_texts=())
        for answer, place in zip(answers, order, strict=True)
    }


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
