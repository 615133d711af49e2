"""Texts that no longer say what some fields ask: the sentence that answered them is left out.

What else the text holds of their type, other dates and names and figures, stays, so that a field that is
silent is told from its neighbours by what the text says, not by words that it shares with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from random import Random

from smartform.grounding import places_of
from smartform.results import Span
from smartform.schema import Field, Value
from smartform.sentences import sentences
from smartform.values import SPOTTED, find_candidates, languages_of
from smartform.values.words import words_of
from training.swap import VERBATIM, Row, today_of
from training.targets import same_value

MOST_SENTENCES = 3
"""At most so many sentences are left out."""

MOST = 0.5
"""No sentence of a larger share of the text is left out."""

FEW = 4
"""A text of fewer sentences is taken apart at its commas, too."""

KEPT = 2
"""So many fields must still be answered."""

_CLAUSE = re.compile(r"[^,;:]+(?:[,;:]+\s*|$)")


def withhold(row: Row, rng: Random) -> Row | None:
    """The row without some sentences, and without an answer to the fields that these alone answered.

    Fields of which it cannot be told whether the rest of the text answers them are not asked: those that
    are chosen or worked out, those whose value stands elsewhere, too, and those of which a word does.

    Returns:
        None where no sentence answers a field alone.
    """
    left: Row | None = None
    for _ in range(rng.randint(1, MOST_SENTENCES)):
        fewer = _without_one(left or row, rng)
        if fewer is None:
            break
        left = fewer
    return left


def _without_one(row: Row, rng: Random) -> Row | None:
    """The row without one sentence, drawn from those that alone answer a field."""
    text = row["text"]
    answers = dict(_answers(row))
    parts = [part for part in _parts(text) if part.end - part.start <= MOST * len(text)]
    for part in rng.sample(parts, len(parts)):
        fields = [field for data in row["form_fields"] for field in _asked(data, answers, part, text)]
        silenced = sum(data.get("value") != before.get("value") for data, before in fields)
        answered = sum(data.get("value") is not None for data, _ in fields)
        if silenced and answered >= KEPT:
            return row | {"text": _without(text, part), "form_fields": [data for data, _ in fields]}
    return None


def _asked(data: Row, answers: Mapping[str, list[Span]], part: Span, text: str) -> Iterator[tuple[Row, Row]]:
    """A field as it is asked once `part` is left out, and as it was; nothing where it is not asked."""
    if data.get("value") in (None, []):
        yield data, data
        return
    places = answers.get(data["name"], [])
    within = [part.start <= place.start and place.end <= part.end for place in places]
    if places and not any(place.overlaps(part) for place in places):
        yield data, data
    elif places and all(within) and not _lasts(data["value"], _without(text, part)):
        yield {key: member for key, member in data.items() if key != "inferred"} | {"value": None}, data


def _answers(row: Row) -> Iterator[tuple[str, list[Span]]]:
    """Fields whose values stand in the text, each with all the places where they do."""
    text, today = row["text"], today_of(row)
    for data in row["form_fields"]:
        field, value = Field.from_dict(data), data.get("value")
        if not value or data.get("inferred"):
            continue
        if field.type in VERBATIM:
            found = [places_of(item, text) for item in _items(value)]
            if all(found):
                yield field.name, [place for places in found for place in places]
        elif field.type in SPOTTED:
            candidates = find_candidates(field.type, text, languages_of(text), today)
            same = [Span(c.start, c.end) for c in candidates if same_value(field.type, c.value, str(value))]
            if same:
                yield field.name, same


def _items(value: Value) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _lasts(value: Value, text: str) -> bool:
    """Whether a long word or a figure of a value stands in a text."""
    said = {word.folded for item in _items(value) for word in words_of(item) if _tells(word.folded)}
    return any(word.folded in said for word in words_of(text))


def _tells(word: str) -> bool:
    return len(word) > 3 or word.isdecimal()


def _parts(text: str) -> list[Span]:
    """The sentences of a text; of one with few the clauses."""
    found = list(sentences(text))
    if len(found) >= FEW:
        return found
    return [
        Span(span.start + clause.start(), span.start + clause.end())
        for span in found
        for clause in _CLAUSE.finditer(text[span.start : span.end])
    ]


def _without(text: str, part: Span) -> str:
    """The text without a part, and without the line that held nothing else."""
    before, after = text[: part.start], text[part.end :]
    if before.rsplit("\n", 1)[-1].strip() == "" and after.split("\n", 1)[0].strip() == "":
        before, after = before[: before.rfind("\n") + 1], after.partition("\n")[2]
    return before + after.lstrip(" ") if before[-1:] in ("", " ", "\n") else before + after
