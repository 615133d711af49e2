"""JSON Schema → form, and a filled form → an instance of the schema.

Drafts 4 to 2020-12, as people write them and as Pydantic, OpenAI functions, response formats and
MCP tools wrap them. Nested objects become fields with dotted names (`address.city`); an array of
objects becomes a group, and one within a group is asked for its first item (`parts[0].price`). A
recursive part is followed once; of alternatives (`anyOf`, `oneOf`) the first that can be asked is
taken. A part that is the same in every instance (`const`) is not asked and written by `to_nested`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as member
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

from smartform.errors import FormError
from smartform.schema import (
    MAX_DESCRIPTION,
    MAX_FIELDS,
    MAX_NAME,
    MAX_OPTIONS,
    Field,
    FieldType,
    FormSpec,
    Value,
    humanise,
    items_of,
    rows_of,
    unique_name,
)

MAX_DEPTH = 8
"""Objects nested deeper than this are left out."""

MAX_VISITS = 20_000
"""Parts of a schema read before it is refused: references can multiply without end."""

LONG_TEXT = 250
"""A string that may be longer than this is a text of several lines."""

_WRAPPERS = (
    "function",
    "parameters",
    "schema",
    "json_schema",
    "inputSchema",
    "input_schema",
    "response_format",
)
_FORMATS = {
    "date": FieldType.DATE,
    "date-time": FieldType.DATE,
    "time": FieldType.TIME,
    "email": FieldType.EMAIL,
    "idn-email": FieldType.EMAIL,
    "uri": FieldType.URL,
    "url": FieldType.URL,
    "iri": FieldType.URL,
    "uri-reference": FieldType.URL,
    "phone": FieldType.PHONE,
    "tel": FieldType.PHONE,
    "textarea": FieldType.LONGTEXT,
    "multiline": FieldType.LONGTEXT,
}
_SHAPE_KEYS = {"properties", "$ref", "allOf", "anyOf", "oneOf", "items", "prefixItems"}

Schema = Mapping[str, Any]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One place of an instance that a field fills, or that has a fixed value (`field` None).

    A group's `cells` have paths that begin at the row.
    """

    path: Path
    required: bool
    nullable: bool
    schema: Schema
    field: Field | None = None
    codes: Mapping[str, Any] = member(default_factory=dict)
    cells: tuple[_Leaf, ...] = ()


def from_json_schema(data: Mapping[str, Any]) -> FormSpec:
    """The form that asks for an instance of the schema `data`.

    Raises:
        FormError: nothing to ask, references that lead elsewhere or nowhere, too many fields.
    """
    schema, title, description = _unwrap(data)
    fields = tuple(leaf.field for leaf in _Reader(schema).leaves() if leaf.field is not None)
    if not fields:
        raise FormError(
            "This JSON is no schema with properties to fill.",
            'Paste a JSON Schema such as {"type": "object", "properties": {"name": {"type": "string"}}}.',
        )
    return FormSpec(fields=fields, title=title, description=description)


def to_nested(form: FormSpec, values: Mapping[str, Value], schema: Schema | None = None) -> Any:
    """The values as JSON data: dotted names nested, numbers and booleans as such.

    Fields without a value are left out; with a schema they are null or [] where the schema
    demands the member and allows that.

    Args:
        form: the form the values belong to.
        values: field name → value as written.
        schema: the schema `form` was read from; its constants, enumerations of numbers and formats
            are then honoured ('date-time' and 'time' demand an offset: midnight and UTC are
            written). Without it the types of the fields decide.
    """
    if schema is None:
        leaves = [_plain_leaf(f) for f in form.fields]
    else:
        leaves = list(_Reader(_unwrap(schema)[0]).leaves())
    return _instance(leaves, values)


def _plain_leaf(field: Field) -> _Leaf:
    cells = tuple(_plain_leaf(sub) for sub in field.fields)
    return _Leaf(_split(field.name), False, False, {}, field, cells=cells)


def _instance(leaves: Sequence[_Leaf], values: Mapping[str, Value]) -> Any:
    instance: Any = [] if any(leaf.path[0] == 0 for leaf in leaves) else {}
    for leaf in leaves:
        value = values.get(leaf.field.name) if leaf.field else None
        if leaf.cells and value:
            _put(instance, leaf.path, [_instance(leaf.cells, row) for row in rows_of(value)])
        elif leaf.field is not None and value not in (None, "", []):
            _put(instance, leaf.path, _json_value(leaf, value))
        elif leaf.field is not None and leaf.required:
            _put_absent(instance, leaf)
    for leaf in leaves:
        if leaf.field is None and (leaf.required or _holds(instance, leaf.path[:-1])):
            _put(instance, leaf.path, _fixed(leaf.schema))
    return instance


def json_value(field: Field, value: Value) -> Any:
    """A field's value as JSON data by the field's type alone: number, boolean, text, list or null."""
    if field.type is FieldType.GROUP:
        return [
            {sub.name: json_value(sub, row.get(sub.name)) for sub in field.fields} for row in rows_of(value)
        ]
    return _scalar(value, {}, {"type": field.type.value}) if isinstance(value, str) else value


def _unwrap(data: Mapping[str, Any]) -> tuple[Schema, str, str]:
    title, description, schema = "", "", data
    while True:
        title = title or _text(schema.get("title")) or humanise(_text(schema.get("name")))
        description = description or _text(schema.get("description"))
        inner = next((schema[k] for k in _WRAPPERS if isinstance(schema.get(k), Mapping)), None)
        if inner is None or _SHAPE_KEYS & schema.keys():
            return schema, title, description[:MAX_DESCRIPTION]
        schema = inner


class _Reader:
    """Walks one schema; `leaves` are in the order in which the schema lists its properties."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._visits = 0
        self._names: set[str] = set()
        self._in_row = False

    def leaves(self) -> Iterator[_Leaf]:
        yield from self._walk(self._root, (), (), required=True, refs=("#",))

    def _walk(
        self, node: Any, path: Path, labels: tuple[str, ...], *, required: bool, refs: tuple[str, ...]
    ) -> Iterator[_Leaf]:
        resolved = self._resolve(node, refs)
        if resolved is None or len(path) > MAX_DEPTH or len(self._names) > MAX_FIELDS:
            return
        schema, refs, nullable = resolved
        kind = _kind(schema)
        if kind == "object":
            demanded = schema.get("required")
            demanded = demanded if isinstance(demanded, list) else []
            for key, child in _mapping(schema.get("properties")).items():
                # Draft 3 and some tools mark the property itself.
                marked = isinstance(child, Mapping) and child.get("required") is True
                label = _text(child.get("title")) if isinstance(child, Mapping) else ""
                yield from self._walk(
                    child,
                    (*path, key),
                    (*labels, label or humanise(key)),
                    required=required and (key in demanded or marked),
                    refs=refs,
                )
            return
        group = self._group(schema, kind, path, labels, required, nullable, refs)
        if group is not None:
            yield group
            return
        if kind == "array":
            parts = list(self._structured_items(schema, refs))
            for index, part in parts:
                place = (*labels, str(index + 1)) if len(parts) > 1 else labels
                yield from self._walk(part, (*path, index), place, required=required, refs=refs)
            if parts:
                return
        if path and kind != "null":
            yield self._leaf(schema, kind, path, labels, required, nullable)

    def _group(
        self,
        schema: Schema,
        kind: str,
        path: Path,
        labels: tuple[str, ...],
        required: bool,
        nullable: bool,
        refs: tuple[str, ...],
    ) -> _Leaf | None:
        """An array of objects, where it is none of a row's own."""
        items = schema.get("items")
        if kind != "array" or not path or self._in_row or not isinstance(items, Mapping):
            return None
        resolved = self._resolve(items, refs)
        if resolved is None or _kind(resolved[0]) != "object":
            return None
        names, self._names, self._in_row = self._names, set(), True
        cells = tuple(sorted(self._walk(items, (), (), required=True, refs=refs), key=_naming))
        self._names, self._in_row = names, False
        fields = tuple(cell.field for cell in cells if cell.field is not None)
        if not fields:
            return None
        name = unique_name(_name(path), self._names)
        self._names.add(name)
        shown = _text(schema.get("title")) if len(labels) == 1 else " › ".join(labels)
        field = Field(
            name, FieldType.GROUP, _description(schema, {}, False), shown, required=required, fields=fields
        )
        return _Leaf(path, required, nullable, schema, field, cells=cells)

    def _structured_items(self, schema: Schema, refs: tuple[str, ...]) -> Iterator[tuple[int, Any]]:
        """The items of an array that is not a plain list of values."""
        items = schema.get("items")
        tuple_items = items if isinstance(items, list) else schema.get("prefixItems")
        if isinstance(tuple_items, list):
            yield from enumerate(tuple_items)
            return
        if items is None:
            return
        resolved = self._resolve(items, refs)
        if resolved is None or _kind(resolved[0]) in ("object", "array"):
            yield 0, items

    def _leaf(
        self, schema: Schema, kind: str, path: Path, labels: tuple[str, ...], required: bool, nullable: bool
    ) -> _Leaf:
        if kind == "fixed":
            return _Leaf(path, required, nullable, schema)
        item = schema
        if kind == "array":
            resolved = self._resolve(schema.get("items", {}), ())
            item = resolved[0] if resolved is not None else {}
        codes, option_labels = _codes(item)
        shown = _text(schema.get("title")) if len(labels) == 1 else ""
        name = unique_name(_name(path), self._names)
        self._names.add(name)
        kind_of_field = _field_type(schema, kind, codes)
        with_options = kind_of_field.has_options
        field = Field(
            name=name,
            type=kind_of_field,
            description=_description(schema, codes, with_options),
            label=shown if len(labels) <= 1 else " › ".join(labels),
            options=tuple(codes) if with_options else (),
            option_labels=option_labels if with_options and option_labels != tuple(codes) else (),
            required=required,
            examples=_examples(schema, kind_of_field),
        )
        return _Leaf(path, required, nullable, {**schema, "items": item}, field, codes)

    def _resolve(
        self, node: Any, refs: tuple[str, ...]
    ) -> tuple[dict[str, Any], tuple[str, ...], bool] | None:
        """`node` with references, `allOf` and alternatives worked in.

        Returns:
            The schema, the references followed to reach it, and whether null is allowed;
            None where nothing can be asked (false, or a reference inside itself).
        """
        self._visits += 1
        if self._visits > MAX_VISITS or len(refs) > 4 * MAX_DEPTH:
            raise FormError(
                "The schema refers to itself too many times.", "Paste only the part that is to be filled."
            )
        if node is True:
            return {}, refs, True
        if not isinstance(node, Mapping):
            return None
        schema = dict(node)
        nullable = schema.get("nullable") is True
        reference = schema.pop("$ref", None)
        if isinstance(reference, str):
            if reference in refs:
                return None
            target = self._target(reference)
            refs = (*refs, reference)
            schema.setdefault("allOf", [])
            schema["allOf"] = [*_list(schema["allOf"]), target]
        for part in _list(schema.pop("allOf", None)):
            resolved = self._resolve(part, refs)
            if resolved is None:
                return None
            schema = _merged(schema, resolved[0])
            refs = resolved[1]
            nullable = nullable or resolved[2]
        return self._with_alternatives(schema, refs, nullable)

    def _with_alternatives(
        self, schema: dict[str, Any], refs: tuple[str, ...], nullable: bool
    ) -> tuple[dict[str, Any], tuple[str, ...], bool] | None:
        for key in ("oneOf", "anyOf"):
            parts = _list(schema.get(key))
            if not parts:
                continue
            usable = [part for part in parts if not _is_null(part)]
            nullable = nullable or len(usable) < len(parts)
            if len(usable) > 0 and all(isinstance(p, Mapping) and "const" in p for p in usable):
                schema[key] = usable
                return schema, refs, nullable
            del schema[key]
            for part in usable:
                resolved = self._resolve(part, refs)
                if resolved is not None:
                    schema, refs = _merged(schema, resolved[0]), resolved[1]
                    nullable = nullable or resolved[2]
                    break
            else:
                return None
        types = schema.get("type")
        if isinstance(types, list) and "null" in types:
            nullable = True
        return schema, refs, nullable or None in _list(schema.get("enum"))

    def _target(self, reference: str) -> Any:
        if not reference.startswith("#"):
            raise FormError(
                f"The schema refers to '{reference[:80]}', which is not part of it.",
                "Paste the schema with all its definitions, under $defs or definitions.",
            )
        node: Any = self._root
        for part in unquote(reference[1:]).split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
                node = node[int(key)]
            elif isinstance(node, Mapping) and key in node:
                node = node[key]
            else:
                raise FormError(
                    f"The schema refers to '{reference[:80]}', which it does not define.",
                    "Paste the schema with all its definitions, under $defs or definitions.",
                )
        return node


def _naming(cell: _Leaf) -> int:
    """Sorts before the others what can tell a row from the next: a short text, best a required one."""
    if cell.field is None or cell.field.type is not FieldType.TEXT:
        return 2
    return 0 if cell.required else 1


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Both schemas at once; where they disagree on an annotation, the first holds."""
    merged = {**second, **first}
    if isinstance(first.get("properties"), Mapping) and isinstance(second.get("properties"), Mapping):
        properties = dict(second["properties"])
        for key, child in first["properties"].items():
            properties[key] = {"allOf": [child, properties[key]]} if key in properties else child
        merged["properties"] = properties
    if isinstance(first.get("required"), list) and isinstance(second.get("required"), list):
        merged["required"] = [*first["required"], *second["required"]]
    return merged


def _kind(schema: Schema) -> str:
    """object, array, string, integer, number, boolean, null, choice or fixed."""
    if "const" in schema:
        # A constant true is a consent to be given, not a value to be presumed.
        return "boolean" if isinstance(schema["const"], bool) else "fixed"
    values = [v for v in _list(schema.get("enum")) if v is not None]
    if values and all(isinstance(v, bool) for v in values):
        return "boolean"
    if len(values) == 1:
        return "fixed"
    if values or _list(schema.get("oneOf")) or _list(schema.get("anyOf")):
        return "choice"
    kinds = schema.get("type")
    if isinstance(kinds, list):
        real = [k for k in kinds if isinstance(k, str) and k != "null"]
        kinds = "string" if "string" in real else (real or ["null"])[0]
    if isinstance(kinds, str) and kinds != "any":
        whole = kinds == "number" and schema.get("multipleOf") == 1
        return "integer" if whole else kinds
    if "properties" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    return "number" if {"minimum", "maximum"} & schema.keys() else "string"


def _fixed(schema: Schema) -> Any:
    return schema["const"] if "const" in schema else schema["enum"][0]


def _field_type(schema: Schema, kind: str, codes: Mapping[str, Any]) -> FieldType:
    fits = 0 < len(codes) <= MAX_OPTIONS
    if kind == "array":
        return FieldType.MULTICHOICE if fits else FieldType.LIST
    if kind == "choice":
        return FieldType.CHOICE if fits else FieldType.TEXT
    if kind in ("integer", "number", "boolean"):
        return FieldType(kind)
    longest = schema.get("maxLength")
    if isinstance(longest, int) and longest > LONG_TEXT:
        return FieldType.LONGTEXT
    return _FORMATS.get(_text(schema.get("format")).lower(), FieldType.TEXT)


def _codes(schema: Schema) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What may be answered, as text → JSON value, and what people call it."""
    pairs = [(value, "") for value in _list(schema.get("enum")) if value is not None]
    for key in ("oneOf", "anyOf"):
        pairs += [
            (part["const"], _text(part.get("title")) or _text(part.get("description")))
            for part in _list(schema.get(key))
            if isinstance(part, Mapping) and "const" in part
        ]
    codes: dict[str, Any] = {}
    labels: list[str] = []
    names = _list(schema.get("enumNames")) or _list(schema.get("x-enumNames"))
    for index, (value, label) in enumerate(pairs):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if text.strip() and text not in codes:
            codes[text] = value
            named = _text(names[index]) if len(names) == len(pairs) else ""
            labels.append(label or named or text)
    return codes, tuple(labels)


def _description(schema: Schema, codes: Mapping[str, Any], with_options: bool) -> str:
    text = _text(schema.get("description"))
    if codes and not with_options:
        few = ", ".join(list(codes)[:3])
        text = f"{text} (one of {len(codes)} values, such as {few})".strip()
    return text[:MAX_DESCRIPTION]


def _examples(schema: Schema, kind: FieldType) -> tuple[str, ...]:
    if kind is FieldType.BOOLEAN or kind.has_options:
        return ()
    given = [*_list(schema.get("examples")), schema.get("example"), schema.get("default")]
    flat = [item for value in given for item in (value if isinstance(value, list) else [value])]
    texts = [
        value if isinstance(value, str) else json.dumps(value)
        for value in flat
        if isinstance(value, (str, int, float)) and not isinstance(value, bool)
    ]
    return tuple(dict.fromkeys(text[:MAX_NAME] for text in texts if text.strip()))[:5]


def _name(path: Path) -> str:
    """('lines', 0, 'price') → 'lines[0].price'; the index of a list of whole forms is not shown."""
    shown = path[1:] if path[0] == 0 else path
    name = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in shown)
    return name.lstrip(".").strip()[-MAX_NAME + 8 :] or "value"


def _split(name: str) -> Path:
    """The path that `_name` writes as `name`."""
    parts: list[str | int] = []
    for piece in name.split("."):
        match = re.fullmatch(r"(.+?)((?:\[\d{1,3}\])*)", piece)
        if match is None:
            return (name,)
        parts += [match[1], *(int(i) for i in re.findall(r"\d+", match[2]))]
    return tuple(parts)


def _json_value(leaf: _Leaf, value: Value) -> Any:
    if isinstance(value, list):
        items = leaf.schema.get("items")
        schema = items if isinstance(items, Mapping) else {}
        return [_scalar(item, leaf.codes, schema) for item in items_of(value)]
    if leaf.field is not None and not leaf.schema:
        return json_value(leaf.field, value)
    return _scalar(value or "", leaf.codes, leaf.schema)


def _scalar(text: str, codes: Mapping[str, Any], schema: Schema) -> Any:
    """`text` as the JSON value the schema wants; as it stands where it does not fit."""
    if text in codes:
        return codes[text]
    kind = _kind(schema)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if kind in ("integer", "number") and re.fullmatch(r"[+-]?\d{1,300}(\.\d+)?", text):
        whole, _, fraction = text.partition(".")
        return float(text) if fraction.strip("0") else int(whole)
    if schema.get("format") == "date-time" and re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return f"{text}T00:00:00Z"
    if schema.get("format") == "time" and re.fullmatch(r"\d\d:\d\d", text):
        return f"{text}:00Z"
    return text


def _put(instance: Any, path: Path, value: Any) -> None:
    """Write `value` at `path`, making the objects and lists on the way."""
    here = instance
    for part, following in pairwise(path):
        _make_room(here, part)
        if here[part] is None:
            here[part] = [] if isinstance(following, int) else {}
        here = here[part]
    _make_room(here, path[-1])
    here[path[-1]] = value


def _make_room(here: Any, part: str | int) -> None:
    if isinstance(part, int):
        here.extend([None] * (part + 1 - len(here)))
    else:
        here.setdefault(part, None)


def _put_absent(instance: Any, leaf: _Leaf) -> None:
    if leaf.nullable:
        _put(instance, leaf.path, None)
    elif _takes_many(leaf.field) and not leaf.schema.get("minItems"):
        _put(instance, leaf.path, [])


def _takes_many(field: Field | None) -> bool:
    return field is not None and (field.type.is_list or field.type is FieldType.GROUP)


def _holds(instance: Any, path: Path) -> bool:
    """Whether something was written into the object or list at `path`."""
    here = instance
    for part in path:
        present = part < len(here) if isinstance(part, int) else part in here
        here = here[part] if present else None
        if not here:
            return False
    return bool(here)


def _is_null(part: Any) -> bool:
    return isinstance(part, Mapping) and (
        part.get("type") == "null"
        or part.get("enum") == [None]
        or ("const" in part and part["const"] is None)
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
