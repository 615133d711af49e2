"""DOCX (WordprocessingML) → text: headers, body, notes, footers.

What Word does not show is not read: deleted and hidden text, field codes, comments, and the prompts
of empty controls. Of alternatives for one drawing the first is read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from smartform.readers.package import Package, macros, row_lines

# Local names alone: the strict and the usual form of the format differ in their namespaces.
_UNREAD = set("del moveFrom pPr rPr sdtPr Fallback".split())
_CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_OFF = {"0", "false", "off"}


def main_part(package: Package) -> str:
    """The name of the part that an Office Open XML package starts with; '' where it is none."""
    for relation in package.xml("_rels/.rels"):
        if relation.get("Type", "").endswith("/officeDocument"):
            return posixpath.normpath(relation.get("Target", "").lstrip("/"))
    return ""


def text(package: Package, main: str) -> str:
    """The text of a DOCX, a line for each paragraph and row.

    Raises:
        DocumentError: it holds macros or entities, or unpacks to too much.
    """
    if any(name.endswith("vbaProject.bin") for name in package.names):
        raise macros()
    folder = posixpath.dirname(main)

    def parts(kind: str) -> list[str]:
        return sorted(n for n in package.names if n.startswith(f"{folder}/{kind}") and n.endswith(".xml"))

    names = [*parts("header"), main, *parts("footnotes"), *parts("endnotes"), *parts("footer")]
    # A header for the first page, odd and even pages often says the same.
    texts = dict.fromkeys("\n".join(_lines(package.xml(name))).strip() for name in names)
    return "\n\n".join(filter(None, texts))


def _lines(element: Element) -> Iterator[str]:
    """The lines of everything in `element` that stands in paragraphs."""
    for child in element:
        if _name(child) == "p":
            yield "".join(_inline(child)).rstrip()
            for box in _boxes(child):
                yield from _lines(box)
        elif _name(child) == "tr":
            yield from row_lines([list(_lines(cell)) for cell in child])
        elif _is_shown(child):
            yield from _lines(child)


def _inline(element: Element) -> Iterator[str]:
    for child in element:
        name = _name(child)
        if name == "t":
            yield child.text or ""
        elif name in _CHARACTERS:
            yield _CHARACTERS[name]
        elif name != "txbxContent" and _is_shown(child):
            yield from _inline(child)


def _boxes(element: Element) -> Iterator[Element]:
    """The text boxes anchored in a paragraph, those within them left to their own paragraphs."""
    for child in element:
        if _name(child) == "txbxContent":
            yield child
        elif _is_shown(child):
            yield from _boxes(child)


def _is_shown(element: Element) -> bool:
    name = _name(element)
    if name == "r":
        hidden = element.find("{*}rPr/{*}vanish")
        return hidden is None or not _OFF.isdisjoint(hidden.attrib.values())
    if name == "sdt":  # a control may still show 'Click here to enter text'
        return element.find("{*}sdtPr/{*}showingPlcHdr") is None
    return name not in _UNREAD


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
