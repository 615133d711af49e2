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
    words = value.split() if len(value) <= _MAX_CHARS else []
    if not words:
        return None
    body = r"\s+".join(map(re.escape, words))
    left = r"(?<!\w)" if words[0][0].isalnum() else ""
    right = r"(?!\w)" if words[-1][-1].isalnum() else ""
    for flags in (0, re.IGNORECASE):
        match = re.search(left + body + right, text, flags)
        if match:
            return Span(match.start(), match.end())
    return None
