"""Where the rows of a group stand in a text: one stretch each, cut where the layout begins a new record.

A row is known by the place of its name. What lies between two names belongs partly to the first and
partly to the second; the cut falls on the heading over the second one, where it is indented under one,
else on the last empty line between them, else on the line break that begins the second one's record,
else on the beginning of its sentence. Where none of these tells (a name alone on its line, two names in
one sentence), both rows may take what lies between. Several rows may stand under one heading.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

from smartform.results import Span
from smartform.sentences import WRAPPED, begins_item, sentences

_EMPTY_LINE = re.compile(r"\n[ \t]*(?=\n)")
_HEADING_LINES = 3
"""A heading has no more lines: a name, a town, the years."""

_BEFORE_DATES = re.compile(r"(?:[(\[][^)\]]*|[,|:;•·–—-]\s*(?:\w+\s+)?)$")
"""What parts a heading from its dates: the bracket that holds them, or a mark and a word like 'since'."""

_MARKS = re.compile(r"[\W_]+")


def records(names: Sequence[Span | None], text: str) -> list[Span | None]:
    """Where the other cells of each row may stand; None, anywhere, where the place of its name is not known.

    Args:
        names: the places of the rows' names in `text`.
    """
    places = sorted({place for place in names if place})
    if not places:
        return [None] * len(names)
    layout = _Layout(text)
    cuts = [layout.cut(a, b) for a, b in pairwise(places)]
    # Where no empty line stands between the records there need be none before the first.
    cuts.insert(0, layout.cut(Span(0, 0), places[0], loose=layout.loose(places)))
    starts = [
        end if cut is None else cut for cut, end in zip(cuts, [0, *(p.end for p in places)], strict=False)
    ]
    ends = [b.start if cut is None else cut for cut, b in zip(cuts[1:], places[1:], strict=True)]
    stretches = dict(zip(places, map(Span, starts, [*ends, layout.end(places[-1])]), strict=True))
    return [stretches[place] if place else None for place in names]


def headings(
    names: Sequence[Span | None], stretches: Sequence[Span | None], text: str, dates: Sequence[Span]
) -> list[tuple[Span, ...]]:
    """For rows whose stretch begins with their name what stands over them, as one employer over several jobs.

    That is what the last row before has in front of its own name, lines above with less of an indent, or a
    short paragraph between the row and the one before: the one's last words or the other's heading.

    Args:
        names, stretches: of the rows, as `records` takes and gives them.
        dates: what of the text is no heading.

    Returns:
        For each row at most two parts of the text.
    """
    layout, found = _Layout(text), dict[Span, tuple[Span, ...]]()
    above: tuple[Span, ...] = ()
    before = -1
    for name, near in sorted((n, s) for n, s in zip(names, stretches, strict=True) if n and s):
        parted, lead, between = (
            near.start > before,
            Span(near.start, name.start),
            Span(before + 1, near.start),
        )
        before = name.end
        if parted and layout.says(lead, dates):
            above = (layout.last_lines(lead),)
        elif parted:
            found[name] = above = layout.over(name, between, above)
    return [found.get(name, ()) if name else () for name in names]


class _Layout:
    """The lines and sentences of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._width = max([WRAPPED, *(len(line.rstrip()) for line in text.splitlines())])

    def loose(self, names: Sequence[Span]) -> bool:
        """Whether empty lines stand between names, as far as there are two."""
        return len(names) < 2 or any(
            _EMPTY_LINE.search(self._text, a.end, b.start) for a, b in pairwise(names)
        )

    @cached_property
    def _sentences(self) -> list[int]:
        return [span.start for span in sentences(self._text)]

    def cut(self, name: Span, following: Span, *, loose: bool = True) -> int | None:
        """Where the record named `following` begins, behind `name`; None where the layout does not tell.

        Args:
            loose: whether the last empty line between them tells.
        """
        heading = self.governing(following.start)
        if heading and heading.start >= name.end:
            return heading.start
        empty = [found.end() for found in _EMPTY_LINE.finditer(self._text, name.end, following.start)]
        if empty and loose:
            return empty[-1]
        line = self._line(following.start)
        while line > name.end and not self._meant(line):
            line = self._line(line - 1)
        if line and line >= name.end:
            return None if self._alone(following, line) else line
        sentence = max((start for start in self._sentences if start <= following.start), default=0)
        return sentence if sentence >= name.end else None

    def _alone(self, name: Span, line: int) -> bool:
        """Whether nothing but the name stands on the lines from `line` on that hold it."""
        around = self._text[line : self._line_end(name.end)]
        return _bare(around) == _bare(self._text[name.start : name.end])

    def says(self, part: Span, dates: Sequence[Span]) -> bool:
        """Whether a line of a part holds words and no date, or, a line of its own, a date behind them.

        'until now' beside a date is no heading, 'Ridley Stone (2015 until now)' is.
        """
        place = part.start
        while place < part.end:
            line = Span(place, min(part.end, self._line_end(place)))
            if any(map(str.isalpha, self._words(line, dates, whole=line.end < part.end))):
                return True
            place = line.end + 1
        return False

    def _words(self, line: Span, dates: Sequence[Span], *, whole: bool) -> str:
        """What a line says besides dates: of a whole one also what stands before them, parted by a mark."""
        first = min((date.start for date in dates if date.overlaps(line)), default=None)
        if first is None:
            return self._text[line.start : line.end]
        before = self._text[line.start : max(first, line.start)]
        heading = _BEFORE_DATES.sub("", before)
        return heading if whole and heading != before else ""

    def last_lines(self, part: Span) -> Span:
        """The last lines of a part, as many as a heading has."""
        start = part.end
        for _ in range(_HEADING_LINES):
            start = max(part.start, self._text.rfind("\n", part.start, max(part.start, start - 1)) + 1)
        return Span(start, part.end)

    def over(self, name: Span, between: Span, above: tuple[Span, ...]) -> tuple[Span, ...]:
        """What stands over the row of a name.

        Args:
            between: what lies between the row before and this one.
            above: what stands over the row before.
        """
        if governing := self.governing(name.start):
            return (governing,)
        paragraph = self._short_paragraph(between)
        return (paragraph, *above[:1]) if paragraph else above

    def _short_paragraph(self, part: Span) -> Span | None:
        """The last paragraph of a part, where that begins in it and could be a heading."""
        stop = part.start + len(self._text[part.start : part.end].rstrip())
        starts = [found.end() + 1 for found in _EMPTY_LINE.finditer(self._text, part.start, stop)]
        short = starts and self._text.count("\n", starts[-1], stop) < _HEADING_LINES - 1
        return Span(starts[-1], stop) if short else None

    def governing(self, place: int) -> Span | None:
        """The lines above the one of `place` that have less of an indent, as far as they stand together."""
        line = self._line(place)
        indent, stop = _indent(self._text[line:place]), 0
        lines: list[int] = []
        while line and indent and len(lines) < _HEADING_LINES:
            line, end = self._line(line - 1), line - 1
            words = self._text[line:end]
            if words.strip() and _indent(words) < indent:
                lines.append(line)
                stop = stop or end
            elif lines:
                break
        return Span(lines[-1], stop) if lines else None

    def end(self, name: Span) -> int:
        """Where the last record ends: at the next empty line."""
        found = _EMPTY_LINE.search(self._text, name.end)
        return found.start() if found else len(self._text)

    def _line(self, place: int) -> int:
        """Where the line of `place` begins."""
        return self._text.rfind("\n", 0, place) + 1

    def _line_end(self, place: int) -> int:
        found = self._text.find("\n", place)
        return len(self._text) if found < 0 else found

    def _meant(self, line: int) -> bool:
        """Whether the line before was broken on purpose: the next word had room, or an indent ends."""
        before = self._text[self._line(line - 1) : line].rstrip()
        after = self._text[line : self._line_end(line)]
        first = after.split(maxsplit=1)[0] if after.strip() else ""
        return (
            begins_item(self._text, line)
            or len(before) + 1 + len(first) <= self._width
            or _indent(after) < _indent(before)
        )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _bare(text: str) -> str:
    """The words without marks."""
    return _MARKS.sub(" ", text).strip()
