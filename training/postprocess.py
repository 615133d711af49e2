"""What a teacher wrote → training data: malformed answers dropped and counted, near-duplicates removed.

    python -m training.postprocess runs/texts.jsonl --forms mine.jsonl
    python -m training.postprocess runs/texts.jsonl --messages talks.jsonl
    python -m training.postprocess pairs.csv --messages talks.jsonl
    python -m training.postprocess hub:mlabonne/FineTome-100k/data/train-00000-of-00001.parquet \\
        --rows 5000 --messages talks.jsonl

The input is what `training.synthesise` kept, or any file that `training.chat_rows` reads. `--forms`
writes our format (`training/data/FORMAT.md`) for `training.train_forms`; `--messages` writes OpenAI
messages for `training.train_lora` and others: of a form, the line protocol's prompt and answer.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from smartform.prompts import branch_header, extraction_prompt, written
from smartform.schema import FieldType, FormSpec
from training.chat_rows import Kind, Message, Row, messages_of, read_rows
from training.check_data import problems

SHINGLE = 4
"""Words in a row by which texts are compared."""

ALIKE = 0.5
"""Share of a text's shingles that earlier texts may have before it counts as a copy."""

_COPIED = (FieldType.TEXT, FieldType.LONGTEXT, FieldType.LIST)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Make training data of what a teacher wrote.")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--rows", type=int, help="read no more than the first so many")
    parser.add_argument("--forms", type=Path, help="write our format there")
    parser.add_argument("--messages", type=Path, help="write OpenAI messages there")
    arguments = parser.parse_args(argv)
    if not arguments.forms and not arguments.messages:
        parser.error("say where to write: --forms FILE, --messages FILE, or both")
    dropped: Counter[str] = Counter()
    rows = list(
        distinct(sound(unfolded(read_rows(arguments.files)[: arguments.rows], dropped), dropped), dropped)
    )
    if arguments.forms:
        _write(arguments.forms, (row.data for row in rows if row.kind is Kind.FORMS))
    if arguments.messages:
        talks = (conversation(row) for row in rows)
        _write(arguments.messages, ({"messages": [vars(m) for m in talk]} for talk in talks))
    print(f"{len(rows)} rows kept")
    for reason, count in dropped.most_common():
        print(f"{count} dropped: {reason}")


def unfolded(rows: Iterable[Row], dropped: Counter[str]) -> Iterator[Row]:
    """Answers of `training.synthesise` as rows of forms; other rows as they are."""
    for row in rows:
        if "answer" in row.data and "fields" in row.data:
            yield from _texts(row, dropped)
        else:
            yield row


def sound(rows: Iterable[Row], dropped: Counter[str]) -> Iterator[Row]:
    """The rows without a problem that stops training, and whose copied values stand in their text."""
    for row in rows:
        wrong = [problem for problem in problems([row]) if problem.stops]
        if wrong:
            dropped[re.sub(r"'.*'|\(.*\)", "…", wrong[0].what)] += 1
        elif row.kind is Kind.FORMS and _invented(row.data):
            dropped["a value does not stand in the text"] += 1
        else:
            yield row


def distinct(rows: Iterable[Row], dropped: Counter[str]) -> Iterator[Row]:
    """The rows that do not say nearly the same as an earlier one."""
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        own = _shingles(
            " ".join(m.content for m in messages_of(row)) if row.kind is not Kind.FORMS else row.data["text"]
        )
        if len(own & seen) > ALIKE * len(own):
            dropped["nearly the same as an earlier one"] += 1
            continue
        seen |= own
        yield row


def conversation(row: Row) -> tuple[Message, ...]:
    """A row as a conversation; of a form, the prompt and the answer of the line protocol."""
    if row.kind is not Kind.FORMS:
        return messages_of(row)
    data = row.data
    form = FormSpec.from_dict({"form_fields": data["form_fields"]})
    today = date.fromisoformat(data["today"]) if data.get("today") else None
    values = [field.get("value") for field in data["form_fields"]]
    lines = [
        f"FIELD{branch_header(field.name)} {written(value)}"
        for field, value in zip(form.fields, values, strict=True)
    ]
    asked = [Message(**message) for message in extraction_prompt(form, data["text"], today).messages()]
    return (*asked, Message("assistant", "\n".join(lines)))


def _texts(row: Row, dropped: Counter[str]) -> Iterator[Row]:
    """The texts of one answer: a JSON list of `{"text": …, "values": {…}}`, chatter around it or not."""
    found = re.search(r"\[.*\]", row.data["answer"], flags=re.DOTALL)
    try:
        items = json.loads(found.group()) if found else None
    except json.JSONDecodeError:
        items = None
    if not isinstance(items, list):
        dropped["the answer is no JSON list"] += 1
        return
    for number, item in enumerate(items):
        if not isinstance(item, dict) or not isinstance(item.get("values"), dict) or "text" not in item:
            dropped["a text without values"] += 1
            continue
        yield Row(row.file, row.number, _form_row(row.data, f"teacher-{row.data['call']}-{number}", item))


def _form_row(about: Mapping[str, Any], identity: str, item: Mapping[str, Any]) -> dict[str, Any]:
    fields = [field | {"value": _value(item["values"].get(field["name"]))} for field in about["fields"]]
    kept = {"lang": about["lang"], "style": about["feature"], "scenario": about["scenario"]}
    today = {"today": item["today"]} if item.get("today") else {}
    return {"id": identity} | kept | today | {"text": item["text"], "form_fields": fields}


def _value(value: Any) -> Any:
    """Numbers and truth values that the teacher wrote as JSON ones, as our format writes them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return None if value in ("", []) else value


def _invented(data: Mapping[str, Any]) -> bool:
    text = " ".join(data["text"].split())
    for field in data["form_fields"]:
        if field["type"] in _COPIED and field["value"] and not field.get("inferred"):
            items = field["value"] if isinstance(field["value"], list) else [field["value"]]
            if any(" ".join(item.split()) not in text for item in items):
                return True
    return False


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1))}


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
