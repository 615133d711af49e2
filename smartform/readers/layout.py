"""Pieces of text with their places on a page → text in reading order, column after column.

A page is cut where an empty strip, the gutter, has lines on either side of it over some height:
what stands above is read first, then the left side, the right side, and what stands below. Each part
is cut again in the same way. Rows of a table and dates at the right edge have such strips too, but
belong together line by line; they are told by their alignment and are not cut.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

MIN_SIDE = 3
"""Lines on either side that make two columns."""

MAX_PIECES = 2_000
"""A page of more pieces is a drawing or a map; it is read line by line."""

_GUTTER = 0.7
"""Least width of a gutter, in line heights."""

_PARAGRAPH = 0.75
"""An empty height of more than this many lines ends a paragraph."""

_HYPHENATED = re.compile(r"([^\W\d_])-\n([^\W\d_])")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text on one line and its box, in points; y grows downwards."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class _Cut:
    above: list[Piece]
    left: list[Piece]
    right: list[Piece]
    below: list[Piece]

    @property
    def parts(self) -> tuple[list[Piece], ...]:
        return self.above, self.left, self.right, self.below

    @property
    def weight(self) -> int:
        return min(len(self.left), len(self.right))


def page_text(pieces: Sequence[Piece]) -> str:
    """The text of a page: lines as they are printed, an empty line between paragraphs."""
    if not pieces:
        return ""
    ordered = sorted(pieces, key=lambda p: (p.top, p.x0))
    width = max(p.x1 for p in pieces) - min(p.x0 for p in pieces)
    parts = _parts(ordered, width) if len(ordered) <= MAX_PIECES else iter([ordered])
    return _HYPHENATED.sub(_joined, "\n\n".join(map(_lines, parts)))


def _parts(pieces: list[Piece], width: float) -> Iterator[list[Piece]]:
    """The pieces of one page, in the parts that are read one after the other."""
    cut = _best_cut(pieces, width)
    if cut is None:
        yield pieces
        return
    for part in cut.parts:
        if part:
            yield from _parts(part, width)


def _best_cut(pieces: list[Piece], width: float) -> _Cut | None:
    size = median(p.height for p in pieces)
    best: _Cut | None = None
    for edge in sorted({round(p.x0) for p in pieces}):
        for start, end in _stretches(pieces, edge, size):
            cut = _cut(pieces, start, end, edge, size)
            if (
                cut.weight >= MIN_SIDE
                and (best is None or cut.weight > best.weight)
                and not _is_table(cut.left, cut.right, width, size)
            ):
                best = cut
    return best


def _stretches(pieces: list[Piece], edge: float, size: float) -> Iterator[tuple[int, int]]:
    """Where, from piece to piece, nothing crosses the strip that ends at `edge`."""
    start = 0
    for index, piece in enumerate(pieces):
        if piece.x0 < edge - 1 and piece.x1 > edge - _GUTTER * size:
            if index - start >= 2 * MIN_SIDE:
                yield start, index
            start = index + 1
    if len(pieces) - start >= 2 * MIN_SIDE:
        yield start, len(pieces)


def _cut(pieces: list[Piece], start: int, end: int, edge: float, size: float) -> _Cut:
    """The columns within a stretch: only the height where text stands on both sides."""
    above, below = pieces[:start], pieces[end:]
    left = [p for p in pieces[start:end] if p.x0 < edge - 1]
    right = [p for p in pieces[start:end] if p.x0 >= edge - 1]
    if not left or not right:
        return _Cut(above, [], [], below)
    head = max(left[0].top, right[0].top)
    foot = max(p.bottom for p in right)
    above = above + [p for p in pieces[start:end] if p.bottom <= head]
    left = [p for p in left if p.bottom > head]
    right = [p for p in right if p.bottom > head]
    kept = _until_break(left, foot, size)
    return _Cut(above, left[:kept], right, left[kept:] + below)


def _until_break(left: list[Piece], foot: float, size: float) -> int:
    """How many pieces belong to the left column: below the right one it ends at the first break."""
    bottom = left[0].bottom if left else 0.0
    for index, piece in enumerate(left):
        if piece.top >= foot and piece.top - bottom > 1.5 * size:
            return index
        bottom = max(bottom, piece.bottom)
    return len(left)


def _is_table(left: list[Piece], right: list[Piece], width: float, size: float) -> bool:
    """Whether the two sides are read row by row."""
    left_starts, right_starts = min(p.x0 for p in left), min(p.x0 for p in right)
    labels = _aligned(left, right, size) >= 0.9
    answers = _aligned(right, left, size) >= 0.9
    if labels and right_starts - left_starts <= 0.3 * width:
        spread = left[-1].middle - left[0].middle
        return answers or spread >= 0.6 * (right[-1].middle - right[0].middle)
    dates = median(p.x1 - p.x0 for p in right) <= 0.2 * width
    if answers and dates and right_starts - left_starts >= 0.62 * width:
        return True
    cells = (len(left) + len(right)) / _rows_of([*left, *right], size)
    fill = median(p.x1 - p.x0 for p in (*left, *right)) * cells / width
    return labels and answers and cells >= 2.5 and fill < 0.6


def _aligned(side: list[Piece], other: list[Piece], size: float) -> float:
    """The share of pieces that stand on a line with one of the other side."""
    middles = sorted(p.middle for p in other)

    def has_partner(piece: Piece) -> bool:
        next_up = bisect(middles, piece.middle - 0.3 * size)
        return next_up < len(middles) and middles[next_up] < piece.middle + 0.3 * size

    return sum(map(has_partner, side)) / len(side)


def _rows_of(pieces: list[Piece], size: float) -> int:
    middles = sorted(p.middle for p in pieces)
    return 1 + sum(b - a >= 0.3 * size for a, b in pairwise(middles))


def _lines(pieces: list[Piece]) -> str:
    """One part, line by line."""
    written: list[str] = []
    row: list[Piece] = []
    for piece in sorted(pieces, key=lambda p: (p.middle, p.x0)):
        if row and piece.middle > row[0].bottom:
            bottom = max(p.bottom for p in row)
            written.append(_line(row))
            if piece.top - bottom > _PARAGRAPH * max(piece.height, row[0].height):
                written.append("")
            row = []
        row.append(piece)
    return "\n".join([*written, _line(row)])


def _line(row: list[Piece]) -> str:
    text = ""
    last: Piece | None = None
    for piece in sorted(row, key=lambda p: p.x0):
        if last is not None:
            text += "\t" if piece.x0 - last.x1 > 2 * piece.height else " "
        text += piece.text
        last = piece
    return text


def _joined(match: re.Match[str]) -> str:
    """A word that was broken at the end of a line, whole again; a name's own hyphen stays."""
    before, after = match.groups()
    return before + after if before.islower() and after.islower() else match[0]
