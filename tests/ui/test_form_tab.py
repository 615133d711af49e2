"""The tab's handlers that need no browser."""

from __future__ import annotations

import pytest

from smartform.errors import FormError
from smartform.fill import Filler
from smartform.schema import Field, FieldType, FormSpec
from smartform.service import Service
from tests.fakes import FakeTranscriber, ScriptedEngine
from ui.form_tab import Desk, Preset, check, edited_sheet
from ui.layout import build_app
from ui.sheet import YOURS, Answer, Entry, Sheet
from ui.speech import appended


def sheet() -> Sheet:
    form = FormSpec((Field("name"), Field("size", FieldType.CHOICE, options=("s", "m"))), title="T", name="t")
    return Sheet(form, entries={"name": Entry(Answer("Ada", YOURS), by_person=True, revision=1)})


def test_every_model_can_be_chosen_with_its_figures_in_sight() -> None:
    one, other = (Service(Filler(ScriptedEngine({})), FakeTranscriber()) for _ in range(2))
    models = {"Ours · F1 0.6": one, "Mine · F1 0.7": other}
    page = build_app(Desk(one, {"t": Preset(sheet().form, "Ada, size s")}, "t", models))
    (chooser,) = (block for block in page.blocks.values() if getattr(block, "elem_id", "") == "form-model")
    assert [name for name, _ in chooser.choices] == list(models)
    assert chooser.value == "Ours · F1 0.6"


def test_what_was_heard_goes_on_a_line_of_its_own() -> None:
    assert appended("One. \n", " Two. ") == "One.\nTwo."
    assert appended("", "Two.") == "Two."
    assert appended("One.", "") == "One."


def test_check_answers_the_value_or_what_is_wrong() -> None:
    field = Field("day", FieldType.DATE).to_dict()
    assert check({"field": field, "typed": "3 May 2027", "today": "2026-11-21"}) == {"value": "2027-05-03"}
    assert check({"field": field, "typed": "gibberish", "today": "2026-11-21"}).keys() == {"problem", "hint"}
    assert check({"field": field, "typed": None, "today": "2026-11-21"}) == {"value": None}


def test_edited_fields_keep_their_values_under_a_new_name() -> None:
    rows = [
        {"name": "size", "type": "choice", "options": ["s", "m"], "was": "size"},
        {"name": " visitor ", "type": "text", "was": "name"},
        {"name": "extra", "type": "text"},
    ]
    new = edited_sheet(sheet(), rows)
    assert new.form.names == ("size", "visitor", "extra")
    assert new.values == {"size": None, "visitor": "Ada", "extra": None}
    assert (new.form.title, new.form.name) == ("T", "t")


@pytest.mark.parametrize(
    "rows",
    [[], [{"name": "", "type": "text"}], [{"name": "a"}, {"name": "a"}], [{"name": "a", "type": "choice"}]],
)
def test_rows_that_make_no_form_are_refused(rows: list[dict]) -> None:
    with pytest.raises(FormError):
        edited_sheet(sheet(), rows)
