"""PDF → text in reading order, by PDFium."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from smartform.errors import DocumentError
from smartform.readers.layout import Piece, page_text

MAX_PAGES = 200

SCAN_SHARE = 0.5
"""A page without text whose pictures cover more than this of it is a scan."""

_GAP = 0.9
"""Characters further apart than this, in line heights, do not belong to one piece."""

_SYMBOLS = {0xF0B7: "•", 0xF0A7: "•", 0xF076: "•", 0x02: "-", 0xAD: "-", 0xA0: " "}
"""Bullets of the Symbol and Wingdings fonts; hyphens that end a line, as PDFium or the font has them."""

_LIGATURES = dict(zip(range(0xFB00, 0xFB07), ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True))


@dataclass(slots=True)
class _Run:
    """Characters in the order of the file that stand on one line."""

    upright: bool
    text: str = ""
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)

    def takes(self, box: tuple[float, float, float, float], upright: bool) -> bool:
        """Whether a character at `box` goes on with this run."""
        if not self.boxes:
            return True
        if upright != self.upright:
            return False
        if not upright:  # PDFium has put turned letters in order itself
            return True
        x0, top, x1, bottom = box
        last_x0, last_top, last_x1, last_bottom = self.boxes[-1]
        heights = bottom - top, last_bottom - last_top
        on_line = min(bottom, last_bottom) - max(top, last_top) > 0.3 * min(heights)
        # To the right, and to the left in Hebrew and Arabic; the letters of a ligature share one box.
        gaps = x0 - last_x1, last_x0 - x1
        return on_line and any(-max(heights) < gap < _GAP * max(heights) for gap in gaps)

    def piece(self) -> Piece:
        return Piece(
            text=self.text.strip(),
            x0=min(b[0] for b in self.boxes),
            top=min(b[1] for b in self.boxes),
            x1=max(b[2] for b in self.boxes),
            bottom=max(b[3] for b in self.boxes),
        )


def read(data: bytes) -> str:
    """The text of a PDF, its form fields and all pages; pages are parted by an empty line.

    Raises:
        DocumentError: protected by a password, damaged, of more than `MAX_PAGES`, or with a page
            that is a picture without text.
    """
    document = _open(data)
    if len(document) > MAX_PAGES:
        raise DocumentError(
            f"The PDF has {len(document):,} pages; {MAX_PAGES} is the most.",
            "Save the pages that matter as a PDF of their own.",
        )
    texts, scans = [], []
    for number in range(1, len(document) + 1):
        page = _page(document, number - 1)
        text = _text(page)
        if not text and _is_scan(page):
            scans.append(number)
        texts.append(text)
        page.close()
    if scans:
        raise _scanned(scans, len(document))
    if not any(texts):
        raise DocumentError(
            "The PDF holds no text, only pictures or drawings.",
            "Run it through text recognition (OCR) first, for instance with ocrmypdf, or paste its text.",
        )
    return "\n\n".join(filter(None, texts))


def _open(data: bytes) -> Any:
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as exc:
        if exc.err_code == raw.FPDF_ERR_PASSWORD:
            raise DocumentError(
                "The PDF is protected by a password.",
                "Open it with the password, save it without one, and try again.",
            ) from exc
        raise DocumentError("The PDF is damaged.", "Open it, save it anew and try again.") from exc
    if document.get_formtype() == raw.FORMTYPE_ACRO_FORM:
        document.init_forms()
    return document


def _page(document: Any, index: int) -> Any:
    page = document[index]
    if document.formenv:
        page.flatten()  # what a person typed into fields becomes text of the page
        page.close()
        page = document[index]
    return page


def _text(page: Any) -> str:
    runs = list(_runs(page))
    upright = page_text([run.piece() for run in runs if run.upright])
    turned = [run.piece().text for run in runs if not run.upright]
    return "\n".join(filter(None, [upright, *turned])).strip()


def _runs(page: Any) -> Iterator[_Run]:
    """The page's text, broken at line ends and at wide gaps."""
    characters = page.get_textpage()
    rotation = page.get_rotation()
    run = _Run(upright=True)
    for index in range(characters.count_chars()):
        code = raw.FPDFText_GetUnicode(characters, index)
        text = _LIGATURES.get(code) or _SYMBOLS.get(code) or _character(code)
        if text.isspace():
            if text in "\r\n" and run.boxes:
                yield run
                run = _Run(upright=True)
            elif run.boxes and not run.text.endswith(" "):
                run.text += " "
            continue
        if not text:
            continue
        box = _box(characters, index, rotation)
        upright = _is_upright(characters, index, rotation)
        if not run.takes(box, upright):
            yield run
            run = _Run(upright)
        run.upright = upright
        run.text += text
        run.boxes.append(box)
    if run.boxes:
        yield run


def _character(code: int) -> str:
    """The character, a space for control characters, nothing for what only fonts know."""
    if code < 0x20:
        return "\n" if code in (0x0A, 0x0D) else " "
    private = 0xD800 <= code <= 0xF8FF or code in (0xFEFF, 0xFFFE, 0xFFFF, 0x200B)
    return "" if private else chr(code)


def _box(characters: Any, index: int, rotation: int) -> tuple[float, float, float, float]:
    """x0, top, x1, bottom of a character on the page as it is seen, y growing downwards."""
    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(characters, index, ctypes.byref(box))
    x0, x1, y0, y1 = box.left, box.right, box.bottom, box.top
    if rotation == 90:
        x0, x1, y0, y1 = y0, y1, -x1, -x0
    elif rotation == 180:
        x0, x1, y0, y1 = -x1, -x0, -y1, -y0
    elif rotation == 270:
        x0, x1, y0, y1 = -y1, -y0, x0, x1
    return x0, -y1, x1, -y0


def _is_upright(characters: Any, index: int, rotation: int) -> bool:
    angle = raw.FPDFText_GetCharAngle(characters, index) + math.radians(rotation)
    return math.cos(angle) > 0.9


def _is_scan(page: Any) -> bool:
    width, height = page.get_size()
    covered = 0.0
    for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=5):
        x0, y0, x1, y1 = picture.get_bounds()
        covered += (x1 - x0) * (y1 - y0)
    return bool(covered > SCAN_SHARE * width * height)


def _scanned(pages: list[int], count: int) -> DocumentError:
    if len(pages) == count:
        what = "The PDF is a scan: its pages are pictures without text."
    else:
        numbers = ", ".join(map(str, pages[:10])) + (", …" if len(pages) > 10 else "")
        what = f"The PDF has scanned pages without text: {numbers}."
    return DocumentError(
        what,
        "Run it through text recognition (OCR) first, for instance with ocrmypdf, or paste its text.",
    )
