"""Times of day in eight languages, with halves, quarters and the two halves of the day."""

from __future__ import annotations

import pytest

from smartform.schema import FieldType
from smartform.values import find_candidates


def times(text: str, language: str) -> set[tuple[str, str, str]]:
    """(expression, value, reading) of every time found."""
    found = find_candidates(FieldType.TIME, text, (language,))
    return {(text[c.start : c.end], c.value, c.reading) for c in found}


@pytest.mark.parametrize(
    ("language", "text", "raw", "value"),
    [
        ("en", "Meet at 18:30 sharp", "18:30", "18:30"),
        ("en", "at 6.30pm", "6.30pm", "18:30"),
        ("en", "at 9 am", "9 am", "09:00"),
        ("en", "at 12 am", "12 am", "00:00"),
        ("en", "half past six in the evening", "half past six", "18:30"),
        ("en", "a quarter to nine in the morning", "quarter to nine", "08:45"),
        ("en", "at noon", "noon", "12:00"),
        ("it", "alle sei e mezza di sera", "sei e mezza", "18:30"),
        ("it", "alle 15.45", "15.45", "15:45"),
        ("it", "alle dieci e mezza, di sera", "dieci e mezza", "22:30"),
        ("en", "at six, in the evening", "six", "18:00"),
        ("it", "a mezzogiorno", "mezzogiorno", "12:00"),
        ("sv", "klockan halv sju på kvällen", "halv sju", "18:30"),
        ("sv", "kvart i nio på morgonen", "kvart i nio", "08:45"),
        ("de", "um halb acht abends", "halb acht", "19:30"),
        ("de", "um achtzehn Uhr dreißig", "achtzehn Uhr dreißig", "18:30"),
        ("de", "Viertel nach acht morgens", "Viertel nach acht", "08:15"),
        ("fr", "à 18h30", "18h30", "18:30"),
        ("fr", "à quinze heures", "quinze heures", "15:00"),
        ("es", "a las siete menos cuarto de la tarde", "siete menos cuarto", "18:45"),
        ("es", "a las 17:15", "17:15", "17:15"),
        ("pt", "às três e meia da tarde", "três e meia", "15:30"),
        ("nl", "om half acht 's avonds", "half acht", "19:30"),
        ("nl", "om kwart over drie 's middags", "kwart over drie", "15:15"),
    ],
)
def test_one_reading(language: str, text: str, raw: str, value: str) -> None:
    assert (raw, value, "") in times(text, language)


@pytest.mark.parametrize(
    ("language", "text", "hour"),
    [("de", "zwischen neun und zehn", "neun"), ("nl", "tussen negen en tien", "negen"),
     ("pt", "depois das nove", "nove"), ("it", "dopo le nove", "nove")],
)  # fmt: skip
def test_an_hour_said_after_or_between_others(language: str, text: str, hour: str) -> None:
    assert (hour, "09:00", "") in times(text, language)


@pytest.mark.parametrize(
    ("language", "text", "hours"),
    [
        ("it", "alle dieci e mezza, perché nel pomeriggio lavoro", {"10:30", "22:30"}),
        ("en", "at nine, I work in the evening", {"09:00", "21:00"}),
        ("de", "um neun, weil ich abends arbeite", {"09:00", "21:00"}),
    ],
)
def test_the_half_of_the_day_of_another_clause_says_nothing(
    language: str, text: str, hours: set[str]
) -> None:
    assert {value for _, value, _ in times(text, language)} == hours


def test_an_hour_of_either_half_of_the_day_has_two_readings() -> None:
    assert {("half past six", "06:30", ""), ("half past six", "18:30", "pm")} <= times(
        "at half past six", "en"
    )


@pytest.mark.parametrize(
    "text", ["€ 9.30", "9.30 kg", "25:10", "score 3:2", "12.05.2026", "99:99", "no time"]
)
def test_what_is_no_time(text: str) -> None:
    assert times(text, "en") == set()
