"""Bytes → text, whatever the encoding: UTF-8, UTF-16, UTF-32 or Windows-1252 (and so Latin-1)."""

from __future__ import annotations

import codecs
import re

from smartform.errors import DocumentError

MAX_CONTROL_SHARE = 0.02
"""Bytes that decode to more control characters than this are not text."""

_MARKS = (  # UTF-32 before UTF-16, whose mark its own begins with
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")


def decode(data: bytes, declared: str = "") -> str:
    """The text that `data` encodes.

    Args:
        data: the bytes of a file.
        declared: the encoding that the file itself names; tried after a byte order mark.

    Raises:
        DocumentError: the bytes are not text.
    """
    marked = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "")
    for encoding in filter(None, (marked, declared, _without_mark(data), "utf-8")):
        try:
            text = data.decode(encoding)
        except (LookupError, UnicodeError):
            continue
        if len(_CONTROL.findall(text)) <= MAX_CONTROL_SHARE * len(text):
            return text
    return _eight_bits(data)


def _without_mark(data: bytes) -> str:
    """UTF-16 without a mark: in Western text every other byte is zero."""
    start = data[:4_000]
    even, odd = start[::2].count(0), start[1::2].count(0)
    if max(even, odd) < len(start) / 4 or min(even, odd) > len(start) / 50:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _eight_bits(data: bytes) -> str:
    """UTF-8 with a few damaged characters, else Windows-1252."""
    text = data.decode("utf-8", errors="replace")
    damaged = text.count("\ufffd")
    if sum(c > "\x7f" for c in text) > 2 * damaged and not _CONTROL.search(text):
        return text
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as exc:
        raise _not_text() from exc
    if _CONTROL.search(text):
        raise _not_text()
    return text


def _not_text() -> DocumentError:
    return DocumentError(
        "The file is neither text nor a document that can be read.",
        "Give a PDF, DOCX, ODT, HTML or text file, or paste the text.",
    )
