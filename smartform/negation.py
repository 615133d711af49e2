"""What an English sentence says no to: each word that says no, the word that it goes with, its reach.

A no goes with the next word of its clause that carries matter, "don't [ever] call", "not able", "no lamp",
and what is no verb's, "nobody", "neither", with the last one where none follows, "told her nothing". A
verb's no reaches to the end of its clause, any other denies all of it. Two noes that reach the same word
are one: "don't need nothing". So a sentence says the same as long as what was denied still is and nothing
else is, however many words say no.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from smartform.alignment import tokens_of
from smartform.edit_kinds import SUBJECTS, is_function, same_word

_VERB = re.compile(
    r"not|never|hardly|barely|scarcely|\w+n['’]t|(?:do|does|did|have|has|had|is|are|was|were|ca|can|wo|could|would|should|must|need)"
    r"(?:['’]?n['’]?t|not)",
    re.IGNORECASE,
)
"""A verb's no, also one that leaves a little, "hardly", and misspelt ones: "dont", "is'nt", "donot"."""

_NOUN = re.compile(r"no|nobody|nothing|none|nowhere|neither|nor", re.IGNORECASE)

_DEGREES = frozenset({"so", "very", "how", "too", "as"})
"""What stands before how something is done, never before a no."""

_BREAK = re.compile(
    r"[^\w'’]+|and|but|because|if|when|while|since|although|though|unless|until|which|who|whom|whose"
    r"|where|why|how|what|whether",
    re.IGNORECASE,
)
"""What ends a clause."""


@dataclass(frozen=True, slots=True)
class No:
    """One word that says no; numbers are those of the text's tokens.

    Args:
        head: the word that it goes with; None where its clause ends with it.
        reach: the words that it denies.
        clause: the words of its clause.
    """

    number: int
    head: int | None
    reach: range
    clause: range


def noes(text: str) -> tuple[No, ...]:
    """The words of a text that say no, in order."""
    words = [token.text for token in tokens_of(text)]
    return tuple(no for clause in _clauses(words) for no in _in_clause(words, clause))


def turned(before: str, after: str) -> bool:
    """Whether `after` says yes to what `before` denies, or no to what it does not.

    Both are one sentence, or sentences that became one.
    """
    old, new = _Denied.of(before), _Denied.of(after)
    if bool(old.noes) != bool(new.noes):
        return True
    if any(new.affirms(old.words[no.head]) for no in old.noes if no.head is not None):
        return True
    if any(no.head is None for no in old.noes):
        return False
    return any(
        no.head is not None and old.affirms(new.words[no.head]) and not old.touches(new.matter(no.reach))
        for no in new.noes
    )


@dataclass(frozen=True, slots=True)
class _Denied:
    """A text's words, and which of them a no reaches."""

    words: tuple[str, ...]
    noes: tuple[No, ...]

    @classmethod
    def of(cls, text: str) -> _Denied:
        return cls(tuple(token.text for token in tokens_of(text)), noes(text))

    def affirms(self, word: str) -> bool:
        """Whether a word stands here, and no no reaches it."""
        reached = {n for no in self.noes for n in no.reach}
        found = [n for n, other in enumerate(self.words) if same_word(word, other)]
        return bool(found) and reached.isdisjoint(found)

    def touches(self, words: Collection[str]) -> bool:
        """Whether any of some words stands in a clause with a no."""
        return any(same_word(word, self.words[n]) for no in self.noes for n in no.clause for word in words)

    def matter(self, numbers: Iterable[int]) -> list[str]:
        """Of some words, those that carry matter."""
        return [
            self.words[n] for n in numbers if not is_function(self.words[n]) and not _is_no(self.words[n])
        ]


def _clauses(words: Sequence[str]) -> Iterator[range]:
    start = 0
    for number, word in enumerate((*words, ".")):
        if _BREAK.fullmatch(word):
            yield range(start, number)
            start = number + 1


def _in_clause(words: Sequence[str], clause: range) -> Iterator[No]:
    others = [n for n in clause if not _is_no(words[n])]
    for number in clause:
        if number in others or _denies_nothing(words, clause, number):
            continue
        after = [n for n in others if n > number]
        before = [n for n in others if n < number and _matters(words[n])]
        matter = [n for n in after if _matters(words[n])]
        noun = _NOUN.fullmatch(words[number]) is not None
        head = next(iter((*matter, *(before[::-1] if noun else ()), *after)), None)
        reach = clause if noun or head is None else range(number, clause.stop)
        yield No(number, head, reach, clause)


def _denies_nothing(words: Sequence[str], clause: range, number: int) -> bool:
    """Whether a no is none by its place: "worked so hardly", meant is "hard"; "if not, …"; "…, isn't it?"."""
    word = words[number].casefold()
    before = words[number - 1].casefold() if number else ""
    after = words[number + 1].casefold() if number + 1 in clause else ""
    if word == "hardly":
        return before in _DEGREES or after in ("", "to")
    if word == "not":
        return before == "if" and not after
    tag = len(clause) == 2 and number == clause.start and after in (*SUBJECTS, "there")
    return tag and clause.stop < len(words) and words[clause.stop] == "?"


def _is_no(word: str) -> bool:
    return bool(_VERB.fullmatch(word) or _NOUN.fullmatch(word))


def _matters(word: str) -> bool:
    """Whether a word carries matter."""
    return not is_function(word.casefold()) and not _is_no(word)
