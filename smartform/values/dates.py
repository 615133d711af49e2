"""Dates in a text: numeric, in words, spoken, relative to today, in eight languages.

Month and weekday names are CLDR's (Babel). What the expression leaves open is settled by two
rules: the other dates of the text lend a bare day its month, and a date without a year lies in
the future, or in the past where the model reads it so (`PAST`).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from babel.dates import get_day_names, get_month_names

from smartform.values.numbers import ONE_WORDS as _ONE
from smartform.values.numbers import is_whole, number_phrases
from smartform.values.words import Candidate, Word, fold, joined, longest_only, words_of

_CLOSE = timedelta(days=60)
_FEW_WORDS = 8
_RECENT_YEARS = 10
"""Which full dates lend their year to one without: see `_beside`."""

PAST = "ago"
"""The reading of a date without a year, or of a weekday, that lies before today."""

_FIRST_YEAR, _LAST_YEAR = 1000, 9000
_ISO = re.compile(r"(?<![\d-])(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?![\d-])")
_NUMERIC = re.compile(
    r"(?<![\d./-])(\d{1,2})\s?([./-])\s?(\d{1,2})(?:\s?\2\s?(\d{4}|\d{2}))?(?![\d/]|-\d|\.\d|:\d)"
)
_MONTH_YEAR = re.compile(r"(?<![\d./-])(\d{1,2})[/.](\d{4})(?![\d/.-])")
_SHORT_RANGE = re.compile(
    r"(?<![\d./-])(\d\d)/(\d\d)[ \t]*[-–—][ \t]*(?:(\d\d)/(\d\d)(?![\d./-])|(?=[^\W\d_]))"
)
_SHORT_RANGES = 2
"""A text with fewer ranges like 10/13 - 02/19 may mean days by them."""

_EXTRA_MONTHS = {"sept": 9, "sett": 9, "gen": 1, "ago": 8, "janv": 1, "fevr": 2, "mrt": 3, "mars": 3,
                 "okt": 10, "dic": 12, "avr": 4, "juil": 7, "jan": 1, "feb": 2, "aug": 8}  # fmt: skip
_LINKS = frozenset(
    """
    of the de di del do du des d l le la il el den der am en van
    """.split()
)
_ARTICLES = frozenset(
    """
    the il l lo le el den der dem am la dia giorno zum vom bis ab de o ao no al del dal till fran kl
    ate until by on from to before after
    """.split()
)

_DAYS = {
    "today": 0, "tonight": 0, "oggi": 0, "stasera": 0, "stamattina": 0, "stamani": 0, "stanotte": 0,
    "idag": 0, "ikvall": 0, "imorse": 0, "heute": 0, "hoy": 0, "hoje": 0, "vandaag": 0,
    "vanavond": 0, "vanmorgen": 0, "vanmiddag": 0, "vanochtend": 0,
    "tomorrow": 1, "domani": 1, "domattina": 1, "imorgon": 1, "morgen": 1, "demain": 1, "amanha": 1,
    "yesterday": -1, "ieri": -1, "igar": -1, "gestern": -1, "hier": -1, "ayer": -1, "ontem": -1,
    "gisteren": -1, "gisteravond": -1, "anoche": -1, "dopodomani": 2, "overmorgon": 2, "ubermorgen": 2,
    "overmorgen": 2, "altroieri": -2, "forrgar": -2, "vorgestern": -2, "anteayer": -2, "anteontem": -2,
    "antier": -2, "eergisteren": -2,
}  # fmt: skip
_DAY_PHRASES = {
    ("i", "dag"): 0, ("i", "kvall"): 0, ("i", "morse"): 0, ("i", "eftermiddag"): 0, ("aujourd", "hui"): 0,
    ("this", "morning"): 0, ("this", "afternoon"): 0, ("this", "evening"): 0, ("ce", "soir"): 0,
    ("ce", "matin"): 0, ("cet", "apres", "midi"): 0, ("esta", "tarde"): 0, ("esta", "noche"): 0,
    ("esta", "manana"): 0, ("questa", "mattina"): 0, ("questa", "sera"): 0, ("questo", "pomeriggio"): 0,
    ("i", "morgon"): 1, ("i", "gar"): -1, ("last", "night"): -1, ("ieri", "sera"): -1, ("i", "overmorgon"): 2,
    ("i", "forrgar"): -2, ("apres", "demain"): 2, ("avant", "hier"): -2, ("pasado", "manana"): 2,
    ("depois", "de", "amanha"): 2, ("day", "after", "tomorrow"): 2, ("day", "before", "yesterday"): -2,
    ("l", "altro", "ieri"): -2, ("hier", "soir"): -1, ("esta", "manha"): 0, ("hoje", "a", "noite"): 0,
}  # fmt: skip
_PHRASES_BY_FIRST = {
    first: [(phrase, shift) for phrase, shift in _DAY_PHRASES.items() if phrase[0] == first]
    for first in {phrase[0] for phrase in _DAY_PHRASES}
}
_UNITS = {
    "day": "d", "days": "d", "giorno": "d", "giorni": "d", "dag": "d", "dagar": "d", "tag": "d", "tage": "d",
    "tagen": "d", "jour": "d", "jours": "d", "dia": "d", "dias": "d", "dagen": "d",
    "week": "w", "weeks": "w", "settimana": "w", "settimane": "w", "vecka": "w", "veckor": "w", "woche": "w",
    "wochen": "w", "semaine": "w", "semaines": "w", "semana": "w", "semanas": "w", "weken": "w",
    "fortnight": "f", "month": "m", "months": "m", "mese": "m", "mesi": "m", "manad": "m", "manader": "m",
    "monat": "m", "monate": "m", "monaten": "m", "mois": "m", "mes": "m", "meses": "m", "maand": "m",
    "maanden": "m", "year": "y", "years": "y", "anno": "y", "anni": "y", "ar": "y", "jahr": "y", "jahre": "y",
    "jahren": "y", "an": "y", "ans": "y", "annee": "y", "ano": "y", "anos": "y", "jaar": "y",
}  # fmt: skip
_IN = frozenset({"in", "tra", "fra", "om", "dans", "en", "over", "within", "entro"})
_AGO_AFTER = frozenset({"ago", "fa", "sedan", "geleden", "back"})
_AGO_BEFORE = (("vor",), ("il", "y", "a"), ("hace",), ("ha",), ("for",))
_NEXT = frozenset(
    """
    next prossimo prossima nasta nachste nachsten nachster nachstes kommenden kommende prochain
    prochaine proximo proxima volgende aankomende komende
    """.split()
)
_LAST = frozenset(
    """
    last scorso scorsa forra letzte letzten letzter letztes vergangenen dernier derniere passe
    passee pasado pasada passado passada vorige afgelopen vorig
    """.split()
)
_THIS = frozenset(
    """
    this questo questa denna denne diese diesen dieser diesem dieses ce cette este esta deze dit
    nesta neste
    """.split()
)
_RANGE_WORDS = frozenset(
    """
    to till until bis au al a ao t tot och und et e y en and o or oder ou
    """.split()
)
_UNTIL = frozenset("to till until through bis au al a ao t tot hasta ate".split())
_DASH = re.compile(r"\s*[-–—]\s*")
_NEXT_TAILS = (("que", "viene"), ("que", "vem"))


@dataclass(frozen=True, slots=True)
class _Parsed:
    """What an expression says of a date; None where it leaves that open."""

    first: int
    last: int
    year: int | None = None
    month: int | None = None
    day: int | None = None
    exact: str = ""
    weekday: int | None = None


@cache
def months(language: str) -> dict[str, int]:
    """Folded month names and their abbreviations → 1 to 12."""
    table = dict(_EXTRA_MONTHS)
    for width in ("wide", "abbreviated"):
        for context in ("format", "stand-alone"):
            for number, name in get_month_names(width, context, language).items():
                folded = fold(name).rstrip(".")
                if len(folded) >= 3:
                    table[folded] = number
    return table


@cache
def weekdays(language: str) -> dict[str, int]:
    """Folded weekday names and their abbreviations → 0 (Monday) to 6."""
    table: dict[str, int] = {}
    for width in ("wide", "abbreviated"):
        for number, name in get_day_names(width, "format", language).items():
            folded = fold(name).rstrip(".")
            if len(folded) >= 3:
                table[folded.split("-")[0]] = number
    if language == "sv":
        table |= {name + "en": number for name, number in list(table.items()) if len(name) > 4}
    if language == "en":
        table |= {"tues": 1, "weds": 2, "thur": 3, "thurs": 3}
    if language == "pt":
        table |= {"terca": 1, "sabado": 5}
    return table


def find_dates(text: str, languages: Sequence[str], today: date | None) -> list[Candidate]:
    """Every date in `text`, ISO 8601 as precise as the text says it.

    Args:
        today: what relative dates and dates without a year are resolved from; without it, or
            where the calendar's ends are too near to count from it, only complete dates are given.
    """
    if today is not None and not _FIRST_YEAR <= today.year <= _LAST_YEAR:
        today = None
    words = words_of(text)
    parsed = [*_numeric(text, words, languages), *_worded(text, words, languages, today)]
    parsed = [_beside(item, parsed, today) for item in parsed]
    lender = _months_said(parsed)
    begun: dict[int | None, _Parsed] = {
        item.last: item for item in sorted(parsed, key=lambda item: -item.first)
    }
    candidates = []
    for item in parsed:
        start, end = words[item.first].start, words[item.last - 1].end
        since = begun.get(_range_start(item, text, words))
        for value, reading in _resolve(item, _day_of(since, today, lender) or today, lender):
            candidates.append(Candidate(start, end, value, reading))
    return longest_only(candidates)


def _range_start(item: _Parsed, text: str, words: Sequence[Word]) -> int | None:
    """Where the date ends that a bare weekday closes a stretch of time with ('12 May to Monday'); None for
    others."""
    if item.weekday is None or item.day is not None or not item.first:
        return None
    i = item.first
    if i > 1 and words[i - 1].folded not in _UNTIL and words[i - 1].folded in _ARTICLES:
        i -= 1
    if words[i - 1].folded in _UNTIL:
        return i - 1
    return i if _DASH.fullmatch(text[words[i - 1].end : words[i].start]) else None


def _day_of(
    item: _Parsed | None, today: date | None, lender: Sequence[tuple[int, int | None, int]]
) -> date | None:
    """The day that an expression names if it lies ahead; None where it names none."""
    if item is None or today is None:
        return None
    days = [date.fromisoformat(value) for value, reading in _resolve(item, today, lender) if len(value) == 10]
    return days[0] if days and days[0] > today else None


def _beside(item: _Parsed, parsed: Sequence[_Parsed], today: date | None) -> _Parsed:
    """A date without a year takes that of a full date of the same text close by ('8 August 2026 to the 15th
    of August'): within `_CLOSE` of each other they belong together. One a few words away lends it, whatever
    today is; of those further off, which may be birthdays, the one nearest to today, if near it at all.
    """
    if item.year or not item.month or not item.day:
        return item
    near: list[int] = []
    far: list[int] = []
    for other in parsed:
        full = _date(other.year, other.month, other.day) if other.year and other.month and other.day else None
        for year in (full.year - 1, full.year, full.year + 1) if full else ():
            own = _date(year, item.month, item.day)
            if own and full and abs(own - full) <= _CLOSE:
                (near if abs(other.first - item.first) <= _FEW_WORDS else far).append(year)
    if near:
        return replace(item, year=near[0])
    if today is None:
        return replace(item, year=far[0]) if far else item
    nearest = min(far, key=lambda year: abs(year - today.year), default=None)
    if nearest is None or abs(nearest - today.year) > _RECENT_YEARS:
        return item
    return replace(item, year=nearest)


def _months_said(parsed: Sequence[_Parsed]) -> list[tuple[int, int | None, int]]:
    return sorted((p.first, p.year, p.month) for p in parsed if p.month is not None and p.day is not None)


def _resolve(
    item: _Parsed, today: date | None, lender: Sequence[tuple[int, int | None, int]]
) -> Iterator[tuple[str, str]]:
    """The values an expression can have, each with its reading."""
    if item.exact:
        yield item.exact, ""
    elif item.weekday is not None and item.day is None:
        if today is not None:
            ahead = (item.weekday - today.weekday()) % 7 or 7
            yield (today + timedelta(ahead)).isoformat(), ""
            yield (today - timedelta(7 - ahead if ahead < 7 else 0)).isoformat(), PAST
    elif item.day is None:
        if item.year and item.month:
            yield f"{item.year:04d}-{item.month:02d}", ""
        elif item.year:
            yield f"{item.year:04d}", ""
        elif item.month and today is not None:
            ahead = today.year + (item.month < today.month)
            yield f"{ahead:04d}-{item.month:02d}", ""
            yield f"{today.year - (item.month > today.month):04d}-{item.month:02d}", PAST
    elif item.month is None:
        yield from _bare_day(item, today, lender)
    else:
        yield from _without_year(item.day, item.month, item.year, today)


def _without_year(day: int, month: int, year: int | None, today: date | None) -> Iterator[tuple[str, str]]:
    if year:
        made = _date(year, month, day)
        if made:
            yield made.isoformat(), ""
        return
    if today is None:
        return
    near = [d for d in (_date(today.year + shift, month, day) for shift in (-1, 0, 1)) if d]
    ahead = [d for d in near if d >= today]
    behind = [d for d in near if d < today]
    if ahead:
        yield ahead[0].isoformat(), ""
    if behind:
        yield behind[-1].isoformat(), PAST


def _bare_day(
    item: _Parsed, today: date | None, lender: Sequence[tuple[int, int | None, int]]
) -> Iterator[tuple[str, str]]:
    assert item.day is not None
    if lender:
        _, year, month = min(lender, key=lambda said: abs(said[0] - item.first))
        yield from _without_year(item.day, month, year, today)
        return
    if today is None:
        return
    for step, reading in ((1, ""), (-1, PAST)):
        year, month = today.year, today.month
        for _ in range(3):
            made = _date(year, month, item.day)
            if made and (made >= today if step > 0 else made < today):
                yield made.isoformat(), reading
                break
            month += step
            year, month = (year + (month > 12) - (month < 1)), (month - 1) % 12 + 1


def _date(year: int, month: int, day: int) -> date | None:
    if 1 <= month <= 12 and 1 <= year <= 9999 and 1 <= day <= monthrange(year, month)[1]:
        return date(year, month, day)
    return None


def _numeric(text: str, words: Sequence[Word], languages: Sequence[str]) -> Iterator[_Parsed]:
    by_start = {w.start: i for i, w in enumerate(words)}
    by_end = {w.end: i + 1 for i, w in enumerate(words)}
    year: int | None
    day: int | None
    for match in _ISO.finditer(text):
        year, month = int(match[1]), int(match[2])
        day = int(match[3]) if match[3] else None
        whole = match.start() in by_start and match.end() in by_end
        possible = 1 <= month <= 12 and 1000 <= year < 2200 and (day is None or _date(year, month, day))
        if whole and possible:
            yield _Parsed(by_start[match.start()], by_end[match.end()], year, month, day)
    ranges = _ranges_of_months(text)
    for match in ranges:
        for month_at, year_at in ((1, 2), (3, 4)):
            if match[month_at] and match.start(month_at) in by_start and match.end(year_at) in by_end:
                first, last = by_start[match.start(month_at)], by_end[match.end(year_at)]
                yield _Parsed(first, last, _full_year(match[year_at]), int(match[month_at]))
    month_first = _month_first(text, languages)
    for match in _NUMERIC.finditer(text):
        if any(found.start() <= match.start() < found.end() for found in ranges):
            continue
        left, right = int(match[1]), int(match[3])
        day, month = (right, left) if (month_first and left <= 12) or right > 12 else (left, right)
        year = _full_year(match[4]) if match[4] else None
        usable = match.start() in by_start and match.end() in by_end and _date(year or 2024, month, day)
        if usable and not (year is None and match[2] == "-"):
            yield _Parsed(by_start[match.start()], by_end[match.end()], year, month, day)
    for match in _MONTH_YEAR.finditer(text):
        month = int(match[1])
        if match.start() in by_start and match.end() in by_end and 1 <= month <= 12:
            yield _Parsed(by_start[match.start()], by_end[match.end()], int(match[2]), month)


def _full_year(figures: str) -> int:
    """A year of two or four figures."""
    year = int(figures)
    return year if len(figures) > 2 else year + (2000 if year < 50 else 1900)


def _ranges_of_months(text: str) -> list[re.Match[str]]:
    """Ranges like 10/13 - 02/19 and 03/19 - present, where the text writes months and years so.

    It does where there are several, none ends before it begins, some span other months, and a second figure
    is no month: days of a stay seldom read so.
    """
    found = list(_SHORT_RANGE.finditer(text))
    whole = [match.groups() for match in found if match[3]]
    if len(whole) < _SHORT_RANGES or any(not 1 <= int(m[n] or 1) <= 12 for m in found for n in (1, 3)):
        return []
    forward = all((_full_year(b), a) <= (_full_year(d), c) for a, b, c, d in whole)
    years = any(int(figures) > 12 for _, b, _, d in whole for figures in (b, d))
    return found if forward and years and any(a != c for a, _, c, _ in whole) else []


def _month_first(text: str, languages: Sequence[str]) -> bool:
    """Whether 7/6 means July 6: an English text that writes like the United States."""
    if languages[0] != "en":
        return False
    for match in _NUMERIC.finditer(text):
        if match[2] == "/" and int(match[1]) <= 12 < int(match[3]) <= 31:
            return True
        if match[2] == "/" and int(match[3]) <= 12 < int(match[1]) <= 31:
            return False
    american = re.search(r"\$\s?\d|\b\d{3}[-. ]\d{3}[-. ]\d{4}\b|\(\d{3}\)\s?\d{3}|\b[A-Z]{2} \d{5}\b", text)
    return bool(american) and not re.search(r"[£€]", text)


def _worded(
    text: str, words: Sequence[Word], languages: Sequence[str], today: date | None
) -> Iterator[_Parsed]:
    numbers = {p.first: (p.last, p.value) for p in number_phrases(text, words, languages, with_ordinals=True)}
    plain = {
        i: (i + 1, int(w.folded)) for i, w in enumerate(words) if w.folded.isdecimal() and len(w.folded) <= 4
    }
    articles = {one for language in languages for one in _ONE[language]}
    said = {
        i: (last, int(v))
        for i, (last, v) in numbers.items()
        if is_whole(v) and v < 2200 and not (last == i + 1 and words[i].folded in articles)
    } | plain
    reader = _Reader(text, words, languages, today, said)
    for index in range(len(words)):
        yield from reader.at(index)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads date expressions off a text's words; `said` maps a word to the number that starts there."""

    text: str
    words: Sequence[Word]
    languages: Sequence[str]
    today: date | None
    said: dict[int, tuple[int, int]]

    def at(self, i: int) -> Iterator[_Parsed]:
        """Every date expression that starts at word `i`."""
        yield from self._relative(i)
        yield from self._weekday(i)
        yield from self._day_month(i)
        yield from self._month(i)
        yield from self._year(i)
        yield from self._bare_day(i)

    def _fold(self, i: int) -> str:
        return self.words[i].folded if 0 <= i < len(self.words) else ""

    def _near(self, i: int) -> bool:
        """Whether word `i` follows the one before it with no break between them."""
        return 0 < i < len(self.words) and joined(self.text, self.words[i - 1], self.words[i], commas=True)

    def _gap(self, i: int) -> str:
        """What stands between word `i` and the one before it."""
        return self.text[self.words[i - 1].end : self.words[i].start]

    def _month_at(self, i: int) -> int | None:
        for language in self.languages:
            month = months(language).get(self._fold(i))
            if month:
                return month
        return None

    def _weekday_at(self, i: int) -> int | None:
        for language in self.languages:
            day = weekdays(language).get(self._fold(i))
            if day is not None:
                return day
        return None

    def _year_at(self, i: int) -> tuple[int, int] | None:
        """(index after it, year) of a year that follows a month."""
        j = i
        while self._near(j) and self._fold(j) in _LINKS and j - i < 2:
            j += 1
        last, value = self.said.get(j, (j, 0))
        if self._near(j) and 1900 <= value <= 2100:
            return last, value
        apostrophe = j < len(self.words) and self.text[self.words[j].start - 1] in "'’"
        if apostrophe and self._near(j) and len(self._fold(j)) == 2 and value:
            return last, value + (2000 if value < 50 else 1900)
        return None

    def _day_month(self, i: int) -> Iterator[_Parsed]:
        if i not in self.said:
            return
        last, day = self.said[i]
        if not 1 <= day <= 31:
            return
        j = self._skip_ordinal_ending(last)
        links = j
        while self._near(j) and self._fold(j) in _LINKS and j - links < 2:
            j += 1
        month = self._month_at(j) if self._near(j) else None
        stop = j + 1
        if month is None and j > links and self._near(j):  # 'third of the second, twenty-sixteen'
            stop, number = self.said.get(j, (j, 0))
            month = number if 1 <= number <= 12 and self._year_at(stop) else None
        if month is None:
            return
        year = self._year_at(stop)
        yield _Parsed(i, year[0] if year else stop, year[1] if year else None, month, day)

    def _skip_ordinal_ending(self, i: int) -> int:
        endings = ("st", "nd", "rd", "th", "er", "e", "a", "o", "de", "ste", "º", "ª")
        glued = i < len(self.words) and self.words[i - 1].end >= self.words[i].start - 1
        return i + 1 if glued and self._fold(i) in endings and self._fold(i - 1).isdecimal() else i

    def _month(self, i: int) -> Iterator[_Parsed]:
        month = self._month_at(i)
        if month is None:
            return
        j = i + 2 if self._near(i + 1) and self._fold(i + 1) == "the" else i + 1
        if j in self.said and self._near(j) and "en" in self.languages and "," not in self._gap(j):
            last, day = self.said[j]
            last = self._skip_ordinal_ending(last)
            if 1 <= day <= 31:
                year = self._year_at(last)
                yield _Parsed(i, year[0] if year else last, year[1] if year else None, month, day)
                return
        year = self._year_at(i + 1)
        short_word = self._fold(i) in ("may", "mars", "march", "ago", "set", "mar", "dec", "jan")
        if year:
            yield _Parsed(i, year[0], year[1], month)
        elif not (short_word and self.text[self.words[i].start].islower() and "en" in self.languages):
            yield _Parsed(i, i + 1, None, month)

    def _year(self, i: int) -> Iterator[_Parsed]:
        last, value = self.said.get(i, (i, 0))
        if 1900 <= value <= 2100 and not (self._near(i) and self._month_at(i - 1)):
            yield _Parsed(i, last, value)

    def _weekday(self, i: int) -> Iterator[_Parsed]:
        first = i
        before = self._fold(i) if self._fold(i) in _NEXT | _LAST | _THIS else ""
        if before and self._near(i + 1):
            i += 1
        weekday = self._weekday_at(i)
        if weekday is None:
            swedish = self._swedish_last(i)
            if swedish is not None:
                yield swedish
            return
        stop = i + 1
        if self._near(stop) and self._fold(stop) in ("feira",):
            stop += 1
        full = self._after_weekday(stop)
        if full:
            yield _Parsed(first, full.last, full.year, full.month, full.day, weekday=weekday)
            return
        if self.today is None:
            return
        yield from self._weekday_shift(first, stop, before, weekday)

    def _after_weekday(self, i: int) -> _Parsed | None:
        """The calendar date that a weekday stands before: 'Friday' + '15 March'."""
        j = i
        while j < len(self.words) and self._near(j) and self._fold(j) in _ARTICLES and j - i < 2:
            j += 1
        if not self._near(j):
            return None
        for option in (*self._day_month(j), *self._month(j)):
            if option.day is not None:
                return option
        if j in self.said and (j > i or self._numbered_day(j)):
            last, day = self.said[j]
            if 1 <= day <= 31 and not self._clock_follows(last):
                return _Parsed(j, self._skip_ordinal_ending(last), None, None, day)
        return None

    def _numbered_day(self, i: int) -> bool:
        return self._fold(i).isdecimal() or self._skip_ordinal_ending(self.said[i][0]) > self.said[i][0]

    def _clock_follows(self, i: int) -> bool:
        end = self.words[i - 1].end
        return bool(
            re.match(
                r"\s?(?:[:h]\d|h\b|uhr|uur|[ap]\.?m\b|o.?clock)|[.:]\d\d", self.text[end : end + 8].casefold()
            )
        )

    def _weekday_shift(self, first: int, stop: int, before: str, weekday: int) -> Iterator[_Parsed]:
        assert self.today is not None
        after = self._fold(stop) if self._near(stop) else ""
        week = self._week_after(stop)
        ahead = (weekday - self.today.weekday()) % 7
        monday = self.today - timedelta(self.today.weekday())
        if week:
            last, shift = week
            yield self._exactly(first, last, monday + timedelta(weekday + 7 * shift))
        elif before in _LAST or after in _LAST:
            stop += after in _LAST and before not in _LAST
            yield self._exactly(first, stop, self.today - timedelta((7 - ahead) if ahead else 7))
        elif after == "week":
            yield self._exactly(first, stop + 1, self.today + timedelta((ahead or 7) + 7))
        elif before in _NEXT or after in _NEXT or self._tail(stop):
            stop += 2 if self._tail(stop) else after in _NEXT and before not in _NEXT
            yield _Parsed(first, stop, exact=(self.today + timedelta(ahead or 7)).isoformat())
        else:
            yield _Parsed(first, stop, weekday=weekday)

    def _tail(self, i: int) -> bool:
        return (self._fold(i), self._fold(i + 1)) in _NEXT_TAILS

    def _week_after(self, i: int) -> tuple[int, int] | None:
        """'… of next week', '… della settimana prossima': (index after it, weeks ahead)."""
        j = i
        while self._near(j) and self._fold(j) in _LINKS | {"della", "dello", "in", "i"} and j - i < 3:
            j += 1
        for size in (3, 2):
            if not all(self._near(k) for k in range(j + 1, j + size)):
                continue
            part = [self._fold(k) for k in range(j, j + size)]
            if any(_UNITS.get(w) == "w" for w in part):
                if any(w in _NEXT for w in part) or tuple(part[-2:]) in _NEXT_TAILS:
                    return j + size, 1
                if any(w in _LAST for w in part):
                    return j + size, -1
                if any(w in _THIS for w in part) and size == 2:
                    return j + size, 0
        return None

    def _swedish_last(self, i: int) -> _Parsed | None:
        """'i fredags': the Friday just past."""
        if "sv" not in self.languages or self.today is None or self._fold(i) != "i":
            return None
        weekday = weekdays("sv").get(self._fold(i + 1).removesuffix("s")) if self._near(i + 1) else None
        if weekday is None or not self._fold(i + 1).endswith("s"):
            return None
        back = (self.today.weekday() - weekday) % 7 or 7
        return self._exactly(i, i + 2, self.today - timedelta(back))

    def _exactly(self, first: int, last: int, day: date) -> _Parsed:
        return _Parsed(first, last, exact=day.isoformat())

    def _relative(self, i: int) -> Iterator[_Parsed]:
        if self.today is None:
            return
        for phrase, shift in _PHRASES_BY_FIRST.get(self._fold(i), ()):
            if tuple(self._fold(i + k) for k in range(len(phrase))) == phrase:
                yield self._exactly(i, i + len(phrase), self.today + timedelta(shift))
        days = self._single_day(i)
        if days is not None:
            yield self._exactly(i, i + 1, self.today + timedelta(days))
        yield from self._in_or_ago(i)
        yield from self._next_unit(i)

    def _single_day(self, i: int) -> int | None:
        word = self._fold(i)
        if word == "manana":
            said_of_time = self._fold(i - 1) in ("la", "esta", "por", "pasado")
            return None if said_of_time or "es" not in self.languages else 1
        if (
            word == "morgen"
            and self.text[self.words[i].start].isupper()
            and self._fold(i - 1) in ("guten", "am")
        ):
            return None
        return _DAYS.get(word)

    def _in_or_ago(self, i: int) -> Iterator[_Parsed]:
        opener = next((o for o in _AGO_BEFORE if tuple(self._fold(i + k) for k in range(len(o))) == o), None)
        j = begin = i + len(opener) if opener else i + (self._fold(i) in _IN)
        if self._fold(j) in ("circa", "about", "etwa", "unos", "environ", "ungefar", "ongeveer"):
            j += 1
        last, amount = self.said.get(j, (j, 0))
        if last == j and self._fold(j) in (
            "a",
            "an",
            "una",
            "un",
            "en",
            "ett",
            "einer",
            "einem",
            "une",
            "um",
            "uma",
            "een",
        ):
            last, amount = j + 1, 1
        unit = _UNITS.get(self._fold(last)) if amount else None
        if not unit or not self._near(last) or amount > 200:
            return
        end = last + 1
        if self._near(end) and self._fold(end) in _AGO_AFTER:
            yield from self._shifted(i if not opener or opener == ("for",) else j, end + 1, -amount, unit)
        elif opener and opener != ("for",):
            yield from self._shifted(i, end, -amount, unit)
        elif begin > i and not opener:
            yield from self._shifted(i, end, amount, unit)

    def _shifted(self, first: int, last: int, amount: int, unit: str) -> Iterator[_Parsed]:
        assert self.today is not None
        if unit in "dwf":
            yield self._exactly(first, last, self.today + timedelta(amount * {"d": 1, "w": 7, "f": 14}[unit]))
        elif unit == "m":
            total = self.today.year * 12 + self.today.month - 1 + amount
            yield _Parsed(first, last, total // 12, total % 12 + 1)
        else:
            yield _Parsed(first, last, self.today.year + amount)

    def _next_unit(self, i: int) -> Iterator[_Parsed]:
        """'next month', 'il mese prossimo', 'l'année dernière', 'this year'."""
        assert self.today is not None
        left, right = self._fold(i), self._fold(i + 1) if self._near(i + 1) else ""
        for word, other in ((left, right), (right, left)):
            unit = _UNITS.get(other)
            shift = 1 if word in _NEXT else -1 if word in _LAST else 0 if word in _THIS else None
            if unit in ("m", "y") and shift is not None:
                yield from self._shifted(i, i + 2, shift, unit)
        if _UNITS.get(left) in ("m", "y") and self._tail(i + 1):
            yield from self._shifted(i, i + 3, 1, _UNITS[left])

    def _bare_day(self, i: int) -> Iterator[_Parsed]:
        """'the 8th', 'il 15', 'am 15.', 'den tolfte': a day of a month said elsewhere."""
        if i not in self.said:
            return
        last, day = self.said[i]
        if not 1 <= day <= 31 or self._clock_follows(last):
            return
        stop = self._skip_ordinal_ending(last)
        article = self._near(i) and self._fold(i - 1) in _ARTICLES and "," not in self._gap(i)
        if stop > last or article or self._range_follows(stop):
            yield _Parsed(i, stop, None, None, day)

    def _range_follows(self, i: int) -> bool:
        """Whether '– 12 June', 'bis 28. Mai', 'au 19 juillet' comes next."""
        if i >= len(self.words):
            return False
        dash = self._gap(i).strip() in ("-", "–", "/", "+", "&")
        j = i if dash else i + 1
        linked = dash or (self._near(i) and self._fold(i) in _RANGE_WORDS and (self._near(j)))
        while linked and self._near(j) and self._fold(j) in _ARTICLES:
            j += 1
        return linked and any(p.day is not None for p in self._day_month(j))
