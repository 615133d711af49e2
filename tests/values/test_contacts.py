"""E-mail addresses, web addresses and phone numbers, written and spelt out aloud."""

from __future__ import annotations

import pytest

from smartform.schema import FieldType
from smartform.values import find_candidates


def found(kind: FieldType, text: str, language: str = "en") -> set[str]:
    """The values found."""
    return {c.value for c in find_candidates(kind, text, (language,))}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Write to jane.doe+x@mail.example.co.uk.", "jane.doe+x@mail.example.co.uk"),
        ("mail me at jane dot doe at example dot com", "jane.doe@example.com"),
        ("dallolio 77 chiocciola ombrellone punto com", "dallolio77@ombrellone.com"),
        ("max punkt muster at beispiel punkt de", "max.muster@beispiel.de"),
        ("marie tiret claude arobase exemple point fr", "marie-claude@exemple.fr"),
        ("ana guion bajo ruiz arroba ejemplo punto es", "ana_ruiz@ejemplo.es"),
        ("jan punt smit apenstaartje voorbeeld punt nl", "jan.smit@voorbeeld.nl"),
    ],
)
def test_emails(text: str, value: str) -> None:
    assert value in found(FieldType.EMAIL, text)


@pytest.mark.parametrize("text", ["@@@", "a@b", "jane at home", "1 @ 2.50 each", "dot com", "jane at dot 31"])
def test_no_emails(text: str) -> None:
    assert found(FieldType.EMAIL, text) == set()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("see https://example.com/a?b=1, please", "https://example.com/a?b=1"),
        ("see www.example.org.", "www.example.org"),
        ("our site is example.net", "example.net"),
        ("go to example dot co dot uk slash hire", "example.co.uk/hire"),
    ],
)
def test_urls(text: str, value: str) -> None:
    assert value in found(FieldType.URL, text)


def test_the_domain_of_an_email_is_no_web_address() -> None:
    assert found(FieldType.URL, "jane@example.com") == set()


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "call 0770 900 142 today", "0770 900 142"),
        ("en", "ring +44 20 7946 0958", "+44 20 7946 0958"),
        ("en", "(555) 867-5309", "(555) 867-5309"),
        ("en", "Home: [555] 867 5309.", "[555] 867 5309"),
        ("en", "+1 [555] 867-5309", "+1 [555] 867-5309"),
        ("en", "867-5309 (555)", "867-5309 (555)"),
        ("en", "867-5309 (2019 only)", "867-5309"),
        ("it", "(+39) 347 123 4567", "(+39) 347 123 4567"),
        ("it", "(cell. 347 123 4567)", "347 123 4567"),
        ("en", "oh seven seven double four nine one two", "077449 12".replace(" ", "")),
        ("it", "tre quattro sette uno due tre quattro", "3471234"),
    ],
)
def test_phones(language: str, text: str, value: str) -> None:
    assert value in found(FieldType.PHONE, text, language)


@pytest.mark.parametrize(
    "text",
    [
        "2026-04-01",
        "1.4.2026",
        "12345",
        "1" * 40,
        "2009–2016",
        "2012 - 2015",
        "03/2012 – 09/2018",
    ],
)
def test_no_phones(text: str) -> None:
    assert found(FieldType.PHONE, text) == set()


def test_a_dictation_of_digits_without_end_is_no_phone_number() -> None:
    assert all(len(number) <= 16 for number in found(FieldType.PHONE, "one " * 5_000))


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "My extension is 4471, thanks.", "4471"),
        ("en", "ask for ext. 205", "205"),
        ("it", "l'interno è 312", "312"),
        ("de", "Durchwahl -48", "48"),
        ("nl", "toestel 77", "77"),
    ],
)
def test_a_number_within_an_exchange(language: str, text: str, value: str) -> None:
    assert found(FieldType.PHONE, text, language) == {value}


@pytest.mark.parametrize(
    "text", ["an extension of 3 metres", "the extension, 2026-05-04", "interior 12", "text 99"]
)
def test_what_is_no_number_within_an_exchange(text: str) -> None:
    assert found(FieldType.PHONE, text) == set()
