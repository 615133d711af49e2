"""JSON Schema → form, and back to instances that the schema itself accepts."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Literal

import jsonschema
import pydantic
import pytest

from smartform.errors import FormError
from smartform.schema import MAX_FIELDS, FieldType
from smartform.sources import from_json_schema, load_form, to_nested

ORDER: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Order",
    "description": "What a customer orders",
    "type": "object",
    "required": ["customer", "kind", "quantity", "tags", "note"],
    "properties": {
        "kind": {"const": "order"},
        "customer": {"$ref": "#/$defs/Person"},
        "quantity": {"type": "integer", "minimum": 1, "default": 2},
        "price": {"type": "number", "description": "Price of one piece"},
        "size": {"enum": [36, 38.5, 40]},
        "express": {"type": "boolean"},
        "terms": {"const": True, "title": "I accept the terms"},
        "day": {"type": "string", "format": "date"},
        "placed": {"type": "string", "format": "date-time"},
        "at": {"type": "string", "format": "time"},
        "mail": {"type": "string", "format": "email"},
        "page": {"type": "string", "format": "uri"},
        "remarks": {"type": "string", "maxLength": 2000},
        "tags": {"type": "array", "items": {"type": "string"}},
        "numbers": {"type": "array", "items": {"type": "integer"}},
        "colours": {"type": "array", "items": {"enum": ["red", "green"]}},
        "ship": {"oneOf": [{"const": 1, "title": "By road"}, {"const": 2, "title": "By air"}]},
        "note": {"type": ["string", "null"]},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"article": {"type": "string"}, "pieces": {"type": "integer"}},
            },
        },
    },
    "$defs": {
        "Person": {
            "title": "Person",
            "allOf": [
                {"$ref": "#/$defs/Named"},
                {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]},
            ],
        },
        "Named": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "title": "Full name", "examples": ["Ada"]},
                "friend": {"$ref": "#/$defs/Person"},
            },
        },
    },
}


def test_every_construct_becomes_its_type() -> None:
    form = from_json_schema(ORDER)
    assert (form.title, form.description) == ("Order", "What a customer orders")
    assert {f.name: f.type.value for f in form.fields} == {
        "customer.name": "text",
        "customer.age": "integer",
        "quantity": "integer",
        "price": "number",
        "size": "choice",
        "express": "boolean",
        "terms": "boolean",
        "day": "date",
        "placed": "date",
        "at": "time",
        "mail": "email",
        "page": "url",
        "remarks": "longtext",
        "tags": "list",
        "numbers": "list",
        "colours": "multichoice",
        "ship": "choice",
        "note": "text",
        "lines": "group",
    }
    assert [(f.name, f.type.value) for f in form["lines"].fields] == [
        ("article", "text"),
        ("pieces", "integer"),
    ]


def test_labels_requirements_options_and_examples() -> None:
    form = from_json_schema(ORDER)
    assert form["customer.name"].title == "Customer › Full name"
    assert form["customer.name"].required and form["customer.name"].examples == ("Ada",)
    assert form["quantity"].examples == ("2",) and form["quantity"].required
    assert form["size"].options == ("36", "38.5", "40")
    assert form["ship"].options == ("1", "2") and form["ship"].shown_options == ("By road", "By air")
    assert form["price"].description == "Price of one piece"
    assert not form["price"].required


def test_a_filled_form_is_an_instance_of_its_schema() -> None:
    values = {
        "customer.name": "Ada",
        "customer.age": "36",
        "quantity": "3",
        "price": "12.50",
        "size": "38.5",
        "express": "true",
        "terms": "true",
        "day": "2026-03-14",
        "placed": "2026-03-14",
        "at": "18:30",
        "mail": "ada@example.com",
        "page": "https://example.com",
        "remarks": "Ring twice",
        "tags": ["a", "b"],
        "numbers": ["1", "2"],
        "colours": ["green"],
        "ship": "2",
        "note": None,
        "lines": [{"article": "Bolt", "pieces": "7"}, {"article": "Nut", "pieces": None}],
    }
    instance = to_nested(from_json_schema(ORDER), values, ORDER)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.validate(instance, ORDER, format_checker=checker)
    assert instance["customer"] == {"name": "Ada", "age": 36}
    assert (instance["size"], instance["ship"], instance["kind"]) == (38.5, 2, "order")
    assert instance["numbers"] == [1, 2]
    assert instance["lines"] == [
        {"article": "Bolt", "pieces": 7},
        {"article": "Nut"},
    ]
    assert instance["note"] is None and instance["express"] is True


def test_a_form_filled_in_part_leaves_out_what_it_may() -> None:
    values = {"customer.name": "Ada", "customer.age": "36", "quantity": "3"}
    instance = to_nested(from_json_schema(ORDER), values, ORDER)
    jsonschema.validate(instance, ORDER)
    assert instance == {
        "customer": {"name": "Ada", "age": 36},
        "quantity": 3,
        "tags": [],
        "note": None,
        "kind": "order",
    }


def test_without_the_schema_names_and_types_decide() -> None:
    form = from_json_schema(ORDER)
    values = {
        "customer.name": "Ada",
        "customer.age": "36",
        "price": "12.5",
        "terms": "false",
        "lines": [{"article": None, "pieces": "2"}],
        "tags": ["a"],
    }
    assert to_nested(form, values) == {
        "customer": {"name": "Ada", "age": 36},
        "price": 12.5,
        "terms": False,
        "tags": ["a"],
        "lines": [{"pieces": 2}],
    }


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Address(pydantic.BaseModel):
    street: str
    town: str = pydantic.Field(description="Town or city", examples=["Turin"])


class Booking(pydantic.BaseModel):
    """A booking."""

    kind: Literal["booking"] = "booking"
    guest: str = pydantic.Field(title="Guest name")
    nights: int | None = None
    arrival: date
    sent: datetime | None = None
    breakfast_at: time | None = None
    colour: Colour = Colour.RED
    home: Address
    bill_to: Address | None = None
    extras: list[Colour] = []
    notes: list[str] = []


def test_pydantic_models_make_a_round_trip() -> None:
    schema = Booking.model_json_schema()
    form = from_json_schema(schema)
    assert form["home.town"].title == "Home › Town" and form["home.town"].required
    assert form["bill_to.town"].title == "Bill to › Town" and not form["bill_to.town"].required
    assert form["nights"].type is FieldType.INTEGER
    assert form["colour"].options == ("red", "blue")
    assert form["extras"].type is FieldType.MULTICHOICE
    assert "kind" not in form.names
    values = {
        "guest": "Ada",
        "nights": "2",
        "arrival": "2026-03-14",
        "sent": "2026-03-01",
        "breakfast_at": "07:30",
        "colour": "blue",
        "home.street": "Via Po 1",
        "home.town": "Turin",
        "extras": ["red"],
    }
    booking = Booking.model_validate(to_nested(form, values, schema))
    assert booking.home.town == "Turin" and booking.colour is Colour.BLUE and booking.bill_to is None
    assert booking.kind == "booking" and booking.nights == 2


INNER = {"type": "object", "properties": {"city": {"type": "string"}}}


@pytest.mark.parametrize(
    "wrapped",
    [
        {"parameters": INNER},
        {"name": "get_weather", "description": "Weather", "parameters": INNER},
        {"type": "function", "function": {"name": "get_weather", "parameters": INNER}},
        {"schema": INNER},
        {"type": "json_schema", "json_schema": {"name": "get_weather", "strict": True, "schema": INNER}},
        {"name": "get_weather", "inputSchema": INNER},
        {"name": "get_weather", "input_schema": INNER},
        {"type": "array", "items": INNER},
    ],
)
def test_wrappers_are_opened(wrapped: dict[str, Any]) -> None:
    form = load_form(json.dumps(wrapped))
    assert form.names == ("city",)
    if "name" in json.dumps(wrapped):
        assert form.title == "Get weather"
    instance = to_nested(form, {"city": "Rome"}, wrapped)
    assert instance == ([{"city": "Rome"}] if "items" in wrapped else {"city": "Rome"})


def test_strict_schemas_get_null_where_the_text_is_silent() -> None:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["a", "b", "c"],
        "properties": {
            "a": {"type": ["string", "null"]},
            "b": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "c": {"type": "array", "items": {"type": "string"}},
        },
    }
    instance = to_nested(from_json_schema(schema), {}, schema)
    jsonschema.validate(instance, schema)
    assert instance == {"a": None, "b": None, "c": []}


def test_old_drafts_are_read() -> None:
    schema = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "properties": {
            "who": {"$ref": "#/definitions/who"},
            "pair": {"type": "array", "items": [{"type": "string"}, {"type": "integer"}]},
        },
        "definitions": {"who": {"type": "object", "properties": {"id": {"type": "integer"}}}},
    }
    form = from_json_schema(schema)
    assert form.names == ("who.id", "pair[0]", "pair[1]")
    instance = to_nested(form, {"who.id": "7", "pair[1]": "2", "pair[0]": "x"}, schema)
    assert instance == {"who": {"id": 7}, "pair": ["x", 2]}
    jsonschema.Draft4Validator(schema).validate(instance)


def test_names_with_dots_do_not_collide() -> None:
    schema = {"properties": {"a.b": {"type": "string"}, "a": {"properties": {"b": {"type": "string"}}}}}
    form = from_json_schema(schema)
    assert form.names == ("a.b", "a.b_2")
    assert to_nested(form, {"a.b": "x", "a.b_2": "y"}, schema) == {"a.b": "x", "a": {"b": "y"}}


def test_a_choice_too_long_to_offer_is_asked_as_text() -> None:
    schema = {"properties": {"zone": {"enum": [f"Zone {n}" for n in range(500)]}}}
    form = from_json_schema(schema)
    assert form["zone"].type is FieldType.TEXT and "500 values" in form["zone"].description


def test_recursion_ends() -> None:
    node = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "child": {"$ref": "#"},
            "children": {"type": "array", "items": {"$ref": "#"}},
        },
    }
    assert from_json_schema(node).names == ("name",)


def test_references_that_multiply_are_refused() -> None:
    levels = {
        f"l{n}": {"properties": {key: {"$ref": f"#/$defs/l{n + 1}"} for key in "abcdefgh"}} for n in range(12)
    }
    with pytest.raises(FormError):
        from_json_schema({"$ref": "#/$defs/l0", "$defs": {**levels, "l12": {"type": "object"}}})


@pytest.mark.parametrize("reference", ["https://example.com/a.json", "#/$defs/missing", "other.json#/x"])
def test_references_that_lead_nowhere_are_named(reference: str) -> None:
    with pytest.raises(FormError, match="refers to") as raised:
        from_json_schema({"properties": {"a": {"$ref": reference}}})
    assert "$defs" in raised.value.hint


def test_too_many_properties_are_refused() -> None:
    with pytest.raises(FormError, match=str(MAX_FIELDS)):
        from_json_schema({"properties": {f"f{n}": {} for n in range(MAX_FIELDS + 1)}})


@pytest.mark.parametrize(
    "odd",
    [
        {"properties": {"a": None}},
        {"properties": {"a": 3}},
        {"properties": {"a": []}},
        {"properties": {"a": {"type": 3}}},
        {"properties": {"a": {"enum": "x"}}},
        {"properties": {"a": {"enum": [None]}}},
        {"properties": {"a": {"type": "array", "items": 5}}},
        {"properties": {"a": {"anyOf": []}}},
        {"properties": {"a": {"oneOf": [None, 3]}}},
        {"properties": {"a": {"$ref": 3}}},
        {"properties": {"": {"type": "string"}}},
        {"properties": {" " * 300: {"type": "string"}}},
        {"properties": {"x" * 300: {"type": "string"}}},
        {"properties": {"a": {"enum": ["x", ["y"], {"z": 1}, 1, "1", True]}}},
        {"properties": {"a": {"type": "object"}}},
        {"properties": {"a": False}},
        {"allOf": [3]},
        {"allOf": 3},
        {"properties": {"a": {"title": 3, "description": [], "examples": 7, "format": {}, "maxLength": "z"}}},
        {"properties": {"a": {"type": ["null"]}}},
        {"required": 3, "properties": {"a": {}}},
        {"properties": {"a": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}}},
    ],
)
def test_odd_schemas_give_a_form_or_a_clear_error(odd: dict[str, Any]) -> None:
    try:
        form = from_json_schema(odd)
    except FormError as error:
        assert error.hint
    else:
        assert form.fields
        assert to_nested(form, dict.fromkeys(form.names, "1"), odd) is not None
