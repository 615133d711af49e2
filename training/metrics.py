"""What an answer is worth: exact match after normalisation, F1, invented values, calibration."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from smartform.schema import FieldType, Value, rows_of

BOOTSTRAP = 1_000
"""Resamples behind a confidence interval."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One field of one example, answered.

    Args:
        example, name, kind, lang, style: where it comes from.
        gold, value: what should and what does stand there.
        confidence: the app's own, 0 to 1.
        review: whether the app marked it for review.
        suggestion: what the app suggests where it gives no value.
    """

    example: str
    name: str
    kind: FieldType
    lang: str
    style: str
    gold: Value
    value: Value
    confidence: float
    review: bool
    suggestion: Value = None

    @property
    def right(self) -> bool:
        """Whether the answer is the gold one, 'not said' included."""
        return same(self.kind, self.gold, self.value)


class Mistake(StrEnum):
    """What is wrong with an answer."""

    INVENTED = "given where the text is silent"
    WITHHELD = "right, but only suggested"
    MISSED = "not given"
    OPTION = "another option"
    PART = "half of its words or items, or more"
    OTHER = "another value"


@dataclass(frozen=True, slots=True)
class Scores:
    """Counts over fields and what follows from them.

    Args:
        right: values that are right.
        wrong: values given where another one is gold.
        invented: values given where the text is silent.
        missed: gold values not given.
        silent: rightly left empty.
    """

    right: int
    wrong: int
    invented: int
    missed: int
    silent: int

    @property
    def precision(self) -> float:
        """Share of the given values that are right."""
        return self.right / max(1, self.right + self.wrong + self.invented)

    @property
    def recall(self) -> float:
        """Share of the gold values that are given right."""
        return self.right / max(1, self.right + self.wrong + self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    @property
    def invented_rate(self) -> float:
        """Share of the silent fields that were given a value."""
        return self.invented / max(1, self.invented + self.silent)

    @property
    def accuracy(self) -> float:
        """Share of all fields that are right or rightly empty."""
        total = self.right + self.wrong + self.invented + self.missed + self.silent
        return (self.right + self.silent) / max(1, total)


def same(kind: FieldType, gold: Value, value: Value) -> bool:
    """Whether two values are equal after normalisation: casing, white space, closing marks, number form."""
    if not gold or not value:
        return not gold and not value
    if kind is FieldType.GROUP:
        return rows_of(gold) == rows_of(value)
    if isinstance(gold, list) or isinstance(value, list):
        left = gold if isinstance(gold, list) else [gold]
        right = value if isinstance(value, list) else [value]
        return sorted(map(_plain, left)) == sorted(map(_plain, right))
    if kind in (FieldType.INTEGER, FieldType.NUMBER):
        try:
            return Decimal(gold) == Decimal(value)
        except InvalidOperation:
            return False
    if kind is FieldType.PHONE:
        return re.sub(r"\D", "", gold) == re.sub(r"\D", "", value)
    return _plain(gold) == _plain(value)


def suggestions(outcomes: Sequence[Outcome]) -> tuple[int, float, float]:
    """How many fields without a value have a suggestion, the share of those that is right, and the share of
    the missed values that are among them."""
    suggested = [o for o in outcomes if o.suggestion]
    right = sum(same(o.kind, o.gold, o.suggestion) for o in suggested)
    return len(suggested), right / max(1, len(suggested)), right / max(1, score(outcomes).missed)


def mistake(outcome: Outcome) -> Mistake | None:
    """What is wrong with an answer; None where nothing is."""
    if outcome.right:
        return None
    if not outcome.gold:
        return Mistake.INVENTED
    if not outcome.value:
        held = outcome.suggestion and same(outcome.kind, outcome.gold, outcome.suggestion)
        return Mistake.WITHHELD if held else Mistake.MISSED
    if outcome.kind is FieldType.BOOLEAN or outcome.kind.has_options:
        return Mistake.OPTION
    if outcome.kind in _WORDY and word_f1(outcome.gold, outcome.value) >= 0.5:
        return Mistake.PART
    return Mistake.OTHER


_WORDY = (FieldType.TEXT, FieldType.LONGTEXT, FieldType.LIST)


def word_f1(gold: Value, value: Value) -> float:
    """Harmonic mean of the shares of words that two values have in common, 0 to 1; 0 where one is empty."""
    left, right = (
        Counter(_plain(" ".join(v) if isinstance(v, list) else v or "").split()) for v in (gold, value)
    )
    shared = (left & right).total()
    return 2 * shared / (left.total() + right.total()) if shared else 0.0


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .,;:!?\"'“”«»")


def score(outcomes: Iterable[Outcome]) -> Scores:
    """Count outcomes."""
    right = wrong = invented = missed = silent = 0
    for o in outcomes:
        if o.gold and o.value:
            right += o.right
            wrong += not o.right
        elif o.value:
            invented += 1
        elif o.gold:
            missed += 1
        else:
            silent += 1
    return Scores(right, wrong, invented, missed, silent)


def f1_interval(outcomes: Sequence[Outcome], seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of F1, whole examples resampled."""
    by_example: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_example.setdefault(outcome.example, []).append(outcome)
    groups = [score(group) for group in by_example.values()]
    rng = random.Random(seed)
    values = []
    for _ in range(BOOTSTRAP):
        drawn = rng.choices(groups, k=len(groups))
        total = Scores(*(sum(getattr(s, name) for s in drawn) for name in Scores.__slots__))
        values.append(total.f1)
    values.sort()
    return values[int(0.025 * BOOTSTRAP)], values[int(0.975 * BOOTSTRAP) - 1]


def calibration_error(outcomes: Iterable[Outcome], bins: int = 10) -> float:
    """Expected calibration error of the given values' confidence."""
    given = [o for o in outcomes if o.value]
    error = 0.0
    for confidence, accuracy, count in reliability(given, bins):
        error += abs(confidence - accuracy) * count / max(1, len(given))
    return error


def reliability(given: Sequence[Outcome], bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean confidence, share right, count) of each bin that holds values."""
    rows = []
    for b in range(bins):
        inside = [
            o
            for o in given
            if b / bins <= o.confidence < (b + 1) / bins or (b == bins - 1 and o.confidence == 1)
        ]
        if inside:
            mean = sum(o.confidence for o in inside) / len(inside)
            rows.append((mean, sum(o.right for o in inside) / len(inside), len(inside)))
    return rows


def review_rates(outcomes: Iterable[Outcome]) -> tuple[float, float]:
    """(share of wrong values marked for review, share of right values marked)."""
    given = [o for o in outcomes if o.value]
    wrong = [o for o in given if not o.right]
    right = [o for o in given if o.right]
    caught = sum(o.review for o in wrong) / max(1, len(wrong))
    return caught, sum(o.review for o in right) / max(1, len(right))
