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
from functools import cache
from itertools import takewhile

from smartform.alignment import Token, likeness, tokens_of
from smartform.edit_kinds import FUNCTION_WORDS
from smartform.mail_layout import WRAPPED
from smartform.results import Span
from smartform.schema import FieldType
from smartform.values import find_candidates
from smartform.values.dates import months, weekdays
from smartform.values.numbers import cardinals


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
_QUOTE = re.compile(
    r"\"[^\"]{1,300}\"|“[^”]{1,300}”|«[^»]{1,300}»|„[^“”]{1,300}[“”]|(?<!\w)‘[^’]{1,300}’(?!\w)"
)
_SCARE_QUOTE = re.compile(r"[\"“„«‘][^\W\d_]+[,.!?]?[\"”“»’]")
"""One word alone in quotation marks: said with a smile or a frown, not quoted."""

_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_STOPS = frozenset('.!?:…;•–—-"“‘«(')
_CLOSERS = frozenset("'’”»)]")
_TITLES = frozenset({"Mr", "Mrs", "Ms", "Dr", "Prof", "St", "No", "no"})
_AMOUNTS = frozenset({"half", "quarter", "dozen", "twice", "zero", "nil", "nought"})
"""Words that say how many by themselves, as cardinals do."""

_SHOUTED = 3
"""So many words in capitals, one of them a function word, are shouted: their capitals tell no names."""
_VERBATIM_FINDERS = (
    (Fact.ADDRESS, FieldType.EMAIL),
    (Fact.LINK, FieldType.URL),
    (Fact.PHONE, FieldType.PHONE),
)
_WORD_FINDERS = (
    (Fact.NUMBER, FieldType.NUMBER),
    (Fact.MOMENT, FieldType.DATE),
    (Fact.MOMENT, FieldType.TIME),
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
    words = [p for p in _words(text, names) if not any(p.span.overlaps(w.span) for w in whole)]
    unique = {p.span: p for p in reversed(words)}
    return tuple(sorted([*whole, *unique.values()]))


def names_of(text: str) -> frozenset[str]:
    """The words of a mail that are written with a capital letter inside a sentence; single letters aside."""
    tokens = tokens_of(text)
    return frozenset(
        t.text
        for n, t in enumerate(tokens)
        if len(t.text) > 1 and _capitalised(t.text) and _tells(text, tokens, n)
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
            if not _SCARE_QUOTE.fullmatch(match.group()):
                yield Protected(Span(*match.span()), fact, match.group())
    for fact, kind in _VERBATIM_FINDERS:
        for found in find_candidates(kind, text, _LANGUAGES):
            piece = text[found.start : found.end]
            if _one_phone(piece) if fact is Fact.PHONE else not re.search(r"\s", piece):  # none spelt out
                yield Protected(Span(found.start, found.end), fact, piece)


def _one_phone(piece: str) -> bool:
    """Whether figures belong together as those of a phone number do, not as two of a list."""
    return not re.search(r"[.,/–]\s", piece) and sum(c.isdecimal() for c in piece) >= 6


def _words(text: str, names: Collection[str]) -> Iterator[Protected]:
    """Figures, words of numbers, dates and times, names."""
    tokens = tokens_of(text)
    lower = {token.text for token in tokens}
    for fact, kind in _WORD_FINDERS:
        for found in find_candidates(kind, text, _LANGUAGES, _ANY_DAY):
            inside = [t for t in tokens if found.start <= t.start and t.end <= found.end]
            certain = [t for t in inside if _carries(t.text, fact)]
            for token in inside if fact is Fact.NUMBER and certain else certain:
                if _carries(token.text, fact) or token.text.casefold() in _beside_numbers():
                    yield Protected(Span(token.start, token.end), fact, token.text)
    for number, token in enumerate(tokens):
        if token.text.isupper() and token.text.casefold() in lower:
            continue  # said aloud, not a name
        span = Span(token.start, token.end)
        if any(c.isdecimal() for c in token.text) or unicodedata.category(token.text[0]) == "Sc":
            yield Protected(span, Fact.NUMBER, token.text)
        elif _misspelt_day(token.text):
            continue
        elif token.text in names or (_capitalised(token.text) and _tells(text, tokens, number)):
            yield Protected(span, Fact.NAME, token.text)


def _tells(text: str, tokens: tuple[Token, ...], number: int) -> bool:
    """Whether a capital letter here tells a name: not where any word has one."""
    return not _opens_sentence(text, tokens, number) and not _shouted(tokens, number)


def _shouted(tokens: tuple[Token, ...], number: int) -> bool:
    """Whether a word stands among others in capitals, function words with them."""
    if not tokens[number].text.isupper():
        return False
    before = takewhile(str.isupper, (t.text for t in tokens[number - 1 :: -1] if number))
    after = takewhile(str.isupper, (t.text for t in tokens[number + 1 :]))
    run = [*before, tokens[number].text, *after]
    return len(run) >= _SHOUTED and any(len(w) > 1 and w.casefold() in FUNCTION_WORDS for w in run)


def _capitalised(word: str) -> bool:
    """Whether a word is written as names are, with a capital letter anywhere, and is no function word."""
    if len(word) == 1:
        return word.isupper() and word != "I"  # block A
    if not word[0].isalpha() or re.split(r"['’]", word)[0].casefold() in FUNCTION_WORDS:
        return False
    return any(c.isupper() for c in word)


def _opens_sentence(text: str, tokens: tuple[Token, ...], number: int) -> bool:
    """Whether a capital letter is what any word would have here; never so for one inside a word."""
    word = tokens[number].text
    if any(c.isupper() for c in word[1:]):
        return False
    if not number:
        return True
    before = tokens[number - 1]
    if before.text == "." and number > 1 and _shortened(tokens[number - 2].text):
        return False
    if before.text in _CLOSERS and number > 1 and tokens[number - 2].text[0] in ".!?…":
        return True
    return before.text[0] in _STOPS or _ends_line(text, before.end, tokens[number].start)


def _ends_line(text: str, end: int, start: int) -> bool:
    """Whether the line was ended on purpose between two words, rather than wrapped."""
    if "\n" not in text[end:start]:
        return False
    return "\n" in text[end:start].replace("\n", "", 1) or end - text.rfind("\n", 0, end) <= WRAPPED


def _shortened(word: str) -> bool:
    """Whether a full stop after a word tells that it is cut, as in a title or an initial."""
    return word in _TITLES or (len(word) == 1 and word.isalpha())


def _carries(word: str, fact: Fact) -> bool:
    """Whether a word of a number, a date or a time says which one it is."""
    folded = word.casefold()
    if not _counts(word):
        return False
    if folded in FUNCTION_WORDS:  # May is a month
        return fact is Fact.MOMENT and word.istitle() and folded in months("en")
    return fact is not Fact.NUMBER or folded in _number_words() or not word.isalpha()


def _misspelt_day(word: str) -> bool:
    """Whether a word is all but the name of a weekday or month, and may so be mended."""
    days = {**weekdays("en"), **months("en")}
    folded = word.casefold()
    return folded not in days and any(len(day) > 4 and likeness(folded, day) >= 0.8 for day in days)


@cache
def _number_words() -> frozenset[str]:
    """Words that say a number wherever they stand: those that larger numbers are built of, and amounts."""
    phrases = (phrase for language in _LANGUAGES for phrase in cardinals(language) if len(phrase) > 1)
    return frozenset(word for phrase in phrases for word in phrase) | _AMOUNTS


@cache
def _beside_numbers() -> frozenset[str]:
    """Words that say one beside another number alone: 'double four', but 'to double check'."""
    words = {word for language in _LANGUAGES for phrase in cardinals(language) for word in phrase}
    return frozenset(words) - _number_words() - FUNCTION_WORDS


def _spelt(text: str, name: str) -> int:
    """How often a name stands in a text with its own letters, with or without the ending of a possessive."""
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
        if not any(one.span.overlaps(other.span) for other in kept):
            kept.append(one)
    return kept
