"""A filled form taken elsewhere: JSON, CSV, the PDF it came from, a script for the page it came from."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from smartform.schema import Field, FieldType, FormSpec, Value, items_of, rows_of
from smartform.sources import json_schema, pdf_form

LIST_JOINER = "; "
"""Between the items of a list in one CSV cell."""

_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER_OR_PHONE = re.compile(r"[+-]?[\d\s().,/-]+")


def to_json(form: FormSpec, values: Mapping[str, Value], schema: Mapping[str, Any] | None = None) -> str:
    """The values as JSON text, numbers and booleans as such.

    Args:
        form: the form the values belong to.
        values: field name → value as written.
        schema: the JSON Schema the form was read from; the text is then an instance of it.

    Returns:
        An instance of `schema`, or one flat object with every field, null where it has no value.
    """
    if schema is not None:
        data = json_schema.to_nested(form, values, schema)
    else:
        data = {f.name: json_schema.json_value(f, values.get(f.name)) for f in form.fields}
    return json.dumps(data, ensure_ascii=False, indent=2)


def to_csv(form: FormSpec, values: Mapping[str, Value]) -> str:
    """The values as CSV (RFC 4180): a line of field names, a line of values, lists joined by '; '.

    A spreadsheet takes a cell that begins with = + - @ for a formula. Such a cell gets a leading
    apostrophe, except where it is all digits and separators, as phone numbers ('+39 06 55 01') and
    negative amounts are: those can call nothing and are kept as they stand.

    Returns:
        Text without a byte order mark; write it as 'utf-8-sig' for Excel.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([cell(name) for name in form.names])
    writer.writerow([cell(_joined(values.get(name))) for name in form.names])
    return out.getvalue()


def fill_pdf(pdf: bytes, form: FormSpec, values: Mapping[str, Value]) -> bytes:
    """The fillable PDF `form` was read from, with the values in its fields.

    Fields without a value keep what they hold.

    Raises:
        FormError, DocumentError: the PDF cannot be read.
    """
    return pdf_form.fill_pdf(pdf, {name: values.get(name) for name in form.names})


def console_snippet(form: FormSpec, values: Mapping[str, Value]) -> str:
    """JavaScript that fills the page `form` was read from, to be pasted into the browser's console.

    It finds controls by name, id or label, sets them as a person's typing would (frameworks notice),
    says what it filled and what it did not find, and touches nothing else.
    """
    plain = [f for f in form.fields if f.type is not FieldType.GROUP]
    filled = [_for_page(f, values.get(f.name)) for f in plain if values.get(f.name)]
    # Escaped so that the text survives any place it is pasted into, a <script> included.
    data = json.dumps(filled).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    script = resources.files("smartform").joinpath("fill_page.js").read_text(encoding="utf-8")
    return script.replace("__FIELDS__", data)


def _for_page(field: Field, value: Value) -> dict[str, Any]:
    chosen = items_of(value) if isinstance(value, list) else [value or ""]
    names = dict(zip(field.options, field.shown_options, strict=True))
    return {
        "name": field.name,
        "label": field.title,
        "values": chosen,
        "labels": [names.get(item, item) for item in chosen],
        "boolean": field.type is FieldType.BOOLEAN,
    }


def _joined(value: Value) -> str:
    if not isinstance(value, list):
        return value or ""
    if value and isinstance(value[0], dict):
        return LIST_JOINER.join(", ".join(filter(None, map(_joined, row.values()))) for row in rows_of(value))
    return LIST_JOINER.join(items_of(value))


def cell(text: str) -> str:
    """A CSV cell that no spreadsheet takes for a formula."""
    guarded = _FORMULA.match(text) and not _NUMBER_OR_PHONE.fullmatch(text)
    return f"'{text}" if guarded else text
