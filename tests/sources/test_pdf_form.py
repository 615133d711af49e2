"""Fillable PDFs, made by reportlab, read and filled."""

from __future__ import annotations

import io

import numpy as np
import pypdfium2
import pytest
from pypdf import PdfReader

from smartform.errors import DocumentError, FormError
from smartform.schema import FieldType
from smartform.sources import from_pdf, load_form
from smartform.sources.pdf_form import fill_pdf, read_pdf, write_pdf
from tests.sources import pdfs

VALUES = {
    "fullName": "Zoë Müller-Łukasz",
    "birthday": "1988-05-03",
    "notes": "I sail on weekends (mostly alone) and would like to help with the children's course. " * 3,
    "newsletter": "true",
    "seat": "aisle",
    "country": "es",
    "sports": ["rowing", "judo"],
    "amount": "1250.50",
}


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return pdfs.fillable_pdf()


@pytest.fixture(scope="module")
def filled(pdf: bytes) -> bytes:
    return fill_pdf(pdf, VALUES)


def test_every_kind_of_field_is_read(pdf: bytes) -> None:
    form = from_pdf(pdf)
    assert form.title == "Club membership"
    assert {f.name: f.type for f in form.fields} == {
        "fullName": FieldType.TEXT,
        "birthday": FieldType.DATE,
        "notes": FieldType.LONGTEXT,
        "newsletter": FieldType.BOOLEAN,
        "seat": FieldType.CHOICE,
        "country": FieldType.CHOICE,
        "sports": FieldType.MULTICHOICE,
        "amount": FieldType.NUMBER,
    }
    assert form.names[0] == "fullName" and form.names[-1] == "amount"
    assert [f.name for f in form.fields if f.required] == ["fullName"]


def test_labels_and_options(pdf: bytes) -> None:
    form = load_form(pdf)
    assert form["newsletter"].title == "Send me the newsletter"
    assert form["amount"].title == "Amount"
    assert form["seat"].options == ("window", "aisle")
    assert form["country"].options == ("it", "fr", "es")
    assert form["country"].shown_options == ("Italy", "France", "Spain")
    assert form["sports"].options == ("tennis", "rowing", "judo")


def test_values_are_read_back(filled: bytes) -> None:
    reader = PdfReader(io.BytesIO(filled))
    fields = reader.get_fields()
    assert fields is not None
    assert fields["fullName"]["/V"] == "Zoë Müller-Łukasz"
    assert fields["birthday"]["/V"] == "03/05/1988"
    assert fields["notes"]["/V"] == VALUES["notes"]
    assert fields["newsletter"]["/V"] == "/Yes"
    assert fields["seat"]["/V"] == "/aisle"
    assert fields["country"]["/V"] == "es"
    assert fields["sports"]["/V"] == ["rowing", "judo"]
    assert fields["amount"]["/V"] == "1250.50"
    acro = reader.root_object["/AcroForm"]
    assert acro["/NeedAppearances"] == True  # noqa: E712 - a PDF object, not a bool
    widgets = [a.get_object() for a in reader.pages[0]["/Annots"]]
    states = {str(w.get("/AS")) for w in widgets if w.get("/T") in (None, "newsletter")}
    assert states >= {"/Yes", "/aisle", "/Off"}


def test_the_filled_form_reads_as_the_same_form(pdf: bytes, filled: bytes) -> None:
    assert read_pdf(filled) == read_pdf(pdf)


def _page(data: bytes) -> np.ndarray:
    """The first page as PDFium draws it, grey values, 144 dpi."""
    document = pypdfium2.PdfDocument(data)
    try:
        document.init_forms()
        return document[0].render(scale=2, grayscale=True).to_numpy().squeeze().copy()
    finally:
        document.close()


def _drawn_text(data: bytes, name: str) -> bool:
    """Whether the file itself holds what a viewer that draws nothing of its own needs."""
    widgets = [a.get_object() for a in PdfReader(io.BytesIO(data)).pages[0]["/Annots"]]
    own = [w for w in widgets if w.get("/T", w.get("/Parent", {}).get("/T")) == name]
    normal = own[-1]["/AP"]["/N"]
    return b" Tj" in normal.get_data() if hasattr(normal, "get_data") else own[-1]["/AS"] in normal


@pytest.mark.parametrize("name", pdfs.ROWS)
def test_the_value_is_drawn_in_its_rectangle(pdf: bytes, filled: bytes, name: str) -> None:
    changed = _page(pdf) != _page(filled)
    bottom = pdfs.ROWS[name]
    height = {"notes": 80, "sports": 60}.get(name, 20)
    rows = slice(2 * (842 - bottom - height), 2 * (842 - bottom))
    assert changed[rows, 400:920].sum() > 20
    assert changed[:, :396].sum() == 0
    assert _drawn_text(filled, name)


def test_long_text_wraps_inside_its_box(pdf: bytes, filled: bytes) -> None:
    changed = (_page(pdf) != _page(filled))[2 * (842 - 700) : 2 * (842 - 620), 400:900]
    lines = changed.any(axis=1)
    starts = int((lines[1:] & ~lines[:-1]).sum())
    assert starts >= 3


def test_a_box_can_be_cleared_and_missing_values_change_nothing(pdf: bytes) -> None:
    ticked = write_pdf(pdf, {"newsletter": "true", "country": "fr"})
    cleared = PdfReader(io.BytesIO(write_pdf(ticked, {"newsletter": "false", "country": None})))
    fields = cleared.get_fields()
    assert fields is not None
    assert fields["newsletter"]["/V"] == "/Off"
    assert fields["country"]["/V"] == "fr"


def test_nested_names_are_kept_apart() -> None:
    data = pdfs.nested_pdf()
    form = from_pdf(data)
    assert form.names == ("person.name", "person.town", "name")
    fields = PdfReader(io.BytesIO(write_pdf(data, {"person.name": "Ada", "name": "Club"}))).get_fields()
    assert fields is not None
    assert fields["person.name"]["/V"] == "Ada"
    assert fields["name"]["/V"] == "Club"
    assert fields["person.town"].get("/V", "") == ""


def test_partial_dates_stay_as_they_are(pdf: bytes) -> None:
    fields = PdfReader(io.BytesIO(write_pdf(pdf, {"birthday": "1988-05"}))).get_fields()
    assert fields is not None and fields["birthday"]["/V"] == "1988-05"


def test_a_pdf_with_a_password_says_so(pdf: bytes) -> None:
    with pytest.raises(DocumentError, match="password") as raised:
        from_pdf(pdfs.encrypted(pdf, "secret"))
    assert "save it without" in raised.value.hint


def test_a_pdf_that_only_restricts_printing_is_read(pdf: bytes) -> None:
    assert "fullName" in load_form(pdfs.encrypted(pdf, "")).names


def test_a_pdf_without_fields_says_what_to_do() -> None:
    with pytest.raises(FormError, match="no form fields") as raised:
        from_pdf(pdfs.plain_pdf())
    assert "pick a preset" in raised.value.hint


def test_an_xfa_form_says_so() -> None:
    with pytest.raises(FormError, match="XFA"):
        from_pdf(pdfs.xfa_pdf())


@pytest.mark.parametrize("damage", ["cut", "noise", "head"])
def test_a_damaged_pdf_is_an_error_with_a_hint(pdf: bytes, damage: str) -> None:
    broken = {
        "cut": pdf[: len(pdf) // 5],
        "noise": pdf[:200] + bytes(range(256)) * 40,
        "head": b"%PDF-1.7\n",
    }[damage]
    with pytest.raises((DocumentError, FormError)) as raised:
        load_form(broken)
    assert raised.value.hint
