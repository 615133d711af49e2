"""Values of a row exchanged for others of their type and language, in text and gold alike.

Names, companies, cities and streets come from Faker; codes, phones and amounts keep their shape
and get other figures; dates get another day and month in the words or figures they stand in.
What the gold of a typed value becomes is worked out here; whether the text leads to it is for the
caller to check with the app's own finders.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from random import Random
from typing import Any

from babel.dates import get_month_names
from faker import Faker

from smartform.schema import FieldType, humanise
from smartform.values import find_candidates, languages_of
from smartform.values.words import fold
from training.targets import same_value

Row = dict[str, Any]

LOCALES = {
    "en": "en_GB", "it": "it_IT", "sv": "sv_SE", "de": "de_DE",
    "fr": "fr_FR", "es": "es_ES", "pt": "pt_PT", "nl": "nl_NL",
}  # fmt: skip
"""Language of a text → the Faker and Babel locale that values are drawn from."""

VERBATIM = (FieldType.TEXT, FieldType.LONGTEXT, FieldType.LIST)
"""Types whose values are copies of the text, so that what changes there changes in them."""

_PEOPLE = frozenset(
    """
    agent applicant author beneficiary borrower buyer caller candidate chair child claimant client companion
    complainant contact customer doctor donor driver employee father guest host landlord member mother owner
    parent participant partner passenger patient person policyholder pupil recipient reporter requester
    secretary speaker student supervisor taxpayer teacher tenant traveller visitor volunteer
    """.split()
)
_COMPANIES = frozenset(
    "company employer organisation organization supplier insurer vendor contractor".split()
)
_CITIES = frozenset("city town municipality birthplace".split())
_STREETS = frozenset("street address road".split())
_TITLES = frozenset(
    """
    mr mrs ms miss dr prof professor doctor sig sigra signor signora signorina dott dottssa herr frau
    monsieur madame mme m mlle señor señora sr sra d dña senhor senhora dona mevrouw meneer dhr mevr
    """.split()
)
_CODE = re.compile(r"(?=[^\d]*\d)[A-Z0-9]+(?:[ ./-]?[A-Z0-9]+)*")
_CONTACT = re.compile(r"\S+@\S+|(?:https?://|www\.)\S+")
_YEAR = re.compile(r"(?:19|20)\d\d")
_FIGURES = re.compile(r"\d[\d.,'  ]*")


def swap_words(row: Row, rng: Random) -> Row | None:
    """Exchange the people, companies, cities and streets of a row; None where it holds none.

    A name that still stands somewhere else in the text (spelt out, inside a longer word) keeps its
    place, for text and gold must tell one story.
    """
    drawn = _drawn_words(row, rng)
    while drawn:
        swapped = _rewritten(row, drawn)
        left = fold(swapped["text"])
        stale = [old for old, new in drawn.items() if _lasting(old) in left.replace(fold(new), "")]
        fixed = _closed_words(row)
        stale += [old for old in drawn if fold(old) in fixed and old not in stale]
        if not stale:
            return swapped
        for old in stale:
            del drawn[old]
    return None


def swap_figures(row: Row, rng: Random) -> Row | None:
    """Exchange the codes, phones, amounts and dates of a row; None where it holds none to exchange.

    The new gold of a typed value is made from the same figures as its expression.
    """
    languages, today = languages_of(row["text"]), today_of(row)
    drawn: dict[str, str] = {}
    golds: dict[int, str] = {}
    for number, data in enumerate(row["form_fields"]):
        kind, value = FieldType(data["type"]), data.get("value")
        if not isinstance(value, str) or data.get("inferred"):
            continue
        if kind is FieldType.TEXT and _CODE.fullmatch(value) and len(value) > 2:
            drawn.setdefault(value, _same_shape(value, rng))
        elif kind in (FieldType.PHONE, FieldType.INTEGER, FieldType.NUMBER, FieldType.DATE):
            candidates = [
                c
                for c in find_candidates(kind, row["text"], languages, today)
                if not c.reading and same_value(kind, c.value, value)
            ]
            found = {row["text"][c.start : c.end] for c in candidates}
            if len(found) != 1 or (raw := found.pop()) in drawn:
                continue
            pair = _other_date(raw, value, row["lang"], rng) if kind is FieldType.DATE else None
            pair = pair or (_other_figures(raw, value, kind, rng) if kind is not FieldType.DATE else None)
            if pair:
                drawn[raw], golds[number] = pair
    if not drawn:
        return None
    swapped = _rewritten(row, drawn)
    for number, value in golds.items():
        swapped["form_fields"][number]["value"] = value
    return swapped


def today_of(row: Row) -> date | None:
    """The day a row's text is read on."""
    return date.fromisoformat(row["today"]) if row.get("today") else None


# Words


def _drawn_words(row: Row, rng: Random) -> dict[str, str]:
    """What stands in the text → what shall stand there."""
    fake = faker_of(row["lang"])
    fake.seed_instance(rng.getrandbits(32))
    inferred = any(data.get("inferred") for data in row["form_fields"])
    drawn: dict[str, str] = {}
    for data in row["form_fields"]:
        value = data.get("value")
        if data["type"] != "text" or not value or not _stands(value, row["text"]):
            continue
        words = humanise(data["name"]).lower().split()
        if _names_a_person(words):
            for old, new in _other_person(value, row["text"], words, row["lang"], rng):
                drawn.setdefault(old, new)
        elif words[-1] in _COMPANIES and value[0].isupper():
            drawn.setdefault(value, _like(value, fake.company()))
        elif (
            words[-1] in _CITIES and re.fullmatch(r"[^\W\d_]+(?:[ '-][^\W\d_]+){0,2}", value) and not inferred
        ):
            drawn.setdefault(value, _like(value, fake.city()))
        elif words[-1] in _STREETS and re.search(r"\d", value) and "," not in value and len(value) < 40:
            drawn.setdefault(value, _like(value, " ".join(fake.street_address().split())))
    return {old: new for old, new in drawn.items() if len(old) > 2 and fold(old) != fold(new)}


@cache
def faker_of(language: str) -> Faker:
    """The Faker of a language; English where the language has none."""
    return Faker(LOCALES.get(language, LOCALES["en"]))


def _names_a_person(words: list[str]) -> bool:
    if words[-1] in ("name", "surname", "forename"):
        asked = _PEOPLE | {"first", "last", "family", "given", "full", "caller", "booking"}
        return words[-1] != "name" or len(words) == 1 or words[-2] in asked
    return words[-1] in _PEOPLE


def _other_person(
    value: str, text: str, asked: list[str], language: str, rng: Random
) -> Iterator[tuple[str, str]]:
    words = [w for w in value.split() if fold(w).replace(".", "") not in _TITLES]
    before = re.search(rf"([^\W\d_]+)[. ]+{re.escape(value)}(?!\w)", text)
    titled = len(words) < len(value.split()) or (before is not None and fold(before[1]) in _TITLES)
    if not 1 <= len(words) <= 3 or not all(re.fullmatch(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", w) for w in words):
        return
    if not value[0].isupper() and not value.islower():
        return
    surname = titled or not {"last", "family", "surname"}.isdisjoint(asked)
    if len(words) > 1 or not surname:
        yield words[0], _like(words[0], _first_name(words[0], language, rng))
    if len(words) > 1 or surname:
        yield words[-1], _like(words[-1], rng.choice(_names(language, "last_names")))


def _first_name(old: str, language: str, rng: Random) -> str:
    """Another first name, of the same sex where the old one is known: the text may say 'she'."""
    for kind in ("first_names_female", "first_names_male"):
        if any(old in _names(code, kind) for code in LOCALES):
            return rng.choice(_names(language, kind))
    return rng.choice(_names(language, rng.choice(("first_names_female", "first_names_male"))))


@cache
def _names(language: str, kind: str) -> tuple[str, ...]:
    """One-word names of a locale, sorted so that a draw does not depend on the library's order."""
    provider = next(p for p in faker_of(language).factories[0].providers if hasattr(p, "last_names"))
    names = getattr(provider, kind, ()) or provider.first_names
    return tuple(sorted({name for name in names if " " not in name}))


def _like(old: str, new: str) -> str:
    """`new` in the casing of `old`."""
    if old.islower():
        return new.lower()
    return new.upper() if old.isupper() and len(old) > 3 else new


def _lasting(old: str) -> str:
    """What of a swapped expression must not be left in the text: its first long word, or all."""
    long = [word for word in fold(old).split() if len(word) > 3]
    return long[0] if long else fold(old)


def _closed_words(row: Row) -> str:
    """All that a swap does not reach: options, names and descriptions of the fields."""
    said = [
        *(
            f"{data['name']} {data.get('description', '')} {data.get('label', '')}"
            for data in row["form_fields"]
        ),
        *(option for data in row["form_fields"] for option in data.get("options", ())),
    ]
    return fold(" | ".join(said))


# Figures


def _same_shape(value: str, rng: Random) -> str:
    """Other digits and capitals in the places of the old ones; a first digit that is not 0 stays so."""
    digits = "".join(
        rng.choice("123456789" if c != "0" else "0123456789") if c.isdigit() else c for c in value
    )
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    return re.sub(r"[A-Z](?=[A-Z0-9]*\d)", lambda _: rng.choice(letters), digits)


def _other_figures(raw: str, value: str, kind: FieldType, rng: Random) -> tuple[str, str] | None:
    """The expression and its value with other digits; None where the two do not have the same ones."""
    digits = [c for c in raw if c.isdecimal()]
    if digits != [c for c in value if c.isdecimal()] or len(digits) < 2 or re.search(r"[^\W\d_]", raw):
        return None
    if kind is not FieldType.PHONE and (not _FIGURES.fullmatch(raw) or _YEAR.fullmatch(raw)):
        return None
    kept = 4 if kind is FieldType.PHONE else 1  # amounts stay in size: the text may say which is lower
    drawn = [d if place < kept else rng.choice("0123456789") for place, d in enumerate(digits)]
    return _with_digits(raw, drawn), _with_digits(value, drawn)


def _with_digits(text: str, digits: list[str]) -> str:
    rest = iter(digits)
    return "".join(next(rest) if c.isdecimal() else c for c in text)


def _other_date(raw: str, value: str, language: str, rng: Random) -> tuple[str, str] | None:
    """A date as figures or as day, month name and year, moved to another day and month.

    None for expressions in other words and for those with a weekday, which would not fit.
    """
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return None
    year, month, day = (int(part) for part in value.split("-"))
    other_month = rng.choice([m for m in range(1, 13) if m != month and (m > 9) == (month > 9)])
    other_day = rng.choice([d for d in range(13, 29) if d != day] if day > 12 else range(1, 13))
    other_day = min(other_day, calendar.monthrange(year, other_month)[1])
    moved = f"{year:04d}-{other_month:02d}-{other_day:02d}"
    numeric = re.fullmatch(r"(\d{1,2})([./-])(\d{1,2})(\2(?:\d\d){1,2}\.?)?", raw)
    if numeric:
        left, mark, right, tail = numeric.groups(default="")
        numbers = {day: other_day, month: other_month}
        if {int(left), int(right)} != {day, month} or day == month:
            return None
        parts = (str(numbers[int(old)]).zfill(len(old)) for old in (left, right))
        return mark.join(parts) + tail, moved
    names = _month_names(language)
    worded = re.fullmatch(r"(\D*)(\d{1,2})(\.?\s+(?:de\s+)?)([^\W\d_]+)(\s+(?:de\s+)?\d{4})?", raw)
    if not worded or fold(worded[4]) != fold(names[month]) or worded[1].strip():
        return None
    name = names[other_month]
    name = name.capitalize() if worded[4][0].isupper() else name
    return f"{worded[1]}{other_day}{worded[3]}{name}{worded[5] or ''}", moved


@cache
def _month_names(language: str) -> Mapping[int, str]:
    return dict(get_month_names("wide", locale=LOCALES.get(language, LOCALES["en"])))


# Rewriting


def _stands(value: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) is not None


def _rewritten(row: Row, drawn: Mapping[str, str]) -> Row:
    """The row with every expression of `drawn` exchanged, in its text and in values that are copies."""
    pattern = re.compile(
        r"(?<!\w)(?<!\d[.,:/-])(?:"
        + "|".join(re.escape(old) for old in sorted(drawn, key=len, reverse=True))
        + r")(?!\w)(?![.,:/-]\d)"
    )
    handles = {_handle(old): _handle(new) for old, new in drawn.items() if _handle(old).isalpha()}

    def contact(text: str) -> str:
        for old, new in handles.items():
            text = re.sub(rf"(?<![a-z]){old}(?![a-z])", new, text, flags=re.IGNORECASE)
        return text

    def rewrite(text: str) -> str:
        pieces, at = [], 0
        for match in _CONTACT.finditer(text):
            pieces += [pattern.sub(lambda m: drawn[m[0]], text[at : match.start()]), contact(match[0])]
            at = match.end()
        return "".join([*pieces, pattern.sub(lambda m: drawn[m[0]], text[at:])])

    fields = []
    for data in row["form_fields"]:
        kind, value = FieldType(data["type"]), data.get("value")
        if value and kind in VERBATIM and not data.get("inferred"):
            value = [rewrite(item) for item in value] if isinstance(value, list) else rewrite(value)
        elif value and kind in (FieldType.EMAIL, FieldType.URL):
            value = contact(value)
        fields.append(data | {"value": value})
    return row | {"text": rewrite(row["text"]), "form_fields": fields}


def _handle(word: str) -> str:
    """How a word stands in an address: lower case, without accents."""
    return fold(word).replace(" ", "")
