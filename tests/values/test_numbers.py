"""Numbers in digits and words, as eight languages write and say them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from smartform.schema import FieldType
from smartform.values import find_candidates
from smartform.values.language import LANGUAGES
from smartform.values.numbers import all_languages_number, is_whole, plain, read_digits


def numbers(text: str, language: str, kind: FieldType = FieldType.NUMBER) -> set[tuple[str, str]]:
    """(expression, value) of every number found."""
    return {(text[c.start : c.end], c.value) for c in find_candidates(kind, text, (language,))}


@pytest.mark.parametrize(
    ("raw", "language", "value"),
    [
        ("1,250.50", "en", "1250.5"),
        ("1.250,50", "de", "1250.5"),
        ("1 250,50", "sv", "1250.5"),
        ("1,250", "en", "1250"),
        ("1,250", "de", "1.25"),
        ("1.250", "it", "1250"),
        ("3.75", "it", "3.75"),
        ("0.125", "de", "0.125"),
        ("1.234.567", "en", "1234567"),
        ("-12", "en", "-12"),
        ("12'500", "de", "12500"),
        ("007", "en", "7"),
    ],
)
def test_digits_by_the_marks_of_the_language(raw: str, language: str, value: str) -> None:
    read = read_digits(raw, language)
    assert read is not None
    assert plain(read) == value


@pytest.mark.parametrize(
    ("language", "text", "raw", "value"),
    [
        ("en", "thirty-two hundred pounds", "thirty-two hundred", "3200"),
        ("en", "two and a half hours", "two and a half", "2.5"),
        ("en", "three point seven", "three point seven", "3.7"),
        ("en", "a budget of 45k", "45k", "45000"),
        ("en", "a dozen eggs", "a dozen", "12"),
        ("it", "duemilacinquecento euro", "duemilacinquecento", "2500"),
        ("it", "tre virgola cinque", "tre virgola cinque", "3.5"),
        ("sv", "tjugofem kronor", "tjugofem", "25"),
        ("sv", "sjuhundrafyrtio kronor", "sjuhundrafyrtio", "740"),
        ("sv", "hundrafyrtio kronor", "hundrafyrtio", "140"),
        ("de", "hundertzwanzig Euro", "hundertzwanzig", "120"),
        ("pt", "dezesseis reais", "dezesseis", "16"),
        ("de", "zweitausendfünfhundert Euro", "zweitausendfünfhundert", "2500"),
        ("de", "zwei Komma fünf", "zwei Komma fünf", "2.5"),
        ("fr", "quatre-vingt-dix-sept", "quatre-vingt-dix-sept", "97"),
        ("es", "doscientas cincuenta", "doscientas cincuenta", "250"),
        ("pt", "vinte e cinco", "vinte e cinco", "25"),
        ("nl", "vijfentwintig", "vijfentwintig", "25"),
    ],
)
def test_words(language: str, text: str, raw: str, value: str) -> None:
    found = numbers(text, language)
    assert (raw, value) in found or value in {v for _, v in found if raw == text[: len(raw)]}


def test_integers_have_no_fractions_and_ordinals_count() -> None:
    assert ("third", "3") in numbers("on the third floor", "en", FieldType.INTEGER)
    assert numbers("3.5", "en", FieldType.INTEGER) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_seventeen(language: str) -> None:
    from num2words import num2words

    said = num2words(17, lang=language)
    assert all_languages_number(said) == 17


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("1E+3", "1000"),
        ("-0.00", "0"),
        ("1250.50", "1250.5"),
        ("100", "100"),
        ("9" * 60, "9" * 60),
        ("0.10", "0.1"),
    ],
)
def test_plain_numbers_keep_every_figure(value: str, written: str) -> None:
    assert plain(Decimal(value)) == written


def test_long_numbers_are_whole_and_exact() -> None:
    digits = "1234567890" * 6
    assert is_whole(Decimal(digits))
    assert not is_whole(Decimal("2.5"))
    read = read_digits("-" + digits, "en")
    assert read is not None
    assert plain(read) == "-" + digits


@pytest.mark.parametrize(
    ("language", "text", "raw", "centimetres"),
    [
        ("en", "I am one metre sixty-eight tall", "one metre sixty-eight", "168"),
        ("it", "sono alto un metro e ottantadue", "un metro e ottantadue", "182"),
        ("de", "ich bin 1 Meter 75 groß", "1 Meter 75", "175"),
        ("fr", "je mesure 1 m 62", "1 m 62", "162"),
    ],
)
def test_metres_and_centimetres_are_one_length(language: str, text: str, raw: str, centimetres: str) -> None:
    assert numbers(text, language, FieldType.INTEGER) == {(raw, centimetres)}
    assert numbers(text, language) == {(raw, f"1.{centimetres[1:].rstrip('0')}")}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("our room of 3 metres, 20 chairs", {"3", "20"}),
        ("one metre and a half", {"1", "1.5"}),
        ("the last 2 m and 30 people", {"2", "30"}),
        ("4 m 5 of them", {"4", "5"}),
    ],
)
def test_what_is_no_length_of_metres_and_centimetres(text: str, values: set[str]) -> None:
    assert {value for _, value in numbers(text, "en")} == values


def test_digits_said_one_by_one_are_one_number() -> None:
    assert numbers("the code is five five one two, for two adults", "en") == {
        ("five five one two", "5512"),
        ("two", "2"),
    }
    assert numbers("call seven double oh nine", "en") == {("seven double oh nine", "7009")}
