"""Real PDFs for the tests, made with reportlab."""

from __future__ import annotations

import io
from collections.abc import Mapping

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject
from reportlab.pdfgen.canvas import Canvas

ROWS = {
    "fullName": 760,
    "birthday": 720,
    "notes": 620,
    "newsletter": 580,
    "seat": 540,
    "country": 500,
    "sports": 420,
    "amount": 380,
}
"""Distance of each field's lower edge from the foot of the page, in points."""


def fillable_pdf() -> bytes:
    """A page with one field of every kind, its date and number checked by Acrobat's scripts."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(595, 842))
    canvas.setTitle("Club membership")
    form = canvas.acroForm
    form.textfield(
        name="fullName", tooltip="Your full name", x=200, y=760, width=250, height=20, fieldFlags="required"
    )
    form.textfield(name="birthday", tooltip="Date of birth", x=200, y=720, width=120, height=20)
    form.textfield(
        name="notes",
        tooltip="Anything else",
        x=200,
        y=620,
        width=250,
        height=80,
        fieldFlags="multiline",
        maxlen=1000,
    )
    form.checkbox(name="newsletter", tooltip="Send me the newsletter", x=200, y=580, size=16, fieldFlags="")
    form.radio(name="seat", value="window", tooltip="Seat", x=200, y=540, size=16, fieldFlags="radio")
    form.radio(name="seat", value="aisle", tooltip="Seat", x=260, y=540, size=16, fieldFlags="radio")
    form.choice(
        name="country",
        tooltip="Country",
        x=200,
        y=500,
        width=150,
        height=20,
        value="it",
        options=[("Italy", "it"), ("France", "fr"), ("Spain", "es")],
    )
    form.listbox(
        name="sports",
        tooltip="Sports",
        x=200,
        y=420,
        width=150,
        height=60,
        value="tennis",
        fieldFlags="multiSelect",
        options=["tennis", "rowing", "judo"],
    )
    form.textfield(name="amount", tooltip="", x=200, y=380, width=100, height=20)
    form.textfield(
        name="office", tooltip="For the office", x=200, y=340, width=100, height=20, fieldFlags="readOnly"
    )
    canvas.showPage()
    canvas.save()
    return with_scripts(
        out.getvalue(),
        {
            "birthday": 'AFDate_FormatEx("dd/mm/yyyy");',
            "amount": 'AFNumber_Format(2, 0, 0, 0, "", true);',
        },
    )


def with_scripts(pdf: bytes, scripts: Mapping[str, str]) -> bytes:
    """The PDF with a formatting script on the named fields."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    for reference in writer.root_object["/AcroForm"]["/Fields"]:
        field = reference.get_object()
        if field.get("/T") in scripts:
            action = DictionaryObject(
                {
                    NameObject("/S"): NameObject("/JavaScript"),
                    NameObject("/JS"): TextStringObject(scripts[field["/T"]]),
                }
            )
            field[NameObject("/AA")] = DictionaryObject({NameObject("/F"): action})
    return _saved(writer)


def nested_pdf() -> bytes:
    """Two text fields that belong to one parent: person.name, person.town; and one called name."""
    out = io.BytesIO()
    canvas = Canvas(out)
    for number, name in enumerate(("first", "second", "name")):
        canvas.acroForm.textfield(name=name, x=100, y=700 - 40 * number, width=200, height=20)
    canvas.showPage()
    canvas.save()
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(out.getvalue())))
    acro = writer.root_object["/AcroForm"]
    first, second, third = list(acro["/Fields"])
    parent = writer._add_object(
        DictionaryObject(
            {
                NameObject("/T"): TextStringObject("person"),
                NameObject("/FT"): NameObject("/Tx"),
                NameObject("/Kids"): ArrayObject([first, second]),
            }
        )
    )
    for kid, name in ((first, "name"), (second, "town")):
        field = kid.get_object()
        field[NameObject("/Parent")] = parent
        field[NameObject("/T")] = TextStringObject(name)
        del field["/FT"]
        field.pop("/TU", None)
    acro[NameObject("/Fields")] = ArrayObject([parent, third])
    return _saved(writer)


def plain_pdf() -> bytes:
    """A page of text without fields."""
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.drawString(100, 700, "Dear Sir or Madam")
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def xfa_pdf() -> bytes:
    """A PDF whose form exists as XFA alone."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(plain_pdf())))
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject(
        {
            NameObject("/Fields"): ArrayObject(),
            NameObject("/XFA"): TextStringObject("<xdp:xdp/>"),
        }
    )
    return _saved(writer)


def encrypted(pdf: bytes, password: str) -> bytes:
    """The PDF locked with `password`."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    writer.encrypt(password, algorithm="AES-256")
    return _saved(writer)


def _saved(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
