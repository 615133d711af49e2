"""Fields that claim the same piece of a text."""

from __future__ import annotations

from datetime import date

import pytest

from smartform.assignment import settle
from smartform.constraints import Plan, plan
from smartform.engines.base import Decoded
from smartform.schema import Field, FieldType

TODAY = date(2026, 3, 14)
TEXT = "Ann flies on 3 May 2026 and is back on 9 May 2026, with 2 bags and 2 children."


def plans(*fields: Field) -> dict[str, Plan]:
    return {field.name: plan(field, TEXT, ("en",), TODAY) for field in fields}


def chosen(plans: dict[str, Plan], name: str, shares: dict[str, float], p_no_data: float) -> Decoded:
    """An answer of an engine that shares out its probability so."""
    texts = plans[name].constraint.texts  # type: ignore[union-attr]
    assert set(shares) <= set(texts)
    best = max(shares, key=shares.__getitem__)
    every = tuple(shares.get(text, 0.0) for text in texts)
    return Decoded(name, (best,), shares[best], p_no_data, p_texts=every)


def test_the_surest_claim_holds_and_the_other_takes_the_next_best() -> None:
    asked = plans(Field("leave", FieldType.DATE), Field("return", FieldType.DATE))
    leave = chosen(asked, "leave", {"3 May 2026": 0.9, "9 May 2026": 0.1}, 0.1)
    back = chosen(asked, "return", {"3 May 2026": 0.6, "9 May 2026": 0.4}, 0.2)
    settled = settle(asked, TEXT, [back, leave])
    assert settled["leave"] == leave
    assert settled["return"].texts == ("9 May 2026",)
    # of 0.2 silent, 0.48 taken and 0.32 for the other date, the taken share is gone
    assert settled["return"].p_no_data == pytest.approx(0.2 / 0.52)
    assert settled["return"].probability == pytest.approx(1.0)


def test_where_nothing_is_left_the_field_stays_silent() -> None:
    asked = plans(
        Field("leave", FieldType.DATE), Field("return", FieldType.DATE), Field("paid", FieldType.DATE)
    )
    sure = {"3 May 2026": 0.9, "9 May 2026": 0.1}
    answers = [
        chosen(asked, "leave", sure, 0.0),
        chosen(asked, "return", {"9 May 2026": 0.9, "3 May 2026": 0.1}, 0.1),
        chosen(asked, "paid", {"3 May 2026": 0.5, "9 May 2026": 0.5}, 0.5),
    ]
    settled = settle(asked, TEXT, answers)
    assert settled["paid"].texts == ()
    assert settled["paid"].p_no_data == pytest.approx(1.0)


def test_what_stands_twice_answers_two_fields() -> None:
    asked = plans(*(Field(n, FieldType.INTEGER) for n in ("bags", "children", "adults")))
    answers = [
        chosen(asked, name, {"2": p}, 0.1) for name, p in (("bags", 0.9), ("children", 0.8), ("adults", 0.3))
    ]
    settled = settle(asked, TEXT, answers)
    assert [settled[n].texts for n in asked] == [("2",), ("2",), ()]


def test_copied_text_is_taken_once_whatever_its_case() -> None:
    asked = plans(Field("name"), Field("contact"))
    settled = settle(
        asked, TEXT, [Decoded("name", ("Ann",), 0.9, 0.1), Decoded("contact", ("ann",), 0.5, 0.4)]
    )
    assert settled["name"].texts == ("Ann",)
    assert settled["contact"].texts == ()
    assert settled["contact"].p_no_data == pytest.approx(0.4 / 0.7)


def test_counts_the_text_does_not_hold_choices_and_lists_are_no_claims() -> None:
    asked = plans(
        Field("adults", FieldType.INTEGER), Field("rooms", FieldType.INTEGER),
        Field("who", FieldType.LIST), Field("name"),
    )  # fmt: skip
    answers = [
        chosen(asked, "adults", {"1": 0.9}, 0.1), chosen(asked, "rooms", {"1": 0.8}, 0.1),
        Decoded("who", ("Ann",), 0.9, 0.1), Decoded("name", ("Ann",), 0.8, 0.1),
    ]  # fmt: skip
    assert list(settle(asked, TEXT, answers).values()) == answers


def test_answers_without_probabilities_are_left_alone() -> None:
    asked = plans(Field("name"), Field("contact"))
    answers = [Decoded("name", ("Ann",), None, None), Decoded("contact", ("Ann",), None, None)]
    assert list(settle(asked, TEXT, answers).values()) == answers


def test_a_long_text_is_not_what_a_short_one_says() -> None:
    asked = plans(Field("traveller", FieldType.TEXT), Field("story", FieldType.LONGTEXT))
    name = Decoded("traveller", ("Ann",), 0.9, 0.1)
    assert settle(asked, TEXT, [name, Decoded("story", ("Ann",), 0.6, 0.1)])["story"].texts == ()
    told = Decoded("story", ("Ann flies on 3 May 2026",), 0.6, 0.1)
    assert settle(asked, TEXT, [name, told])["story"] == told
