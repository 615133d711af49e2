"""Periods: which dates belong together, what stands near them, which groups are asked by them."""

from __future__ import annotations

import pytest

from smartform.periods import MOST, is_dated, period_branches, periods
from smartform.schema import Field, FieldType


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nurse, May 2016 – June 2019\nCook, 2012-2015", ["May 2016 – June 2019", "2012-2015"]),
        ("from April 2008 until March 2010 at Hill House", ["April 2008 until March 2010"]),
        ("2009 al 2013 muratore", ["2009 al 2013"]),
        ("Nurse (Sept 2023 - to date)", ["Sept 2023"]),
        ("Nurse since 2019. Cook in 2015.", ["2019", "2015"]),  # two sentences
        ("2014, second prize in 2016", ["2014", "2016"]),
        ("03/2021\n2016", ["03/2021", "2016"]),  # two lines
        ("2012 2015 2018", ["2012 2015", "2018"]),
        ("in two thousand and nine, on Friday", []),  # nothing in figures, nothing whole
        ("", []),
    ],
)
def test_what_makes_a_period(text: str, expected: list[str]) -> None:
    assert [text[p.span.start : p.span.end] for p in periods(text, ("en", "it"))] == expected


def test_a_period_reaches_to_its_neighbours() -> None:
    text = "Nurse, 2016 - 2019, Hill House\nCook, 2012"
    first, last = periods(text, ("en",))
    assert first.values == ("2016", "2019") and last.values == ("2012",)
    assert text[first.near.start : first.near.end] == "Nurse, 2016 - 2019, Hill House\nCook, "
    assert text[last.near.start : last.near.end] == ", Hill House\nCook, 2012"


def test_so_many_periods_are_asked_and_no_more() -> None:
    assert len(periods("\n".join(str(1950 + n) for n in range(60)), ("en",))) == MOST


def test_branches_tell_periods_written_alike_apart() -> None:
    group = Field("work", FieldType.GROUP, fields=(Field("position"), Field("start", FieldType.DATE)))
    text = "Nurse, 2019\nCook, 2019"
    assert period_branches(group, text, periods(text, ("en",))) == [
        "work[2019].position",
        "work[2019 2].position",
    ]


@pytest.mark.parametrize(
    ("fields", "dated"),
    [
        ((Field("position"), Field("start", FieldType.DATE)), True),
        ((Field("position"), Field("company")), False),
        ((Field("day", FieldType.DATE), Field("what")), False),  # rows are dates themselves
        ((Field("size", FieldType.INTEGER), Field("day", FieldType.DATE)), False),
    ],
)
def test_groups_that_are_asked_by_periods(fields: tuple[Field, ...], dated: bool) -> None:
    assert is_dated(Field("rows", FieldType.GROUP, fields=fields)) is dated
    assert not is_dated(Field("day", FieldType.DATE))
