"""Raw resumes, labelled by a teacher model from one worked example → a data set for other trainers.

    python -m training.resume_dataset FILE… --url http://localhost:8000/v1 --model NAME --out DIR

FILEs are documents, ZIP archives or folders. Any OpenAI-compatible server can be the teacher; its
key is read from SMARTFORM_REMOTE_KEY. Answers that are no JSON of the simple schema are asked for
once more and then left out. Writes DIR/resumes.jsonl (id, text, json), which is gone on with, and
DIR/train.csv with one column, `text`, of rows `###resume: … ###json: …`, as AutoTrain-like tools take.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import openai

from smartform import batch
from smartform.errors import SmartFormError
from smartform.resume import validate
from smartform.resume_jobs import Item, file_items

ROW = "###resume: {text} ###json: {json}"

EXAMPLE_TEXT = """Rosa Lindqvist, goldfish breeder
Kalmar | rosa@guldfisk.example | 070-174 06 12

2019 to now: breeder, Guldfisk AB, Kalmar. Water chemistry, breeding records, shipping.
2014 - 2019: pet shop assistant, Zooboden.
Upper secondary school, natural resources, Kalmar 2014."""

EXAMPLE_JSON = {
    "resumes": [
        {
            "name": "Rosa Lindqvist",
            "email": "rosa@guldfisk.example",
            "phone": "070-174 06 12",
            "experience": "breeder, Guldfisk AB, 2019 to now; pet shop assistant, Zooboden, 2014 - 2019",
            "education": "Upper secondary school, natural resources, Kalmar 2014",
            "skills": ["Water chemistry", "breeding records", "shipping"],
        }
    ]
}

_TASK = (
    "Turn the resume into JSON exactly as in the example. Copy every value from the resume; write null for "
    "what it does not say and [] for no skills. Answer with the JSON alone."
)

Teacher = Callable[[list[dict[str, str]]], str]
"""Chat messages → the answer."""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Label resumes with a teacher model.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--url", required=True, help="address of an OpenAI-compatible server, up to /v1")
    parser.add_argument("--model", required=True, help="the server's name for the teacher")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    arguments = parser.parse_args(argv)
    arguments.out.mkdir(parents=True, exist_ok=True)
    teacher = chat(arguments.url, arguments.model, os.environ.get("SMARTFORM_REMOTE_KEY", ""))
    out = arguments.out / "resumes.jsonl"
    made, left_out = label(file_items(arguments.files), teacher, out)
    rows = write_csv(out, arguments.out / "train.csv")
    print(f"{made} labelled, {left_out} left out, {rows} rows in {arguments.out / 'train.csv'}")


def chat(url: str, model: str, key: str) -> Teacher:
    """A teacher behind an OpenAI-compatible address."""
    client = openai.OpenAI(base_url=url, api_key=key or "none")

    def ask(messages: list[dict[str, str]]) -> str:
        reply = client.chat.completions.create(model=model, messages=messages, temperature=0.0)  # type: ignore[arg-type]
        return reply.choices[0].message.content or ""

    return ask


def label(items: Iterable[Item], teacher: Teacher, out: Path) -> tuple[int, int]:
    """Ask the teacher about every resume that `out` does not have yet; each answer is appended to it.

    Returns:
        How many were labelled, and how many left out: unreadable, or answered with something else.
    """
    done = batch.resume(out, "json")
    made = left_out = 0
    with batch.opened(out) as file:
        for item in items:
            if item.key is not None and item.key in done:
                continue
            try:
                text = item.text()
            except SmartFormError as problem:
                print(f"{item.label.get('file')}: {problem}")
                left_out += 1
                continue
            data = labelled(text, teacher)
            if data is None or item.key is None:
                left_out += 1
                continue
            done.add(item.key)
            line = json.dumps({"id": item.key, "text": text, "json": data}, ensure_ascii=False)
            file.write(line.encode("utf-8", "replace") + b"\n")
            file.flush()
            made += 1
    return made, left_out


def labelled(text: str, teacher: Teacher) -> dict[str, Any] | None:
    """The teacher's JSON for one resume; None where it is not valid at the second attempt either."""
    messages = [
        {"role": "system", "content": _TASK},
        {"role": "user", "content": EXAMPLE_TEXT},
        {"role": "assistant", "content": json.dumps(EXAMPLE_JSON, ensure_ascii=False)},
        {"role": "user", "content": text},
    ]
    for _ in range(2):
        data = valid(teacher(messages))
        if data is not None:
            return data
    return None


def valid(answer: str) -> dict[str, Any] | None:
    """The JSON in an answer, chatter and code fences around it dropped; None where it does not fit."""
    start, end = answer.find("{"), answer.rfind("}")
    try:
        data: dict[str, Any] = json.loads(answer[start : end + 1])
        validate(data, "simple")
    except (ValueError, RecursionError, SmartFormError):
        return None
    return data


def rows_of(labels: Path) -> Iterator[str]:
    """One training text for each labelled resume."""
    with labels.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            text = " ".join(row["text"].split())
            yield ROW.format(text=text, json=json.dumps(row["json"], ensure_ascii=False))


def write_csv(labels: Path, out: Path) -> int:
    """Write the training texts as CSV with the column `text`; how many."""
    rows = list(rows_of(labels))
    with out.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text"], *([row] for row in rows)])
    return len(rows)


if __name__ == "__main__":
    main()
