"""How much of what a text says another one still says: its words that carry matter.

A revision that is kinder but no longer asks what the draft asks is none. What it keeps is counted in words,
whatever their form; people who make a rude mail polite keep most of them (`training/LOG.md`).
"""

from __future__ import annotations

from smartform.alignment import tokens_of
from smartform.edit_kinds import is_function, same_word


def matter(text: str) -> list[str]:
    """The words that carry matter, in order, in small letters."""
    words = (token.text.casefold() for token in tokens_of(text) if token.text[0].isalnum())
    return [word for word in words if not is_function(word)]


def retained(before: str, after: str) -> float:
    """Share of the words with matter of `before` that `after` has in some form; 1 where there are none."""
    old, new = matter(before), matter(after)
    found = sum(any(same_word(word, other) for other in new) for word in old)
    return found / len(old) if old else 1.0
