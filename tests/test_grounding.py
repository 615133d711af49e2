"""A value's place in the text."""

from __future__ import annotations

import pytest

from smartform.grounding import ground


@pytest.mark.parametrize(
    ("value", "text", "found"),
    [
        ("Jane Doe", "I am Jane Doe.", "Jane Doe"),
        ("Jane Doe", "I am Jane\n  Doe.", "Jane\n  Doe"),
        ("jane doe", "I am Jane Doe.", "Jane Doe"),
        ("Jane", "Janet and Jane", "Jane"),
        ("a.b (c)", "it is a.b (c), yes", "a.b (c)"),
        ("+44 20", "call +44 20 now", "+44 20"),
        ("Zoë", "ZOË", "ZOË"),
        ("😀", "so 😀😀", "😀"),
        ("C++", "C++ and C", "C++"),
    ],
)
def test_found(value: str, text: str, found: str) -> None:
    span = ground(value, text)
    assert span is not None
    assert text[span.start : span.end] == found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Jane", "Janet"),
        ("an", "Jane"),
        ("", "Jane"),
        (" \n", "Jane"),
        ("Doe Jane", "Jane Doe"),
        ("x" * 20_000, "x" * 20_000),
    ],
)
def test_not_found(value: str, text: str) -> None:
    assert ground(value, text) is None


def test_the_exact_spelling_goes_before_an_earlier_one_in_other_casing() -> None:
    span = ground("May", "may I come in May")
    assert span is not None
    assert (span.start, span.end) == (14, 17)
