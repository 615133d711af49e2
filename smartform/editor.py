"""Changes to a form, each a pure function: form in, changed form out.

What a change would break is refused with a `FormError` that says what to do, and the form
given stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from smartform.errors import FormError
from smartform.schema import Field, FieldType, FormSpec, unique_name

FIRST_OPTIONS = ("Option 1", "Option 2")
"""What a choice offers until its options are written."""


def empty_form(title: str = "") -> FormSpec:
    """A form to start from, with one text field."""
    return FormSpec(fields=(Field(name="field"),), title=title)


def add_field(form: FormSpec, field: Field | None = None, position: int | None = None) -> FormSpec:
    """`form` with `field` (a new text field if None) at `position` (the end if None).

    A name that is taken gets a number. Positions count from 0; those beyond the ends are the ends.

    Raises:
        FormError: the form is full.
    """
    added = field or Field(name="field")
    added = replace(added, name=unique_name(added.name, form.names))
    fields = list(form.fields)
    fields.insert(len(fields) if position is None else max(position, 0), added)
    return replace(form, fields=tuple(fields))


def rename_field(form: FormSpec, name: str, new_name: str) -> FormSpec:
    """The field under another name; its label stays.

    Raises:
        FormError: no such field; the new name is empty, too long or taken.
    """
    return _replaced(form, name, replace(_find(form, name), name=new_name.strip()))


def retype_field(form: FormSpec, name: str, kind: FieldType | str) -> FormSpec:
    """The field with another type; a choice without options starts with two to be rewritten.

    Raises:
        FormError: no such field or type.
    """
    if kind not in FieldType.__members__.values():
        known = ", ".join(t.value for t in FieldType)
        raise FormError(f"There is no field type '{str(kind)[:40]}'.", f"Use one of: {known}.")
    wanted = FieldType(kind)
    if not wanted.has_options:
        return _changed(form, name, type=wanted, options=(), option_labels=())
    options = _find(form, name).options or FIRST_OPTIONS
    return _changed(form, name, type=wanted, options=options)


def move_field(form: FormSpec, name: str, steps: int) -> FormSpec:
    """The field `steps` places further down, or up where negative; at the ends it stops.

    Raises:
        FormError: no such field.
    """
    field = _find(form, name)
    fields = [other for other in form.fields if other.name != name]
    fields.insert(max(form.fields.index(field) + steps, 0), field)
    return replace(form, fields=tuple(fields))


def delete_field(form: FormSpec, name: str) -> FormSpec:
    """The form without the field.

    Raises:
        FormError: no such field, or it is the last one.
    """
    field = _find(form, name)
    if len(form.fields) == 1:
        raise FormError(f"'{field.title}' is the form's last field.", "Add another field first.")
    return replace(form, fields=tuple(other for other in form.fields if other is not field))


def set_options(form: FormSpec, name: str, options: Iterable[str]) -> FormSpec:
    """The choice with other options, in this order; blank ones are dropped.

    Options that stay keep their labels.

    Raises:
        FormError: no such field; it is no choice; no options, too many, or one twice.
    """
    field = _find(form, name)
    if not field.type.has_options:
        raise FormError(
            f"'{field.title}' is a {field.type.value} field and has no options.",
            "Make it a choice or a multichoice first.",
        )
    written = tuple(option.strip() for option in options if option.strip())
    known = dict(zip(field.options, field.shown_options, strict=True))
    labels = tuple(known.get(option, option) for option in written)
    return _changed(form, name, options=written, option_labels=labels if labels != written else ())


def parse_options(text: str) -> tuple[str, ...]:
    """Options typed into one box: one a line, or on a single line parted by semicolons or commas."""
    stripped = text.strip()
    parting = next((mark for mark in ("\n", ";", ",") if mark in stripped), "\n")
    return tuple(dict.fromkeys(part for part in re.split(rf"\s*{parting}\s*", stripped) if part))


def set_required(form: FormSpec, name: str, required: bool) -> FormSpec:
    """The field marked as required, or not."""
    return _changed(form, name, required=required)


def set_label(form: FormSpec, name: str, label: str) -> FormSpec:
    """The field under another label; the name is shown where it is empty."""
    return _changed(form, name, label=label.strip())


def set_description(form: FormSpec, name: str, description: str) -> FormSpec:
    """The field with another description."""
    return _changed(form, name, description=" ".join(description.split()))


def _find(form: FormSpec, name: str) -> Field:
    for field in form.fields:
        if field.name == name:
            return field
    raise FormError(f"The form has no field '{name[:80]}'.", "Choose one of its fields.")


def _changed(form: FormSpec, name: str, **changes: Any) -> FormSpec:
    return _replaced(form, name, replace(_find(form, name), **changes))


def _replaced(form: FormSpec, name: str, field: Field) -> FormSpec:
    return replace(form, fields=tuple(field if f.name == name else f for f in form.fields))
