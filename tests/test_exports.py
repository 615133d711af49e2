"""Filled forms as JSON, CSV, PDF and a script for the browser's console."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from pypdf import PdfReader

from smartform.errors import FormError
from smartform.exports import console_snippet, fill_pdf, to_csv, to_json
from smartform.schema import Field, FieldType, FormSpec
from smartform.sources import load_form
from tests.sources import pdfs

FORM = FormSpec(
    (
        Field("name"),
        Field("age", FieldType.INTEGER),
        Field("weight", FieldType.NUMBER),
        Field("smoker", FieldType.BOOLEAN),
        Field("tags", FieldType.LIST),
        Field("phone", FieldType.PHONE),
    )
)
VALUES = {"name": "Zoë", "age": "34", "weight": "76.50", "smoker": "false", "tags": ["a", "b"], "phone": None}


def test_json_has_every_field_in_its_json_type() -> None:
    assert json.loads(to_json(FORM, VALUES)) == {
        "name": "Zoë",
        "age": 34,
        "weight": 76.5,
        "smoker": False,
        "tags": ["a", "b"],
        "phone": None,
    }
    assert "Zoë" in to_json(FORM, VALUES)


def test_json_follows_the_schema_the_form_came_from() -> None:
    schema = {"properties": {"home": {"properties": {"floor": {"enum": [1, 2]}}}}}
    form = load_form(schema)
    assert json.loads(to_json(form, {"home.floor": "2"}, schema)) == {"home": {"floor": 2}}


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("12345678901234567890", 12345678901234567890),
        ("-3.0", -3),
        ("0.5", 0.5),
        ("nan", "nan"),
        ("ten", "ten"),
    ],
)
def test_json_numbers_are_exact_or_stay_text(written: str, number: object) -> None:
    assert json.loads(to_json(FORM, {"weight": written}))["weight"] == number


def test_csv_is_read_back() -> None:
    rows = list(csv.reader(io.StringIO(to_csv(FORM, VALUES | {"name": 'He said "hi",\nthen left'}))))
    assert rows[0] == list(FORM.names)
    assert rows[1] == ['He said "hi",\nthen left', "34", "76.50", "false", "a; b", ""]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3+cmd", "'-2+3+cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\uff1d1+A1", "'\uff1d1+A1"),
        ("+39 06 5501-23", "+39 06 5501-23"),
        ("-12.50", "-12.50"),
        ("+39", "+39"),
        ("(030) 12", "(030) 12"),
        ("plain = text", "plain = text"),
        ("- first\n- second", "'- first\n- second"),
    ],
)
def test_csv_cells_are_no_formulas(value: str, cell: str) -> None:
    rows = list(csv.reader(io.StringIO(to_csv(FORM, {"name": value}), newline="")))
    assert rows[1][0] == cell


def test_csv_guards_list_items_and_names_too() -> None:
    form = FormSpec((Field("=1+A1"), Field("tags", FieldType.LIST)))
    rows = list(csv.reader(io.StringIO(to_csv(form, {"tags": ["=x", "y"]}))))
    assert rows == [["'=1+A1", "tags"], ["", "'=x; y"]]


def test_pdf_is_filled() -> None:
    pdf = pdfs.fillable_pdf()
    form = load_form(pdf)
    filled = fill_pdf(pdf, form, {"fullName": "Ada Byron", "newsletter": "true", "foreign": "x"})
    fields = PdfReader(io.BytesIO(filled)).get_fields()
    assert fields is not None
    assert fields["fullName"]["/V"] == "Ada Byron" and fields["newsletter"]["/V"] == "/Yes"
    assert load_form(filled) == form


def test_a_pdf_without_fields_cannot_be_filled() -> None:
    with pytest.raises(FormError, match="no form fields"):
        fill_pdf(pdfs.plain_pdf(), FORM, {"name": "Ada"})


def test_the_snippet_holds_values_safely() -> None:
    nasty = "</script><script>alert(1)</script>\u2028\"'`${x}\\ __FIELDS__ <!--"
    script = console_snippet(FORM, {"name": nasty, "age": None, "tags": []})
    data = re.search(r"const fields = (.*);\n", script)
    assert data is not None
    assert [field["values"] for field in json.loads(data[1])] == [[nasty]]
    assert "</script" not in script and "<!--" not in script and "\u2028" not in script
