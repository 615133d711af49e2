"""How well resumes are read: the measures of `python -m training.evaluate resume`.

Name, e-mail and phone are right or wrong as a whole; skills, languages, and rows by several of their cells
(`ROWS`) are counted one by one over all texts. A contact is invented where the text, as the gold
has it, holds none and one is given, or where the one given does not stand in the text.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from smartform.errors import SmartFormError
from smartform.results import FieldResult
from smartform.resume import Resume, ResumeReader
from smartform.schema import FieldType, items_of, rows_of
from training.metrics import same
from training.resume_data import gold as gold_of

Counted = tuple[int, int, int]
"""(right, given, gold)."""

ROWS = (
    ("work", ("company", "position")),
    ("work", ("position",)),
    ("work", ("position", "startDate", "endDate")),
    ("education", ("institution", "endDate")),
)
"""What of a group's rows is counted: rows that have all of these right."""

WIDTH = 31
"""Characters of a measure's name in the table."""


@dataclass
class Measures:
    """Counts over texts.

    Args:
        texts: how many were read.
        exact: field → how many are right.
        items: what is counted one by one → (right, given, gold).
        invented: contacts given that the text does not hold.
        taken: how many the gate takes for resumes.
        seconds: each text's time.
        problems: texts that were refused with an error.
    """

    texts: int = 0
    exact: dict[str, int] = field(default_factory=dict)
    items: dict[str, Counted] = field(default_factory=dict)
    invented: int = 0
    taken: int = 0
    seconds: list[float] = field(default_factory=list)
    problems: int = 0

    def f1(self, name: str) -> float:
        """Harmonic mean of precision and recall over all items of that name."""
        right, given, gold = self.items.get(name, (0, 0, 0))
        return 2 * right / max(1, given + gold)

    def table(self) -> str:
        """The measures as lines of text."""
        share = max(1, self.texts)
        lines = [f"{name:{WIDTH}}{right / share:6.3f} exact" for name, right in self.exact.items()]
        lines += [
            f"{name:{WIDTH}}{self.f1(name):6.3f} F1   {right} right of {given} given, {gold} to find"
            for name, (right, given, gold) in self.items.items()
        ]
        middle = sorted(self.seconds)[len(self.seconds) // 2] if self.seconds else 0.0
        lines.append(f"{'invented contacts':{WIDTH}}{self.invented:6d}")
        lines.append(f"{'taken for a resume':{WIDTH}}{self.taken / share:6.3f}")
        lines.append(f"{'refused with an error':{WIDTH}}{self.problems:6d}")
        return "\n".join([*lines, f"{'median seconds':{WIDTH}}{middle:6.1f}"])


def evaluate(
    reader: ResumeReader, rows: Sequence[Mapping[str, Any]], progress: Callable[[int], None] | None = None
) -> Measures:
    """Read every row's text, whatever the gate says, and compare it with what the row knows of it."""
    measures = Measures()
    for number, row in enumerate(rows, 1):
        measures.texts += 1
        started = time.perf_counter()
        try:
            read = reader.read(row["text"], force=True)
        except SmartFormError as problem:
            print(f"{row['id']}: {problem}")
            measures.problems += 1
            answers: dict[str, FieldResult] = {}
        else:
            answers = {answer.name: answer for answer in read.filled.fields}
            measures.taken += read.is_resume
            measures.invented += invented(read, row)
        measures.seconds.append(time.perf_counter() - started)
        count(measures, answers, row)
        if progress:
            progress(number)
    return measures


def count(measures: Measures, answers: Mapping[str, FieldResult], row: Mapping[str, Any]) -> None:
    """Add one text's answers."""
    gold = gold_of(row)
    values = {name: answers[name].value if name in answers else None for name in gold}
    for name in ("name", "email", "phone"):
        right = same(FieldType.PHONE if name == "phone" else FieldType.TEXT, gold[name], values[name])
        measures.exact[name] = measures.exact.get(name, 0) + right
    for name in ("skills", "languages"):
        add(measures, name, map(plain, items_of(values[name])), map(plain, items_of(gold[name])))
    for name, keys in ROWS:
        given, known = (
            [tuple(plain(str(r.get(key) or "")) for key in keys) for r in rows_of(side[name])]
            for side in (values, gold)
        )
        add(measures, f"{name} {'+'.join(keys)}", given, known)


def add(measures: Measures, name: str, given: Iterable[Any], gold: Iterable[Any]) -> None:
    """Count items, each gold one once."""
    listed, left = list(given), list(gold)
    to_find, right = len(left), 0
    for item in listed:
        if item in left:
            left.remove(item)
            right += 1
    before = measures.items.get(name, (0, 0, 0))
    measures.items[name] = (before[0] + right, before[1] + len(listed), before[2] + to_find)


def invented(read: Resume, row: Mapping[str, Any]) -> int:
    """How many contacts were given that do not stand in the text, or where it holds none."""
    gold = gold_of(row)
    found = 0
    for name in ("email", "phone"):
        answer = read.filled[name]
        found += answer.value is not None and (gold[name] is None or not answer.spans)
    return found


def plain(text: str) -> str:
    """Casing, white space and outer marks do not count."""
    return re.sub(r"\s+", " ", text).casefold().strip(" .,;:•·-–|")
