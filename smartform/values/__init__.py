"""Typed values: spot them in a text, normalise what a person typed, check what a field takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from smartform.errors import ValueProblem
from smartform.schema import Cell, Field, FieldType, Row
from smartform.values.contacts import find_emails, find_phones, find_urls
from smartform.values.dates import find_dates
from smartform.values.language import LANGUAGES, languages_of
from smartform.values.numbers import all_languages_number, find_numbers, is_whole, plain
from smartform.values.times import find_times
from smartform.values.words import Candidate, fold, whole

__all__ = [
    "SPOTTED",
    "Candidate",
    "expression",
    "find_candidates",
    "languages_of",
    "normalise",
    "normalise_rows",
]

SPOTTED = frozenset(
    {FieldType.INTEGER, FieldType.NUMBER, FieldType.DATE, FieldType.TIME, FieldType.EMAIL, FieldType.URL,
     FieldType.PHONE}
)  # fmt: skip
"""The types whose values are expressions that code can spot in a text and compute from."""

_YES = frozenset(
    """
    true yes y 1 on si vero ja sant oui vrai verdadero sim verdadeiro waar x checked
    """.split()
)
_NO = frozenset(
    """
    false no n 0 off falso nej falskt nein falsch non faux nao nee onwaar unchecked
    """.split()
)
_MAX_CHARS = {FieldType.URL: 2_000}
_MAX_EXPRESSION = 300
_SHOWN_CHARS = 60


def find_candidates(
    kind: FieldType, text: str, languages: Sequence[str], today: date | None = None
) -> list[Candidate]:
    """Every expression in `text` that can be a value of `kind`; empty for types not in `SPOTTED`.

    Args:
        languages: ISO 639-1 codes, most probable first (`languages_of`).
        today: what relative dates are resolved from.
    """
    if kind is FieldType.INTEGER or kind is FieldType.NUMBER:
        return find_numbers(text, languages, integers=kind is FieldType.INTEGER)
    if kind is FieldType.DATE:
        return find_dates(text, languages, today)
    if kind is FieldType.TIME:
        return find_times(text, languages)
    if kind is FieldType.EMAIL:
        return find_emails(text)
    if kind is FieldType.URL:
        return find_urls(text)
    return find_phones(text, languages) if kind is FieldType.PHONE else []


def expression(text: str, candidate: Candidate) -> str:
    """What a branch writes for a candidate: the expression on one line, then its reading."""
    raw = " ".join(text[candidate.start : candidate.end].split())
    return f"{raw} {candidate.reading}".strip()


def normalise(field: Field, raw: str | list[str] | None, *, today: date | None = None) -> Cell:
    """What a person typed, or a model copied, as a value of the field's type.

    Returns:
        The value as written (`smartform.schema.FieldType`); None for nothing.

    Raises:
        ValueProblem: it cannot be read as the field's type.
    """
    if isinstance(raw, list):
        raw = [whole(item) for item in raw if item.strip()]
    elif raw:
        raw = whole(raw)
    if not raw or (isinstance(raw, str) and not raw.strip()):
        return None
    if field.type.is_list:
        return _normalise_list(field, raw)
    if field.type is FieldType.GROUP:
        raise ValueProblem(f"'{field.title}' has rows, not one value.", "Fill its rows cell by cell.")
    text = (", ".join(raw) if isinstance(raw, list) else raw).strip()
    if field.type in SPOTTED and len(text) > _MAX_CHARS.get(field.type, _MAX_EXPRESSION):
        raise ValueProblem(f"{_quoted(text)} is too long for a {field.type.value}.", "Write the value alone.")
    match field.type:
        case FieldType.TEXT:
            return " ".join(text.split())
        case FieldType.LONGTEXT:
            return text
        case FieldType.INTEGER | FieldType.NUMBER:
            return _number(field, text)
        case FieldType.DATE | FieldType.TIME:
            return _moment(field, text, today)
        case FieldType.BOOLEAN:
            return _boolean(field, text)
        case FieldType.CHOICE:
            return _option(field, text)
        case _:
            return _contact(field, text)


def normalise_rows(group: Field, rows: object, *, today: date | None = None) -> list[Row] | None:
    """What a person typed into the rows of a group; rows without anything in them are dropped.

    Args:
        rows: objects of sub-field name → what was typed.

    Raises:
        ValueProblem: they are no rows, or a cell does not fit its sub-field.
    """
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        if not rows:
            return None
        raise ValueProblem(f"'{group.title}' has rows, not one value.", "Fill its rows cell by cell.")
    read = [
        {sub.name: normalise(sub, row.get(sub.name), today=today) for sub in group.fields} for row in rows
    ]
    return [row for row in read if any(row.values())] or None


def _normalise_list(field: Field, raw: str | list[str]) -> Cell:
    items = raw if isinstance(raw, list) else re.split(r"\n|\s\|\s", raw)
    items = [" ".join(item.split()) for item in items if item.strip()]
    if field.type is FieldType.MULTICHOICE:
        chosen = {_option(field, item) for item in items}
        return [option for option in field.options if option in chosen] or None
    return items or None


def _number(field: Field, text: str) -> str:
    value = all_languages_number(text)
    if value is None:
        raise ValueProblem(f"{_quoted(text)} is not a number.", "Write digits, such as 1250.50.")
    if field.type is FieldType.INTEGER and not is_whole(value):
        raise ValueProblem(f"{_quoted(text)} is not a whole number.", "Write it without a fraction.")
    return plain(value)


def _moment(field: Field, text: str, today: date | None) -> str:
    if field.type is FieldType.DATE and re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", text, re.ASCII):
        parts = [int(p) for p in text.split("-")] + [1, 1]
        try:
            date(parts[0], parts[1], parts[2])
        except ValueError as exc:
            raise ValueProblem(f"There is no date {text}.", "Check the month and the day.") from exc
        return text
    whole = [
        c
        for language in dict.fromkeys((*languages_of(text), *LANGUAGES))
        for c in find_candidates(field.type, text, (language,), today)
        if c.end - c.start >= len(text) * 0.6 and not c.reading
    ]
    if not whole:
        hint = (
            "Write YYYY-MM-DD, or YYYY-MM, or YYYY."
            if field.type is FieldType.DATE
            else "Write HH:MM, 24 hours."
        )
        raise ValueProblem(f"{_quoted(text)} is not a {field.type.value}.", hint)
    return max(whole, key=lambda c: c.end - c.start).value


def _boolean(field: Field, text: str) -> str:
    word = fold(text).strip(" .!")
    if word in _YES:
        return "true"
    if word in _NO:
        return "false"
    raise ValueProblem(f"{_quoted(text)} is neither yes nor no.", f"Answer '{field.title}' with yes or no.")


def _option(field: Field, text: str) -> str:
    for same in (_flat, _folded):  # 'polo' and 'Polo' may be two options
        for option, label in zip(field.options, field.shown_options, strict=True):
            if same(text) in (same(option), same(label)):
                return option
    shown = ", ".join(field.shown_options[:8])
    raise ValueProblem(f"{_quoted(text)} is not an option of '{field.title}'.", f"Choose one of: {shown}.")


def _quoted(text: str) -> str:
    return f"'{text}'" if len(text) <= _SHOWN_CHARS else f"'{text[:_SHOWN_CHARS]}…'"


def _flat(text: str) -> str:
    return " ".join(text.split())


def _folded(text: str) -> str:
    return fold(_flat(text))


def _contact(field: Field, text: str) -> str:
    if field.type is FieldType.EMAIL:
        if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", text):
            return text
        found = find_emails(text)
        if found:
            return max(found, key=lambda c: c.end - c.start).value
        raise ValueProblem(f"{_quoted(text)} is not an e-mail address.", "Write it as name@example.com.")
    if field.type is FieldType.URL:
        if re.fullmatch(r"(?:[a-z][a-z0-9+.-]*://)?[^\s@/]+\.[^\s]+", text, re.IGNORECASE):
            return text
        raise ValueProblem(f"{_quoted(text)} is not a web address.", "Write it as https://example.com.")
    if sum(c.isdecimal() for c in text) >= 3:
        return " ".join(text.split())
    raise ValueProblem(
        f"{_quoted(text)} is not a phone number.", "Write its digits, with + for another country."
    )
