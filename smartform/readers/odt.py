"""ODT (OpenDocument text) → text: page headers, body with its notes, page footers.

Deleted text, comments and what stands for a viewer's use alone are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from smartform.readers.package import Package, locked, macros, row_lines

MAX_SPACES = 100
"""More spaces in a row than this are a mistake or a bomb."""

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"

_PARAGRAPHS = {_TEXT + "p", _TEXT + "h"}
_UNREAD = {
    _OFFICE + "annotation",
    _OFFICE + "forms",
    _TEXT + "tracked-changes",
    _TEXT + "sequence-decls",
    _TEXT + "note-citation",
    _TEXT + "hidden-text",
}
_ASIDE = {_TEXT + "note-body", _DRAW + "text-box"}
"""Text with paragraphs of its own inside a paragraph; it is read after that."""


def text(package: Package) -> str:
    """The text of an ODT, a line for each paragraph and row.

    Raises:
        DocumentError: it is protected by a password, holds macros or entities, or unpacks to too much.
    """
    manifest = package.read("META-INF/manifest.xml")
    if b"encryption-data" in manifest or "encrypted-package" in package.names:
        raise locked()
    if any(name.startswith(("Basic/", "Scripts/")) and not name.endswith("/") for name in package.names):
        raise macros()
    master = package.xml("styles.xml").find(_OFFICE + "master-styles")
    body = package.xml("content.xml").find(f"{_OFFICE}body/{_OFFICE}text")
    heads = [] if master is None else list(master.iter(_STYLE + "header"))
    feet = [] if master is None else list(master.iter(_STYLE + "footer"))
    parts = [*heads, *([] if body is None else [body]), *feet]
    texts = dict.fromkeys("\n".join(_lines(part)).strip() for part in parts)
    return "\n\n".join(filter(None, texts))


def _lines(element: Element) -> Iterator[str]:
    for child in element:
        if child.tag in _PARAGRAPHS:
            yield "".join(_inline(child)).strip()
            for aside in _asides(child):
                yield from _lines(aside)
        elif child.tag == _TABLE + "table-row":
            yield from row_lines([list(_lines(cell)) for cell in child])
        elif child.tag not in _UNREAD:
            yield from _lines(child)


def _inline(element: Element) -> Iterator[str]:
    yield _collapsed(element.text)
    for child in element:
        if child.tag == _TEXT + "s":
            count = child.get(_TEXT + "c", "1")
            yield " " * (min(int(count), MAX_SPACES) if count.isdecimal() else 1)
        elif child.tag == _TEXT + "tab":
            yield "\t"
        elif child.tag == _TEXT + "line-break":
            yield "\n"
        elif child.tag not in _UNREAD | _ASIDE:
            yield from _inline(child)
        yield _collapsed(child.tail)


def _collapsed(text: str | None) -> str:
    """Line ends and tabs in the XML are spaces."""
    return (text or "").replace("\n", " ").replace("\t", " ")


def _asides(element: Element) -> Iterator[Element]:
    for child in element:
        if child.tag in _ASIDE:
            yield child
        elif child.tag not in _UNREAD:
            yield from _asides(child)
