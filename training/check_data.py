"""Check data before training on it: each problem names the file, the row and what to do.

    python -m training.check_data 'training/data/forms/en_*.jsonl' --evaluation training/data/forms/dev.jsonl
    python -m training.check_data mine.csv --base models/base --max-tokens 2048

What a row must hold: `training/chat_rows.py`. Errors (wrong columns, missing roles, empty or
impossible values, evaluation texts in the training data) end it with status 1. Duplicates and
rows that are too long are told: trainers leave those out.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smartform.errors import FormError
from smartform.schema import Field, FieldType, FormSpec
from training.chat_rows import COLUMNS, ROLES, TRAINERS, Kind, Message, Row, messages_of, read_rows
from training.leakage import LIMIT, overlaps

SHOWN = 20
"""How many problems are printed; the others are counted."""

MEASURED = tuple(Path(__file__).with_name("data") / name for name in ("forms/dev.jsonl", "email_dev.jsonl"))
"""What the adapters that ship are measured on: kept apart from all that is learnt."""

MAIL_LABELS = {
    "kind": ("clean", "grammar", "clarity", "tone", "both"),
    "politeness_before": ("impolite", "neutral", "polite"),
    "sentiment_before": ("negative", "neutral", "positive"),
}
"""What each label of a mail may be."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with a row and what to do about it.

    Args:
        place: file and row.
        stops: whether training on it would be wrong, not merely less.
    """

    place: str
    what: str
    remedy: str
    stops: bool = True

    def __str__(self) -> str:
        return f"{self.place}: {self.what}. {self.remedy}"


class DataError(ValueError):
    """The data cannot be trained on; the message names the rows."""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Check training data.")
    parser.add_argument("files", nargs="+", help="JSONL, CSV or Parquet, patterns or hub:owner/set/file")
    parser.add_argument("--evaluation", nargs="+", default=[], help="texts that must not be in the data")
    parser.add_argument("--base", help="whose tokenizer measures the rows; needed for --max-tokens")
    parser.add_argument("--max-tokens", type=int)
    arguments = parser.parse_args(argv)
    if arguments.max_tokens and not arguments.base:
        parser.error("--max-tokens needs --base")
    count = _counter(arguments.base) if arguments.base else None
    rows = read_rows(arguments.files)
    found = problems(rows, read_rows(arguments.evaluation), count, arguments.max_tokens)
    print(report(found))
    print(f"{len(rows)} rows, {len(found)} problems, {sum(p.stops for p in found)} of them stop training")
    if any(p.stops for p in found):
        sys.exit(1)


def require(rows: Sequence[Row], evaluation: Sequence[Row] = (), trainer: str = "") -> None:
    """Refuse data that must not be trained on.

    Args:
        trainer: module whose kinds of rows they must be; empty for any.

    Raises:
        DataError: naming the first rows with a problem that stops.
    """
    found = [*_foreign(rows, trainer), *(p for p in problems(rows, evaluation) if p.stops)]
    if found or not rows:
        raise DataError(report(found) or "There are no rows to learn from.")


def require_files(files: Sequence[str], trainer: str) -> None:
    """End the command with a message where `trainer` must not learn from `files`, see `require`."""
    try:
        require(read_rows(files), read_rows(MEASURED), trainer)
    except DataError as problem:
        sys.exit(str(problem))


def report(found: Sequence[Problem]) -> str:
    """The first problems as text, and how many others there are."""
    lines = [str(problem) for problem in found[:SHOWN]]
    if len(found) > SHOWN:
        lines.append(f"… and {len(found) - SHOWN} more")
    return "\n".join(lines)


def problems(
    rows: Sequence[Row],
    evaluation: Sequence[Row] = (),
    count: Callable[[str], int] | None = None,
    max_tokens: int | None = None,
) -> list[Problem]:
    """All that is wrong with the rows, in their order; duplicates and leakage at the end.

    Args:
        evaluation: rows whose texts must not stand among them.
        count: text → tokens.
        max_tokens: what the trainer reads of a row at most.
    """
    found: list[Problem] = []
    sound = []
    for row in rows:
        wrong = list(_wrong(row))
        found += wrong
        if not wrong:
            sound.append(row)
            if count is not None and max_tokens is not None:
                found += _too_long(row, count, max_tokens)
    return [*found, *_duplicates(sound), *_leaks(sound, evaluation)]


def _foreign(rows: Iterable[Row], trainer: str) -> Iterator[Problem]:
    for row in rows:
        if trainer and row.kind and TRAINERS[row.kind] != trainer:
            what = f"{trainer} does not read rows with {' and '.join(COLUMNS[row.kind])}"
            yield Problem(row.place, what, f"Use {TRAINERS[row.kind]}.")


def _wrong(row: Row) -> Iterator[Problem]:
    if row.broken:
        yield Problem(row.place, row.broken, "Write one JSON object on each line.")
        return
    if row.kind is None:
        expected = " or ".join(f"'{', '.join(names)}'" for names in COLUMNS.values())
        has = ", ".join(row.data) or "none"
        yield Problem(row.place, f"its columns are {has}", f"Name them {expected}.")
        return
    checks = {Kind.FORMS: _wrong_form, Kind.MAILS: _wrong_mail, Kind.PAIRS: _wrong_pair}
    check = checks.get(row.kind, _wrong_talk)
    yield from check(row)


def _wrong_form(row: Row) -> Iterator[Problem]:
    if not row.data.get("id"):
        yield Problem(row.place, "it has no id", "Give each row an 'id' of its own.")
    if not isinstance(row.data["text"], str) or not row.data["text"].strip():
        yield Problem(row.place, "its text is empty", "Write the text, or leave the row out.")
    try:
        form = FormSpec.from_dict({"form_fields": row.data["form_fields"]})
    except (FormError, KeyError, TypeError) as error:
        yield Problem(row.place, f"its form cannot be used ({error})", "See training/data/FORMAT.md.")
        return
    for field, data in zip(form.fields, row.data["form_fields"], strict=True):
        value = data.get("value")
        if not _fits(field, value):
            what = f"the value {value!r} of '{field.name}' is no {field.type.value}"
            yield Problem(row.place, what, _remedy(field.type))


def _fits(field: Field, value: Any) -> bool:
    """Whether a value is written as its field's type asks; None always is."""
    if value is None:
        return True
    if field.type is FieldType.GROUP:
        cells = {sub.name: sub for sub in field.fields}
        return isinstance(value, list) and all(
            isinstance(row, dict) and all(n in cells and _fits(cells[n], cell) for n, cell in row.items())
            for row in value
        )
    chosen = value if isinstance(value, list) else [value]
    options = ("true", "false") if field.type is FieldType.BOOLEAN else field.options
    return (
        all(isinstance(v, str) and v.strip() for v in chosen)
        and isinstance(value, list) == field.type.is_list
        and (not options or set(chosen) <= set(options))
    )


def _remedy(kind: FieldType) -> str:
    if kind is FieldType.BOOLEAN:
        return 'Write "true", "false", or null where the text does not say.'
    if kind.has_options:
        return "Write options of the field, or null where the text does not say."
    if kind is FieldType.GROUP:
        return "Write a list of rows, objects of its own fields, or null where the text does not say."
    wanted = "a list of strings" if kind is FieldType.LIST else "a string"
    return f"Write {wanted}, or null where the text does not say."


def _wrong_mail(row: Row) -> Iterator[Problem]:
    if not row.data.get("id"):
        yield Problem(row.place, "it has no id", "Give each row an 'id' of its own.")
    for name, allowed in MAIL_LABELS.items():
        if row.data.get(name) not in allowed:
            yield Problem(row.place, f"its {name} is {row.data.get(name)!r}", f"Use {', '.join(allowed)}.")
    empty = list(_empty(row, COLUMNS[Kind.MAILS]))
    yield from empty
    if not empty and len({len(re.split(r"\n\s*\n", row.data[n].strip())) for n in COLUMNS[Kind.MAILS]}) > 1:
        yield Problem(
            row.place, "draft and revision have not the same paragraphs", "Part both by empty lines alike."
        )


def _wrong_pair(row: Row) -> Iterator[Problem]:
    yield from _empty(row, COLUMNS[Kind.PAIRS])


def _empty(row: Row, names: Iterable[str]) -> Iterator[Problem]:
    for name in names:
        if not isinstance(row.data[name], str) or not row.data[name].strip():
            yield Problem(row.place, f"its {name} is empty", "Fill it in, or leave the row out.")


def _wrong_talk(row: Row) -> Iterator[Problem]:
    try:
        messages = messages_of(row)
    except (KeyError, TypeError) as error:
        keys = "'role' and 'content'" if row.kind is Kind.MESSAGES else "'from' and 'value'"
        yield Problem(
            row.place, f"a message lacks a member or has a strange role ({error})", f"Give it {keys}."
        )
        return
    yield from _wrong_roles(row, [message.role for message in messages])
    for number, message in enumerate(messages, 1):
        if not isinstance(message.content, str) or not message.content.strip():
            yield Problem(row.place, f"message {number} is empty", "Fill it in, or leave the row out.")


def _wrong_roles(row: Row, roles: list[str]) -> Iterator[Problem]:
    unknown = sorted({str(role) for role in roles} - set(ROLES))
    turns = roles[1:] if roles[:1] == ["system"] else roles
    if unknown:
        yield Problem(row.place, f"the role '{unknown[0]}' is unknown", f"Use {', '.join(ROLES)}.")
    elif "assistant" not in turns:
        yield Problem(row.place, "no message is the assistant's", "Add the answer that is to be learnt.")
    elif turns != ["user", "assistant"] * (len(turns) // 2):
        order = " → ".join(roles)
        yield Problem(row.place, f"its turns are {order}", "Let user and assistant take turns, user first.")


def _too_long(row: Row, count: Callable[[str], int], most: int) -> Iterator[Problem]:
    size = count(_text(row))
    if size > most:
        what, remedy = f"it has {size} tokens", f"Cut it to {most}, or raise the limit; else it is left out."
        yield Problem(row.place, what, remedy, stops=False)


def _duplicates(rows: Iterable[Row]) -> Iterator[Problem]:
    texts: dict[str, Row] = {}
    names: dict[Any, Row] = {}
    for row in rows:
        first = texts.setdefault(_plain(_text(row)), row)
        if first is not row:
            yield Problem(row.place, f"it says the same as {first.place}", "Leave one out.", stops=False)
        if row.kind in (Kind.FORMS, Kind.MAILS):
            named = names.setdefault(row.data["id"], row)
            if named is not row:
                yield Problem(row.place, f"{named.place} has the same id", "Give each row an id of its own.")


def _leaks(rows: Sequence[Row], evaluation: Sequence[Row]) -> Iterator[Problem]:
    train = {str(number): _question(row) for number, row in enumerate(rows)}
    held = {row.place: _question(row) for row in evaluation if row.kind and not list(_wrong(row))}
    ours = {_plain(_question(row)): row.place for row in rows}
    for place, share in overlaps(train, held).items():
        copied = _plain(held[place]) in ours
        if copied or share > LIMIT:
            what = f"{1 if copied else share:.0%} of this evaluation text stand in the training data"
            yield Problem(place, what, "Take that text out of the training data.")


def _text(row: Row) -> str:
    """All that a trainer reads of a sound row."""
    if row.kind is Kind.FORMS:
        return f"{row.data['text']}\n{row.data['form_fields']}"
    if row.kind is Kind.MAILS:
        return f"{row.data['draft']}\n{row.data['revision']}"
    return "\n".join(message.content for message in messages_of(row))


def _question(row: Row) -> str:
    """What the model is asked: system messages and answers of few words are the same in many rows."""
    if row.kind is Kind.FORMS:
        return str(row.data["text"])
    if row.kind is Kind.MAILS:
        return _text(row)
    asked: Iterable[Message] = (m for m in messages_of(row) if m.role == "user")
    return "\n".join(message.content for message in asked)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _counter(base: str) -> Callable[[str], int]:
    from transformers import AutoTokenizer

    path = Path(base)
    source = {"gguf_file": path.name} if path.suffix == ".gguf" else {}
    tokenizer = AutoTokenizer.from_pretrained(path.parent if source else base, **source)
    return lambda text: len(tokenizer(text, add_special_tokens=False).input_ids)


if __name__ == "__main__":
    main()
