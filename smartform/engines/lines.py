"""What a branch may write, as token lines: the search space of constrained decoding.

A `Line` is a run of tokens together with the places where a value may end. For a choice it is
one option with one end; for copying it is the text from one word on, with an end at every word
edge. Lines that begin alike are followed together, so a search walks them as a trie.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Protocol

from smartform.results import Span

Tokenise = Callable[[str], list[int]]
Piece = Callable[[int], bytes]
"""What a token writes."""

_FIRST_CHARS = 48
_RUNS = re.compile(r"\s+|\S+")
_OPENERS = "+#@€$£(\"«“„'‘&~"
"""Marks that a value may begin with."""


@dataclass(frozen=True, slots=True)
class Line:
    """One way to write a value.

    Args:
        tokens: what is written, the leading space included.
        ends: depth (number of tokens written) → index of what has then been written.
    """

    tokens: tuple[int, ...]
    ends: dict[int, int]

    @property
    def last_end(self) -> int:
        """The deepest place where the value may end."""
        return max(self.ends)


class Lines(Protocol):
    """All the ways to write one item of a branch's value."""

    def first_tokens(self, start: int = 0) -> dict[int, list[int]]:
        """First token → keys of the lines that begin with it, none of them before `start`."""
        ...

    def tokens(self) -> Iterable[int]:
        """Tokens of the lines, as far as these are cut."""
        ...

    def line(self, key: int) -> Line:
        """The line with that key."""
        ...

    def text(self, key: int, end: int) -> str:
        """What is written where line `key` ends at `end`."""
        ...

    def span(self, key: int, end: int) -> Span | None:
        """Its place in the source text, where it has one."""
        ...

    def after(self, end: int) -> int:
        """Where the next item may start."""
        ...


class OptionLines:
    """The lines of a fixed list of texts; the index of an end is the text's."""

    def __init__(self, texts: Sequence[str], tokenise: Tokenise) -> None:
        self._texts = texts
        self._lines = []
        for index, text in enumerate(texts):
            tokens = tuple(tokenise(" " + text))
            if tokens:
                self._lines.append(Line(tokens, {len(tokens): index}))

    def first_tokens(self, start: int = 0) -> dict[int, list[int]]:
        """First token → keys of the lines of the texts from number `start` on."""
        groups: dict[int, list[int]] = {}
        for key, line in enumerate(self._lines):
            if next(iter(line.ends.values())) >= start:
                groups.setdefault(line.tokens[0], []).append(key)
        return groups

    def tokens(self) -> Iterable[int]:
        """All tokens of the texts."""
        return chain.from_iterable(line.tokens for line in self._lines)

    def line(self, key: int) -> Line:
        """The line with that key."""
        return self._lines[key]

    def text(self, key: int, end: int) -> str:
        """The text whose line ends at `end`."""
        return self._texts[end]

    def span(self, key: int, end: int) -> Span | None:
        """None: an option has no place in the source."""
        return None

    def after(self, end: int) -> int:
        """The next text: items are written in the order of the texts."""
        return end + 1


class Source:
    """A source text cut into lines, one from every word edge on; all copying branches share it.

    White space is flattened to single spaces, line breaks to what values write for them. Lines are cut
    lazily: their first tokens when the text is read, the rest when a search gets there.

    A value follows a space, and a word that does not (at the beginning of a line, behind a mark) may have
    other tokens in the text than in the value: 'Map', 'le', 'grid' and ' Maple', 'grid'. A model copies the
    tokens that it sees, so such a word begins a second line, of those; its key is ~place.

    Args:
        line_break: what values write for one (`Prompt.line_break`).
    """

    def __init__(self, text: str, tokenise: Tokenise, piece: Piece, line_break: str = " ") -> None:
        self.flat, self._origin = flatten(text, line_break)
        self._text, self._tokenise, self._piece = text, tokenise, piece
        self._lines: dict[tuple[int, int], Line] = {}
        self.firsts: dict[int, list[int]] = {}
        word_tokens = cache(tokenise)  # words come again
        for start in _word_starts(self.flat):
            # No token reaches over a space, so the word alone tells the first one.
            word = self.flat[start : start + _FIRST_CHARS].split(maxsplit=1)[0]
            tokens = word_tokens(" " + word)
            if tokens:
                self.firsts.setdefault(tokens[0], []).append(start)
            place = self._origin[start]
            seen = [] if behind_space(text, place) else as_seen(word, word_tokens, piece)
            if seen and seen != tokens:
                self.firsts.setdefault(seen[0], []).append(~start)

    def line(self, key: int, max_chars: int) -> Line:
        """The line of at most `max_chars` with that key; an end's index is its place."""
        cut = (key, max_chars)
        if cut not in self._lines:
            self._lines[cut] = self._cut(key, max_chars)
        return self._lines[cut]

    def _cut(self, key: int, max_chars: int) -> Line:
        start = place_of(key)
        words = self.flat[start : start + max_chars]
        tokens = self._tokenise(" " + words) if key >= 0 else as_seen(words, self._tokenise, self._piece)
        ends: dict[int, int] = {}
        written = b""
        for depth, token in enumerate(tokens, 1):
            written += self._piece(token)
            place = start + len(written.decode("utf-8", "ignore")) - 1
            if place > start and _may_end(self.flat, place):
                ends[depth] = place
        if not ends:
            ends[len(tokens)] = min(len(self.flat), start + max_chars)
        return Line(tuple(tokens), ends)

    def span(self, start: int, end: int) -> Span:
        """The place in the source text of a piece of the flat text."""
        return Span(self._origin[start], self._origin[end - 1] + 1)

    def places(self, part: Span) -> tuple[int, int]:
        """The piece of the flat text, [start, end), that `part` of the source text holds."""
        return bisect_left(self._origin, part.start), bisect_left(self._origin, part.end)


@dataclass(frozen=True, slots=True)
class CopyLines:
    """The lines of a source for values of at most `max_chars` characters; ends are places, keys tell them.

    Args:
        within: the parts of the source text that values are taken from, as `Copy` has them; none for all.
    """

    source: Source
    max_chars: int
    within: tuple[Span, ...] = ()

    def first_tokens(self, start: int = 0) -> dict[int, list[int]]:
        """First token → keys of the lines that begin with it, from place `start` of the flat text on."""
        if start == 0 and not self.within:
            return dict(self.source.firsts)
        bounds = self._bounds()
        kept = {
            token: [k for first, stop in bounds for k in keys if max(start, first) <= place_of(k) < stop]
            for token, keys in self.source.firsts.items()
        }
        return {token: keys for token, keys in kept.items() if keys}

    def tokens(self) -> Iterable[int]:
        """The first tokens of the lines."""
        return self.source.firsts

    def line(self, key: int) -> Line:
        """The line with that key."""
        place = place_of(key)
        stop = next(stop for first, stop in self._bounds() if first <= place < stop)
        line = self.source.line(key, min(self.max_chars, stop - place))
        ends = {depth: place for depth, place in line.ends.items() if place <= stop}
        return line if len(ends) == len(line.ends) else Line(line.tokens, ends or line.ends)

    def _bounds(self) -> list[tuple[int, int]]:
        if not self.within:
            return [(0, len(self.source.flat))]
        return [self.source.places(part) for part in self.within]

    def text(self, key: int, end: int) -> str:
        """The piece of the flat text, in one line."""
        return " ".join(self.source.flat[place_of(key) : end].split())

    def span(self, key: int, end: int) -> Span:
        """The piece's place in the source text."""
        return self.source.span(place_of(key), end)

    def after(self, end: int) -> int:
        """The end: items follow each other in the text."""
        return end


def behind_space(text: str, place: int) -> bool:
    """Whether a single space stands before that place of a prompt's text, as before a value."""
    before = text[max(0, place - 2) : place]
    return place == 0 or (before[-1] == " " and not before[:-1].isspace())


def as_seen(words: str, tokenise: Tokenise, piece: Piece) -> list[int]:
    """The tokens of words as they stand behind a line break or a mark, the first with a value's space.

    Returns:
        The tokens; [] where the first one has no form with a space.
    """
    tokens = tokenise(words)
    first = piece(tokens[0]).decode("utf-8", "replace") if tokens else ""
    spaced = tokenise(" " + first) if first.isprintable() else []
    whole = len(spaced) == 1 and piece(spaced[0]).decode("utf-8", "replace") == " " + first
    return [*spaced, *tokens[1:]] if whole else []


def place_of(key: int) -> int:
    """Where in the flat text a line with that key begins."""
    return key if key >= 0 else ~key


def flatten(source: str, line_break: str = " ") -> tuple[str, list[int]]:
    """Runs of white space as `line_break`, or single spaces within a line; where each character is from."""
    flat: list[str] = []
    origin: list[int] = []
    for run in _RUNS.finditer(source.rstrip()):
        words = run.group()
        if words.isspace():
            words = "" if not flat else line_break if "\n" in words else " "
            origin += [run.start()] * len(words)
        else:
            origin += range(*run.span())
        flat.append(words)
    return "".join(flat), origin


def _word_starts(flat: str) -> list[int]:
    return [p for p, c in enumerate(flat) if (c.isalnum() or c in _OPENERS) and _is_edge(flat, p)]


def _may_end(flat: str, place: int) -> bool:
    """Whether a value may end before `place`: at a word's edge, or before a footnote's mark ('Toure1,2')."""
    if flat[place - 1].isspace():
        return False
    if _is_edge(flat, place):
        return True
    mark = place
    while mark < len(flat) and flat[mark].isdigit():
        mark += 1
    return flat[place - 1].isalpha() and mark > place and _is_edge(flat, mark)


def _is_edge(flat: str, place: int) -> bool:
    """Whether `place` lies between two words, not within one."""
    return place <= 0 or place >= len(flat) or not (flat[place - 1].isalnum() and flat[place].isalnum())
