"""Gold values → what a branch must write, and the loaders that make `Example`s of data files.

A typed value is taught as the expression in the text that the app's own finders compute it from
('half past six', not '18:30'), since small models copy well and calculate badly. Where no
expression leads to the gold value the branch is left out: the app could not decode it either.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from glob import glob
from pathlib import Path
from typing import Any

from smartform.constraints import COUNTABLE
from smartform.grounding import places_of
from smartform.periods import is_dated, periods
from smartform.prompts import NO_DATA, written
from smartform.records import records
from smartform.results import Span
from smartform.schema import Cell, Field, FieldType, FormSpec, Row, Value, rows_of
from smartform.values import SPOTTED, Candidate, expression, find_candidates, languages_of
from smartform.values.numbers import ONE_WORDS
from smartform.values.words import fold
from training.examples import Example, RowTarget

log = logging.getLogger(__name__)

_ISO = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
_ARTICLES = {one for ones in ONE_WORDS.values() for one in ones}


def target_of(
    field: Field, value: Value, text: str, languages: Sequence[str], today: date | None
) -> str | None:
    """The line that the branch of `field` must write for the gold `value`.

    Returns:
        The line; None where the value cannot be reached from the text by copying or choosing.
    """
    if value is None or value == []:
        return NO_DATA
    if field.type.has_options:
        return _options_line(field, value)
    if field.type is FieldType.GROUP:
        rows = rows_of(value)
        taught = group_rows(field, rows, text, languages, today)
        return written([row.naming for row in taught]) if len(taught) == len(rows) else None
    if field.type is FieldType.BOOLEAN:
        return str(value)
    if field.type in SPOTTED:
        return _expression_line(field, str(value), text, languages, today)
    items = value if isinstance(value, list) else [value]
    flat = " ".join(text.split())
    return written(value) if all(" ".join(item.split()) in flat for item in items) else None


def group_rows(
    group: Field, rows: Sequence[Row], text: str, languages: Sequence[str], today: date | None
) -> tuple[RowTarget, ...]:
    """The rows of a group that can be found by what names them, in the order of the text.

    A row stands where its name is nearest to its other cells; of two rows that stand at one place
    the first is taken, for decoding could find only one.
    """
    naming = group.fields[0]
    placed: dict[Span, tuple[str, Row]] = {}
    for row in rows:
        line = target_of(naming, row.get(naming.name), text, languages, today)
        place = _place(line, row, text) if line and line != NO_DATA else None
        if line and place:
            placed.setdefault(place, (line, row))
    places = sorted(placed)
    targets = []
    for place, near in zip(places, records(places, text), strict=True):
        line, row = placed[place]
        cells = {}
        for sub in group.fields[1:]:
            value = row.get(sub.name)
            own = near and target_of(sub, value, text[near.start : near.end], languages, today)
            target = own or target_of(sub, value, text, languages, today)
            if target is not None:
                cells[sub.name] = target
        targets.append(RowTarget(line, cells))
    return tuple(targets)


def period_rows(
    group: Field, rows: Sequence[Row], text: str, languages: Sequence[str], today: date | None
) -> tuple[RowTarget, ...]:
    """For each period of the text the row of a group that belongs to it, NO_DATA where none does.

    A row belongs to the period that names its dates and near which its name stands. Nothing is taught where
    that does not tell: only one of two dates fits, the name stands elsewhere, or two rows' names stand near.
    """
    naming, *others = group.fields
    dates = [sub.name for sub in others if sub.type is FieldType.DATE]
    targets = []
    known = [[date for name in dates if (date := row.get(name))] for row in rows]
    for period in periods(text, tuple(languages)):
        fits = [sum(_is_said(date, own) for date in period.values) for own in known]
        dated = [row for row, fit in zip(rows, fits, strict=True) if fit and fit == max(fits)]
        part = dated and max(fits) < min(len(period.values), max(map(len, known)))
        near = text[period.near.start : period.near.end]
        found = {target_of(naming, row.get(naming.name), near, languages, today) for row in dated}
        lines = {line for line in found if line and line != NO_DATA} if dated else {NO_DATA}
        taught = {naming.name: lines.pop()} if len(lines) == 1 and not part else {}
        targets.append(RowTarget(text[period.span.start : period.span.end], taught))
    return tuple(targets)


def _is_said(date: str, known: Iterable[Cell]) -> bool:
    """Whether a date is among those that are known, as precisely as the less precise one tells."""
    return any(isinstance(one, str) and (one.startswith(date) or date.startswith(one)) for one in known)


def _place(line: str, row: Row, text: str) -> Span | None:
    """Where `line` stands nearest to the other cells of its row, those of dates by their year."""
    said = [value for value in row.values() if isinstance(value, str) and value != line]
    others = [places_of(value[:4] if _ISO.fullmatch(value) else value, text) for value in said]

    def distance(place: Span) -> int:
        return sum(min(abs(o.start - place.start) for o in found) for found in others if found)

    return min(places_of(line, text), key=distance, default=None)


def same_value(kind: FieldType, left: str, right: str) -> bool:
    """Whether two written values of one type are the same."""
    if kind in (FieldType.INTEGER, FieldType.NUMBER):
        return Decimal(left) == Decimal(right)
    if kind is FieldType.PHONE:
        return _digits(left) == _digits(right)
    return left.casefold() == right.casefold()


def _digits(value: str) -> str:
    return "".join(c for c in value if c.isdecimal())


def _options_line(field: Field, value: Value) -> str | None:
    chosen = value if isinstance(value, list) else [str(value)]
    shown = dict(zip(field.options, field.shown_options, strict=True))
    if any(option not in shown for option in chosen):
        return None
    return written([shown[option] for option in field.options if option in chosen])


def _expression_line(
    field: Field, value: str, text: str, languages: Sequence[str], today: date | None
) -> str | None:
    candidates = find_candidates(field.type, text, languages, today)
    hits = [c for c in candidates if same_value(field.type, c.value, value)]
    if hits:
        return expression(text, min(hits, key=lambda c: _preference(text, c)))
    if field.type in (FieldType.INTEGER, FieldType.NUMBER) and value in COUNTABLE:
        return value
    return None


def _preference(text: str, candidate: Candidate) -> tuple[bool, bool, int]:
    """Plain readings before others, real numbers before articles, early before late."""
    article = fold(text[candidate.start : candidate.end]) in _ARTICLES
    return (bool(candidate.reading), article, candidate.start)


def example_of(row: dict[str, Any]) -> Example:
    """One row of our written format → an example; unreachable branches are left out of its targets.

    Raises:
        FormError: the row's fields are no form.
        KeyError: the row lacks `id`, `text` or `form_fields`.
    """
    form = FormSpec.from_dict({"form_fields": row["form_fields"]})
    text, today = row["text"], date.fromisoformat(row["today"]) if row.get("today") else None
    languages = languages_of(text)
    targets, rows, dated, strays = {}, {}, {}, {}
    for field, data in zip(form.fields, row["form_fields"], strict=True):
        target = target_of(field, data.get("value"), text, languages, today)
        if target is not None:
            targets[field.name] = target
        if field.type is FieldType.GROUP:
            known = rows_of(data.get("value"))
            rows[field.name] = group_rows(field, known, text, languages, today)
            strays[field.name] = tuple(data.get("strays", ()))
            if is_dated(field):
                dated[field.name] = period_rows(field, known, text, languages, today)
    lang, style = row.get("lang", languages[0]), row.get("style", "")
    return Example(row["id"], lang, style, form, text, today, targets, rows, dated, strays)


def _files(pattern: str) -> list[str]:
    found = sorted(glob(pattern))
    if not found:
        raise FileNotFoundError(f"no data file is called {pattern}")
    return found


def read_rows(paths: Iterable[str | Path]) -> list[dict[str, Any]]:
    """The rows of JSONL files in our written format; glob patterns are allowed.

    Raises:
        FileNotFoundError: a path or pattern names no file.
    """
    rows = []
    for path in (file for pattern in paths for file in _files(str(pattern))):
        with open(path, encoding="utf-8") as lines:
            rows += [json.loads(line) for line in lines if line.strip()]
    return rows


def load_rows(paths: Iterable[str | Path]) -> list[tuple[Example, dict[str, Value]]]:
    """Each row of JSONL files (`training/data/FORMAT.md`) as an example with its gold values by name."""
    return [
        (example_of(row), {f["name"]: f.get("value") for f in row["form_fields"]}) for row in read_rows(paths)
    ]


def load_examples(paths: Iterable[str | Path]) -> list[Example]:
    """The examples of `load_rows` alone; says how many fields cannot be taught."""
    examples = [example for example, _ in load_rows(paths)]
    asked = sum(len(e.form.fields) for e in examples)
    taught = sum(len(e.targets) for e in examples)
    log.info("%d examples, %d fields, %d without a reachable target", len(examples), asked, asked - taught)
    return examples
