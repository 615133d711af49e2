"""The line protocol: a form and a text → a prompt, and an answer → values.

The app, the training set and the evaluation all render through this module, so that a model
is asked in use exactly what it was taught. A prompt lists the fields and then the text; an
answer is one `FIELD name^^^value` line a field, `NO_DATA` where the text does not say. Where every field
has a branch of its own, the branch repeats what the field asks: `FIELD name (description)^^^value`.

What the person wrote is data: it is kept in segments of their own (`Segment.trusted` false),
which engines tokenise without special tokens, so a text that imitates the protocol or a chat
template stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from smartform.schema import Cell, Field, FieldType, FormSpec
from smartform.tasks import Task

NO_DATA = "NO_DATA"
MARK = "^^^"
END = "END_RESPONSE"
LIST_SEPARATOR = " | "
STOP = "\n"
"""A branch's value ends at a line break."""

_LINE_BREAKS = {Task.PAGES: "\n\n"}
"""How prompts for a task write the text's line breaks where values go over several lines, as titles do:
none has the token that ends a value then."""

CHECKED = frozenset({Task.RESUME})
"""The tasks whose adapters were taught to be asked once more what names a row: the whole name, or NO_DATA."""

_RULES = (
    "Answer with one line a field: FIELD name^^^value. Copy values from USER_DATA. "
    "For fields without any corresponding information in USER_DATA, use value NO_DATA."
)
_CELLS = "Answer now for these alone; what the brackets name is one row:"
_ROW_CHARS = 60
_QUESTION_CHARS = 160


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
        task: whose adapter answers, where an engine has several.
        questions: (name, what it asks) of the fields that say more than their names; branches repeat it.
    """

    system: str
    user: str
    task: Task = Task.FORMS
    questions: tuple[tuple[str, str], ...] = ()

    def header(self, name: str) -> str:
        """What a branch is given after the shared word FIELD; its value follows, after a space.

        Args:
            name: of a field, or of one cell of a row (`cell_name`).
        """
        asked = dict(self.questions).get(name)
        return f" {protocol_name(name)} ({asked}){MARK}" if asked else branch_header(name)

    @property
    def line_break(self) -> str:
        """What stands between two lines of a copied value: what the prompt has, where that ends no value."""
        return _LINE_BREAKS.get(self.task, " ")

    def prefix(self, chat: ChatFormat) -> tuple[list[Segment], list[Segment]]:
        """The prompt up to and including the word FIELD that every branch goes on from.

        Returns:
            Two lists of segments: the part that depends on the form alone, which engines may
            cache, and the rest.
        """
        opening, closing = TEMPLATES[chat]
        form = [Segment(opening, True), Segment(self.system, False), Segment("\nUSER_DATA:", False)]
        told = self.user.replace("\n", _LINE_BREAKS.get(self.task, "\n"))
        text = [Segment(" " + told, False), Segment(closing, True), Segment("FIELD", False)]
        return form, text

    def messages(self, branches: Sequence[str] = ()) -> list[dict[str, str]]:
        """The prompt as OpenAI chat messages, for servers that apply their own template.

        Args:
            branches: what is to be answered; those that the prompt does not list, as the cells of
                rows, are listed after it.
        """
        cells = [line for name in branches if (line := f"FIELD {name}{MARK}") not in self.system]
        system = "\n".join([self.system, *([_CELLS, *cells] if cells else [])])
        return [
            {"role": "system", "content": system},
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
    said = [(f.name, _question(f)) for f in form.fields] if form.task is Task.FORMS else []
    return Prompt("\n".join(lines), text, form.task, tuple((name, asked) for name, asked in said if asked))


def describe(field: Field) -> str:
    """What tells the model of one field: a line, or for a group several.

    A group is asked as the list of what names its rows, and then cell by cell; the cells' fields
    are described under `group[].name`.
    """
    name = protocol_name(field.name)
    if field.type is not FieldType.GROUP:
        return _line(name, field, _meaning(field))
    naming, *others = field.fields
    rows = ": ".join(filter(None, [_meaning(field), _meaning(naming) or _one_line(naming.title)]))
    cells = (_line(f"{name}[].{protocol_name(sub.name)}", sub, _meaning(sub)) for sub in others)
    return "\n".join([f"FIELD {name}{MARK}{rows} ({FieldType.LIST.value})", *cells])


def _line(name: str, field: Field, meaning: str) -> str:
    kind = field.type.value
    if field.type.has_options:
        kind += ": " + LIST_SEPARATOR.join(_one_line(o) for o in field.shown_options)
    return f"FIELD {name}{MARK}{meaning + ' ' if meaning else ''}({kind})"


def _question(field: Field) -> str:
    """What a branch repeats of a field, right before its value: a small model need not look it up then."""
    if field.type is FieldType.GROUP:
        return ""
    options = LIST_SEPARATOR.join(map(_one_line, field.shown_options)) if field.type.has_options else ""
    return "; ".join(filter(None, [_meaning(field)[:_QUESTION_CHARS], options[:_QUESTION_CHARS]]))


def _meaning(field: Field) -> str:
    return _one_line(field.description or field.label)


def branch_header(name: str) -> str:
    """What a branch is given after the shared word FIELD; its value follows, after a space.

    Args:
        name: of a field, or of one cell of a row (`cell_name`).
    """
    return f" {protocol_name(name)}{MARK}"


def row_names(group: str, found: Sequence[str]) -> list[str]:
    """What the rows of `group` are called in branches, by what names them, in the order of the text.

    'work[Nurse]'; of two rows named alike, the second is 'work[Nurse 2]'.
    """
    names: list[str] = []
    for text in found:
        naming = re.sub(r"[\[\]^]", "", _one_line(text))[:_ROW_CHARS].strip()
        name, number = f"{protocol_name(group)}[{naming}]", 2
        while name in names:
            name, number = f"{protocol_name(group)}[{naming} {number}]", number + 1
        names.append(name)
    return names


def cell_name(row: str, field: str) -> str:
    """What the branch of one cell is called: 'work[Nurse].company'."""
    return f"{row}.{protocol_name(field)}"


def protocol_name(name: str) -> str:
    """A field name that cannot break a line of the protocol; what brackets hold keeps its spaces."""
    return re.sub(r" (?![^\[\]]*\])", "_", _one_line(name)).replace("^", "")


def written(value: Cell) -> str:
    """A value as a branch writes it: one line, items of a list joined, NO_DATA for None."""
    if value is None or value == []:
        return NO_DATA
    if isinstance(value, list):
        return LIST_SEPARATOR.join(_one_line(item) for item in value)
    return _one_line(value)


def parse_answer(answer: str, form: FormSpec) -> dict[str, Cell]:
    """Read a whole answer written by a model that was not held to the protocol.

    Takes the first usable line of a repeated field, drops unknown fields and chatter, reads
    values over several lines up to the next FIELD line, and NO_DATA in any casing or quotes.

    Returns:
        Field name → value; None for NO_DATA and for fields the answer does not have.
    """
    by_protocol = {_key(f.name): f for f in form.fields}
    values: dict[str, Cell] = {}
    for name, body in _answer_lines(answer):
        field = by_protocol.get(_key(name.strip().strip("*`'\"")))
        if field is None or values.get(field.name) is not None:
            continue
        values[field.name] = _parse_value(body, field.type)
    return {f.name: values.get(f.name) for f in form.fields}


def _answer_lines(answer: str) -> Iterable[tuple[str, str]]:
    body = answer.split(END)[0]
    pieces = re.split(r"(?m)^[ \t>*\-`]*FIELD[ \t]++([^\n^]{1,200})\^{2,}", body)
    return zip(pieces[1::2], pieces[2::2], strict=True)


def _parse_value(body: str, kind: FieldType) -> Cell:
    text = body.split("\n\n")[0].strip().strip("^").strip()
    text = re.sub(r"\n```.*$", "", text, flags=re.DOTALL).strip()
    if text.strip("\"'` .").upper().replace(" ", "_") in ("", NO_DATA):
        return None
    if not kind.is_list:
        return text if kind is FieldType.LONGTEXT else text.split("\n")[0].strip()
    items = [item.strip() for item in re.split(r"[|\n]", text)]
    return [item for item in items if item] or None


def _key(name: str) -> str:
    return protocol_name(name).casefold()


def _one_line(text: str) -> str:
    return " ".join(text.split())
