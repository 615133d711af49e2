"""Long texts in overlapping pieces, each short enough for one pass of the model."""

from __future__ import annotations

from collections.abc import Callable

from smartform.results import Span

_OVERLAP = 0.12
_LOOK_BACK = 400
_SAMPLE = 20_000
"""Characters that are counted to see how many a token has."""


def windows(text: str, tokens: int, count: Callable[[str], int]) -> list[Span]:
    """Cut `text` into spans of at most `tokens` tokens that overlap a little.

    Cuts fall on line breaks or spaces where there are any near, so that few values are torn;
    the overlap holds those whole that are.

    Args:
        tokens: the most that one span may have, at least 16.
        count: how many tokens a text has.
    """
    spans: list[Span] = []
    start = 0
    sample = text[:_SAMPLE]
    sampled = count(sample)
    if len(sample) == len(text) and sampled <= tokens:
        return [Span(0, len(text))] if text else []
    per_token = max(1.0, len(sample) / max(1, sampled))
    while start < len(text):
        end = min(len(text), start + int(tokens * per_token))
        while end - start > 16 and count(text[start:end]) > tokens:
            end = start + int((end - start) * 0.8)
        if end < len(text):
            end = _cut(text, start, end)
        spans.append(Span(start, end))
        if end >= len(text):
            break
        start = max(start + 1, _cut(text, start, end - int((end - start) * _OVERLAP)))
    return spans


def _cut(text: str, start: int, end: int) -> int:
    """The last line break, or else space, shortly before `end`."""
    low = max(start + 1, end - min(_LOOK_BACK, (end - start) // 4))
    for mark in ("\n", " "):
        place = text.rfind(mark, low, end)
        if place > 0:
            return place + 1
    return end
