"""A text as words with their places, the ground that the value finders walk on."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_HALF_CHARACTERS = re.compile("[\ud800-\udfff]")
_WORD = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True, slots=True)
class Word:
    """One run of letters or of digits: `text[start:end]`, folded for look-up."""

    folded: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """An expression in the text and the value it stands for.

    `text[start:end]` is the expression; `value` is written by its field type. `reading` tells
    apart what one expression can mean (the Saturday to come or the last one, six in the morning
    or in the evening): the model writes it after the expression, so the choice is the model's.
    """

    start: int
    end: int
    value: str
    reading: str = ""


def whole(text: str) -> str:
    """`text` with half characters, which UTF-8 cannot write, as U+FFFD; all places stay."""
    return _HALF_CHARACTERS.sub("\ufffd", text)


def fold(text: str) -> str:
    """Lower case without accents, so that 'Février', 'fevrier' and 'FÉVRIER' are one word."""
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words_of(text: str) -> list[Word]:
    """The words of `text` in order; apostrophes, hyphens and digits part them."""
    return [Word(fold(m.group()), m.start(), m.end()) for m in _WORD.finditer(text)]


def joined(text: str, left: Word, right: Word, *, commas: bool = False) -> bool:
    """Whether two words belong to one expression.

    Spaces, a hyphen or an apostrophe may part them, a full stop after a figure or an
    abbreviation, the sign of '1° maggio', a comma where `commas` says so.
    """
    gap = text[left.end : right.start]
    if left.folded.isdecimal():
        gap = gap.removeprefix("°")
    if len(gap) > 3 or gap.count("\n") > 1:
        return False
    if "." in gap and not (left.folded.isdecimal() or len(left.folded) <= 4):
        return False
    return not gap.strip(" \t\n-–‑.'’" + ("," if commas else ""))


def longest_only(candidates: list[Candidate]) -> list[Candidate]:
    """Drop candidates that lie inside a longer one; sorted, without repeats."""
    ordered = sorted(set(candidates), key=lambda c: (c.start, -c.end))
    kept: list[Candidate] = []
    reach = -1
    for candidate in ordered:
        if candidate.end > reach or (
            kept and (candidate.start, candidate.end) == (kept[-1].start, kept[-1].end)
        ):
            kept.append(candidate)
            reach = max(reach, candidate.end)
    return kept
