"""How much of what a text says another one still says: its words that carry matter.

A revision that is kinder but no longer asks what the draft asks is none. What it keeps is counted in words,
whatever their form; people who make a rude mail polite keep most of them (`training/LOG.md`).
"""

from __future__ import annotations

from smartform.alignment import likeness, tokens_of
from smartform.edit_kinds import inflected, is_function

SAME = 0.8
"""From this likeness on, two words are one, perhaps misspelt."""


def matter(text: str) -> list[str]:
    """The words that carry matter, in order, in small letters."""
    words = (token.text.casefold() for token in tokens_of(text) if token.text[0].isalnum())
    return [word for word in words if not is_function(word)]


def retained(before: str, after: str) -> float:
    """Share of the words with matter of `before` that `after` has in some form; 1 where there are none."""
    old, new = matter(before), matter(after)
    found = sum(any(inflected(word, other) or likeness(word, other) >= SAME for other in new) for word in old)
    return found / len(old) if old else 1.0
