"""Where the sentences of a text stand: line breaks, lists, abbreviations and hard-wrapped lines told apart.

The rules of what ends a sentence inside a line are pySBD's; this module keeps the places, and refuses
ends within an address or after an abbreviation that those rules do not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from pysbd import Segmenter
from pysbd.languages import LANGUAGE_CODES

from smartform.results import Span

WRAPPED = 40
"""Characters: a shorter line that ends without a stop is a greeting or a heading, not wrapped."""

LONGEST = 2_000
"""Characters of one piece given to the rules; their time grows with its square."""

_LINE = re.compile(r"[^\r\n]+")
_STOPS_WITHOUT_SPACE = "。！？｡"
_SHORT = re.compile(r"(?<!\w)\w{1,4}\.\s+$")
"""A word that may be an abbreviation, with its stop."""

_ITEM = re.compile(r"\s*(?:[-*+•–—>|#]|\d+[.)]|[a-zA-Z][.)]\s|\[)")


def sentences(text: str, language: str = "en") -> tuple[Span, ...]:
    """The spans of the sentences, in order, without the space around them.

    Every character that is not space belongs to exactly one.

    Args:
        language: ISO 639-1 code; English rules serve where there are none for it.
    """
    return tuple(
        Span(piece.start + start, piece.start + end)
        for piece in _pieces(text)
        for start, end in _ends(re.sub(r"\s", " ", text[piece.start : piece.end]), language)
    )


def begins_item(text: str, line: int) -> bool:
    """Whether the line that begins at place `line` is an item of a list or a row of a table."""
    return _ITEM.match(text, line) is not None


def _pieces(text: str) -> Iterator[Span]:
    """Lines, the wrapped ones joined and the endless ones cut at a space."""
    start = end = None
    for line in _LINE.finditer(text):
        if start is not None and end is not None and not _goes_on(text[start:end], text[end : line.end()]):
            yield from _cut(text, start, end)
            start = None
        start, end = (line.start() if start is None else start), line.end()
    if start is not None and end is not None:
        yield from _cut(text, start, end)


def _goes_on(before: str, after: str) -> bool:
    """Whether `after`, a line with the break before it, continues the last line of `before`."""
    last = before.splitlines()[-1].rstrip()
    if len(re.findall(r"\r\n|\r|\n", after)) != 1 or len(last) < WRAPPED or last[-1] in ".!?:;":
        return False
    return bool(after.strip()) and not _ITEM.match(after)


def _cut(text: str, start: int, end: int) -> Iterator[Span]:
    while end - start > LONGEST:
        space = text.rfind(" ", start + 1, start + LONGEST)
        middle = space if space > 0 else start + LONGEST
        yield Span(start, middle)
        start = middle
    yield Span(start, end)


@lru_cache(maxsize=512)
def _ends(piece: str, language: str) -> tuple[tuple[int, int], ...]:
    """Start and end of each sentence of one piece. Kept, for the person types in one piece at a time."""
    starts, place = [], 0
    for sentence in _segmenter(language if language in LANGUAGE_CODES else "en").segment(piece):
        found = piece.find(sentence.strip(), place)
        if sentence.strip() and found >= 0:
            starts.append(found)
            place = found + len(sentence.strip())
    # What the rules altered and so cannot be found again stays with the sentence before it.
    starts = sorted({len(piece) - len(piece.lstrip()), *(at for at in starts[1:] if _begins(piece, at))})
    bounds = zip(starts, [*starts[1:], len(piece)], strict=True)
    return tuple((a, a + len(piece[a:b].rstrip())) for a, b in bounds if piece[a:b].strip())


def _begins(piece: str, at: int) -> bool:
    """Whether a sentence may begin here: never in a token, nor in small letters after a short word."""
    if piece[at - 1] in _STOPS_WITHOUT_SPACE:
        return True
    return piece[at - 1].isspace() and not (piece[at].islower() and _SHORT.search(piece, 0, at))


@cache
def _segmenter(language: str) -> Segmenter:
    return Segmenter(language=language, clean=False)
