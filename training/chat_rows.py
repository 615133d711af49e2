"""Rows of data files of any kind, each with its place, and the conversation that a row may hold.

| kind | file | a row |
|---|---|---|
| forms | JSONL | `text` and `form_fields`, see `training/data/FORMAT.md` |
| mails | JSONL | `draft` and `revision`, see the same |
| messages | JSONL, Parquet | `messages`: a list of `{"role": "system/user/assistant", "content": …}` |
| shares | JSONL, Parquet | `conversations`: a list of `{"from": "system/human/gpt", "value": …}` |
| pairs | CSV, JSONL, Parquet | `prompt` and `completion` |

A path is a file, a glob pattern, or `hub:owner/set/file` for a file of a data set on the Hub.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from glob import glob
from pathlib import Path
from typing import Any

from training.public import located

ROLES = ("system", "user", "assistant")

_SHARED_ROLES = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
}


class Kind(StrEnum):
    """What a row holds."""

    FORMS = "forms"
    MAILS = "mails"
    MESSAGES = "messages"
    SHARES = "shares"
    PAIRS = "pairs"


COLUMNS: Mapping[Kind, tuple[str, ...]] = {
    Kind.FORMS: ("text", "form_fields"),
    Kind.MAILS: ("draft", "revision"),
    Kind.MESSAGES: ("messages",),
    Kind.SHARES: ("conversations",),
    Kind.PAIRS: ("prompt", "completion"),
}


TRAINERS: Mapping[Kind, str] = {
    Kind.FORMS: "training.train_forms",
    Kind.MAILS: "training.train_email",
    Kind.MESSAGES: "training.train_lora",
    Kind.SHARES: "training.train_lora",
    Kind.PAIRS: "training.train_lora",
}
"""What learns from rows of each kind."""


@dataclass(frozen=True)
class Message:
    """One turn: who speaks, one of `ROLES`, and what they say."""

    role: str
    content: str


@dataclass(frozen=True)
class Row:
    """A row where it stands.

    Args:
        file: the file's name.
        number: its line in a JSONL file, its row in a sheet (the head is row 1), from 1.
        data: what it holds; empty where it cannot be read.
        broken: why it cannot be read.
    """

    file: str
    number: int
    data: Mapping[str, Any]
    broken: str = ""

    @property
    def place(self) -> str:
        """File and row, for messages."""
        return f"{self.file}, row {self.number}"

    @property
    def kind(self) -> Kind | None:
        """What it holds, judged by its columns."""
        return next((kind for kind, names in COLUMNS.items() if all(n in self.data for n in names)), None)


def read_rows(paths: Iterable[str | Path]) -> list[Row]:
    """Every row of the files, in order; blank lines are passed over.

    Raises:
        FileNotFoundError: a path or pattern names no file.
        ValueError: a file of another kind than JSONL, CSV or Parquet.
        ModuleNotFoundError: a Parquet file, and pyarrow is not installed.
    """
    return [row for pattern in paths for file in _files(str(pattern)) for row in _read(file)]


def messages_of(row: Row) -> tuple[Message, ...]:
    """The conversation of a row that `training.train_lora` reads; a pair is a question and its answer.

    Raises:
        KeyError, TypeError: the row is not as `training.check_data` wants it.
    """
    data = row.data
    if row.kind is Kind.MESSAGES:
        return tuple(Message(m["role"], m["content"]) for m in data["messages"])
    if row.kind is Kind.SHARES:
        return tuple(Message(_SHARED_ROLES[m["from"]], m["value"]) for m in data["conversations"])
    return (Message("user", data["prompt"]), Message("assistant", data["completion"]))


def _files(pattern: str) -> list[Path]:
    if pattern.startswith("hub:"):
        return [located(pattern)]
    found = [Path(file) for file in sorted(glob(pattern))]
    if not found:
        raise FileNotFoundError(f"no data file is called {pattern}")
    return found


def _read(path: Path) -> Iterator[Row]:
    readers = {".jsonl": _jsonl, ".csv": _csv, ".parquet": _parquet}
    if path.suffix not in readers:
        raise ValueError(f"{path} is none of {', '.join(readers)}: write it as one of them")
    yield from readers[path.suffix](path)


def _jsonl(path: Path) -> Iterator[Row]:
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except json.JSONDecodeError as error:
            yield Row(path.name, number, {}, f"it is no JSON ({error})")
            continue
        yield (
            Row(path.name, number, data)
            if isinstance(data, dict)
            else Row(path.name, number, {}, "it is no JSON object")
        )


def _csv(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, data in enumerate(csv.DictReader(file), 2):
            yield Row(path.name, number, {name: value for name, value in data.items() if name})


def _parquet(path: Path) -> Iterator[Row]:
    try:
        from pyarrow.parquet import read_table
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("Parquet files need pyarrow: pip install pyarrow") from error
    for number, data in enumerate(read_table(path).to_pylist(), 1):
        yield Row(path.name, number, data)
