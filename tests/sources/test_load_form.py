"""Presets, and the detection of what describes a form."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from smartform.errors import FormError
from smartform.schema import PLAIN_TYPES, FieldType, FormSpec
from smartform.sources import example, load_form, localise, presets
from smartform.tasks import Task
from tests.sources import pdfs

WANTED = {
    "contact",
    "hotel_booking",
    "doctor_visit",
    "gym_plan",
    "clinical_case",
    "insurance_claim",
    "tax_data",
    "flat_advert",
    "job_advert",
    "it_ticket",
    "invoice",
    "event_registration",
    "scholarly_metadata",
}


def test_the_presets_are_there_and_use_every_type() -> None:
    forms = presets()
    assert set(forms) >= WANTED
    assert {field.type for form in forms.values() for field in form.fields} >= set(PLAIN_TYPES)


@pytest.mark.parametrize("name", sorted(WANTED))
def test_a_preset_is_a_usable_form_with_an_example(name: str) -> None:
    form = presets()[name]
    assert form.name == name and form.title and form.description
    assert 8 <= len(form.fields) <= 20
    assert all(field.name.isidentifier() and field.label for field in form.fields)
    assert any(field.required for field in form.fields)
    assert sum(bool(field.description) for field in form.fields) > len(form.fields) / 2
    assert 80 <= len(example(name).split()) <= 160
    assert load_form(form.to_dict()) == form


@pytest.mark.parametrize("name", sorted(WANTED))
def test_italian_labels_cover_every_field_and_option(name: str) -> None:
    form = presets()[name]
    words = json.loads(
        (Path(__file__).parents[2] / "smartform/sources/labels/it.json").read_text(encoding="utf-8")
    )[name]["fields"]
    assert list(words) == list(form.names)
    for field in form.fields:
        if field.option_labels:
            assert len(words[field.name]["options"]) == len(field.options)


def test_localise_changes_what_is_shown_and_nothing_else() -> None:
    form = presets()["hotel_booking"]
    italian = localise(form, "it")
    assert italian.title == "Prenotazione d'albergo"
    assert italian["roomType"].title == "Tipo di camera"
    assert italian["roomType"].shown_options[0] == "Singola"
    assert [(f.name, f.type, f.options, f.description) for f in italian.fields] == [
        (f.name, f.type, f.options, f.description) for f in form.fields
    ]
    assert localise(form, "en") == form
    assert localise(form, "../../presets/contact") == form


def test_a_preset_is_found_by_any_spelling_of_its_name() -> None:
    assert load_form(" Hotel-booking ").name == "hotel_booking"


def test_an_unknown_example_names_the_presets() -> None:
    with pytest.raises(FormError) as raised:
        example("spaceship")
    assert "hotel_booking" in raised.value.hint


@pytest.mark.parametrize("key", ["fields", "form_fields"])
def test_a_form_as_json_text_is_read(key: str) -> None:
    form = load_form(json.dumps({key: [{"name": "age", "type": "integer", "value": "3"}]}))
    assert form["age"].type is FieldType.INTEGER


def test_a_bare_list_of_fields_is_read() -> None:
    assert load_form('[{"name": "a"}, {"name": "b"}]').names == ("a", "b")


def test_files_of_every_kind_are_read(tmp_path: Path) -> None:
    files = {
        "a.json": b'{"properties": {"town": {"type": "string"}}}',
        "b.html": "\ufeff<form><input name='town'></form>".encode(),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        assert load_form(tmp_path / name).names == ("town",)
        assert load_form(str(tmp_path / name), files=True).names == ("town",)
    (tmp_path / "c.pdf").write_bytes(pdfs.nested_pdf())
    assert "person.town" in load_form(tmp_path / "c.pdf").names


def test_a_string_does_not_open_files_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"properties": {"town": {"type": "string"}}}')
    with pytest.raises(FormError, match="not a form"):
        load_form(str(path))


def test_a_form_tells_whose_adapter_reads_its_texts() -> None:
    papers = load_form("scholarly_metadata")
    assert papers.task is Task.PAGES
    edited = replace(papers.subset(["title"]), title="Mine")
    assert FormSpec.from_dict(edited.to_dict()).task is localise(papers, "it").task is Task.PAGES
    assert load_form("invoice").task is Task.FORMS and "task" not in load_form("invoice").to_dict()
    for unknown in ("email", "poem"):
        with pytest.raises(FormError, match=f"'{unknown}' is unknown") as raised:
            load_form({"fields": [{"name": "a", "type": "text"}], "task": unknown})
        assert "pages" in raised.value.hint


def test_a_missing_file_is_named_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(FormError) as raised:
        load_form(tmp_path / "gone.pdf")
    assert "gone.pdf" in str(raised.value) and str(tmp_path) not in str(raised.value)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "   ",
        "hello there",
        "\0",
        "3 < 4 and 5 > 4",
        b"",
        b"\xff\xfe\x00\x01",
        "😀" * 1000,
        "{}",
        "[]",
        "[1, 2]",
        '{"a": 1}',
        "null",
        "<p>no form</p>",
        "<" * 5000,
        "[" * 100_000,
        '{"fields": 3}',
        '{"fields": []}',
        {},
        {"type": "object", "properties": {}},
        {"properties": 3},
        {"fields": [3]},
    ],
)
def test_what_is_no_form_is_an_error_with_a_hint(source: object) -> None:
    with pytest.raises(FormError) as raised:
        load_form(source)  # type: ignore[arg-type]
    assert str(raised.value) and raised.value.hint


def test_broken_json_is_placed_by_line_and_column() -> None:
    with pytest.raises(FormError, match="line 3, column 1") as raised:
        load_form('{"properties": {\n"a": {"type": "string"},\n}}')
    assert "comma" in raised.value.hint


def test_what_is_too_big_is_refused() -> None:
    with pytest.raises(FormError, match="20 MB"):
        load_form(b" " * 20_000_001)
    with pytest.raises(FormError, match="20 MB"):
        load_form("<form>" + " " * 20_000_001)
