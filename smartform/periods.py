"""Stretches of time that a text names: 'May 2016 – June 2019', '2012 to 2015', 'since March 2021'.

Jobs, schools, addresses and journeys are written beside their dates, and dates are surely spotted. So of a
group that has dates the model is asked not only for a list of its rows, in which it skips some, but also,
beside each period, which row that is, if any.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from smartform.prompts import cell_name, protocol_name, row_names
from smartform.results import Span
from smartform.schema import Field, FieldType
from smartform.values import find_candidates

MOST = 24
"""More periods are not asked of one window of the text."""

_BETWEEN = re.compile(r"[ \t\-–—−)(|/]*(?:[^\W\d_]{1,7}\.?[ \t]*){0,2}[ \t\-–—−(|/]*")
"""What may stand between the two dates of one period: a dash, 'until', 'al', nothing that ends a clause."""

_MOST_BETWEEN = 16

_FIGURES = re.compile(r"\d\d")
"""Years in words are as often something else ('two thousand', 'nine')."""


@dataclass(frozen=True, slots=True)
class Period:
    """One date, or two that belong together.

    Args:
        span: from the first date to the end of the last one.
        near: what lies between the period before and the one after it: what happened then stands there.
        values: the dates, ISO 8601.
    """

    span: Span
    near: Span
    values: tuple[str, ...]

    def distance(self, place: Span, text: str) -> tuple[int, int]:
        """How many line breaks, and how many characters, lie between the period and a place in `text`."""
        one, other = sorted((place, self.span))
        gap = text[one.end : other.start]
        return gap.count("\n"), len(gap)


def is_dated(group: Field) -> bool:
    """Whether a group's rows are asked by their dates, too: they have some, and their names are copied."""
    if group.type is not FieldType.GROUP:
        return False
    naming, *others = group.fields
    return naming.type is FieldType.TEXT and any(sub.type is FieldType.DATE for sub in others)


@lru_cache(maxsize=4)  # the groups of one form share what the text holds
def periods(text: str, languages: tuple[str, ...]) -> tuple[Period, ...]:
    """The periods of full dates that `text` names, at most `MOST`, in its order.

    Args:
        languages: of the text.
    """
    dates: dict[Span, str] = {}
    for found in find_candidates(FieldType.DATE, text, languages):
        written = text[found.start : found.end]
        if "\n" not in written and _FIGURES.search(written):
            dates.setdefault(Span(found.start, found.end), found.value)
    groups: list[list[Span]] = []
    for place in sorted(dates):
        if groups and len(groups[-1]) == 1 and _joined(text[groups[-1][0].end : place.start]):
            groups[-1].append(place)
        elif not groups or place.start >= groups[-1][-1].end:
            groups.append([place])
    spans = [Span(group[0].start, group[-1].end) for group in groups[:MOST]]
    edges = [0, *(span.end for span in spans)]
    starts = [*(span.start for span in spans[1:]), len(text)]
    return tuple(
        Period(span, Span(before, behind), tuple(dates[place] for place in group))
        for span, group, before, behind in zip(spans, groups, edges, starts, strict=False)
    )


def period_branches(group: Field, text: str, found: Sequence[Period]) -> list[str]:
    """What the branches that ask each period's row are called: 'work[May 2016 – June 2019].position'.

    Args:
        group: under names that the protocol can write.
    """
    rows = row_names(group.name, [text[p.span.start : p.span.end] for p in found])
    return [cell_name(row, protocol_name(group.fields[0].name)) for row in rows]


def _joined(between: str) -> bool:
    return len(between) <= _MOST_BETWEEN and _BETWEEN.fullmatch(between) is not None
