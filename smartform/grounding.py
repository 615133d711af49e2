"""Where in the text a value stands."""

from __future__ import annotations

import re

from smartform.results import Span

_MAX_CHARS = 10_000


def ground(value: str, text: str) -> Span | None:
    """The first place of `value` in `text` as whole words; casing and white space may differ.

    Returns:
        The span in characters; None where the text does not hold the value, or where the value
        is too long to be one.
    """
    pattern = _pattern(value)
    for flags in (0, re.IGNORECASE) if pattern else ():
        match = re.search(pattern, text, flags)
        if match:
            return Span(match.start(), match.end())
    return None


def places_of(value: str, text: str) -> list[Span]:
    """Every place of `value` in `text` as whole words; white space may differ."""
    pattern = _pattern(value)
    return [Span(*match.span()) for match in re.finditer(pattern, text)] if pattern else []


def _pattern(value: str) -> str:
    """What finds a value's words; '' where it has none, or far too many."""
    words = value.split() if len(value) <= _MAX_CHARS else []
    if not words:
        return ""
    left = r"(?<!\w)" if words[0][0].isalnum() else ""
    right = r"(?!\w)" if words[-1][-1].isalnum() else ""
    return left + r"\s+".join(map(re.escape, words)) + right
