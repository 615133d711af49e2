"""First pages are measured field by field and their lists item by item."""

from __future__ import annotations

import pytest

from smartform.schema import FieldType, Value
from training.evaluate_metadata import items_f1, table
from training.metrics import Outcome


def outcome(name: str, kind: FieldType, gold: Value, value: Value) -> Outcome:
    return Outcome("p", name, kind, "en", "document", gold, value, 1.0, review=False)


OUTCOMES = [
    outcome("title", FieldType.TEXT, "On Tea and Time", "On tea and time."),
    outcome("title", FieldType.TEXT, "Another", "Something else"),
    outcome("authors", FieldType.LIST, ["Ada Lum", "Bo Ek"], ["Bo Ek", "Leeds"]),
    outcome("authors", FieldType.LIST, ["Cy Roe"], ["Cy Roe"]),
    outcome("doi", FieldType.TEXT, None, "10.1/x"),
]


def test_authors_are_counted_one_by_one() -> None:
    assert items_f1([o for o in OUTCOMES if o.name == "authors"]) == pytest.approx(2 * 2 / (3 + 3))
    assert items_f1([outcome("authors", FieldType.LIST, ["Bo Ek"], ["Bo Ek", "Bo Ek"])]) == pytest.approx(
        2 / 3
    )


def test_a_field_is_right_as_a_whole_or_invented() -> None:
    title, authors, doi = table(OUTCOMES).splitlines()[1:]
    assert title.split() == ["title", "2", "0.500", "–"]
    assert authors.split() == ["authors", "2", "0.500", "0.667", "–"]
    assert doi.split() == ["doi", "0", "–", "1.000"]
