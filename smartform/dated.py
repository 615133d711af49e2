"""What the periods of the text (`smartform.periods`) tell of a group's rows: names, beside the list of them,
and both dates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log

from smartform.answers import Reader
from smartform.constraints import Plan, plan, within
from smartform.engines.base import Decoded, OneOf
from smartform.grounding import places_of
from smartform.periods import Period, is_dated, period_branches, periods
from smartform.results import FieldResult, Span
from smartform.schema import Field, FieldType
from smartform.supply import logistic

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
        return {name: a for name, a in named.items() if not is_time(a, dates)}

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


def unite(listed: Sequence[FieldResult], dated: Sequence[Named]) -> tuple[Named, ...]:
    """What names rows, in the order of the text; of names that meet, the surest that a period has."""
    if not dated:
        return tuple(map(Named, listed))
    kept: list[Named] = []
    for row in (*sorted(dated, key=lambda row: -row.cell.confidence), *map(Named, listed)):
        places = [other.cell.spans[0] for other in kept if other.cell.spans]
        if not row.cell.spans or not any(row.cell.spans[0].overlaps(place) for place in places):
            kept.append(row)
    return tuple(sorted(kept, key=lambda row: row.cell.spans[0].start if row.cell.spans else 0))


def is_time(cell: FieldResult, dates: Sequence[Span]) -> bool:
    """Whether what names a row lies within a period: dates are no names."""
    return any(d.start <= span.start and span.end <= d.end for span in cell.spans for d in dates)


def two_dates(plans: Mapping[str, Plan]) -> tuple[str, ...]:
    """The branches of a row's dates where they are two that may each be one of a period's two; else ()."""
    told = all(len(_in_order(plan)) == 2 for plan in plans.values())
    return tuple(plans) if len(plans) == 2 and told else ()


def begins(plans: Mapping[str, Plan], answers: Sequence[Decoded]) -> float:
    """The log-odds that the first of two date cells is for the date that stands first in the text.

    Args:
        plans: of the two cells.
        answers: the two, or none, which says nothing: 0.
    """
    if len(answers) != 2 or not all(answer.p_texts for answer in answers):
        return 0.0
    first, last = _in_order(plans[answers[0].name])
    one, other = ([share + _UNTOLD for share in answer.p_texts] for answer in answers)
    return log(one[first] * other[last]) - log(one[last] * other[first])


def both_dates(plans: Mapping[str, Plan], bounds: Iterable[str], order: float) -> dict[str, Decoded]:
    """The two dates of a row's period, one for each of the two branches `bounds`; that it has both is known.

    Args:
        order: as `begins` tells it.
    """
    found = {}
    for number, name in enumerate(bounds):
        dates, constraint = _in_order(plans[name]), plans[name].constraint
        place = dates[number] if order >= 0 else dates[1 - number]
        texts = constraint.texts if isinstance(constraint, OneOf) else ()
        found[name] = Decoded(name, (texts[place],), probability=logistic(abs(order)), p_no_data=0.0)
    return found


def _in_order(plan: Plan) -> list[int]:
    """Which of the texts that a cell may be stands first in the text, and so on."""
    texts = plan.constraint.texts if isinstance(plan.constraint, OneOf) else ()
    return sorted(range(len(texts)), key=lambda n: plan.candidates[texts[n]][0].start)
