"""What each field's branch may write, given the text: the bridge from types to decoding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from smartform.engines.base import Constraint, Copy, OneOf
from smartform.results import Span
from smartform.schema import Field, FieldType
from smartform.values import SPOTTED, Candidate, expression, find_candidates

COUNTABLE = tuple(str(n) for n in range(13))
"""What a number field may say although the text does not ('my wife and I' → 2): small counts."""

TRUTHS = ("true", "false")
_LONGTEXT_CHARS = 600


@dataclass(frozen=True, slots=True)
class Plan:
    """How one field is answered.

    Args:
        field: the field.
        constraint: what its branch may write.
        candidates: for spotted types, what each admitted text stands for; several where one
            expression occurs more than once.
    """

    field: Field
    constraint: Constraint
    candidates: dict[str, tuple[Candidate, ...]]


def is_copied(field: Field) -> bool:
    """Whether a field's value is a piece of the text, as it stands there; of a group, what names its rows."""
    if field.type is FieldType.GROUP:
        return is_copied(field.fields[0])
    return not (field.type.has_options or field.type is FieldType.BOOLEAN or field.type in SPOTTED)


def plan(field: Field, text: str, languages: Sequence[str], today: date | None) -> Plan:
    """What the branch of `field` may write when it reads `text`; of a group, the names of its rows."""
    if field.type.has_options:
        options = tuple(" ".join(option.split()) for option in field.shown_options)
        return Plan(field, OneOf(options, many=field.type is FieldType.MULTICHOICE), {})
    if field.type is FieldType.BOOLEAN:
        return Plan(field, OneOf(TRUTHS), {})
    if field.type in SPOTTED:
        return _spotted(field, text, languages, today)
    if field.type is FieldType.GROUP:
        names = plan(field.fields[0], text, languages, today)
        return replace(names, field=field, constraint=replace(names.constraint, many=True))
    if field.type is FieldType.LONGTEXT:
        return Plan(field, Copy(max_chars=_LONGTEXT_CHARS), {})
    return Plan(field, Copy(many=field.type is FieldType.LIST), {})


def within(whole: Plan, part: Span, *others: Span, taken: Span | None = None) -> Plan:
    """The same plan for a value that stands in `part` of the text, or is copied from one of `others`.

    Args:
        taken: a piece of the part that no copy may have, as what names its row.
    """
    if isinstance(whole.constraint, Copy):
        parts = _disjoint([*(_around(part, taken) if taken else [part]), *others])
        return replace(whole, constraint=replace(whole.constraint, within=parts or (part,)))
    inside = {
        text: tuple(c for c in candidates if part.start <= c.start and c.end <= part.end)
        for text, candidates in whole.candidates.items()
    }
    texts = tuple(text for text in whole.constraint.texts if inside.get(text, True))
    candidates = {text: found for text, found in inside.items() if found}
    return replace(whole, constraint=replace(whole.constraint, texts=texts), candidates=candidates)


def _around(part: Span, taken: Span) -> list[Span]:
    """What of a part lies before and behind what is taken."""
    sides = (Span(part.start, min(part.end, taken.start)), Span(max(part.start, taken.end), part.end))
    return [side for side in sides if side.start < side.end]


def _disjoint(parts: Sequence[Span]) -> tuple[Span, ...]:
    """The parts in the order of the text, those that overlap as one: nothing is to be copied twice."""
    apart: list[Span] = []
    for part in sorted(parts):
        if apart and part.start < apart[-1].end:
            apart[-1] = Span(apart[-1].start, max(part.end, apart[-1].end))
        else:
            apart.append(part)
    return tuple(apart)


def _spotted(field: Field, text: str, languages: Sequence[str], today: date | None) -> Plan:
    by_text = _expressions(field.type, text, tuple(languages), today)
    texts = list(by_text)
    if field.type in (FieldType.INTEGER, FieldType.NUMBER):
        texts += [count for count in COUNTABLE if count not in by_text]
    return Plan(field, OneOf(tuple(texts)), by_text)


@lru_cache(maxsize=16)  # the fields of one type share what the text holds
def _expressions(
    kind: FieldType, text: str, languages: tuple[str, ...], today: date | None
) -> dict[str, tuple[Candidate, ...]]:
    found: dict[str, tuple[Candidate, ...]] = {}
    for candidate in find_candidates(kind, text, languages, today):
        key = expression(text, candidate)
        found[key] = (*found.get(key, ()), candidate)
    return found
