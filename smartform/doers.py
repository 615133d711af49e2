"""Who an English text says does what: the writer or the reader.

A revision that blames the writer for what the draft blames the reader for reads well and is wrong. What is
compared are words with matter behind an "I", "we" or "you" in their clause: "you have lost it" is never
"I have lost it", but may be "it was lost".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartform.alignment import tokens_of
from smartform.edit_kinds import SUBJECTS, inflected, is_function

WRITER, READER, OTHER = "writer", "reader", "other"

_PRONOUN = re.compile(rf"({'|'.join(SUBJECTS)})(?:['’](?:m|ve|d|ll|re|s))?", re.IGNORECASE)
_PERSONS = {"i": WRITER, "we": WRITER, "you": READER}

_BREAK = re.compile(r"[^\w'’]+|and|but|because|if|that|when|which|who", re.IGNORECASE)
"""What ends the reach of a pronoun."""

REACH = 4
"""Words behind a pronoun among which its verb is looked for."""


def doings(text: str) -> set[tuple[str, str]]:
    """(word, person) for each pronoun and the first word with matter behind it."""
    return set(_doings([token.text.casefold() for token in tokens_of(text)]))


def _doings(words: list[str]) -> Iterator[tuple[str, str]]:
    for number, word in enumerate(words):
        pronoun = _PRONOUN.fullmatch(word)
        if not pronoun:
            continue
        for follower in words[number + 1 : number + 1 + REACH]:
            if _BREAK.fullmatch(follower) or _PRONOUN.fullmatch(follower):
                break
            if not is_function(follower):
                yield follower, _PERSONS.get(pronoun[1], OTHER)
                break


def swapped(before: str, after: str) -> bool:
    """Whether `after` says of the writer what `before` says of the reader alone, or the other way round."""
    old, new = doings(before), doings(after)
    return any(
        _said_of(word, new) == {WRITER, READER} - {person} and _said_of(word, old) == {person}
        for word, person in old
        if person is not OTHER
    )


def _said_of(word: str, doings: set[tuple[str, str]]) -> set[str]:
    """Whom a word, in any form, is said of."""
    return {person for other, person in doings if inflected(word, other)}
