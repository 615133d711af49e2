"""Where the rows of a group stand in a text: one stretch each, cut where the layout begins a new record.

A row is known by the place of its name. What lies between two names belongs partly to the first and
partly to the second; the cut falls on the last empty line between them, else on the line break that
begins the second one's record, else on the beginning of its sentence. Where none of these tells (a
name alone on its line, two names in one sentence), both rows may take what lies between.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from smartform.results import Span
from smartform.sentences import WRAPPED, begins_item, sentences

_EMPTY_LINE = re.compile(r"\n[ \t]*(?=\n)")
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


class _Layout:
    """The lines and sentences of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._width = max([WRAPPED, *(len(line.rstrip()) for line in text.splitlines())])
        self._sentences = [span.start for span in sentences(text)]

    def loose(self, names: Sequence[Span]) -> bool:
        """Whether empty lines stand between names, as far as there are two."""
        return len(names) < 2 or any(
            _EMPTY_LINE.search(self._text, a.end, b.start) for a, b in pairwise(names)
        )

    def cut(self, name: Span, following: Span, *, loose: bool = True) -> int | None:
        """Where the record named `following` begins, behind `name`; None where the layout does not tell.

        Args:
            loose: whether the last empty line between them tells.
        """
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
