"""Rows that were read: of several groups, of several windows of the text, and what they make of an answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import cast

from smartform.results import FieldResult, State
from smartform.schema import Cell, Field, FieldType, Row


def told_once(groups: Sequence[Field], answers: Sequence[FieldResult]) -> list[FieldResult]:
    """The groups' answers, each time and what was then in one of them only: what is a job is no school.

    Rows of two groups that have one piece of the text for their dates and one for something else are one
    record; it is a row of the group that is surer of its name.

    Args:
        groups, answers: one answer for each group.
    """
    dates = [{sub.name for sub in group.fields if sub.type is FieldType.DATE} for group in groups]
    rows = [(g, row) for g, answer in enumerate(answers) for row in answer.rows]
    kept: list[tuple[int, tuple[FieldResult, ...]]] = []
    for g, row in sorted(rows, key=lambda each: -each[1][0].confidence):
        if not any(o != g and _one_record(row, dates[g], other, dates[o]) for o, other in kept):
            kept.append((g, row))
    left = [tuple(row for row in answer.rows if (g, row) in kept) for g, answer in enumerate(answers)]
    return [
        answer if len(own) == len(answer.rows) else with_rows(answer, own)
        for answer, own in zip(answers, left, strict=True)
    ]


def _one_record(
    row: Sequence[FieldResult], dates: Collection[str], other: Sequence[FieldResult], others: Collection[str]
) -> bool:
    """Whether two rows share the place of a date and that of something else."""
    met = [
        {a.name in dates, b.name in others}
        for a in row
        for b in other
        if any(one.overlaps(two) for one in a.spans for two in b.spans)
    ]
    return {True} in met and {False} in met


def merged_rows(old: FieldResult, new: FieldResult) -> FieldResult:
    """The rows of two windows' answers; one that both hold is the first one's."""
    held = {cell.spans for cell, *_ in old.rows}
    fresh = [row for row in new.rows if not row[0].spans or row[0].spans not in held]
    merged = replace(old, confidence=min(old.confidence, new.confidence)) if fresh else old
    return with_rows(merged, (*old.rows, *fresh))


def with_rows(answer: FieldResult, rows: tuple[tuple[FieldResult, ...], ...]) -> FieldResult:
    """A group's answer with these rows, their values and their places."""
    if answer.rows and not rows:
        return FieldResult(answer.name, None, State.NOT_FOUND, 0.5, 0.5)
    value: list[Row] = [{cell.name: cast(Cell, cell.value) for cell in row} for row in rows]
    spans = tuple(dict.fromkeys(span for row in rows for cell in row for span in cell.spans))
    return replace(answer, value=value, rows=rows, spans=spans)
