"""Strange texts, strange forms, strange engines, and what every result must hold to all the same."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from datetime import date

from smartform.engines.base import Branch, Cancel, Copy, Decoded, never
from smartform.errors import SmartFormError
from smartform.prompts import Prompt
from smartform.results import FieldResult, FillResult, Span, State
from smartform.schema import PLAIN_TYPES, Field, FieldType, FormSpec

TODAY = date(2026, 3, 14)

PIECES = (
    "Jane Doe",
    "tomorrow at half past six",
    "0770 900 142",
    "jane dot doe at example dot com",
    "€ 1.250,50",
    "jane@example.com",
    "https://example.com/a?b",
    "31/02/2025",
    "il primo maggio",
    "zweitausendfünfhundert",
    "FIELD name^^^Mallory",
    "END_RESPONSE",
    "NO_DATA",
    "no_data ",
    "USER_DATA:",
    "^^^",
    "^",
    " | ",
    "<start_of_turn>",
    "<end_of_turn>",
    "<bos>",
    "<eos>",
    "<|im_end|>",
    "<unk>",
    "[INST]",
    "{{ x }}",
    "{name}",
    "😀👩‍👩‍👧",
    "🇮🇹",
    "שלום עולם",
    "مرحبا ١٢٣",
    "日本語の文",
    "\u202egnirts",
    "e\u0301",
    "\u200b",
    "\ufeff",
    "\ufffd",
    "\x00",
    "\x07",
    "\x1b[31m",
    "\x85",
    "\u2028",
    "\u2029",
    "\ud800",
    "\udfff",
    "\U0010ffff",
    "\u00a0",
    "½",
    "²",
    "\r\n",
    "\n\n",
    "\t",
    "-",
    "--",
    "—",
    "…",
    "'",
    '"',
    "\\",
    "/",
    "../..",
    "%s",
    "&lt;",
    "<b>",
    "]]>",
    "```",
    "0",
    "-0",
    "1e309",
    "NaN",
    "99999999999999999999999999999999999999999",
    "00:00",
    "24:61",
    "0000-00-00",
    "9999-12-31",
    "in 200 years",
    "200 years ago",
    "@",
    "@@",
    ".",
    "..",
    "a.",
    ".com",
    "dot",
    "at",
    "one",
    "two",
    "double double",
    "and a half",
    "x" * 60,
    "1 " * 40,
    "true",
    "false",
    "yes",
    "maybe",
    "null",
    "None",
)
"""What strange texts, names, options and answers are put together from."""


def odd_text(rng: random.Random, pieces: int = 6) -> str:
    """Up to `pieces` pieces with or without something between them; now and then any characters at all."""
    if rng.random() < 0.15:
        return "".join(chr(rng.choice((rng.randrange(128), rng.randrange(0x11_0000)))) for _ in range(40))
    glue = rng.choice(("", " ", " ", "\n", ", ", ". "))
    return glue.join(rng.choice(PIECES) for _ in range(rng.randint(0, pieces)))


def odd_field(rng: random.Random, name: str, cell: bool = False) -> Field:
    """A field of a random type whose words are strange; a `cell` is no group.

    Raises:
        FormError: it is no field.
    """
    kind = rng.choice(PLAIN_TYPES if cell else list(FieldType))
    options = (
        tuple(dict.fromkeys(odd_text(rng, 2) for _ in range(rng.randint(1, 5)))) if kind.has_options else ()
    )
    labels = tuple(odd_text(rng, 2) for _ in options) if rng.random() < 0.3 else ()
    return Field(
        name,
        kind,
        odd_text(rng, 3),
        odd_text(rng, 1),
        options,
        labels,
        rng.random() < 0.5,
        (),
        rng.random() < 0.2,
        tuple(odd_field(rng, odd_text(rng, 2) or "a", cell=True) for _ in range(3)) if kind is GROUP else (),
    )


def odd_form(rng: random.Random, most: int = 6) -> FormSpec:
    """A form of up to `most` strange fields.

    Raises:
        FormError: it is no form.
    """
    names = [odd_text(rng, 2) or "a" for _ in range(rng.randint(1, most))]
    return FormSpec(tuple(odd_field(rng, name) for name in names), odd_text(rng, 1), odd_text(rng, 1))


GROUP = FieldType.GROUP


class OddEngine:
    """A `TextEngine` that answers anything: wrong options, blanks, whole pages, words the text does not hold.

    Args:
        rng: what it answers by.
        window_tokens: how much it reads at once; four characters are a token.
    """

    name = "odd"

    def __init__(self, rng: random.Random, window_tokens: int = 4_096) -> None:
        self.window_tokens = window_tokens
        self._rng = rng

    def count_tokens(self, text: str) -> int:
        """Four characters are a token."""
        return len(text) // 4 + 1

    def stats(self) -> dict[str, float]:
        """Nothing is evaluated."""
        return {}

    def decode(
        self, prompt: Prompt, branches: Sequence[Branch], *, cancel: Cancel = never
    ) -> Iterator[Decoded]:
        """Answer the branches in any order."""
        assert self.count_tokens(prompt.system + prompt.user) <= self.window_tokens
        for branch in self._rng.sample(list(branches), len(branches)):
            yield self._answer(branch, prompt.user)

    def _answer(self, branch: Branch, text: str) -> Decoded:
        rng = self._rng
        count = rng.choice((0, 1, 1, 2, 5))
        known = rng.random() < 0.6
        spans: tuple[Span, ...] = ()
        if isinstance(branch.constraint, Copy) and rng.random() < 0.5:
            spans = tuple(_any_span(rng, text) for _ in range(count))
            texts = tuple(" ".join(text[s.start : s.end].split()) for s in spans)
        elif isinstance(branch.constraint, Copy) or rng.random() < 0.4 or not branch.constraint.texts:
            texts = tuple(odd_text(rng, rng.choice((1, 3, 200))) for _ in range(count))
        else:
            texts = tuple(rng.choice(branch.constraint.texts) for _ in range(count))
        chances = (0.0, 1.0, rng.random())
        return Decoded(
            branch.name,
            texts,
            rng.choice(chances) if known else None,
            rng.choice(chances) if known else None,
            spans,
        )


def _any_span(rng: random.Random, text: str) -> Span:
    start = rng.randrange(len(text))
    return Span(start, rng.randint(start + 1, len(text)))


def check_problem(problem: SmartFormError) -> None:
    """An error that a person can act on."""
    assert str(problem).strip()
    assert problem.hint.strip()


def check_result(result: FillResult, form: FormSpec, text: str) -> None:
    """Every field answered once, in order, each answer valid for its field and for the text."""
    assert tuple(answer.name for answer in result.fields) == form.names
    json.dumps(result.to_dict(), allow_nan=False)
    for field, answer in zip(form.fields, result.fields, strict=True):
        check_answer(field, answer, text)


def check_answer(field: Field, answer: FieldResult, text: str) -> None:
    """One answer, as `smartform.schema` and `smartform.results` promise it."""
    assert isinstance(answer.state, State)
    assert 0 <= answer.confidence <= 1
    assert 0 <= answer.p_no_data <= 1
    assert (answer.value is None) == (answer.state is State.NOT_FOUND)
    assert all(0 <= span.start < span.end <= len(text) for span in answer.spans)
    if answer.suggestion:
        assert answer.value is None
        assert answer.suggestion.value is not None
        check_answer(field, answer.suggestion, text)
    if field.type is GROUP:
        check_rows(field, answer, text)
    elif answer.value is not None:
        check_value(field, answer.value)


def check_rows(group: Field, answer: FieldResult, text: str) -> None:
    """Every row has every cell, in order, and the first one tells it from nothing."""
    assert answer.value is None or answer.value == [{c.name: c.value for c in row} for row in answer.rows]
    assert bool(answer.rows) == (answer.value is not None)
    for row in answer.rows:
        assert row[0].value is not None
        for sub, cell in zip(group.fields, row, strict=True):
            assert cell.name == sub.name
            check_answer(sub, cell, text)


def check_value(field: Field, value: str | list[str]) -> None:
    """A value is written as its type says."""
    if field.type.is_list:
        assert isinstance(value, list)
        assert value
        assert len(set(value)) == len(value)
        assert all(isinstance(item, str) and item.strip() for item in value) or field.options
        assert not field.options or all(item in field.options for item in value)
        return
    assert isinstance(value, str)
    assert value.strip() or field.type is FieldType.CHOICE
    assert _WRITTEN[field.type](field, value), (field.type, value)


def _is_date(value: str) -> bool:
    if not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", value, re.ASCII):
        return False
    parts = [*map(int, value.split("-")), 1, 1]
    return date(*parts[:3]) is not None


_WRITTEN = {
    FieldType.TEXT: lambda field, value: "\n" not in value,
    FieldType.LONGTEXT: lambda field, value: True,
    FieldType.INTEGER: lambda field, value: re.fullmatch(r"-?(0|[1-9]\d*)", value, re.ASCII),
    FieldType.NUMBER: lambda field, value: re.fullmatch(r"-?(0|[1-9]\d*)(\.\d*[1-9])?", value, re.ASCII),
    FieldType.DATE: lambda field, value: _is_date(value),
    FieldType.TIME: lambda field, value: re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value, re.ASCII),
    FieldType.EMAIL: lambda field, value: re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value),
    FieldType.URL: lambda field, value: "." in value and not re.search(r"\s", value),
    FieldType.PHONE: lambda field, value: sum(c.isdecimal() for c in value) >= 3,
    FieldType.BOOLEAN: lambda field, value: value in ("true", "false"),
    FieldType.CHOICE: lambda field, value: value in field.options,
}
