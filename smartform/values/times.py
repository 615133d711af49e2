"""Times of day in a text: digital, in words, with the halves and quarters of each language."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from smartform.values.numbers import NumberPhrase, is_whole, number_phrases
from smartform.values.words import Candidate, Word, joined, longest_only, words_of

EVENING = "pm"
"""The reading of an hour from 1 to 11 as one after noon."""

_DIGITAL = re.compile(
    r"(?<![\d.,:/])(\d{1,2})\s?(?:[:.]\s?([0-5]\d)|[hH]\s?([0-5]\d)?)(?![\d/]|[.,:]\d)"
    r"(?:\s?(?=[apAP]\.?\s?[mM])([apAP])\.?\s?[mM]\b\.?)?"
)
_HOUR_AMPM = re.compile(r"(?<![\d.,:/-])(\d{1,2})\s?([apAP])\.?\s?[mM]\b\.?")
_COMPACT = re.compile(r"(?<![\d.,:/-])([01]\d|2[0-3])([0-5]\d)\s?(?:hrs|hours|h\b|Uhr|uur)")
_CLOCKS = frozenset(
    {"uhr", "uur", "h", "heures", "heure", "horas", "hora", "ore", "o", "oclock", "hrs", "hours"}
)
_AT = frozenset(
    """
    at alle all um kl klockan a las la le les as om gegen vers ab per by around from till until
    dalle dall bis von entre between y e and before after ore tra hasta desde verso sulle entro h ca
    about circa since ora mellan fore vid mot rond tegen van tot fran efter innan the della delle
    sobre zwischen nach tussen das dopo
    """.split()
)
_NOON = {"noon": 12, "midday": 12, "mezzogiorno": 12, "mittags": 12, "midi": 12, "mediodia": 12, "middag": 12,
         "midnight": 0, "mezzanotte": 0, "mitternacht": 0, "minuit": 0, "medianoche": 0, "midnatt": 0,
         "middernacht": 0}  # fmt: skip
_HALF_PAST = frozenset({"half"})
_TO_HALF = frozenset({"halb", "halv", "half"})
_PAST = frozenset({"past", "after", "over", "nach", "efter", "na"})
_TO = frozenset({"to", "till", "before", "vor", "i", "voor", "of"})
_QUARTER = frozenset({"quarter", "viertel", "kvart", "kwart"})
_ARTICLES = frozenset(
    """
    a an un uno ein eine einen einem einer en um uma een single double both
    """.split()
)
_RANGE = frozenset(
    """
    to till until bis a al alle ad as la las och und and e y et tot en til fino hasta ate
    """.split()
)
_PLUS = frozenset({"e", "y", "et"})
_MINUS = frozenset({"meno", "menos", "moins"})
_LATIN_PART = {"mezza": 30, "mezzo": 30, "media": 30, "meia": 30, "demie": 30, "demi": 30, "quarto": 15,
               "cuarto": 15, "quart": 15}  # fmt: skip
_AFTERNOON = frozenset(
    """
    pm afternoon evening tonight night pomeriggio sera stasera tarde noche noite soir aprem
    apresmidi abends abend nachmittag nachmittags kvallen kvall eftermiddag eftermiddagen avond
    vanavond avonds middag middags namiddag
    """.split()
)
_IN_THE = frozenset(
    """
    in on of the this that di del della nel nella in al alla de da du dans en la le l el por pela na
    no am im an der des dem i pa om op s den det
    """.split()
)
"""Words that may stand between a comma and the half of the day."""

_MORNING = frozenset(
    """
    am morning mattina mattino manana manha matin matinee morgens fruh vormittag vormittags morgonen
    morgon formiddag ochtend ochtends vanochtend vanmorgen mane
    """.split()
)


@dataclass(frozen=True, slots=True)
class _Clock:
    """Words `first` to `last` say this hour and minute; `fixed` where the half of the day is said."""

    start: int
    end: int
    hour: int
    minute: int
    fixed: bool = False


def find_times(text: str, languages: Sequence[str]) -> list[Candidate]:
    """Every time of day in `text`, as HH:MM; hours that may be of either half have two readings."""
    words = words_of(text)
    clocks = [*_digital(text), *_worded(text, words, languages)]
    candidates = []
    for clock in clocks:
        for value, reading in _readings(text, words, clock):
            candidates.append(Candidate(clock.start, clock.end, value, reading))
    return longest_only(candidates)


def _readings(text: str, words: Sequence[Word], clock: _Clock) -> Iterator[tuple[str, str]]:
    hour, minute = clock.hour, clock.minute
    if not (0 <= hour <= 24 and 0 <= minute < 60):
        return
    half = None if clock.fixed else _half_of_day(text, words, clock)
    if half == "pm" and hour < 12:
        hour += 12
    elif half == "am" and hour == 12:
        hour = 0
    yield f"{hour % 24:02d}:{minute:02d}", ""
    if half is None and not clock.fixed and 1 <= hour < 12:
        yield f"{hour + 12:02d}:{minute:02d}", EVENING


def _half_of_day(text: str, words: Sequence[Word], clock: _Clock) -> str | None:
    """What the three words after the time ('in the evening', 'di sera') say of it."""
    first = bisect_left(words, clock.end, key=lambda word: word.start)
    after = words[first : first + 4]
    left, comma = clock.end, False
    for word in after:
        gap = text[left : word.start].replace("p.m", "").replace("a.m", "")
        if re.search(r"[.;:!?\n]", gap):
            return None
        comma = comma or "," in gap
        if word.folded in _AFTERNOON:
            return "pm"
        if word.folded in _MORNING:
            return "am"
        if comma and word.folded not in _IN_THE:
            return None  # another clause: 'at half past ten, for in the afternoon I work'
        left = word.end
    return None


def _digital(text: str) -> Iterator[_Clock]:
    for match in _DIGITAL.finditer(text):
        hour, minute = int(match[1]), int(match[2] or match[3] or 0)
        if hour > 24 or (match[2] and "." in match[0] and not _plausible_dot(text, match)):
            continue
        end = match.end() if match[4] else match.start() + len(match[0].rstrip())
        yield _half(match.start(), end, hour, minute, match[4], written_out=len(match[1]) == 2)
    for match in _HOUR_AMPM.finditer(text):
        if int(match[1]) <= 12:
            yield _half(match.start(), match.end(), int(match[1]), 0, match[2])
    for match in _COMPACT.finditer(text):
        yield _Clock(match.start(), match.start() + 4, int(match[1]), int(match[2]), True)


def _plausible_dot(text: str, match: re.Match[str]) -> bool:
    """'9.30' is a time unless a currency, a unit or a further figure makes it a number or a date."""
    before, after = text[max(0, match.start() - 2) : match.start()], text[match.end() : match.end() + 6]
    return not re.search(r"[€£$]\s?$", before) and not re.match(
        r"\s?(?:[€£$%°]|kg|km|cm|mm|ml|EUR|eur|l\b|m\b|g\b|\d)", after
    )


def _half(
    start: int, end: int, hour: int, minute: int, mark: str | None, written_out: bool = False
) -> _Clock:
    if mark:
        hour = hour % 12 + (12 if mark in "pP" else 0)
        return _Clock(start, end, hour, minute, True)
    return _Clock(start, end, hour, minute, hour >= 12 or (written_out and hour < 10))


def _worded(text: str, words: Sequence[Word], languages: Sequence[str]) -> Iterator[_Clock]:
    said = {
        p.first: (p.last, int(p.value))
        for p in number_phrases(text, words, languages, fractions=False)
        if is_whole(p.value) and p.value < 100 and not _article(words, p)
    }
    said |= {
        i: (i + 1, int(w.folded)) for i, w in enumerate(words) if w.folded.isdecimal() and len(w.folded) <= 2
    }
    reader = _Reader(text, words, tuple(languages), said)
    for index in range(len(words)):
        yield from reader.at(index)


def _article(words: Sequence[Word], phrase: NumberPhrase) -> bool:
    """Whether the number is only an article ('a', 'un', 'ein'); 'one' and 'una' can be hours."""
    alone = phrase.last == phrase.first + 1
    return alone and words[phrase.first].folded in _ARTICLES


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads clock expressions off a text's words; `said` maps a word to the number starting there."""

    text: str
    words: Sequence[Word]
    languages: tuple[str, ...]
    said: dict[int, tuple[int, int]]

    def at(self, i: int) -> Iterator[_Clock]:
        """Every clock expression that starts at word `i`."""
        word = self._fold(i)
        if word in _NOON and not (word == "middag" and self._fold(i - 1) in ("god", "goede")):
            yield self._made(i, i + 1, _NOON[word], 0, True)
        yield from self._halves(i)
        yield from self._past_and_to(i)
        yield from self._hour_first(i)

    def _fold(self, i: int) -> str:
        return self.words[i].folded if 0 <= i < len(self.words) else ""

    def _near(self, i: int) -> bool:
        return 0 < i < len(self.words) and joined(self.text, self.words[i - 1], self.words[i])

    def _made(self, first: int, last: int, hour: int, minute: int, fixed: bool = False) -> _Clock:
        start, end = self.words[first].start, self.words[last - 1].end
        return _Clock(start, end, hour, minute, fixed or hour >= 13)

    def _hour(self, i: int) -> tuple[int, int] | None:
        """(index after it, hour) of an hour said at word `i`."""
        last, value = self.said.get(i, (i, -1))
        if self._near(i) and 0 <= value <= 24:
            return last, value
        return (i + 1, _NOON[self._fold(i)]) if self._near(i) and self._fold(i) in _NOON else None

    def _halves(self, i: int) -> Iterator[_Clock]:
        """'half past six', 'half six'; 'halb sieben', 'halv sju', 'half zeven' are half an hour before."""
        word = self._fold(i)
        if word not in _TO_HALF:
            return
        j = i + 1
        past = self._fold(j) in _PAST and "en" in self.languages
        hour = self._hour(j + past)
        if hour is None:
            return
        germanic = word in ("halb", "halv") or (
            "nl" in self.languages and not past and "en" not in self.languages
        )
        yield self._made(i, hour[0], (hour[1] - 1) % 12 if germanic and hour[1] <= 12 else hour[1], 30)

    def _past_and_to(self, i: int) -> Iterator[_Clock]:
        """'ten past nine', 'quarter to six', 'Viertel nach acht', 'kvart i nio', 'fünf vor halb sieben'."""
        if self._fold(i) in _QUARTER:
            last, minutes = i + 1, 15
        else:
            last, minutes = self.said.get(i, (i, -1))
        if self._near(last) and self._fold(last) in ("minutes", "minuter", "minuten", "minuti"):
            last += 1
        side = self._fold(last) if self._near(last) else ""
        sign = 1 if side in _PAST else -1 if side in _TO else 0
        if not sign or not (0 < minutes < 40 and minutes % 5 == 0):
            return
        base = 0
        target = last + 1
        if self._fold(target) in ("halb", "halv", "half") and self._near(target):
            target, base = target + 1, -30
        hour = self._hour(target)
        if hour:
            total = (hour[1] * 60 + base + sign * minutes) % (24 * 60)
            yield self._made(i, hour[0], total // 60, total % 60)

    def _hour_first(self, i: int) -> Iterator[_Clock]:
        """'alle sei e mezza', 'las siete menos cuarto', 'six thirty', 'achtzehn Uhr dreißig', 'um 6'."""
        if i not in self.said:
            return
        last, hour = self.said[i]
        if not 0 <= hour <= 24:
            return
        clocked = self._near(last) and self._fold(last) in _CLOCKS
        stop = last + 1 if clocked else last
        if clocked and self._fold(last) == "o" and self._fold(stop) == "clock":
            stop += 1
        introduced = i > 0 and self._fold(i - 1) in _AT
        partner = self._range_partner(stop, clocked or introduced)
        if partner is not None:
            yield self._made(i, stop, hour, 0)
            if self.said[partner][1] <= 24:
                yield self._made(partner, self.said[partner][0], self.said[partner][1], 0)
        minute = self._minutes(stop, clocked or introduced) if partner is None else None
        if minute:
            yield self._made(i, minute[0], (hour - (minute[1] < 0)) % 24, minute[1] % 60)
        if clocked or introduced or self._day_half_follows(stop):
            yield self._made(i, stop, hour, 0)

    def _range_partner(self, i: int, sure: bool) -> int | None:
        """The word at which the other end of '10–15', '6 till 10', 'zwischen 13 und 15 Uhr' starts."""
        if not 0 < i < len(self.words):
            return None
        gap = self.text[self.words[i - 1].end : self.words[i].start]
        dash = gap.strip() in ("-", "–", "—") and self._fold(i).isdecimal() and self._fold(i - 1).isdecimal()
        j = i
        while not dash and self._near(j) and self._fold(j) in _RANGE and j - i < 2:
            j += 1
        if not (dash or j > i) or j not in self.said or (not self._near(j) and not dash):
            return None
        last = self.said[j][0]
        clocked = (
            self._fold(last) in _CLOCKS or self._fold(last) in ("am", "pm") or self._day_half_follows(last)
        )
        return j if dash or sure or clocked else None

    def _day_half_follows(self, i: int) -> bool:
        near = [self._fold(k) for k in range(i, min(i + 3, len(self.words)))]
        return any(w in _AFTERNOON | _MORNING for w in near)

    def _minutes(self, i: int, sure: bool) -> tuple[int, int] | None:
        """(index after it, minutes) of what is added to or taken from the hour."""
        word = self._fold(i) if self._near(i) else ""
        if word in _PLUS | _MINUS:
            sign = -1 if word in _MINUS else 1
            j = i + 1 + (self._fold(i + 1) in ("un", "le", "el", "um"))
            if self._fold(j) in _LATIN_PART:
                return j + 1, sign * _LATIN_PART[self._fold(j)]
            last, value = self.said.get(j, (j, -1))
            return (
                (last, sign * value)
                if self._near(j) and 0 < value < 60 and (sure or value % 5 == 0)
                else None
            )
        if word in ("thirty",) or word in _LATIN_PART:
            return i + 1, _LATIN_PART.get(word, 30)
        last, value = self.said.get(i, (i, -1))
        gap = self.text[self.words[i - 1].end : self.words[i].start] if 0 < i < len(self.words) else ""
        if re.search("[–—-]", gap) or (gap == "." and word.isdecimal()):  # '9.30' is `_digital`'s to read
            return None
        usable = self._near(i) and 0 <= value < 60 and (value >= 10 or self._fold(i) in ("oh", "zero", "o"))
        return (last, value) if usable else None
