"""When an answer is given, when it is marked for review, and how sure it is said to be.

An engine says two things of a field: how probably the text answers it at all, `spoken`, and how
probable one value is among all that could be written, NO_DATA included, `score`. A field that the text
surely answers may be given an unsure value, to be looked over; one that it may not answer needs a sure one.

The numbers are fitted on held-out examples (`python -m training.calibrate`) and stored in
`policy.json`; nothing here is set by hand.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from smartform.schema import FieldType
from smartform.supply import MODEL_ALONE, Supply, logistic, logit


@dataclass(frozen=True, slots=True)
class Curve:
    """A probability: the logistic of value · logit(score) + spoken · logit(spoken) + intercept."""

    value: float = 1.0
    spoken: float = 0.0
    intercept: float = 0.0

    def at(self, score: float, spoken: float) -> float:
        """The probability for an answer of which the engine says so much."""
        return logistic(self.value * logit(score) + self.spoken * logit(spoken) + self.intercept)

    def score(self, probability: float, spoken: float) -> float:
        """The score from which on the curve reaches `probability`; infinite where none does."""
        if probability >= 1:
            return math.inf
        if probability <= 0:
            return 0.0
        return logistic((logit(probability) - self.spoken * logit(spoken) - self.intercept) / self.value)


NEVER = Curve(0.0, 0.0, -30.0)


@dataclass(frozen=True, slots=True)
class TypePolicy:
    """One field type's numbers.

    Args:
        right: the probability that a value is right, which is its confidence.
        useful: that it is worth giving: right, or nearly so where exact ends are a matter of taste.
        silent: that the text does not answer the field.
        least: what P(useful) must come to.
        price: by how much of P(silent) that rises.
        review: values less sure than this need review.
    """

    right: Curve = Curve()
    useful: Curve = Curve()
    silent: Curve = NEVER
    least: float = 0.3
    price: float = 0.0
    review: float = 0.5

    def floor(self, spoken: float) -> float:
        """The score from which on a value is given; more than 1 where none is."""
        return self.useful.score(self.least + self.price * self.silent.at(spoken, spoken), spoken)

    def worth_a_look(self, spoken: float) -> float:
        """The score from which on a value is at least suggested: where it would be given, were invention
        not feared. Never above `floor`."""
        return self.useful.score(self.least, spoken)

    def confidence(self, score: float, spoken: float) -> float:
        """The share of such values that are right."""
        return self.right.at(score, spoken)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TypePolicy:
        """Read the members, curves being lists of their three numbers."""
        members: dict[str, Any] = {key: Curve(*n) if isinstance(n, list) else n for key, n in data.items()}
        return cls(**members)


@dataclass(frozen=True, slots=True)
class Policy:
    """Every type's numbers, those that are not listed being the defaults, and what a text's supply weighs."""

    types: Mapping[FieldType, TypePolicy]
    supply: Supply = MODEL_ALONE

    def __getitem__(self, kind: FieldType) -> TypePolicy:
        return self.types.get(kind, TypePolicy())

    @classmethod
    def from_dict(cls, data: Mapping[str, Mapping[str, Any]], supply: Mapping[str, float]) -> Policy:
        """Read {type: numbers} and {slope, gain, lift}."""
        types = {FieldType(kind): TypePolicy.from_dict(numbers) for kind, numbers in data.items()}
        return cls(types, Supply(**supply))


@cache
def shipped() -> Policy:
    """The policy fitted for the shipped forms adapter."""
    return Policy.from_dict(_fitted()["types"], _fitted()["supply"])


@cache
def answered() -> Policy:
    """The same for forms that nearly every text answers, as resumes do theirs: invention is not feared."""
    return Policy.from_dict(_fitted()["answered"], _fitted()["supply"])


@cache
def _fitted() -> Mapping[str, Any]:
    data: Mapping[str, Any] = json.loads(
        files("smartform").joinpath("policy.json").read_text(encoding="utf-8")
    )
    return data
