"""The one definition of a form: `FieldType`, `Field`, `FormSpec`.

Presets, JSON Schema, HTML controls and AcroForm fields are all read into these
(`smartform.sources`); prompts, decoding, the screen and the exports only know these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, cast

from smartform.errors import FormError
from smartform.tasks import Task

MAX_FIELDS = 400
"""More fields than this in one form is refused: nobody fills such a form in one go."""

MAX_OPTIONS = 400
MAX_NAME = 120
MAX_DESCRIPTION = 1_000


class FieldType(StrEnum):
    """How a value is written (always a string, a list of strings, or None for 'not said').

    date is ISO 8601 as precise as the text, time is 24-hour HH:MM, integer and number use
    digits and '.', boolean is 'true' or 'false', choice is one of the options. A group's value is a
    list of rows.
    """

    TEXT = "text"
    LONGTEXT = "longtext"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    EMAIL = "email"
    URL = "url"
    PHONE = "phone"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    MULTICHOICE = "multichoice"
    LIST = "list"
    GROUP = "group"
    """Rows of sub-fields: the jobs of a resume, the lines of an invoice."""

    @property
    def is_list(self) -> bool:
        """Whether values of this type are lists of strings."""
        return self in (FieldType.LIST, FieldType.MULTICHOICE)

    @property
    def has_options(self) -> bool:
        """Whether fields of this type need options."""
        return self in (FieldType.CHOICE, FieldType.MULTICHOICE)


PLAIN_TYPES = tuple(kind for kind in FieldType if kind is not FieldType.GROUP)
"""The types of fields that are no group; sub-fields have one of these."""

Cell = str | list[str] | None
"""The value of a field that is no group, as written; None where the text does not say."""

Row = dict[str, Cell]
"""One row of a group: sub-field name → value, every sub-field present."""

Value = str | list[str] | list[Row] | None
"""A field's value: a `Cell`, or for a group its rows."""


def items_of(value: Value) -> list[str]:
    """The items of a list's value; none where there is no value."""
    return cast("list[str]", value or [])


def rows_of(value: Value) -> list[Row]:
    """The rows of a group's value; none where there is no value."""
    return cast("list[Row]", value or [])


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    Args:
        name: identifier, unique in its form; what the answer is keyed by.
        type: how its value is written.
        description: what is meant, for the model and the person.
        label: what the screen shows; the name where empty.
        options: for choice and multichoice, the values that may be answered.
        option_labels: what the options are called, in the same order; the options where empty.
        required: whether the form is incomplete without it.
        examples: values of the kind expected, shown as placeholder.
        inferable: whether a value that is not in the text but follows from it may be given
            (the country of a well-known city); such a value is always marked.
        fields: for groups, the sub-fields of each row; none of them a group. The first one names
            the row: a row is found by it, so it should be a short text that every row has.

    Raises:
        FormError: no name, over-long name, choice without options, unequal labels, group without
            sub-fields, with two of one name, or within a group.
    """

    name: str
    type: FieldType = FieldType.TEXT
    description: str = ""
    label: str = ""
    options: tuple[str, ...] = ()
    option_labels: tuple[str, ...] = ()
    required: bool = False
    examples: tuple[str, ...] = ()
    inferable: bool = False
    fields: tuple[Field, ...] = ()

    def __post_init__(self) -> None:
        if self.type is FieldType.GROUP:
            self._check_group()
        if not self.name.strip():
            raise FormError("A field has no name.", "Give every field a name.")
        if len(self.name) > MAX_NAME:
            raise FormError(
                f"The field name '{self.name[:40]}…' is longer than {MAX_NAME} characters.",
                "Shorten the name; use the description for explanations.",
            )
        if self.type.has_options and not self.options:
            raise FormError(
                f"The field '{self.name}' is a {self.type.value} without options.",
                "List its options, or make it a text field.",
            )
        if len(self.options) > MAX_OPTIONS:
            raise FormError(
                f"The field '{self.name}' has {len(self.options)} options; {MAX_OPTIONS} is the most.",
                "Make it a text field, or shorten the list of options.",
            )
        if len(set(self.options)) != len(self.options):
            raise FormError(f"The field '{self.name}' lists an option twice.", "Remove the repeated option.")
        if self.option_labels and len(self.option_labels) != len(self.options):
            raise FormError(
                f"The field '{self.name}' has {len(self.options)} options but "
                f"{len(self.option_labels)} option labels.",
                "Give one label for each option, or none.",
            )

    def _check_group(self) -> None:
        if not self.fields:
            raise FormError(f"The group '{self.name}' has no fields.", "List the fields of its rows.")
        if any(sub.type is FieldType.GROUP for sub in self.fields):
            raise _nested(self.name)
        _check_names(self.fields)

    @property
    def title(self) -> str:
        """What the screen shows: the label, or the name spelt as words."""
        return self.label or humanise(self.name)

    @property
    def shown_options(self) -> tuple[str, ...]:
        """The options as people and the model read them, in the order of `options`."""
        return self.option_labels or self.options

    def to_dict(self) -> dict[str, Any]:
        """The field as JSON data; empty members are left out."""
        data: dict[str, Any] = {"name": self.name, "type": self.type.value}
        for key in ("description", "label", "required", "inferable"):
            if getattr(self, key):
                data[key] = getattr(self, key)
        for key in ("options", "option_labels", "examples"):
            if getattr(self, key):
                data[key] = list(getattr(self, key))
        if self.fields:
            data["fields"] = [sub.to_dict() for sub in self.fields]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Field:
        """Read one field as `to_dict` and the `form_fields` of training files write it.

        Members that are not a field's (`value`, `inferred`) are ignored.

        Raises:
            FormError: not an object, unknown type, wrong kind of member.
        """
        if not isinstance(data, Mapping):
            raise FormError("A field is not an object.", 'Write each field as {"name": …, "type": …}.')
        name = data.get("name")
        if not isinstance(name, str):
            raise FormError("A field has no name.", 'Give every field a "name".')
        kind = data.get("type", "text")
        if kind not in FieldType.__members__.values():
            known = ", ".join(t.value for t in FieldType)
            raise FormError(f"The field '{name}' has the unknown type '{kind}'.", f"Use one of: {known}.")
        return cls(
            name=name.strip(),
            type=FieldType(kind),
            description=_string(data, "description", name)[:MAX_DESCRIPTION],
            label=_string(data, "label", name)[:MAX_DESCRIPTION],
            options=_strings(data, "options", name) if FieldType(kind).has_options else (),
            option_labels=_strings(data, "option_labels", name) if FieldType(kind).has_options else (),
            required=bool(data.get("required", False)),
            examples=_strings(data, "examples", name),
            inferable=bool(data.get("inferable", False)),
            fields=_sub_fields(data, name) if kind == FieldType.GROUP else (),
        )


def _sub_fields(data: Mapping[str, Any], owner: str) -> tuple[Field, ...]:
    fields = data.get("fields")
    if not isinstance(fields, list):
        raise FormError(f"The group '{owner}' has no list of fields.", 'Write its fields as "fields": […].')
    if any(isinstance(item, Mapping) and item.get("type") == FieldType.GROUP for item in fields):
        raise _nested(owner)
    return tuple(Field.from_dict(item) for item in fields)


def _nested(owner: str) -> FormError:
    return FormError(f"The group '{owner}' holds another group.", "Give its rows plain fields alone.")


def _check_names(fields: Iterable[Field]) -> None:
    seen: set[str] = set()
    for field in fields:
        if field.name in seen:
            raise FormError(f"Two fields are called '{field.name}'.", "Rename one: names must be unique.")
        seen.add(field.name)


@dataclass(frozen=True, slots=True)
class FormSpec:
    """A form: fields in the order they are drawn and asked.

    Args:
        task: whose adapter reads texts for this form, where an engine has several.

    Raises:
        FormError: no fields, too many, or two of the same name.
    """

    fields: tuple[Field, ...]
    title: str = ""
    description: str = ""
    name: str = ""
    task: Task = Task.FORMS

    def __post_init__(self) -> None:
        if not self.fields:
            raise FormError("The form has no fields.", "Add at least one field.")
        asked = sum(1 + len(field.fields) for field in self.fields)
        if asked > MAX_FIELDS:
            raise FormError(
                f"The form has {asked} fields; {MAX_FIELDS} is the most.",
                "Split the form into parts.",
            )
        _check_names(self.fields)

    def __getitem__(self, name: str) -> Field:
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The field names, in order."""
        return tuple(field.name for field in self.fields)

    def subset(self, names: Iterable[str]) -> FormSpec:
        """The same form with only the named fields, in form order."""
        wanted = set(names)
        return replace(self, fields=tuple(f for f in self.fields if f.name in wanted))

    def to_dict(self) -> dict[str, Any]:
        """The form as JSON data, as `from_dict` reads it."""
        data: dict[str, Any] = {}
        for key in ("name", "title", "description"):
            if getattr(self, key):
                data[key] = getattr(self, key)
        if self.task is not Task.FORMS:
            data["task"] = str(self.task)
        data["fields"] = [field.to_dict() for field in self.fields]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FormSpec:
        """Read a form as `to_dict` writes it (`fields`) or as training files do (`form_fields`).

        Raises:
            FormError: not an object, or a field that cannot be used.
        """
        if not isinstance(data, Mapping):
            raise FormError("The form is not an object.", 'Write it as {"fields": […]}.')
        fields = data.get("fields", data.get("form_fields"))
        if not isinstance(fields, list):
            raise FormError("The form has no list of fields.", 'Write it as {"fields": […]}.')
        return cls(
            fields=tuple(Field.from_dict(f) for f in fields),
            title=_string(data, "title", "form"),
            description=_string(data, "description", "form"),
            name=_string(data, "name", "form"),
            task=_task(_string(data, "task", "form")),
        )


def humanise(name: str) -> str:
    """'birthDate' or 'birth_date' → 'Birth date'; text that is not an identifier stays as it is."""
    if " " in name.strip():
        return name.strip()
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    words = re.sub(r"[_\-.\[\]]+", " ", words).strip()
    lowered = " ".join(w if w.isupper() and len(w) > 1 else w.lower() for w in words.split())
    return lowered[:1].upper() + lowered[1:] if lowered else name


def unique_name(wanted: str, taken: Iterable[str]) -> str:
    """`wanted`, or `wanted_2`, `wanted_3`, … until it is not in `taken`."""
    used = set(taken)
    if wanted not in used:
        return wanted
    number = 2
    while f"{wanted}_{number}" in used:
        number += 1
    return f"{wanted}_{number}"


def _task(name: str) -> Task:
    """A task that is done by filling forms."""
    tasks = {str(task): task for task in Task if task is not Task.EMAIL}
    if name and name not in tasks:
        raise FormError(
            f"The form's task '{name}' is unknown.", f"Write one of {', '.join(tasks)}, or nothing."
        )
    return tasks.get(name, Task.FORMS)


def _string(data: Mapping[str, Any], key: str, owner: str) -> str:
    value = data.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FormError(f"'{key}' of '{owner}' is not text.", f'Write "{key}" as a string.')
    return value.strip()


def _strings(data: Mapping[str, Any], key: str, owner: str) -> tuple[str, ...]:
    value = data.get(key)
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
        raise FormError(f"'{key}' of '{owner}' is not a list of texts.", f'Write "{key}" as ["a", "b"].')
    return tuple(value)
