"""What of a mail may not be lost, altered or invented: its facts, and where they stand.

Addresses, code and quotations are kept to the character. Figures, the words of numbers, dates and
times, and names are kept word by word, so that the words around them may be mended ('in 3 of May' →
'on 3 May'); a name may be given its capital letter or a possessive, an ordinal its ending.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from smartform.alignment import Token, tokens_of
from smartform.edit_kinds import FUNCTION_WORDS
from smartform.results import Span
from smartform.schema import FieldType
from smartform.values import find_candidates


class Fact(StrEnum):
    """Why a piece of text is protected; said to the person where a revision loses one."""

    LINK = "web address"
    ADDRESS = "e-mail address"
    PHONE = "phone number"
    CODE = "code"
    QUOTE = "quotation"
    NUMBER = "number"
    MOMENT = "date or time"
    NAME = "name"


VERBATIM = frozenset({Fact.LINK, Fact.ADDRESS, Fact.PHONE, Fact.CODE, Fact.QUOTE})
"""Facts that are kept to the character."""

_ANY_DAY = date(2024, 1, 1)
"""Places of dates do not depend on the day."""

_LANGUAGES = ("en",)
_CODE = re.compile(r"`[^`\n]+`|(?<!\S)(?:[A-Za-z]:\\|~?/)[\w./\\~-]+|\b\w+(?:_\w+)+\b|\b\w+\(\)")
_QUOTE = re.compile(r"\"[^\"\n]{1,300}\"|“[^”\n]{1,300}”|«[^»\n]{1,300}»|„[^“”\n]{1,300}[“”]|‘[^’\n]{1,300}’(?!\w)")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_STOPS = frozenset(".!?:…;•–—-\"“‘«(")
_VERBATIM_FINDERS = ((Fact.ADDRESS, FieldType.EMAIL), (Fact.LINK, FieldType.URL), (Fact.PHONE, FieldType.PHONE))
_WORD_FINDERS = (
    (Fact.MOMENT, FieldType.DATE),
    (Fact.MOMENT, FieldType.TIME),
    (Fact.NUMBER, FieldType.NUMBER),
)


@dataclass(frozen=True, slots=True, order=True)
class Protected:
    """A fact: its place, what kind it is, and the form by which it is found again in a revision."""

    span: Span
    fact: Fact
    key: str


def protected(text: str, names: Collection[str] = ()) -> tuple[Protected, ...]:
    """The facts of a paragraph, in order, none overlapping.

    Args:
        names: words that are names elsewhere in the mail (`names_of`), and so here too.
    """
    whole = _longest(_verbatim(text))
    words = [p for p in _words(text, names) if not any(_overlap(p.span, w.span) for w in whole)]
    unique = {p.span: p for p in reversed(words)}
    return tuple(sorted([*whole, *unique.values()]))


def names_of(text: str) -> frozenset[str]:
    """The words of a mail that are written with a capital letter inside a sentence."""
    tokens = tokens_of(text)
    return frozenset(
        t.text for n, t in enumerate(tokens) if _capitalised(t.text) and not _opens_sentence(text, tokens, n)
    )


def keys(text: str) -> Counter[str]:
    """The forms of all words of a text, as `Protected.key` has them."""
    return Counter(_key(t.text) for t in tokens_of(text) if _counts(t.text))


def lost(fact: Protected, before: str, after: str) -> bool:
    """Whether `after` has a fact of `before` less often."""
    if fact.fact in VERBATIM:
        return after.count(fact.key) < before.count(fact.key)
    if fact.fact is Fact.NAME and not fact.key.isupper() and fact.key[0].isupper():
        return _spelt(after, fact.key) < _spelt(before, fact.key)
    return keys(after)[_key(fact.key)] < keys(before)[_key(fact.key)]


def invented(before: str, after: str) -> str:
    """A figure or an address that only `after` has; "" where there is none."""
    old = keys(before)
    for token in tokens_of(after):
        if (any(c.isdecimal() for c in token.text) or _addresses(token.text)) and not old[_key(token.text)]:
            return token.text
    return ""


def _verbatim(text: str) -> Iterator[Protected]:
    for fact, pattern in ((Fact.CODE, _CODE), (Fact.QUOTE, _QUOTE)):
        for match in pattern.finditer(text):
            yield Protected(Span(*match.span()), fact, match.group())
    for fact, kind in _VERBATIM_FINDERS:
        for found in find_candidates(kind, text, _LANGUAGES):
            piece = text[found.start : found.end]
            if fact is not Fact.PHONE or _one_phone(piece):
                yield Protected(Span(found.start, found.end), fact, piece)


def _one_phone(piece: str) -> bool:
    """Whether figures belong together as those of a phone number do, not as two of a list."""
    return not re.search(r"[.,/–]\s", piece) and sum(c.isdecimal() for c in piece) >= 6


def _words(text: str, names: Collection[str]) -> Iterator[Protected]:
    """Figures, words of numbers, dates and times, names."""
    tokens = tokens_of(text)
    for fact, kind in _WORD_FINDERS:
        for found in find_candidates(kind, text, _LANGUAGES, _ANY_DAY):
            if kind is FieldType.NUMBER and found.value == "1" and text[found.start].isalpha():
                continue  # 'one' is a pronoun more often than a number
            for token in tokens:
                inside = found.start <= token.start and token.end <= found.end
                if inside and _counts(token.text) and token.text.casefold() not in FUNCTION_WORDS:
                    yield Protected(Span(token.start, token.end), fact, token.text)
    for number, token in enumerate(tokens):
        span = Span(token.start, token.end)
        if any(c.isdecimal() for c in token.text) or unicodedata.category(token.text[0]) == "Sc":
            yield Protected(span, Fact.NUMBER, token.text)
        elif token.text in names or (_capitalised(token.text) and not _opens_sentence(text, tokens, number)):
            yield Protected(span, Fact.NAME, token.text)


def _capitalised(word: str) -> bool:
    """Whether a word is written as names are, with a capital letter anywhere, and is no function word."""
    if not word[0].isalpha() or re.split(r"['’]", word)[0].casefold() in FUNCTION_WORDS:
        return False
    return any(c.isupper() for c in word) and len(word) > 1


def _opens_sentence(text: str, tokens: tuple[Token, ...], number: int) -> bool:
    """Whether a capital letter is what any word would have here; never so for one inside a word."""
    word = tokens[number].text
    if any(c.isupper() for c in word[1:]):
        return False
    if not number:
        return True
    before = tokens[number - 1]
    return before.text[0] in _STOPS or "\n" in text[before.end : tokens[number].start]


def _spelt(text: str, name: str) -> int:
    """How often a name stands in a text with its own letters; a possessive or plural ending does not count."""
    stem = re.sub(r"['’]?s?['’]?$", "", name)
    return sum(re.sub(r"['’]?s?['’]?$", "", t.text) == stem for t in tokens_of(text))


def _key(word: str) -> str:
    """A word without case, apostrophes and the endings of possessives and ordinals."""
    folded = word.casefold().replace("’", "'")
    if ordinal := _ORDINAL.fullmatch(folded):
        return ordinal[1]
    return re.sub(r"'?s?'?$", "", folded).replace("'", "") or folded


def _counts(word: str) -> bool:
    return word[0].isalnum() or unicodedata.category(word[0]) == "Sc"


def _addresses(word: str) -> bool:
    return "@" in word[1:] or "://" in word or bool(re.fullmatch(r"\w[\w-]*(?:\.\w[\w-]*)+(?:/\S*)?", word))


def _longest(found: Iterator[Protected]) -> list[Protected]:
    """Of overlapping ones, the longest."""
    kept: list[Protected] = []
    for one in sorted(found, key=lambda p: p.span.start - p.span.end):
        if not any(_overlap(one.span, other.span) for other in kept):
            kept.append(one)
    return kept


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end
