"""Documents that are ZIP files of XML parts (DOCX, ODT): opened within bounds, entities refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from xml.etree import ElementTree

from smartform.errors import DocumentError

MAX_PART_BYTES = 40_000_000
"""A part that unpacks to more than this is refused: it is a bomb or a book."""

MAX_PARTS = 10_000

_ENCRYPTED = 1 << 0


class _Builder(ElementTree.TreeBuilder):
    """Builds the tree of a part; a document type, where entities are defined, ends it."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise DocumentError(
            "The document defines XML entities, which no office program writes.",
            "Open it, save it anew and try again, or paste its text.",
        )


class Package:
    """An opened ZIP file.

    Raises:
        DocumentError: of too many parts, or locked.
    """

    def __init__(self, data: bytes) -> None:
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        self.names = frozenset(self._archive.namelist())
        if len(self.names) > MAX_PARTS:
            raise _too_big()
        if any(info.flag_bits & _ENCRYPTED for info in self._archive.infolist()):
            raise locked()

    def read(self, name: str) -> bytes:
        """The bytes of a part; none where there is no such part.

        Raises:
            DocumentError: more than `MAX_PART_BYTES`, whatever its header says.
        """
        if name not in self.names:
            return b""
        with self._archive.open(name) as part:
            data = part.read(MAX_PART_BYTES + 1)
        if len(data) > MAX_PART_BYTES:
            raise _too_big()
        return data

    def xml(self, name: str) -> ElementTree.Element:
        """The tree of a part; an empty one where there is no such part.

        Raises:
            DocumentError: too big, or with entities.
        """
        data = self.read(name)
        parser = ElementTree.XMLParser(target=_Builder())
        return ElementTree.fromstring(data, parser) if data else ElementTree.Element("none")


def row_lines(cells: Sequence[Sequence[str]]) -> list[str]:
    """A row of a table: one line where each cell has one, else cell after cell."""
    split = ("\n".join(cell).split("\n") for cell in cells)
    filled = [lines for lines in (list(filter(str.strip, cell)) for cell in split) if lines]
    if all(len(lines) == 1 for lines in filled):
        return ["\t".join(lines[0] for lines in filled)] if filled else []
    return [line for lines in filled for line in lines]


def locked() -> DocumentError:
    """The error for a document that asks for a password."""
    return DocumentError(
        "The document is protected by a password.",
        "Open it with the password, save it without one, and try again.",
    )


def macros() -> DocumentError:
    """The error for a document that brings programs along."""
    return DocumentError(
        "The document holds macros.", "Save it without macros, as DOCX, ODT or PDF, and try again."
    )


def _too_big() -> DocumentError:
    return DocumentError(
        "The document unpacks to far more than its size.",
        "Save the part that matters as a document of its own.",
    )
