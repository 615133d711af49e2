"""Real documents for the tests: PDFs by reportlab, DOCX by python-docx, ODT and hostile ZIPs by zipfile."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Mapping

from docx import Document
from PIL import Image, ImageDraw
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, FrameBreak, PageTemplate, Paragraph, Spacer

WIDTH, HEIGHT = 595, 842

LEFT = (
    "Marta Keller breeds goldfish in a small house by the river and has sold them all over the country "
    "since the spring of 1998.",
    "Before that she repaired television sets for eleven years in the workshop of her uncle in Graz.",
    "She writes to her customers by hand and answers every letter within a week of its arrival.",
)
RIGHT = (
    "Her ponds hold four thousand fish of nine breeds, each with a name and a card of its own.",
    "In winter she teaches evening classes on the care of garden ponds at the school of the next town, "
    "and in summer she shows visitors around.",
)


def pdf(*pages: Callable[[Canvas], None]) -> bytes:
    """A PDF whose pages the functions draw."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(WIDTH, HEIGHT))
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def written(*lines: tuple[float, float, str], size: float = 11) -> Callable[[Canvas], None]:
    """A page with texts at (x, distance from the head)."""

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", size)
        for x, down, text in lines:
            canvas.drawString(x, HEIGHT - down, text)

    return draw


def two_column_pdf() -> bytes:
    """A heading over the page, then `LEFT` and `RIGHT` set in two columns of flowing text."""
    out = io.BytesIO()
    head = Frame(50, 740, 495, 60)
    columns = [Frame(50, 60, 235, 670), Frame(310, 60, 235, 670)]
    template = BaseDocTemplate(out, pagesize=(WIDTH, HEIGHT))
    template.addPageTemplates(PageTemplate(frames=[head, *columns]))
    style = ParagraphStyle("body", fontSize=11, leading=14)
    title = Paragraph(
        "A life among fish and televisions, told in two columns", ParagraphStyle("h", fontSize=18)
    )
    story = [title, FrameBreak()]
    for number, column in enumerate((LEFT, RIGHT)):
        story += [FrameBreak()] * number
        for text in column:
            story += [Paragraph(text, style), Spacer(1, 8)]
    template.build(story)
    return out.getvalue()


def scan(canvas: Canvas) -> None:
    """A page that is a picture of writing."""
    picture = Image.new("L", (620, 877), 255)
    ImageDraw.Draw(picture).text((80, 80), "Jane Doe, 14 Mill Lane", fill=0)
    canvas.drawImage(ImageReader(picture), 0, 0, WIDTH, HEIGHT)


def filled_form(canvas: Canvas) -> None:
    """A page with a text field that holds 'Jane Doe'."""
    canvas.drawString(50, 705, "Full name")
    canvas.acroForm.textfield(name="name", value="Jane Doe", x=150, y=700, width=200, height=20)


def looping_pdf(kids: bytes = b"3 0 R") -> bytes:
    """A page with a drawing that draws itself; with kids '2 0 R' the page tree contains itself."""
    drawing = b"/X Do"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count 1 >>" % kids,
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /XObject << /X 4 0 R >> >> >>",
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /XObject << /X 4 0 R >> >> "
        b"/Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
    )
    return _assembled(objects)


def swelling_pdf() -> bytes:
    """A page whose text unpacks to 100 MB."""
    packed = zlib.compress(b"BT /F1 9 Tf 1 0 0 1 9 9 Tm (a) Tj ET " * 2_800_000, 1)
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 "
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(packed), packed),
    )
    return _assembled(objects)


def _assembled(objects: tuple[bytes, ...]) -> bytes:
    out = b"%PDF-1.7\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % count
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (count, len(out))
    return out + head + table + tail


def docx() -> bytes:
    """A resume with a header, a table of facts and one of layout, and umlauts."""
    document = Document()
    document.sections[0].header.paragraphs[0].text = "Jörg Müller · joerg@example.de"
    document.add_heading("Lebenslauf", 1)
    paragraph = document.add_paragraph("Fernseh")
    paragraph.add_run("techniker").bold = True
    paragraph.add_run("\tseit 1998")
    paragraph.add_run("hidden").font.hidden = True
    facts = document.add_table(2, 2)
    for row, words in zip(facts.rows, (("Telefon", "030 1234"), ("Stadt", "Berlin")), strict=True):
        for cell, word in zip(row.cells, words, strict=True):
            cell.text = word
    layout = document.add_table(1, 2)
    layout.cell(0, 0).text = "Python\nSQL"
    layout.cell(0, 1).text = "Acme\n2019"
    document.add_paragraph("Ende")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """A ZIP file of the parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def odt(body: str, **more: str) -> bytes:
    """An OpenDocument text of one body, as XML in the usual namespaces; `more` parts by name."""
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{urn}:1.0"'
        for name, urn in {
            "office": "office", "text": "text", "table": "table", "draw": "drawing", "style": "style",
        }.items()
    )  # fmt: skip
    content = f"<office:document-content {names}><office:body><office:text>{body}</office:text></office:body>"
    styles = (
        f"<office:document-styles {names}><office:master-styles><style:master-page><style:header>"
        "<text:p>Seite des Vereins</text:p></style:header></style:master-page></office:master-styles>"
        "</office:document-styles>"
    )
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": content + "</office:document-content>",
            "styles.xml": styles,
            **more,
        }
    )


def with_part(data: bytes, name: str, content: str | bytes) -> bytes:
    """The ZIP file with one part added or exchanged."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts: dict[str, str | bytes] = {old: archive.read(old) for old in archive.namelist()}
    return zipped(parts | {name: content})


def entity_bomb() -> str:
    """XML of a few hundred bytes that means a billion."""
    layers = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY l0 "ha">{layers}]><d>&l9;</d>'
