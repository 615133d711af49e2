"""What may replace what on the screen."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from smartform.errors import FormError
from smartform.results import FieldResult, Span, State
from smartform.schema import Field, FieldType, FormSpec
from ui.sheet import YOURS, Answer, Entry, Sheet

FORM = FormSpec(
    (Field("name", required=True), Field("day", FieldType.DATE), Field("tags", FieldType.LIST)), title="T"
)


def found(name: str, value: object, start: int = 0) -> FieldResult:
    spans = () if value is None else (Span(start, start + 3),)
    state = State.NOT_FOUND if value is None else State.FOUND
    return FieldResult(name, value, state, 0.9, 0.1, spans)  # type: ignore[arg-type]


def typed(value: object, revision: int = 1) -> Entry:
    return Entry(Answer(value, YOURS, 1.0), by_person=True, revision=revision)  # type: ignore[arg-type]


def test_a_fill_puts_values_with_their_place() -> None:
    sheet = Sheet(FORM)
    source = sheet.begin_fill("Ada was here")
    sheet.merge(found("name", "Ada"), source)
    answer = sheet.entries["name"].answer
    assert (answer.value, answer.state, answer.spans) == ("Ada", "found", ((0, 3),))
    assert sheet.sources[answer.source] == "Ada was here"
    assert sheet.missing == ()


def test_a_persons_value_stays_and_the_other_is_offered() -> None:
    sheet = Sheet(FORM, entries={"name": typed("Bob")})
    sheet.merge(found("name", "Ada"), sheet.begin_fill("Ada"))
    assert sheet.values["name"] == "Bob"
    assert sheet.entries["name"].offer is not None
    assert sheet.entries["name"].offer.value == "Ada"


def test_the_same_value_is_no_offer_and_a_later_fill_withdraws_it() -> None:
    sheet = Sheet(FORM, entries={"name": typed("Bob")})
    sheet.merge(found("name", "Ada"), sheet.begin_fill("Ada"))
    sheet.merge(found("name", "Bob"), sheet.begin_fill("Bob"))
    assert sheet.entries["name"].offer is None


def test_an_empty_field_shows_a_suggestion_until_it_has_a_value() -> None:
    sheet = Sheet(FORM)
    held_back = replace(found("name", None), suggestion=found("name", "Ada"))
    source = sheet.begin_fill("Ada was here")
    sheet.merge(held_back, source)
    suggestion = sheet.entries["name"].suggestion
    assert suggestion is not None
    assert (suggestion.value, suggestion.spans) == ("Ada", ((0, 3),))
    assert sheet.values["name"] is None
    assert Sheet.from_dict(sheet.to_dict()).entries["name"].suggestion == suggestion
    assert sheet.to_dict()["sources"] == {source: "Ada was here"}
    sheet.merge(found("name", None), sheet.begin_fill("Nothing else is said"))
    assert sheet.entries["name"].suggestion == suggestion
    sheet.merge(found("name", "Bob"), sheet.begin_fill("Bob"))
    assert sheet.entries["name"].suggestion is None
    sheet.merge(held_back, sheet.begin_fill("Ada"))
    assert (sheet.values["name"], sheet.entries["name"].suggestion) == ("Bob", None)


def test_nothing_is_suggested_in_the_place_of_what_a_person_wrote_or_emptied() -> None:
    sheet = Sheet(FORM, entries={"name": typed(None)})
    sheet.merge(replace(found("name", None), suggestion=found("name", "Ada")), sheet.begin_fill("Ada"))
    assert sheet.entries["name"].suggestion is None


def test_a_field_that_a_person_emptied_is_not_filled_again_unasked() -> None:
    sheet = Sheet(FORM, entries={"name": typed(None)})
    sheet.merge(found("name", "Ada"), sheet.begin_fill("Ada"))
    assert sheet.values["name"] is None
    assert sheet.entries["name"].offer is not None


def test_not_found_erases_nothing() -> None:
    sheet = Sheet(FORM)
    sheet.merge(found("name", "Ada"), sheet.begin_fill("Ada"))
    first = sheet.entries["name"]
    sheet.merge(found("name", None), sheet.begin_fill("nobody"))
    assert sheet.entries["name"] == first
    sheet.merge(found("day", None), sheet.begin_fill("nobody"))
    assert sheet.entries["day"].answer.state == "not found"


def test_a_fill_may_take_back_its_own_answer() -> None:
    sheet = Sheet(FORM)
    source = sheet.begin_fill("Ada")
    sheet.merge(found("name", "Ada"), source)
    sheet.merge(found("name", None), source)
    assert sheet.values["name"] is None
    assert sheet.entries["name"].answer.state == "not found"


def test_undo_restores_what_the_fill_changed_but_not_what_was_typed_since() -> None:
    sheet = Sheet(FORM)
    sheet.merge(found("name", "Ada"), sheet.begin_fill("Ada"))
    source = sheet.begin_fill("Eve")
    sheet.merge(found("name", "Eve"), source)
    sheet.merge(found("tags", ["x"]), source)
    sheet.entries["tags"] = typed(["mine"])
    sheet.undo()
    assert sheet.values == {"name": "Ada", "day": None, "tags": ["mine"]}
    assert sheet.before == {}


def test_undo_keeps_revisions_so_that_the_browser_takes_it() -> None:
    sheet = Sheet(FORM, entries={"name": typed("Bob", revision=3)})
    sheet.begin_fill("Ada")
    # The offer was taken: the browser raised the revision and the value is no longer the person's.
    sheet.entries["name"] = Entry(Answer("Ada", "found"), revision=4)
    sheet.undo()
    assert sheet.values["name"] == "Bob"
    assert sheet.entries["name"].revision == 4


def test_reset_empties_and_undo_brings_back() -> None:
    sheet = Sheet(FORM, entries={"name": typed("Bob")})
    sheet.reset()
    assert set(sheet.values.values()) == {None}
    sheet.undo()
    assert sheet.values["name"] == "Bob"


def test_another_form_takes_over_what_fits() -> None:
    old = Sheet(FORM, entries={"name": typed("Bob"), "day": typed("2026-01-01")}, today=date(2026, 1, 2))
    form = FormSpec((Field("who"), Field("day"), Field("tags", FieldType.LIST)))
    new = old.succeeded_by(form, origin="schema", renamed={"who": "name"})
    assert new.values == {"who": "Bob", "day": None, "tags": None}
    assert (new.generation, new.origin, new.today) == (1, "schema", date(2026, 1, 2))


def test_values_that_do_not_fit_are_left_out() -> None:
    wrong = Entry(Answer("soon", YOURS), by_person=True, problem="Not a date.")
    sheet = Sheet(FORM, entries={"day": wrong})
    assert sheet.values["day"] is None
    assert sheet.problems == ("day",)


def test_a_sheet_survives_the_way_to_the_browser_and_back() -> None:
    sheet = Sheet(FORM, entries={"tags": typed(["a"])}, today=date(2026, 3, 1), origin="pdf", generation=2)
    sheet.merge(found("name", "Ada"), sheet.begin_fill("Ada \U0001f600"))
    again = Sheet.from_dict(json.loads(json.dumps(sheet.to_dict())))
    assert again.entries["name"] == sheet.entries["name"]
    assert again.values == sheet.values
    assert (again.form, again.today, again.origin, again.generation) == (FORM, date(2026, 3, 1), "pdf", 2)
    assert again.before == sheet.before


def test_texts_nobody_points_to_are_dropped() -> None:
    sheet = Sheet(FORM)
    sheet.begin_fill("nothing in it")
    assert sheet.to_dict()["sources"] == {}


@pytest.mark.parametrize("data", [None, {}, {"form": {"fields": []}}, {"form": {"fields": [{"name": ""}]}}])
def test_what_is_no_sheet_is_refused(data: dict | None) -> None:
    with pytest.raises(FormError):
        Sheet.from_dict(data)


def test_nonsense_from_a_client_is_dropped() -> None:
    data = {
        "form": FORM.to_dict(),
        "today": "soon",
        "entries": {"name": {"answer": {"state": "<b>"}}, "x": {}},
    }
    sheet = Sheet.from_dict(data)
    assert sheet.today is None
    assert sheet.entries["name"].answer.state == ""
    assert set(sheet.entries) == {"name", "day", "tags"}
