"""A document that a person gives us → its text.

What the bytes are decides; the name is asked only where they leave it open. Everything but plain
text is read in a process with limits on time and memory.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from smartform import sandbox
from smartform.errors import DocumentError
from smartform.fill import MAX_CHARS
from smartform.readers.encoding import decode

MAX_BYTES = 20_000_000

_PDF = re.compile(rb"%PDF-\d\.\d")
_HTML = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)[\s>]", re.I | re.S)
_HTML_NAMES = {".html", ".htm", ".xhtml"}

_AS_PDF = "Save it as DOCX or PDF and try again, or paste its text."
_OCR = "Run it through text recognition (OCR) first, or paste its text."
_REFUSED = (
    (b"{\\rtf", "The file is in Rich Text Format (RTF), which is not read.", _AS_PDF),
    (b"\x89PNG\r\n", "The file is a picture.", _OCR),
    (b"\xff\xd8\xff", "The file is a picture.", _OCR),
    (b"GIF8", "The file is a picture.", _OCR),
    (b"II*\0", "The file is a picture.", _OCR),
    (b"MM\0*", "The file is a picture.", _OCR),
)
"""First bytes of files that people take for documents, what is wrong with them, and the remedy."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED_OFFICE = "EncryptedPackage".encode("utf-16-le")


def read_document(data: bytes, filename: str = "") -> str:
    """The text of a PDF, DOCX, ODT, HTML or text file, in reading order.

    Args:
        data: the content, at most `MAX_BYTES`.
        filename: its name, where known; '.html' tells a page without a head from text.

    Raises:
        DocumentError: another kind of file, protected, damaged, without text (a scan), too long, or
            one that takes too much time or memory.
    """
    if len(data) > MAX_BYTES:
        raise DocumentError(
            f"The document is larger than {MAX_BYTES // 1_000_000} MB.",
            "Save the pages that matter as a document of their own, or paste its text.",
        )
    text = _read(data, filename)
    if not text.strip():
        raise DocumentError("The document holds no text.", "Give another one, or paste its text.")
    if len(text) > MAX_CHARS:
        raise DocumentError(
            f"The document has {len(text):,} characters of text; {MAX_CHARS:,} is the most.",
            "Save the pages that matter as a document of their own, or paste the part that matters.",
        )
    return text


def _read(data: bytes, filename: str) -> str:
    if _PDF.search(data[:1024]):
        return _limited("pdf", data, "PDF")
    if data.startswith((b"PK\3\4", b"PK\5\6")):
        return _limited("office", data, "document")
    _refuse_others(data)
    text = decode(data)
    if _HTML.match(text) or PurePath(filename).suffix.lower() in _HTML_NAMES:
        return _limited("html", data, "page")
    return text


def _limited(reader: str, data: bytes, what: str) -> str:
    return str(sandbox.run(f"smartform.readers.{reader}", "read", data, what=what))


def _refuse_others(data: bytes) -> None:
    if data.startswith(_OLE):
        if _LOCKED_OFFICE in data:
            raise DocumentError(
                "The document is protected by a password.",
                "Open it with the password, save it without one, and try again.",
            )
        raise DocumentError("The file is an Office document of before 2007, which is not read.", _AS_PDF)
    for start, message, hint in _REFUSED:
        if data.startswith(start):
            raise DocumentError(message, hint)
