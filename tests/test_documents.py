"""Documents become text in reading order, or an error that names the remedy; never a hang."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from smartform.documents import MAX_BYTES, read_document
from smartform.errors import DocumentError
from smartform.fill import MAX_CHARS
from smartform.readers import docx, html, odt, office, pdf
from smartform.readers.package import MAX_PART_BYTES, MAX_PARTS, Package
from tests import papers
from tests.papers import with_part, written
from tests.sources.pdfs import encrypted

LETTER = "Grüße aus Köln – Jörg Müller, façade, señor"


def words(text: str) -> str:
    return " ".join(text.split())


def test_two_columns_are_read_one_after_the_other() -> None:
    text = words(read_document(papers.two_column_pdf(), "life.pdf"))
    assert text == words(
        "A life among fish and televisions, told in two columns " + " ".join(papers.LEFT + papers.RIGHT)
    )


def test_columns_that_the_file_holds_line_by_line() -> None:
    left = [f"left line {n} of the first column of text" for n in range(12)]
    right = [f"right line {n} of the second column" for n in range(9)]
    lines = [(50.0, 60.0, "A title that stands across both of the columns of this page, centred or not")]
    for n in range(12):
        lines += [(50, 100 + 14 * n, left[n]), *((310, 100 + 14 * n, r) for r in right[n : n + 1])]
    lines += [(50, 320, "Below the columns one long line goes from the left edge to the right edge of it")]
    assert pdf.read(papers.pdf(written(*lines))).split("\n") == [
        lines[0][2], "", *left, "", *right, "", lines[-1][2],
    ]  # fmt: skip


def test_a_sidebar_of_another_size_and_a_third_column() -> None:
    side = [(40.0, 80 + 13.0 * n, f"skill {n}") for n in range(20)]
    middle = [(200.0, 84 + 16.0 * n, f"what was done in job {n}") for n in range(14)]
    last = [(420.0, 82 + 15.0 * n, f"a word on prize {n}") for n in range(15)]
    text = pdf.read(papers.pdf(written(*middle, *side, *last)))
    expected = [t for _, _, t in (*side, *middle, *last)]
    assert [line for line in text.split("\n") if line] == expected


def test_rows_stay_rows() -> None:
    labels = [("Name", "Jane Doe"), ("Phone", "0770 900 142"), ("Town", "Leeds"), ("Born", "1 May 1988")]
    jobs = [("Acme Limited, engineer", "2019 to 2021"), ("Beta, clerk", "2017"), ("Gamma and Sons", "2015")]
    lines = [(50.0, 60 + 16.0 * n, a) for n, (a, _) in enumerate(labels)]
    lines += [(130.0, 60 + 16.0 * n, b) for n, (_, b) in enumerate(labels)]
    lines += [(50.0, 300 + 16.0 * n, a) for n, (a, _) in enumerate(jobs)]
    lines += [(470.0, 300 + 16.0 * n, b) for n, (_, b) in enumerate(jobs)]
    text = pdf.read(papers.pdf(written(*lines)))
    assert [tuple(line.split("\t")) for line in text.split("\n") if line] == [*labels, *jobs]


def test_a_word_broken_at_the_end_of_a_line_is_whole_and_a_name_keeps_its_hyphen() -> None:
    page = written((50, 60, "She is an experi-"), (50, 74, "enced nurse, Anna Meyer-"), (50, 88, "Landrut."))
    assert pdf.read(papers.pdf(page)) == "She is an experienced nurse, Anna Meyer-\nLandrut."


def test_pages_turned_and_letters_turned() -> None:
    def turned(canvas: papers.Canvas) -> None:
        canvas.setPageRotation(90)
        canvas.rotate(90)
        for n in range(3):
            canvas.drawString(60, -60 - 14 * n, f"turned line {n}")

    def stamped(canvas: papers.Canvas) -> None:
        canvas.setPageRotation(0)
        canvas.drawString(100, 700, "upright")
        canvas.rotate(90)
        canvas.drawString(200, -40, "up the margin")

    text = pdf.read(papers.pdf(turned, stamped))
    assert text == "turned line 0\nturned line 1\nturned line 2\n\nupright\nup the margin"


def test_what_was_typed_into_a_form_is_read() -> None:
    text = pdf.read(papers.pdf(papers.filled_form))
    assert words(text) == "Full name Jane Doe"


def test_docx() -> None:
    assert read_document(papers.docx(), "resume.docx") == (
        "Jörg Müller · joerg@example.de\n\n"
        "Lebenslauf\nFernsehtechniker\tseit 1998\nTelefon\t030 1234\nStadt\tBerlin\n"
        "Python\nSQL\nAcme\n2019\nEnde"
    )


DOCX_PARAGRAPH = """<w:document xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"
 xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:body><w:p>
 <w:r><w:t>kept</w:t></w:r><w:del><w:r><w:delText>struck</w:delText></w:r></w:del>
 <w:ins><w:r><w:t xml:space="preserve"> added</w:t></w:r></w:ins>
 <w:r><w:instrText>PAGE</w:instrText></w:r>
 <w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr>
 <w:sdtContent><w:r><w:t>Click here</w:t></w:r></w:sdtContent></w:sdt>
 <w:r><mc:AlternateContent><mc:Choice>
 <w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent></mc:Choice>
 <mc:Fallback><w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent></mc:Fallback>
 </mc:AlternateContent></w:r></w:p></w:body></w:document>"""


def test_docx_reads_what_is_shown() -> None:
    package = Package(with_part(papers.docx(), "word/other.xml", DOCX_PARAGRAPH))
    assert docx.text(package, "word/other.xml").split("\n\n")[1] == "kept added\nboxed"


def test_odt() -> None:
    body = (
        "<text:h>Über mich</text:h><text:p>Anna<text:s text:c='3'/>Maier<text:tab/>Wien<text:line-break/>1988"
        "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>eine Fußnote</text:p>"
        "</text:note-body></text:note>,\n ledig</text:p>"
        "<text:tracked-changes><text:p>old</text:p></text:tracked-changes>"
        "<text:list><text:list-item><text:p>Python</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>Telefon</text:p></table:table-cell>"
        "<table:table-cell><text:p>01 234</text:p></table:table-cell></table:table-row></table:table>"
    )
    assert read_document(papers.odt(body)) == (
        "Seite des Vereins\n\n"
        "Über mich\nAnna   Maier\tWien\n1988,  ledig\neine Fußnote\nPython\nTelefon\t01 234"
    )


def test_html() -> None:
    page = (
        "<!DOCTYPE html><html><head><meta charset='iso-8859-1'><title>no</title></head>"
        "<body><script>no</script>"
        "<h1>Jörg  <b>Mül</b>ler</h1><!-- no --><ul><li>eins<li>zwei</ul><p hidden>no</p>a<br>b"
        "<table><tr><td>Telefon</td><td>030</td></tr></table><pre>x\ny</pre></body></html>"
    )
    assert read_document(page.encode("latin-1")) == "Jörg Müller\neins\nzwei\na\nb\nTelefon\t030\nx\ny"
    assert read_document(b"Jane<p>Doe", "part.HTM") == "Jane\nDoe"
    assert html.read(b"<div>" * 2_000 + b"deep") == "deep"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_plain_text_in_any_encoding(encoding: str) -> None:
    text = LETTER if encoding != "latin-1" else LETTER.replace("–", "-")
    assert read_document(text.encode(encoding), "letter.txt") == text


def test_one_damaged_character_does_not_spoil_the_others() -> None:
    assert read_document(LETTER.encode() + b" \xff") == LETTER + " \ufffd"


@pytest.mark.parametrize("name", ["letter.pdf", "letter.docx", ""])
def test_content_decides_and_plain_text_stays_as_it_is(name: str) -> None:
    text = "name: Jane Doe\r\n<b>not</b> a page, says a PDF\n"
    assert read_document(text.encode(), name) == text


def test_a_scan_says_so_and_names_ocr() -> None:
    with pytest.raises(DocumentError, match="is a scan") as raised:
        read_document(papers.pdf(papers.scan))
    assert "OCR" in raised.value.hint
    with pytest.raises(DocumentError, match="scanned pages without text: 2"):
        pdf.read(papers.pdf(written((50, 60, "Dear Sir")), papers.scan))
    with pytest.raises(DocumentError, match="no text"):
        pdf.read(papers.pdf(lambda canvas: canvas.circle(200, 200, 50)))


def test_a_page_that_is_empty_is_no_scan() -> None:
    pages = (written((50, 60, "one")), written(), written((50, 60, "three")))
    assert pdf.read(papers.pdf(*pages)) == "one\n\nthree"


SHEET = '<Relationships><Relationship Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>'
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "no text"),
    "blank": (lambda: b" \n\t", "no text"),
    "noise": (lambda: bytes(range(256)) * 9, "neither text"),
    "picture": (lambda: b"\x89PNG\r\n\x1a\n\0\0", "picture"),
    "rtf": (lambda: b"{\\rtf1 Jane}", "RTF"),
    "old word": (lambda: OLE + b"\0" * 600, "before 2007"),
    "locked word": (lambda: OLE + "EncryptedPackage".encode("utf-16-le"), "password"),
    "locked pdf": (lambda: encrypted(papers.two_column_pdf(), "secret"), "password"),
    "cut pdf": (lambda: papers.two_column_pdf()[:200], "damaged"),
    "pages": (lambda: papers.pdf(*[written((50, 60, "x"))] * 201), "201 pages"),
    "drawing in itself": (papers.looping_pdf, "no text"),
    "pages in themselves": (lambda: papers.looping_pdf(b"2 0 R"), "damaged"),
    "swelling pdf": (papers.swelling_pdf, "too much time or memory|characters of text"),
    "cut docx": (lambda: papers.docx()[:2_000], "damaged"),
    "zip": (lambda: papers.zipped({"a.txt": "Jane"}), "not a document"),
    "zip without anything": (lambda: papers.zipped({}), "not a document"),
    "bomb": (lambda: with_part(papers.docx(), "word/document.xml", b" " * (MAX_PART_BYTES + 1)), "unpacks"),
    "parts": (lambda: papers.zipped({f"{n}": "" for n in range(MAX_PARTS + 1)}), "unpacks"),
    "macro": (lambda: with_part(papers.docx(), "word/vbaProject.bin", b"Sub AutoOpen()"), "macros"),
    "odt macro": (lambda: papers.odt("<text:p>x</text:p>", **{"Basic/Standard/M.xml": "Sub"}), "macros"),
    "odt locked": (lambda: papers.odt("", **{"META-INF/manifest.xml": "<encryption-data/>"}), "password"),
    "entities": (lambda: with_part(papers.docx(), "word/document.xml", papers.entity_bomb()), "entities"),
    "deep": (lambda: papers.odt("<text:section>" * 50_000 + "</text:section>" * 50_000), "too much"),
    "broken xml": (lambda: papers.odt("<text:p>"), "damaged"),
    "spreadsheet": (lambda: with_part(papers.docx(), "_rels/.rels", SHEET), "spreadsheet"),
    "long": (lambda: b"word " * (MAX_CHARS // 5 + 1), "200,005 characters"),
    "large": (lambda: bytes(MAX_BYTES + 1), "20 MB"),
}
"""What is given, and what the error says of it."""


@pytest.mark.parametrize("case", list(REFUSED))
def test_refused_with_a_remedy(case: str) -> None:
    made, message = REFUSED[case]
    with pytest.raises(DocumentError, match=message) as raised:
        read_document(made(), "cv.pdf")
    assert raised.value.hint


def test_the_kind_of_an_office_file_is_its_content() -> None:
    assert office.read(papers.odt("<text:p>Hallo</text:p>")).endswith("Hallo")
    assert odt.text(Package(papers.odt(""))) == "Seite des Vereins"
