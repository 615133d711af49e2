"""First pages of documents as tasks: what a model reads, what it shall write, both as tokens.

Two kinds of input. 'prompt' asks in words, with a prompt for each type of document, and is answered with
JSON of what the page says. 'schema' shows an empty JSON template, in the form that NuExtract was trained
with, and is answered with the template filled in; what the page does not say stays empty in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from smartform.schema import FieldType, Value
from training.chat_rows import read_rows
from training.conversations import IGNORED

INPUTS = ("prompt", "schema")

MAX_INPUT = 2_048
"""Tokens that a model reads, at most: the end of a longer page is cut, never the task around it."""

MAX_OUTPUT = 512
"""Tokens that a model learns to write, or writes, at most."""

FIELDS: Mapping[str, tuple[FieldType, str]] = {
    "title": (FieldType.TEXT, "the title without the subtitle"),
    "subtitle": (FieldType.TEXT, "the subtitle"),
    "authors": (FieldType.LIST, "everyone who wrote it, as written there"),
    "advisors": (FieldType.LIST, "who supervised the thesis"),
    "institution": (FieldType.TEXT, "the university or body behind it"),
    "publication_venue": (FieldType.TEXT, "the journal, the conference or the publisher"),
    "date": (FieldType.DATE, "year, year and month, or day, as YYYY, YYYY-MM or YYYY-MM-DD"),
    "language": (FieldType.TEXT, "the language of the text, as two letters"),
    "keywords": (FieldType.LIST, "the keywords that it names"),
    "doi": (FieldType.TEXT, "the DOI"),
    "isbn": (FieldType.TEXT, "the ISBN"),
    "issn": (FieldType.TEXT, "the ISSN"),
}
"""Field → its type and what it is. Abstracts are left out: they alone would fill the answer."""

_COMMON = ("title", "subtitle", "authors", "date", "language", "keywords")
ASKED: Mapping[str, tuple[str, ...]] = {
    "article": (*_COMMON, "publication_venue", "doi", "issn"),
    "conference": (*_COMMON, "publication_venue", "doi", "isbn"),
    "thesis": (*_COMMON, "advisors", "institution"),
    "report": (*_COMMON, "institution", "doi", "issn"),
    "book": (*_COMMON, "publication_venue", "isbn"),
    "chapter": (*_COMMON, "publication_venue", "isbn"),
    "preprint": (*_COMMON, "publication_venue", "doi"),
}
"""Type of document → the fields it is asked for."""

_KINDS = {
    "article": "an article in a journal",
    "conference": "a paper given at a conference",
    "thesis": "a thesis",
    "report": "a report",
    "book": "a book",
    "chapter": "a chapter of a book",
    "preprint": "a preprint",
}

PROMPTS: Mapping[str, str] = {
    kind: f"This is the first page of {_KINDS[kind]}. Answer with one JSON object of what it says, copied as "
    "it stands there; leave out what it does not say. Keys:\n"
    + "".join(f"- {name}: {'list, ' if FIELDS[name][0].is_list else ''}{FIELDS[name][1]}\n" for name in names)
    for kind, names in ASKED.items()
}
"""Type of document → its prompt."""

END = "<|end-output|>"
"""What closes an answer to a schema."""


@dataclass(frozen=True)
class Page:
    """A first page and what it says of the document.

    Args:
        kind: one of `ASKED`.
        metadata: field → value; a field without a value is not among them.
    """

    name: str
    lang: str
    kind: str
    text: str
    metadata: Mapping[str, Value]


@dataclass(frozen=True)
class Tokens:
    """One task: what is read, and for each token that the model's loss sees, whether it is learnt.

    Args:
        ids: tokens that are read.
        labels: of a sequence-to-sequence task, the answer's tokens; of a causal one as long as `ids`,
            `IGNORED` where nothing is learnt.
    """

    ids: list[int]
    labels: list[int]


def read_pages(files: Sequence[str]) -> list[Page]:
    """Pages of JSONL, CSV or Parquet files, patterns, or `hub:owner/set/file`.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a row of another form than `training/data/FORMAT.md` has it.
    """
    pages = []
    for row in read_rows(files):
        data = row.data
        missing = [name for name in ("id", "doc_type", "text", "metadata") if name not in data]
        if missing or data["doc_type"] not in ASKED:
            raise ValueError(f"{row.place}: no first page: {', '.join(missing) or data['doc_type']}")
        said = {name: value for name, value in data["metadata"].items() if value}
        pages.append(Page(data["id"], data.get("lang", ""), data["doc_type"], data["text"], said))
    return pages


def question(page: Page, inputs: str, text: str) -> str:
    """What the model reads about a page whose text is, perhaps cut, `text`."""
    if inputs == "prompt":
        return f"{PROMPTS[page.kind]}\nDocument:\n{text}\n\nJSON:\n"
    empty = {name: [] if FIELDS[name][0].is_list else "" for name in ASKED[page.kind]}
    return f"<|input|>\n### Template:\n{json.dumps(empty, indent=4)}\n### Text:\n{text}\n\n<|output|>\n"


def answer(page: Page, inputs: str) -> str:
    """What the model shall write about a page."""
    said = {name: page.metadata[name] for name in ASKED[page.kind] if name in page.metadata}
    if inputs == "prompt":
        return json.dumps(said, ensure_ascii=False)
    filled = {name: said.get(name) or ([] if FIELDS[name][0].is_list else "") for name in ASKED[page.kind]}
    return json.dumps(filled, ensure_ascii=False, indent=4) + "\n" + END


def read_answer(text: str) -> dict[str, Value] | None:
    """Field → value of what a model wrote, empty ones left out; None where it is no JSON object."""
    start = text.find("{")
    try:
        found, _ = json.JSONDecoder().raw_decode(text[max(start, 0) :])
    except json.JSONDecodeError:
        return None
    if not isinstance(found, dict):
        return None
    return {name: _value(FIELDS[name][0], value) for name, value in found.items() if name in FIELDS and value}


def question_ids(page: Page, inputs: str, tokenizer: Any, most: int = MAX_INPUT) -> list[int]:
    """The question as tokens, the tokenizer's own marks included; the page is cut to fit into `most`."""
    ids, text = _asked(page, inputs, tokenizer, page.text), page.text
    while len(ids) > most and text:
        text = text[: len(text) - max(1, (len(ids) - most) * len(text) // len(ids))]
        ids = _asked(page, inputs, tokenizer, text)
    if len(ids) > most:
        raise ValueError(f"{most} tokens do not hold the question, of {len(ids)} tokens without a page")
    return ids


def task(
    page: Page, inputs: str, tokenizer: Any, *, causal: bool, most: tuple[int, int] = (MAX_INPUT, MAX_OUTPUT)
) -> Tokens:
    """A page to learn from.

    Args:
        causal: whether one sequence holds question and answer, of which only the answer is learnt.
        most: tokens of the question and of the answer.
    """
    asked = question_ids(page, inputs, tokenizer, most[0])
    ids = tokenizer(answer(page, inputs), add_special_tokens=False).input_ids
    written = [*ids[: most[1] - 1], tokenizer.eos_token_id]
    return Tokens(asked + written, [IGNORED] * len(asked) + written) if causal else Tokens(asked, written)


def collator(pad: int, *, global_first: bool) -> Callable[[Sequence[Tokens]], dict[str, Tensor]]:
    """What makes a batch of tasks, padded on the right; the labels of padding are `IGNORED`.

    Args:
        pad: token to fill inputs up with.
        global_first: whether to give the first token global attention, as LED needs.

    Returns:
        Tasks → input_ids, attention_mask (B, N), labels (B, M), perhaps global_attention_mask (B, N).
    """

    def batch(tasks: Sequence[Tokens]) -> dict[str, Tensor]:
        made = {
            "input_ids": _padded([t.ids for t in tasks], pad),
            "attention_mask": _padded([[1] * len(t.ids) for t in tasks], 0),
            "labels": _padded([t.labels for t in tasks], IGNORED),
        }
        if global_first:
            made["global_attention_mask"] = torch.zeros_like(made["input_ids"])
            made["global_attention_mask"][:, 0] = 1
        return made

    return batch


def _asked(page: Page, inputs: str, tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(question(page, inputs, text)).input_ids)


def _padded(rows: Sequence[list[int]], fill: int) -> Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [fill] * (width - len(row)) for row in rows])


def _value(kind: FieldType, value: Any) -> Value:
    """A value as its field holds it, whatever JSON a model made of it."""
    items = [str(item) for item in (value if isinstance(value, list) else [value])]
    return items if kind.is_list else ", ".join(items)
