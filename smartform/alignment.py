"""A paragraph and its revision, word by word: the smallest changes that turn one into the other.

Words and marks are aligned at least cost, where exchanging like words is cheaper than taking one out
and putting another in (Felice et al. 2016, ERRANT). White space is never aligned: what of it stands
in the draft stays, line breaks above all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache

from smartform.engines.base import Written
from smartform.results import Span

LIKE = 0.55
"""From this likeness on, one word exchanged for another is a change of its own."""

TOKEN = re.compile(
    r"(?:https?://|www\.)[^\s<>\"«»]*[\w/]"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?:[^\W\d_]+\.)+(?:com|org|net|[a-z]{2,3}|example|info)\b(?:/[^\s<>\"«»]*[\w/])?"
    r"|[^\W\d_]*-?\d\w*(?:[.,:/-]\d\w*)*"
    r"|[^\W\d_]+(?:['’][^\W\d_]+)*"
    r"|[.!?]+|\S",
)
"""Web and mail addresses, figures and codes, words with their apostrophes, runs of stops, other marks."""


Step = tuple[int, int, int, int]
"""Tokens [a, b) of the source and [c, d) of the revision, as (a, b, c, d)."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word or mark: `text`, from `start` on."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Change:
    """`source[span]` becomes `text`.

    Args:
        span: in the source; empty where something is put in.
        text: what it becomes, single spaces between its words.
        tokens: numbers of the source's tokens that are replaced, from and to.
        written: numbers of the revision's tokens that replace them.
        place: where in the revision `text` was written; what is taken out is told by the token after it.
    """

    span: Span
    text: str
    tokens: tuple[int, int]
    written: tuple[int, int]
    place: Span


@lru_cache(maxsize=256)
def tokens_of(text: str) -> tuple[Token, ...]:
    """The words and marks of a text, in order."""
    return tuple(Token(m.group(), m.start()) for m in TOKEN.finditer(text))


@lru_cache(maxsize=16)
def changes(source: str, revision: str) -> tuple[Change, ...]:
    """What turns the source into the revision, in order; no two touch.

    Making them all gives the revision, but for white space.
    """
    old, new = tokens_of(source), tokens_of(revision)
    writer = _Writer(source, revision, old, new)
    made: list[Change] = []
    for a, b, c, d in _units(source, old, new):
        change = writer.change(a, b, c, d)
        if made and made[-1].span.end >= change.span.start:
            change = writer.joined(made.pop(), change)
        made.append(change)
    return tuple(change for change in made if source[change.span.start : change.span.end] != change.text)


def joined(source: str, revision: str, first: Change, last: Change) -> Change:
    """Two changes and all that stands between them, as one."""
    return _Writer(source, revision, tokens_of(source), tokens_of(revision)).joined(first, last)


def apply(source: str, made: Sequence[Change]) -> str:
    """The source with these changes."""
    parts, place = [], 0
    for change in made:
        parts += [source[place : change.span.start], change.text]
        place = change.span.end
    return "".join((*parts, source[place:]))


def probability(change: Change, written: Sequence[Written]) -> float | None:
    """How sure the model was of a change: the geometric mean over its tokens; None where it cannot tell."""
    own = [w.logprob for w in written if _makes(w, change)]
    return math.exp(min(0.0, sum(own) / len(own))) if own else None


def count_written(made: Sequence[Change], written: Sequence[Written]) -> int:
    """How many of the model's tokens make up the changes."""
    return sum(any(_makes(token, change) for change in made) for token in written)


def _makes(token: Written, change: Change) -> bool:
    """Whether a token is among those that make up a change."""
    start, end = change.place.start, max(change.place.end, change.place.start + 1)
    return token.span.end > start and token.span.start < end


@lru_cache(maxsize=16_384)
def likeness(one: str, other: str) -> float:
    """How alike two words are in their letters, 0 to 1; upper and lower case are the same."""
    one, other = one.casefold(), other.casefold()
    if one == other:
        return 1.0
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() > 0.3 else 0.0


def _units(source: str, old: Sequence[Token], new: Sequence[Token]) -> Iterator[Step]:
    """Runs of tokens that differ, cut as small as is sensible; and gaps that differ between kept tokens."""
    run: list[Step] = []
    follows = False  # a kept token stands right before
    for step in _steps(old, new):
        a, b, c, d = step
        if b == a or d == c or old[a].text != new[c].text:
            run.append(step)
            follows = False
            continue
        yield from _cut(source, old, new, run)
        run = []
        gap = source[old[a - 1].end : old[a].start] if a else ""
        if follows and bool(gap) != (new[c - 1].end < new[c].start) and "\n" not in gap:
            yield a, a, c, c
        follows = True
    yield from _cut(source, old, new, run)


def _cut(source: str, old: Sequence[Token], new: Sequence[Token], run: Sequence[Step]) -> Iterator[Step]:
    """A run in parts: words exchanged for like ones by themselves, and nothing across a line break."""
    parts: list[list[Step]] = []
    for step in run:
        a, b, c, d = step
        broken = b > a > 0 and "\n" in source[old[a - 1].end : old[a].start]
        exchanged = b > a and d > c
        after_whole = bool(parts) and _alike(step, old, new) and _whole(parts[-1])
        after_like = bool(parts) and exchanged and _alike(parts[-1][-1], old, new)
        if not parts or broken or after_whole or after_like:
            parts.append([step])
        else:
            parts[-1].append(step)
    for part in parts:
        yield part[0][0], part[-1][1], part[0][2], part[-1][3]


def _whole(part: Sequence[Step]) -> bool:
    """Whether a part takes something out and puts something in."""
    return part[-1][1] > part[0][0] and part[-1][3] > part[0][2]


def _alike(step: Step, old: Sequence[Token], new: Sequence[Token]) -> bool:
    """Whether a word was exchanged for a like one."""
    a, b, c, d = step
    return b > a and d > c and likeness(old[a].text, new[c].text) >= LIKE


def _steps(old: Sequence[Token], new: Sequence[Token]) -> list[Step]:
    """The cheapest way from one to the other, token by token: kept, exchanged, taken out, put in.

    What is the same at both ends is not searched.
    """
    head = 0
    while head < min(len(old), len(new)) and old[head].text == new[head].text:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail].text == new[-1 - tail].text:
        tail += 1
    left, right = len(old) - tail, len(new) - tail
    middle = _cheapest([t.text for t in old[head:left]], [t.text for t in new[head:right]])
    return [
        *((n, n + 1, n, n + 1) for n in range(head)),
        *((head + a, head + b, head + c, head + d) for a, b, c, d in middle),
        *((left + n, left + n + 1, right + n, right + n + 1) for n in range(tail)),
    ]


def _cheapest(old: Sequence[str], new: Sequence[str]) -> list[Step]:
    costs = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) + 1):
        for j in range(len(new) + 1):
            if i or j:
                costs[i][j] = min(cost for cost, _, _ in _ways(costs, old, new, i, j))
    steps = []
    i, j = len(old), len(new)
    while i or j:
        _, i2, j2 = min(_ways(costs, old, new, i, j), key=lambda way: way[0])
        steps.append((i2, i, j2, j))
        i, j = i2, j2
    return steps[::-1]


def _ways(
    costs: Sequence[Sequence[float]], old: Sequence[str], new: Sequence[str], i: int, j: int
) -> Iterator[tuple[float, int, int]]:
    if i and j:
        yield costs[i - 1][j - 1] + _exchange(old[i - 1], new[j - 1]), i - 1, j - 1
    if i:
        yield costs[i - 1][j] + 1.0, i - 1, j
    if j:
        yield costs[i][j - 1] + 1.0, i, j - 1


@lru_cache(maxsize=16_384)
def _exchange(old: str, new: str) -> float:
    """The cost of one token for another: nothing for the same, little for like ones, much for a mark."""
    if old == new:
        return 0.0
    if old[0].isalnum() != new[0].isalnum():
        return 2.1
    return 1.9 - 1.6 * likeness(old, new)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes changes so that the white space of the source stays where the revision has some too."""

    source: str
    revision: str
    old: Sequence[Token]
    new: Sequence[Token]

    def change(self, a: int, b: int, c: int, d: int) -> Change:
        """Tokens [a, b) of the source become [c, d) of the revision."""
        if a == b and c == d:
            span, text = Span(self.old[a - 1].end, self.old[a].start), self._gap(c)
        elif c == d:
            span, text = self._taken_out(a, b, c)
        elif a == b:
            span, text = self._put_in(a, c, d)
        else:
            span, text = self._exchanged(a, b, c, d)
        return Change(span, text, (a, b), (c, d), self._place(c, d))

    def joined(self, first: Change, last: Change) -> Change:
        """Two changes and what stands between them, as one."""
        made = self.change(first.tokens[0], last.tokens[1], first.written[0], last.written[1])
        start, end = min(made.span.start, first.span.start), max(made.span.end, last.span.end)
        before, after = self.source[start : made.span.start], self.source[made.span.end : end]
        return replace(made, span=Span(start, end), text=before + made.text + after)

    def _exchanged(self, a: int, b: int, c: int, d: int) -> tuple[Span, str]:
        start, end, text = self.old[a].start, self.old[b - 1].end, self._text(c, d)
        left, right = self._gaps(a, b)
        if a and c and "\n" not in left and bool(left) != bool(self._gap(c)):
            start, text = start - len(left), self._gap(c) + text
        inside = b < len(self.old) and d < len(self.new) and "\n" not in right
        if inside and bool(right) != bool(self._gap(d)):
            end, text = end + len(right), text + self._gap(d)
        return Span(start, end), text

    def _put_in(self, a: int, c: int, d: int) -> tuple[Span, str]:
        left, _ = self._gaps(a, a)
        start = self.old[a - 1].end if a else 0
        end, text = start + len(left), self._text(c, d)
        before = self._gap(c) if a else ""
        after = self._gap(d) if a < len(self.old) else ""
        if bool(after) == bool(left) or "\n" in left:
            return Span(start, start), before + text
        if bool(before) == bool(left):
            return Span(end, end), text + after
        return Span(start, end), before + text + after

    def _taken_out(self, a: int, b: int, c: int) -> tuple[Span, str]:
        left, right = self._gaps(a, b)
        start, end = self.old[a].start, self.old[b - 1].end
        inside = a > 0 and b < len(self.old)
        if inside and not self._gap(c) and "\n" not in left + right:
            return Span(start - len(left), end + len(right)), ""
        if not a or ("\n" in left and "\n" not in right):
            return Span(start, end + len(right)), ""
        if b == len(self.old) or right:
            return Span(start - len(left), end), ""
        return Span(start, end), ""

    def _gaps(self, a: int, b: int) -> tuple[str, str]:
        """The white space of the source before token a and after token b - 1."""
        return self._before(a), self._before(b)

    def _before(self, a: int) -> str:
        """The white space of the source before token a, or at its end."""
        start = self.old[a - 1].end if a else 0
        return self.source[start : self.old[a].start if a < len(self.old) else len(self.source)]

    def _gap(self, c: int) -> str:
        """The white space of the revision before token c, as one space or none."""
        if not 0 < c < len(self.new):
            return ""
        return " " if self.new[c - 1].end < self.new[c].start else ""

    def _text(self, c: int, d: int) -> str:
        return " ".join(self.revision[self.new[c].start : self.new[d - 1].end].split())

    def _place(self, c: int, d: int) -> Span:
        if c < d:
            return Span(self.new[c].start, self.new[d - 1].end)
        at = self.new[c].start if c < len(self.new) else len(self.revision)
        return Span(at, at)
