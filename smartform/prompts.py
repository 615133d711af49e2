"""The line protocol: a form and a text → a prompt, and an answer → values.

The app, the training set and the evaluation all render through this module, so that a model
is asked in use exactly what it was taught. A prompt lists the fields and then the text; an
answer is one `FIELD name^^^value` line a field, `NO_DATA` where the text does not say.

What the person wrote is data: it is kept in segments of their own (`Segment.trusted` false),
which engines tokenise without special tokens, so a text that imitates the protocol or a chat
template stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from smartform.schema import Field, FieldType, FormSpec, Value

NO_DATA = "NO_DATA"
MARK = "^^^"
END = "END_RESPONSE"
LIST_SEPARATOR = " | "
STOP = "\n"
"""A branch's value ends at a line break."""

_RULES = (
    "Answer with one line a field: FIELD name^^^value. Copy values from USER_DATA. "
    "For fields without any corresponding information in USER_DATA, use value NO_DATA."
)


class ChatFormat(StrEnum):
    """Chat templates of the model families we fine-tune."""

    GEMMA = "gemma"
    CHATML = "chatml"


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a prompt; only trusted pieces may hold special tokens."""

    text: str
    trusted: bool


@dataclass(frozen=True, slots=True)
class Prompt:
    """One extraction request, in parts.

    Args:
        system: rules, fields and date; the same for every text that fills this form today.
        user: the person's text, untouched.
    """

    system: str
    user: str

    def prefix(self, chat: ChatFormat) -> tuple[list[Segment], list[Segment]]:
        """The prompt up to and including the word FIELD that every branch goes on from.

        Returns:
            Two lists of segments: the part that depends on the form alone, which engines may
            cache, and the rest.
        """
        opening, closing = TEMPLATES[chat]
        form = [Segment(opening, True), Segment(self.system, False), Segment("\nUSER_DATA:", False)]
        text = [Segment(" " + self.user, False), Segment(closing, True), Segment("FIELD", False)]
        return form, text

    def messages(self) -> list[dict[str, str]]:
        """The prompt as OpenAI chat messages, for servers that apply their own template."""
        return [
            {"role": "system", "content": self.system},
            {"role": "user", "content": f"USER_DATA: {self.user}"},
        ]


TEMPLATES = {
    ChatFormat.GEMMA: ("<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n"),
    ChatFormat.CHATML: ("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"),
}
"""What opens a question and what stands between it and the answer."""


def extraction_prompt(form: FormSpec, text: str, today: date | None = None) -> Prompt:
    """The prompt that asks for every field of `form` from `text`."""
    lines = [_RULES, *(describe(field) for field in form.fields), END]
    if today is not None:
        lines.append(f"Today is {today:%A} {today.isoformat()}.")
    return Prompt(system="\n".join(lines), user=text)


def describe(field: Field) -> str:
    """The line that tells the model of one field."""
    kind = field.type.value
    if field.type.has_options:
        kind += ": " + LIST_SEPARATOR.join(_one_line(o) for o in field.shown_options)
    meaning = _one_line(field.description or field.label)
    return f"FIELD {protocol_name(field.name)}{MARK}{meaning + ' ' if meaning else ''}({kind})"


def branch_header(name: str) -> str:
    """What a branch is given after the shared word FIELD; its value follows, after a space."""
    return f" {protocol_name(name)}{MARK}"


def protocol_name(name: str) -> str:
    """A field name that cannot break a line of the protocol."""
    return re.sub(r"\s+", "_", name.strip()).replace("^", "")


def written(value: Value) -> str:
    """A value as a branch writes it: one line, items of a list joined, NO_DATA for None."""
    if value is None or value == []:
        return NO_DATA
    if isinstance(value, list):
        return LIST_SEPARATOR.join(_one_line(item) for item in value)
    return _one_line(value)


def parse_answer(answer: str, form: FormSpec) -> dict[str, Value]:
    """Read a whole answer written by a model that was not held to the protocol.

    Takes the first usable line of a repeated field, drops unknown fields and chatter, reads
    values over several lines up to the next FIELD line, and NO_DATA in any casing or quotes.

    Returns:
        Field name → value; None for NO_DATA and for fields the answer does not have.
    """
    by_protocol = {protocol_name(f.name).casefold(): f for f in form.fields}
    values: dict[str, Value] = {}
    for name, body in _answer_lines(answer):
        field = by_protocol.get(name.strip().strip("*`'\"").casefold())
        if field is None or values.get(field.name) is not None:
            continue
        values[field.name] = _parse_value(body, field.type)
    return {f.name: values.get(f.name) for f in form.fields}


def _answer_lines(answer: str) -> Iterable[tuple[str, str]]:
    body = answer.split(END)[0]
    pieces = re.split(r"(?m)^[ \t>*\-`]*FIELD[ \t]++([^\n^]{1,200})\^{2,}", body)
    return zip(pieces[1::2], pieces[2::2], strict=True)


def _parse_value(body: str, kind: FieldType) -> Value:
    text = body.split("\n\n")[0].strip().strip("^").strip()
    text = re.sub(r"\n```.*$", "", text, flags=re.DOTALL).strip()
    if text.strip("\"'` .").upper().replace(" ", "_") in ("", NO_DATA):
        return None
    if not kind.is_list:
        return text if kind is FieldType.LONGTEXT else text.split("\n")[0].strip()
    items = [item.strip() for item in re.split(r"[|\n]", text)]
    return [item for item in items if item] or None


def _one_line(text: str) -> str:
    return " ".join(text.split())
