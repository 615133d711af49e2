"""What a person types, as a value of each type: right, mendable and wrong."""

from __future__ import annotations

from datetime import date

import pytest

from smartform.errors import ValueProblem
from smartform.schema import PLAIN_TYPES, Field, FieldType, Value
from smartform.values import normalise, normalise_rows

TODAY = date(2026, 3, 14)


def field(kind: FieldType) -> Field:
    """A field of that type, with options where it needs them."""
    options = ("m", "y", "half  yearly") if kind.has_options else ()
    labels = ("Monthly", "Yearly", "Twice\na year") if kind.has_options else ()
    return Field("a", kind, options=options, option_labels=labels)


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (FieldType.TEXT, "  Jane \n Doe ", "Jane Doe"),
        (FieldType.LONGTEXT, " a\n\nb ", "a\n\nb"),
        (FieldType.INTEGER, "1,250", "1250"),
        (FieldType.INTEGER, "twelve", "12"),
        (FieldType.INTEGER, "zwölf", "12"),
        (FieldType.INTEGER, "9" * 40, "9" * 40),
        (FieldType.NUMBER, "€ 12.50", "12.5"),
        (FieldType.NUMBER, "-3", "-3"),
        (FieldType.DATE, "2026-05", "2026-05"),
        (FieldType.DATE, "5 May 2026", "2026-05-05"),
        (FieldType.DATE, "tomorrow", "2026-03-15"),
        (FieldType.DATE, "٢٠٢٦", "2026"),
        (FieldType.DATE, "domani", "2026-03-15"),
        (FieldType.TIME, "6.30pm", "18:30"),
        (FieldType.TIME, "18:30", "18:30"),
        (FieldType.EMAIL, "jane@example.com", "jane@example.com"),
        (FieldType.EMAIL, "jane at example dot com", "jane@example.com"),
        (FieldType.URL, "example.com/x", "example.com/x"),
        (FieldType.PHONE, "0770  900 142", "0770 900 142"),
        (FieldType.BOOLEAN, "Sì", "true"),
        (FieldType.BOOLEAN, "Nein.", "false"),
        (FieldType.CHOICE, "yearly", "y"),
        (FieldType.CHOICE, "M", "m"),
        (FieldType.CHOICE, "twice a year", "half  yearly"),
        (FieldType.MULTICHOICE, "Yearly | Monthly", ["m", "y"]),
        (FieldType.MULTICHOICE, ["Yearly", "y"], ["y"]),
        (FieldType.LIST, "a\n b  c \n", ["a", "b c"]),
        (FieldType.LIST, ["a", " "], ["a"]),
        (FieldType.TEXT, ["a", "", "b"], "a, b"),
    ],
)
def test_values(kind: FieldType, raw: str | list[str], value: Value) -> None:
    assert normalise(field(kind), raw, today=TODAY) == value


@pytest.mark.parametrize("kind", PLAIN_TYPES)
@pytest.mark.parametrize("raw", [None, "", " \n", [], [""], [" ", ""]])
def test_nothing_is_none(kind: FieldType, raw: str | list[str] | None) -> None:
    assert normalise(field(kind), raw) is None


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (FieldType.INTEGER, "2.5"),
        (FieldType.INTEGER, "many"),
        (FieldType.NUMBER, "1 or 2"),
        (FieldType.DATE, "2026-02-30"),
        (FieldType.DATE, "0000"),
        (FieldType.DATE, "some day"),
        (FieldType.TIME, "25:00"),
        (FieldType.TIME, "late"),
        (FieldType.EMAIL, "jane"),
        (FieldType.URL, "not an address"),
        (FieldType.PHONE, "12"),
        (FieldType.BOOLEAN, "maybe"),
        (FieldType.CHOICE, "weekly"),
        (FieldType.MULTICHOICE, "Monthly | weekly"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_remedy(kind: FieldType, raw: str) -> None:
    with pytest.raises(ValueProblem) as problem:
        normalise(field(kind), raw, today=TODAY)
    assert str(problem.value)
    assert problem.value.hint


def test_options_that_differ_in_casing_alone_are_told_apart() -> None:
    car = Field("car", FieldType.CHOICE, options=("Polo", "polo"))
    assert [normalise(car, option) for option in ("Polo", "polo", "POLO")] == ["Polo", "polo", "Polo"]


def test_messages_do_not_repeat_a_whole_page() -> None:
    with pytest.raises(ValueProblem) as problem:
        normalise(field(FieldType.NUMBER), "x" * 10_000)
    assert len(str(problem.value)) < 200


GROUP = Field("work", FieldType.GROUP, fields=(Field("position"), Field("start", FieldType.DATE)))


def test_rows_are_normalised_cell_by_cell() -> None:
    rows = [{"position": " Head  nurse ", "start": "May 2019"}, {"position": "", "start": None}, {}]
    assert normalise_rows(GROUP, rows, today=TODAY) == [{"position": "Head nurse", "start": "2019-05"}]
    assert normalise_rows(GROUP, None) is None and normalise_rows(GROUP, [{}]) is None
    for wrong in ("nurse", ["nurse"], [{"start": "some day"}]):
        with pytest.raises(ValueProblem):
            normalise_rows(GROUP, wrong, today=TODAY)
    with pytest.raises(ValueProblem):
        normalise(GROUP, "nurse")
