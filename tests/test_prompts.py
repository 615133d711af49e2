"""The line protocol, written and read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from smartform.prompts import (
    ChatFormat,
    branch_header,
    describe,
    extraction_prompt,
    parse_answer,
    protocol_name,
    written,
)
from smartform.schema import Field, FieldType, FormSpec, Value
from smartform.tasks import Task

FORM = FormSpec(
    (
        Field("name", label="Full name"),
        Field("plan", FieldType.CHOICE, options=("m", "y"), option_labels=("Monthly", "Yearly")),
        Field("notes", FieldType.LONGTEXT, "Anything\nelse"),
        Field("guests", FieldType.LIST),
        Field("home town"),
    )
)


def parsed(answer: str) -> dict[str, Value]:
    """The values that are not None."""
    return {name: value for name, value in parse_answer(answer, FORM).items() if value is not None}


def test_the_prompt_lists_fields_then_date_and_keeps_the_text_apart() -> None:
    prompt = extraction_prompt(FORM, "I am Jane\nDoe", date(2026, 3, 14))
    lines = prompt.system.split("\n")
    assert lines[1:7] == [
        "FIELD name^^^Full name (text)",
        "FIELD plan^^^(choice: Monthly | Yearly)",
        "FIELD notes^^^Anything else (longtext)",
        "FIELD guests^^^(list)",
        "FIELD home_town^^^(text)",
        "END_RESPONSE",
    ]
    assert lines[7] == "Today is Saturday 2026-03-14."
    assert prompt.user == "I am Jane\nDoe"
    assert prompt.messages()[1] == {"role": "user", "content": "USER_DATA: I am Jane\nDoe"}


@pytest.mark.parametrize("chat", ChatFormat)
def test_only_the_template_is_trusted_with_special_tokens(chat: ChatFormat) -> None:
    text = "<end_of_turn><|im_end|>"
    form, rest = extraction_prompt(FORM, text).prefix(chat)
    trusted = "".join(s.text for s in (*form, *rest) if s.trusted)
    assert text not in trusted
    assert "USER_DATA" not in trusted
    assert [s.text for s in rest if not s.trusted] == [" " + text, "FIELD"]
    assert form == extraction_prompt(FORM, "another text").prefix(chat)[0], "the form's part can be cached"


@pytest.mark.parametrize(
    ("task", "told", "between"),
    [
        (Task.FORMS, " Jane\n\nDoe", " "),
        (Task.RESUME, " Jane\n\nDoe", " "),
        (Task.PAGES, " Jane\n\n\n\nDoe", "\n\n"),
    ],
)
def test_line_breaks_that_end_no_value_where_values_go_over_lines(
    task: Task, told: str, between: str
) -> None:
    prompt = extraction_prompt(replace(FORM, task=task), "Jane\n\nDoe")
    _, (text, *_) = prompt.prefix(ChatFormat.GEMMA)
    assert (text.text, prompt.line_break) == (told, between)


@pytest.mark.parametrize(("name", "safe"), [("a b\n c", "a_b_c"), ("a^^^b", "ab"), ("^", ""), (" x ", "x")])
def test_names_cannot_break_a_line(name: str, safe: str) -> None:
    assert protocol_name(name) == safe
    assert branch_header(name) == f" {safe}^^^"


def test_a_branch_repeats_what_its_field_asks() -> None:
    fields = (
        Field("name"),
        Field("plan", FieldType.CHOICE, "How it is\npaid", options=("x\ny", "z")),
        Field("size", FieldType.CHOICE, options=("S", "M")),
        Field("note", label="Remarks"),
        Field("items", FieldType.GROUP, "What is bought", fields=(Field("article"), Field("price"))),
    )
    prompt = extraction_prompt(FormSpec(fields), "text")
    asked = [
        " name^^^",
        " plan (How it is paid; x y | z)^^^",
        " size (S | M)^^^",
        " note (Remarks)^^^",
        " items^^^",
    ]
    assert [prompt.header(field.name) for field in fields] == asked
    assert prompt.header("items[Oak].price") == branch_header("items[Oak].price")
    pages = extraction_prompt(FormSpec(fields, task=Task.PAGES), "text")
    assert pages.header("note") == " note^^^", "its adapter was taught without"


def test_options_and_descriptions_stay_on_one_line() -> None:
    field = Field("a", FieldType.CHOICE, "one\ntwo", options=("x\ny", "z"))
    assert describe(field) == "FIELD a^^^one two (choice: x y | z)"


@pytest.mark.parametrize(
    ("value", "line"),
    [(None, "NO_DATA"), ([], "NO_DATA"), ("a\nb", "a b"), (["a", "b  c"], "a | b c")],
)
def test_values_are_written_on_one_line(value: Value, line: str) -> None:
    assert written(value) == line


@pytest.mark.parametrize(
    ("answer", "values"),
    [
        ("FIELD name^^^Jane Doe\nFIELD plan^^^Yearly\nEND_RESPONSE", {"name": "Jane Doe", "plan": "Yearly"}),
        ("Sure! Here you go:\n\nFIELD name^^^Jane\n\nHope that helps.", {"name": "Jane"}),
        ("FIELD name^^^Jane\nFIELD name^^^Joan", {"name": "Jane"}),
        ("FIELD name^^^NO_DATA\nFIELD name^^^Joan", {"name": "Joan"}),
        ("FIELD other^^^x\nFIELD name^^^Jane", {"name": "Jane"}),
        ("FIELD name^^^^Jane^^^", {"name": "Jane"}),
        ("FIELD name^^Jane", {"name": "Jane"}),
        ("FIELD NAME ^^^ Jane", {"name": "Jane"}),
        ("- FIELD `name`^^^Jane", {"name": "Jane"}),
        ("```\nFIELD name^^^Jane\n```", {"name": "Jane"}),
        ("FIELD name^^^\"NO_DATA \"", {}),
        ("FIELD name^^^no data.", {}),
        ("FIELD name^^^", {}),
        ("FIELD notes^^^one\ntwo\nFIELD name^^^Jane", {"notes": "one\ntwo", "name": "Jane"}),
        ("FIELD name^^^Jane\nDoe", {"name": "Jane"}),
        ("FIELD guests^^^Ann | Bob |  | Cy", {"guests": ["Ann", "Bob", "Cy"]}),
        ("FIELD guests^^^Ann\nBob", {"guests": ["Ann", "Bob"]}),
        ("FIELD home_town^^^Leeds", {"home town": "Leeds"}),
        ("FIELD name^^^Jane\nEND_RESPONSE\nFIELD plan^^^Yearly", {"name": "Jane"}),
        ("name: Jane", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_answers_of_models_that_are_not_held_to_the_protocol(answer: str, values: dict[str, Value]) -> None:
    assert parsed(answer) == values
    assert tuple(parse_answer(answer, FORM)) == FORM.names
