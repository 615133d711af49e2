"""Resumes → rows in our written format (`training/data/FORMAT.md`), asked with the form the app asks.

    python -m training.public resume training/data/resume/resume.jsonl --rows 3
    python -m training.public resume made:200 --rows 3
    python -m training.public dotin PATH --rows 3

`resume` reads rows as `training/data/resume/resume.jsonl` has them, or makes them up
(`training.resume_synth`); `dotin` reads resumes whose words are labelled one by one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from smartform.resume import resume_form
from smartform.schema import FieldType, Value
from smartform.values import find_candidates, languages_of

Record = Mapping[str, Any]
Row = dict[str, Any]

STRAYS = Path(__file__).with_name("data") / "resume" / "strays.jsonl"

NEAR = 90
"""The most characters between a position and its company in a labelled resume."""

MAX_CHARS = 4_500
"""Longer labelled resumes are left out: they do not fit a training step."""


def resumes(records: Sequence[Record], order: Sequence[int], part: str) -> Iterator[Row]:
    """Resumes with what they say: `json`, `work`, `education_items`, `languages`, `location`."""
    for record in (records[number] for number in order):
        values = gold(record)
        yield row(record["id"], record["lang"], record["text"], values, strays().get(record["id"], {}))


def gold(record: Record) -> dict[str, Value]:
    """Field name of the resume form → what the record's text says, as the fields write it."""
    said, text = record["json"]["resumes"][0], record["text"]
    return {
        "name": said["name"],
        "email": said["email"],
        "phone": _number(said["phone"], text),
        "location": record["location"],
        "skills": _in_order(said["skills"], text),
        "languages": _in_order(record["languages"], text),
        "work": record["work"] or None,
        "education": record["education_items"] or None,
    }


def dotin(records: Sequence[Record], order: Sequence[int], part: str) -> Iterator[Row]:
    """Resumes with labelled words: first name, e-mail address and place, pairs of position and company.

    dotin resume NER, v2 (dotin-inc/resume-dataset-NER-annotations), CC0 1.0. Records: id, text,
    entities (label, start, end, text). What a pair leaves over makes the list of jobs unsure, and the
    group is then not asked; skills are labelled here and there only and never asked.
    """
    for record in (records[number] for number in order):
        text, labelled = record["text"], record["entities"]
        if len(text) > MAX_CHARS:
            continue
        firsts = {
            name: next((" ".join(e["text"].split()) for e in labelled if e["label"] == label), None)
            for name, label in (("name", "Name"), ("email", "Email Address"), ("location", "Location"))
        }
        values: dict[str, Value] = {name: value for name, value in firsts.items() if value}
        jobs = pairs(labelled)
        if jobs:
            values["work"] = [{"position": p, "company": c} for p, c in jobs]
        yield row(f"dotin-{part}-{record['id']}", "en", text, values)


def pairs(labelled: Sequence[Record]) -> list[tuple[str, str]]:
    """(position, company) of each job where every company has its position next to it; else none."""
    marks = [e for e in labelled if e["label"] in ("Designation", "Companies worked at")]
    found: list[tuple[str, str]] = []
    taken: set[int] = set()
    for left, right in zip(range(len(marks)), range(1, len(marks)), strict=False):
        one, other = marks[left], marks[right]
        if left in taken or one["label"] == other["label"] or other["start"] - one["end"] > NEAR:
            continue
        position, company = (one, other) if one["label"] == "Designation" else (other, one)
        found.append((" ".join(position["text"].split()), " ".join(company["text"].split())))
        taken |= {left, right}
    companies = [n for n, e in enumerate(marks) if e["label"] != "Designation"]
    return list(dict.fromkeys(found)) if found and taken.issuperset(companies) else []


@cache
def strays() -> dict[str, dict[str, list[str]]]:
    """Resume's id → group → what an adapter took for its rows' names and is none (`training.strays`)."""
    lines = STRAYS.read_text(encoding="utf-8").splitlines()
    return {told["id"]: told["strays"] for told in map(json.loads, lines)}


def row(
    name: str,
    lang: str,
    text: str,
    values: Mapping[str, Value],
    strays: Mapping[str, Sequence[str]] | None = None,
) -> Row:
    """One resume in the written format, asked for the fields and sub-fields that `values` has.

    Args:
        strays: of groups, what names no row.
    """
    fields = []
    for field in resume_form().fields:
        if field.name not in values:
            continue
        data = field.to_dict() | {"value": values[field.name]}
        if strays and field.name in strays:
            data["strays"] = list(strays[field.name])
        if field.type is FieldType.GROUP and values[field.name]:
            known = {key for item in values[field.name] or () for key in item}
            data["fields"] = [sub for sub in data["fields"] if sub["name"] in known]
        fields.append(data)
    head = {"id": name, "lang": lang, "style": "document", "scenario": "resume", "today": None}
    return head | {"text": text, "form_fields": fields}


def _number(written: str | None, text: str) -> str | None:
    """A phone number that the text spells out, in figures as the app gives it."""
    found = find_candidates(FieldType.PHONE, text, languages_of(text)) if written else []
    return next((c.value for c in found if text[c.start : c.end] == written), written)


def _in_order(items: Sequence[str], text: str) -> list[str]:
    """A list in the order in which decoding writes it, that of the text."""
    flat = " ".join(text.split())
    return sorted(dict.fromkeys(items), key=lambda item: flat.find(item))
