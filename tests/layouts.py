"""One resume in ten common layouts, five PDFs and five DOCX, each made by a real library."""

from __future__ import annotations

import io
from collections.abc import Callable

from docx import Document
from docx.blkcntnr import BlockItemContainer
from docx.document import Document as WordDocument
from docx.oxml.ns import qn
from docx.oxml.parser import OxmlElement
from docx.shared import Cm
from reportlab.lib import colors
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    FrameBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from tests.fakes import Cue

WIDTH, HEIGHT = 595, 842

NAME, TITLE = "Raymond Voss", "Television repair technician"
CONTACT = ("ray.voss@tubes.example", "07700 900 126", "Leeds")
JOBS = (
    (
        "Television Repair Technician",
        "Volt & Sons",
        "2011 - present",
        "Mends sets of every make and age, in the workshop and in people's homes; trains two apprentices.",
    ),
    (
        "Workshop Apprentice",
        "Screenfix",
        "2008 - 2011",
        "Learned the trade on old sets, kept the store of valves and drove the van.",
    ),
)
SCHOOL = ("City & Guilds Electronics", "Northfield College", "2010")
SKILLS = ("soldering", "fault finding", "oscilloscopes", "customer care")
LANGUAGES = ("English", "Polish")

SCRIPT: dict[str, str | Cue] = {
    "name": NAME,
    "email": CONTACT[0],
    "phone": CONTACT[1],
    "location": "Leeds",
    "skills": Cue("soldering", SKILLS),
    "work": Cue("Workshop Apprentice", ("Television Repair Technician", "Workshop Apprentice")),
    "work[Television Repair Technician].company": "Volt & Sons",
    "work[Workshop Apprentice].company": "Screenfix",
}
"""What a scripted model finds in each of them."""

_BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=10, leading=13)
_HEAD = ParagraphStyle("head", fontName="Helvetica-Bold", fontSize=12, leading=18, spaceBefore=8)
_NAME = ParagraphStyle("name", fontName="Helvetica-Bold", fontSize=20, leading=26)


# ---- PDF -------------------------------------------------------------------------------------


def _p(text: str, style: ParagraphStyle = _BODY) -> Paragraph:
    return Paragraph(text.replace("&", "&amp;"), style)


def _jobs() -> list[Flowable]:
    story: list[Flowable] = [_p("EXPERIENCE", _HEAD)]
    for position, company, when, what in JOBS:
        story += [_p(f"{position}, {company}"), _p(when), _p(what), Spacer(1, 6)]
    return story


def _rest() -> list[Flowable]:
    story: list[Flowable] = [_p("EDUCATION", _HEAD), *map(_p, SCHOOL), _p("SKILLS", _HEAD)]
    return [*story, *map(_p, SKILLS), _p("LANGUAGES", _HEAD), *map(_p, LANGUAGES)]


def _pdf(
    frames: list[tuple[float, float, float, float]],
    stories: list[list[Flowable]],
    under: Callable[[Canvas], None] = lambda canvas: None,
) -> bytes:
    """A page with a story in each frame: x, y from below, width, height."""
    out = io.BytesIO()
    template = BaseDocTemplate(out, pagesize=(WIDTH, HEIGHT))
    template.addPageTemplates(
        PageTemplate(frames=[Frame(*frame) for frame in frames], onPage=lambda canvas, _: under(canvas))
    )
    story: list[Flowable] = []
    for number, part in enumerate(stories):
        story += [FrameBreak()] * bool(number) + part
    template.build(story)
    return out.getvalue()


def _head() -> list[Flowable]:
    return [_p(NAME, _NAME), _p(TITLE)]


def plain_pdf() -> bytes:
    """One column, from top to bottom."""
    return _pdf([(50, 50, 495, 740)], [[*_head(), _p(" | ".join(CONTACT)), *_jobs(), *_rest()]])


def two_column_pdf() -> bytes:
    """The name over the page, experience on the left, everything else on the right."""
    head = [*_head(), _p(" | ".join(CONTACT))]
    return _pdf([(50, 690, 495, 100), (50, 60, 290, 620), (370, 60, 175, 620)], [head, _jobs(), _rest()])


def sidebar_pdf() -> bytes:
    """A dark sidebar on the left with contacts and skills in white, experience beside it."""

    def under(canvas: Canvas) -> None:
        canvas.setFillColor(colors.HexColor("#20303c"))
        canvas.rect(0, 0, 195, HEIGHT, stroke=0, fill=1)

    white = ParagraphStyle("white", parent=_BODY, textColor=colors.white)
    heading = ParagraphStyle("white head", parent=_HEAD, textColor=colors.white)
    side = [_p("CONTACT", heading), *(_p(text, white) for text in CONTACT), _p("SKILLS", heading)]
    side += [*(_p(text, white) for text in SKILLS), _p("LANGUAGES", heading)]
    side += [_p(text, white) for text in LANGUAGES]
    main = [*_head(), *_jobs(), _p("EDUCATION", _HEAD), *map(_p, SCHOOL)]
    return _pdf([(25, 50, 160, 740), (215, 50, 340, 740)], [side, main], under)


def dated_pdf() -> bytes:
    """Dates in a narrow column on the left of what they belong to, set as a table."""
    rows = [[_p(when), [_p(f"{position}, {company}"), _p(what)]] for position, company, when, what in JOBS]
    rows.append([_p(SCHOOL[2]), [_p(SCHOOL[0]), _p(SCHOOL[1])]])
    story = [
        *_head(),
        _p(" | ".join(CONTACT)),
        Table(rows, colWidths=[90, 400], style=[("VALIGN", (0, 0), (-1, -1), "TOP")]),
    ]
    story += [_p("SKILLS", _HEAD), _p(", ".join(SKILLS))]
    return _pdf([(50, 50, 495, 740)], [story])


def banner_pdf() -> bytes:
    """A coloured banner with the name on the left and contacts at the right edge of it."""
    right = ParagraphStyle("right", parent=_BODY, alignment=2)

    def under(canvas: Canvas) -> None:
        canvas.setFillColor(colors.HexColor("#d9e7e4"))
        canvas.rect(0, 720, WIDTH, HEIGHT - 720, stroke=0, fill=1)

    contact = [_p(text, right) for text in CONTACT]
    frames = [(40, 725, 300, 100), (350, 725, 205, 100), (40, 50, 515, 650)]
    return _pdf(frames, [_head(), contact, [*_jobs(), *_rest()]], under)


# ---- DOCX ------------------------------------------------------------------------------------


def _saved(document: WordDocument) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _write(place: BlockItemContainer, *lines: str) -> None:
    for line in lines:
        place.add_paragraph(line)


def _write_jobs(place: BlockItemContainer) -> None:
    _write(place, "EXPERIENCE")
    for position, company, when, what in JOBS:
        _write(place, f"{position}, {company}", when, what)


def _write_rest(place: BlockItemContainer) -> None:
    _write(place, "EDUCATION", *SCHOOL, "SKILLS", *SKILLS, "LANGUAGES", *LANGUAGES)


def plain_docx() -> bytes:
    """Headings and bullets."""
    document = Document()
    document.add_heading(NAME, 0)
    _write(document, TITLE, " | ".join(CONTACT))
    document.add_heading("Experience", 1)
    for position, company, when, what in JOBS:
        document.add_heading(f"{position}, {company}", 2)
        _write(document, when)
        document.add_paragraph(what, style="List Bullet")
    _write_rest(document)
    return _saved(document)


def sidebar_docx() -> bytes:
    """A table of two cells over the whole page, as many templates are made."""
    document = Document()
    side, main = document.add_table(rows=1, cols=2).rows[0].cells
    side.width, main.width = Cm(5), Cm(12)
    _write(side, "CONTACT", *CONTACT, "SKILLS", *SKILLS, "LANGUAGES", *LANGUAGES)
    _write(main, NAME, TITLE)
    _write_jobs(main)
    _write(main, "EDUCATION", *SCHOOL)
    return _saved(document)


def table_docx() -> bytes:
    """A row for each job: the dates, then what was done."""
    document = Document()
    _write(document, NAME, TITLE, " | ".join(CONTACT), "EXPERIENCE")
    table = document.add_table(rows=0, cols=2)
    for position, company, when, what in JOBS:
        dates, job = table.add_row().cells
        dates.text = when
        job.text = f"{position}, {company}"
        _write(job, what)
    _write_rest(document)
    return _saved(document)


def columns_docx() -> bytes:
    """The page set in two columns of text."""
    document = Document()
    _write(document, NAME, TITLE, " | ".join(CONTACT))
    _write_jobs(document)
    _write_rest(document)
    columns = OxmlElement("w:cols")
    columns.set(qn("w:num"), "2")
    document.sections[0]._sectPr.append(columns)
    return _saved(document)


def header_docx() -> bytes:
    """Name and contacts in the header of the page."""
    document = Document()
    header = document.sections[0].header
    header.paragraphs[0].text = NAME
    header.add_paragraph(" | ".join(CONTACT))
    _write(document, TITLE)
    _write_jobs(document)
    _write_rest(document)
    return _saved(document)


LAYOUTS: dict[str, Callable[[], bytes]] = {
    "plain.pdf": plain_pdf,
    "two_columns.pdf": two_column_pdf,
    "sidebar.pdf": sidebar_pdf,
    "dated.pdf": dated_pdf,
    "banner.pdf": banner_pdf,
    "plain.docx": plain_docx,
    "sidebar.docx": sidebar_docx,
    "table.docx": table_docx,
    "columns.docx": columns_docx,
    "header.docx": header_docx,
}
"""Name of a file → what makes it."""
