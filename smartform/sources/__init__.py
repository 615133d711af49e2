"""Where forms come from: presets, JSON, HTML and fillable PDFs, all read into a `FormSpec`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smartform.errors import FormError
from smartform.schema import FormSpec
from smartform.sources.html_form import from_html
from smartform.sources.json_schema import from_json_schema, to_nested
from smartform.sources.pdf_form import from_pdf
from smartform.sources.preset_forms import example, localise, presets

__all__ = [
    "example",
    "from_html",
    "from_json_schema",
    "from_pdf",
    "load_form",
    "localise",
    "parse_json",
    "presets",
    "to_nested",
]

MAX_FILE_BYTES = 20_000_000

_TAG = re.compile(r"<(?:!doctype|[a-z][a-z0-9-]*)[\s/>]", re.IGNORECASE)


def load_form(source: str | Path | bytes | Mapping[str, Any], *, files: bool = False) -> FormSpec:
    """Read a form from whatever describes one; the kind is detected.

    Args:
        source: the name of a preset; pasted JSON (a form as `FormSpec.to_dict` writes it, or a JSON
            Schema) or HTML; the bytes of a file; the path of a file; or JSON data.
        files: whether a string may name a file. Leave it off where the string comes from somebody
            who may not read this machine's files.

    Raises:
        FormError: none of these, or one that cannot be used.
        DocumentError: a PDF that cannot be read.
    """
    if isinstance(source, Mapping):
        return _from_data(source)
    if isinstance(source, Path):
        return _from_bytes(_read(source))
    if isinstance(source, bytes):
        return _from_bytes(source)
    name = re.sub(r"[\s-]+", "_", source.strip()).casefold() if len(source) < 100 else ""
    if name in presets():
        return presets()[name]
    if files and _names_file(source.strip()):
        return _from_bytes(_read(Path(source.strip())))
    return _from_text(source)


def parse_json(text: str) -> Any:
    """The JSON data in `text`.

    Raises:
        FormError: not JSON; the message names the line and the column.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as exc:
        raise FormError(
            f"The JSON is broken at line {exc.lineno}, column {exc.colno}: {exc.msg}.",
            "Look there for a missing or extra comma, quote or bracket; JSON wants double quotes.",
        ) from exc
    except ValueError as exc:
        raise FormError("The JSON holds a number that is too long.", "Shorten or remove it.") from exc
    except RecursionError as exc:
        raise FormError("The JSON is nested too deeply.", "Paste only the part to be filled.") from exc


def _from_data(data: Any) -> FormSpec:
    if isinstance(data, list):
        return FormSpec.from_dict({"fields": data})
    if not isinstance(data, Mapping):
        raise _unknown()
    if isinstance(data.get("fields", data.get("form_fields")), list):
        return FormSpec.from_dict(data)
    return from_json_schema(data)


def _from_text(text: str) -> FormSpec:
    if len(text) > MAX_FILE_BYTES:
        raise _too_big()
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped[:1] in ("{", "["):
        return _from_data(parse_json(stripped))
    if _TAG.search(text):
        return from_html(text)
    raise _unknown()


def _from_bytes(data: bytes) -> FormSpec:
    if len(data) > MAX_FILE_BYTES:
        raise _too_big()
    if b"%PDF-" in data[:1024]:
        return from_pdf(data)
    try:
        return _from_text(data.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise _unknown() from exc


def _names_file(source: str) -> bool:
    return len(source) < 1_000 and "\n" not in source and "\0" not in source and Path(source).is_file()


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise _too_big()
        return path.read_bytes()
    except OSError as exc:
        raise FormError(
            f"The file '{path.name}' cannot be read.", "Check that it exists and is a file."
        ) from exc


def _too_big() -> FormError:
    return FormError(
        f"The form is larger than {MAX_FILE_BYTES // 1_000_000} MB.", "Use only the part that holds the form."
    )


def _unknown() -> FormError:
    return FormError(
        "This is not a form that can be read.",
        "Give a JSON Schema, an HTML page or <form>, a fillable PDF, or the name of a preset: "
        f"{', '.join(presets())}.",
    )
