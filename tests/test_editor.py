"""The field editor's changes: each gives a new form or says why not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from smartform import editor
from smartform.errors import FormError
from smartform.schema import MAX_FIELDS, Field, FieldType, FormSpec

FORM = FormSpec(
    fields=(
        Field("name", label="Full name", required=True),
        Field("plan", FieldType.CHOICE, options=("m", "y"), option_labels=("Monthly", "Yearly")),
        Field("notes", FieldType.LONGTEXT),
    ),
    title="Club",
)


def test_adding() -> None:
    assert editor.add_field(FORM).names == ("name", "plan", "notes", "field")
    assert editor.add_field(FORM, Field("name"), 0).names == ("name_2", "name", "plan", "notes")
    assert editor.add_field(FORM, Field("x"), 99).names[-1] == "x"
    assert editor.add_field(FORM, Field("x"), -5).names[0] == "x"
    assert editor.empty_form("New").names == ("field",)


def test_a_full_form_takes_no_more() -> None:
    full = FormSpec(tuple(Field(f"f{n}") for n in range(MAX_FIELDS)))
    with pytest.raises(FormError, match=str(MAX_FIELDS)):
        editor.add_field(full)


def test_renaming() -> None:
    form = editor.rename_field(FORM, "name", " fullName ")
    assert form.names == ("fullName", "plan", "notes")
    assert form["fullName"].label == "Full name" and form["fullName"].required
    assert form.title == "Club" and FORM.names[0] == "name"


def test_retyping() -> None:
    assert editor.retype_field(FORM, "notes", "date")["notes"].type is FieldType.DATE
    assert editor.retype_field(FORM, "notes", FieldType.CHOICE)["notes"].options == editor.FIRST_OPTIONS
    many = editor.retype_field(FORM, "plan", "multichoice")["plan"]
    assert many.options == ("m", "y") and many.shown_options == ("Monthly", "Yearly")
    plain = editor.retype_field(FORM, "plan", "text")["plan"]
    assert plain.options == () and plain.option_labels == ()


@pytest.mark.parametrize(
    ("name", "steps", "order"),
    [
        ("name", 1, ("plan", "name", "notes")),
        ("notes", -1, ("name", "notes", "plan")),
        ("name", -1, ("name", "plan", "notes")),
        ("notes", 9, ("name", "plan", "notes")),
        ("notes", -9, ("notes", "name", "plan")),
    ],
)
def test_moving(name: str, steps: int, order: tuple[str, ...]) -> None:
    assert editor.move_field(FORM, name, steps).names == order


def test_deleting() -> None:
    assert editor.delete_field(FORM, "plan").names == ("name", "notes")


def test_options_keep_the_labels_they_had() -> None:
    field = editor.set_options(FORM, "plan", ["y", " weekly ", ""])["plan"]
    assert field.options == ("y", "weekly") and field.shown_options == ("Yearly", "weekly")


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a\nb\n\n a ", ("a", "b")),
        ("red, green,blue", ("red", "green", "blue")),
        ("one; two, three", ("one", "two, three")),
        ("Yes", ("Yes",)),
        ("  ", ()),
    ],
)
def test_options_typed_into_one_box(text: str, options: tuple[str, ...]) -> None:
    assert editor.parse_options(text) == options


def test_required_label_and_description() -> None:
    form = editor.set_required(FORM, "notes", True)
    form = editor.set_label(form, "notes", " Remarks ")
    form = editor.set_description(form, "notes", "what\n else ")
    assert form["notes"].required and form["notes"].label == "Remarks"
    assert form["notes"].description == "what else"
    assert not editor.set_required(form, "notes", False)["notes"].required


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: editor.rename_field(FORM, "name", "plan"), "Two fields are called 'plan'"),
        (lambda: editor.rename_field(FORM, "name", "  "), "no name"),
        (lambda: editor.rename_field(FORM, "name", "x" * 200), "longer than"),
        (lambda: editor.rename_field(FORM, "gone", "x"), "no field 'gone'"),
        (lambda: editor.retype_field(FORM, "name", "colour"), "no field type 'colour'"),
        (lambda: editor.retype_field(FORM, "gone", "text"), "no field 'gone'"),
        (lambda: editor.move_field(FORM, "gone", 1), "no field 'gone'"),
        (lambda: editor.delete_field(editor.empty_form(), "field"), "last field"),
        (lambda: editor.set_options(FORM, "name", ["a"]), "has no options"),
        (lambda: editor.set_options(FORM, "plan", ["a", "a"]), "lists an option twice"),
        (lambda: editor.set_options(FORM, "plan", [" "]), "without options"),
    ],
)
def test_what_cannot_be_done_says_why_and_what_to_do(change: Callable[[], FormSpec], message: str) -> None:
    with pytest.raises(FormError, match=message) as raised:
        change()
    assert raised.value.hint
