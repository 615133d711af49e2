"""A ZIP file → the text of the office document that it is."""

from __future__ import annotations

from smartform.errors import DocumentError
from smartform.readers import docx, odt
from smartform.readers.package import Package


def read(data: bytes) -> str:
    """The text of a DOCX or ODT file.

    Raises:
        DocumentError: something else, protected by a password, with macros, or a bomb.
    """
    package = Package(data)
    main = docx.main_part(package)
    if main.startswith("word/"):
        return docx.text(package, main)
    if package.read("mimetype").startswith(b"application/vnd.oasis.opendocument.text"):
        return odt.text(package)
    kind = {"xl": "a spreadsheet", "ppt": "a presentation"}.get(main.partition("/")[0])
    if kind:
        raise DocumentError(f"The file is {kind}.", "Save it as PDF, or paste its text.")
    raise DocumentError(
        "The ZIP file is not a document.", "Unpack it and give a PDF, DOCX, ODT, HTML or text file from it."
    )
