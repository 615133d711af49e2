"""Dates in eight languages: written, spoken, relative to a Saturday, and what is no date."""

from __future__ import annotations

from datetime import date

import pytest

from smartform.schema import FieldType
from smartform.values import find_candidates

TODAY = date(2026, 3, 14)  # a Saturday


def dates(text: str, language: str, today: date | None = TODAY) -> set[tuple[str, str]]:
    """(expression, value) of every date found, in whichever reading."""
    found = find_candidates(FieldType.DATE, text, (language,), today)
    return {(text[c.start : c.end], c.value) for c in found}


@pytest.mark.parametrize(
    ("language", "text", "raw", "value"),
    [
        ("en", "We met on 5 May 2024 in Leeds.", "5 May 2024", "2024-05-05"),
        ("en", "Issued May 5th, 2024.", "May 5th, 2024", "2024-05-05"),
        ("en", "born on the twelfth of June nineteen eighty-eight", "twelfth of June nineteen eighty-eight",
         "1988-06-12"),
        ("en", "since March 2021", "March 2021", "2021-03"),
        ("en", "built in 1987", "1987", "1987"),
        ("en", "due 2026-04-01", "2026-04-01", "2026-04-01"),
        ("it", "nato il 3 febbraio 1990", "3 febbraio 1990", "1990-02-03"),
        ("it", "dal 1° febbraio 2025", "1° febbraio 2025", "2025-02-01"),
        ("pt", "em 1º de fevereiro de 2025", "1º de fevereiro de 2025", "2025-02-01"),
        ("it", "il primo maggio 2025", "primo maggio 2025", "2025-05-01"),
        ("sv", "den 24 december 2025", "24 december 2025", "2025-12-24"),
        ("de", "am 15. März 2025 um acht", "15. März 2025", "2025-03-15"),
        ("fr", "le 14 juillet 2025", "14 juillet 2025", "2025-07-14"),
        ("fr", "le 1er août 2025", "1er août 2025", "2025-08-01"),
        ("es", "el 6 de enero de 2026", "6 de enero de 2026", "2026-01-06"),
        ("pt", "em 25 de abril de 2024", "25 de abril de 2024", "2024-04-25"),
        ("nl", "op 27 april 2025", "27 april 2025", "2025-04-27"),
        ("de", "Termin: 3.4.2026", "3.4.2026", "2026-04-03"),
        ("en", "on 13/02/2026", "13/02/2026", "2026-02-13"),
        ("en", "Total $40, on 02/13/2026", "02/13/2026", "2026-02-13"),
    ],
)  # fmt: skip
def test_complete_dates(language: str, text: str, raw: str, value: str) -> None:
    assert (raw, value) in dates(text, language)
    assert (raw, value) in dates(text, language, None), "needs no today"


@pytest.mark.parametrize(
    ("language", "text", "raw", "value"),
    [
        ("en", "see you tomorrow", "tomorrow", "2026-03-15"),
        ("en", "the day after tomorrow", "day after tomorrow", "2026-03-16"),
        ("en", "two weeks ago", "two weeks ago", "2026-02-28"),
        ("en", "in three days", "in three days", "2026-03-17"),
        ("en", "next Friday", "next Friday", "2026-03-20"),
        ("en", "last Monday", "last Monday", "2026-03-09"),
        ("en", "Tuesday of next week", "Tuesday of next week", "2026-03-17"),
        ("it", "ci vediamo domani", "domani", "2026-03-15"),
        ("it", "tre giorni fa", "tre giorni fa", "2026-03-11"),
        ("it", "lunedì prossimo", "lunedì prossimo", "2026-03-16"),
        ("sv", "i morgon", "i morgon", "2026-03-15"),
        ("sv", "i fredags", "i fredags", "2026-03-13"),
        ("de", "übermorgen", "übermorgen", "2026-03-16"),
        ("de", "vor zwei Wochen", "vor zwei Wochen", "2026-02-28"),
        ("de", "nächsten Dienstag", "nächsten Dienstag", "2026-03-17"),
        ("fr", "après-demain", "après-demain", "2026-03-16"),
        ("fr", "il y a trois jours", "il y a trois jours", "2026-03-11"),
        ("es", "pasado mañana", "pasado mañana", "2026-03-16"),
        ("es", "hace dos semanas", "hace dos semanas", "2026-02-28"),
        ("es", "el lunes que viene", "lunes que viene", "2026-03-16"),
        ("pt", "depois de amanhã", "depois de amanhã", "2026-03-16"),
        ("pt", "ontem à tarde", "ontem", "2026-03-13"),
        ("nl", "overmorgen", "overmorgen", "2026-03-16"),
        ("nl", "drie dagen geleden", "drie dagen geleden", "2026-03-11"),
        ("en", "next month", "next month", "2026-04"),
        ("it", "l'anno scorso", "anno scorso", "2025"),
    ],
)
def test_relative_dates_count_from_today(language: str, text: str, raw: str, value: str) -> None:
    assert (raw, value) in dates(text, language)
    assert (raw, value) not in dates(text, language, None)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "from next Friday till the Monday after", ["2026-03-20", "2026-03-23"]),
        ("en", "12 May to Monday", ["2026-05-12", "2026-05-18"]),
        ("en", "20/3/2026 - Sunday", ["2026-03-20", "2026-03-22"]),
        ("it", "da venerdì a lunedì", ["2026-03-20", "2026-03-23"]),
        ("de", "vom 20. März bis Montag", ["2026-03-20", "2026-03-23"]),
        ("en", "on Friday, and call me by Monday", ["2026-03-20", "2026-03-16"]),
        ("en", "3 March 2026 to Monday", ["2026-03-03", "2026-03-16"]),  # begun: from today on
    ],
)
def test_the_weekday_that_ends_a_stretch_of_days_comes_after_its_beginning(
    language: str, text: str, expected: list[str]
) -> None:
    found = find_candidates(FieldType.DATE, text, [language], date(2026, 3, 14))
    ahead = [c for c in found if not c.reading]
    assert [c.value for c in sorted(ahead)] == expected


def test_a_date_without_a_year_has_a_future_and_a_past_reading() -> None:
    text = "It was on 2 March."
    found = find_candidates(FieldType.DATE, text, ("en",), TODAY)
    assert {(c.value, c.reading) for c in found} == {("2027-03-02", ""), ("2026-03-02", "ago")}


def test_a_bare_day_borrows_the_month_of_the_date_nearest_to_it() -> None:
    assert ("the 8th", "2026-06-08") in {
        ("the " + raw, value) for raw, value in dates("From the 8th to the 12th of June 2026.", "en")
    }


@pytest.mark.parametrize(
    "text", ["31/02/2025", "2025-13-01", "2025-02-30", "call 0770 900 142", "costs 12.50", "room 14"]
)
def test_what_is_no_date(text: str) -> None:
    assert all(len(value) == 4 for _, value in dates(text, "en"))


@pytest.mark.parametrize("today", [date.min, date.max, date(9000, 12, 31), date(1000, 1, 1)])
@pytest.mark.parametrize(
    "text", ["yesterday", "200 years ago", "in 200 years", "last Monday", "in 200 weeks", "31 May"]
)
def test_the_ends_of_the_calendar_break_nothing(today: date, text: str) -> None:
    for candidate in find_candidates(FieldType.DATE, text, ("en",), today):
        year, *rest = candidate.value.split("-")
        assert len(year) == 4
        assert 1 <= int(year) <= 9999
        assert all(len(part) == 2 for part in rest)


def test_a_date_without_a_year_goes_with_the_full_date_beside_it():
    text = "from the eighth of August twenty twenty-six to the fifteenth of August"
    found = find_candidates(FieldType.DATE, text, ("en",), date(2026, 11, 21))
    assert {c.value for c in found} == {"2026-08-08", "2026-08-15"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # a birthday far off does not lend its year, a visit of this year does
        (
            "Nato il 17 febbraio 1951, ha dolore alla spalla destra e non dorme bene dal 2 marzo.",
            "2026-03-02",
        ),
        (
            "Nato il 17 febbraio 1951. Non è mai stato qui perché ci siamo trasferiti: dal 2 marzo ha dolore,"
            " e vorrebbe venire in settimana, se possibile giovedì 12 marzo 2026.",
            "2026-03-02",
        ),
        ("Nato il 17 febbraio 1951, battezzato il 2 marzo.", "1951-03-02"),
    ],
)
def test_a_birthday_lends_its_year_only_to_the_words_beside_it(text: str, expected: str) -> None:
    values = {c.value for c in find_candidates(FieldType.DATE, text, ("it",), date(2026, 11, 21))}
    assert expected in values
    assert {value for value in values if value.endswith("03-02")} <= {expected, "2027-03-02"}


def test_months_and_years_in_short_ranges() -> None:
    jobs = "03/19 - present: Welding Inspector\n10/13 - 02/19: Coded Welder\n05/09 – 09/13: Welder"
    assert {value for _, value in dates(jobs, "en")} == {
        "2019-03",
        "2013-10",
        "2019-02",
        "2009-05",
        "2013-09",
    }


@pytest.mark.parametrize(
    "stays",
    [
        "free 03/10 - 05/10 or 07/10 - 09/10",  # 3 to 5 October
        "free 28/02 - 03/03 or 07/03 - 15/03",
        "booked 03/15 - 03/22 and 04/02 - 04/09",  # March 15 to 22
        "booked 10/13 - 02/19",
    ],
)
def test_days_in_short_ranges(stays: str) -> None:
    assert all(value.count("-") == 2 for _, value in dates(stays, "en"))
