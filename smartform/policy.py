"""When an answer is given, when it is marked for review, and how sure it is said to be.

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
from smartform.supply import MODEL_ALONE, Supply

_CLIP = 1e-4


@dataclass(frozen=True, slots=True)
class TypePolicy:
    """One field type's numbers.

    Args:
        accept: a value is given where its probability is at least this; else the field stays empty.
        slope, intercept: a value's confidence is the logistic of slope · logit(raw) + intercept.
        review: values less sure than this need review.
    """

    accept: float = 0.3
    slope: float = 1.0
    intercept: float = 0.0
    review: float = 0.5

    def confidence(self, probability: float) -> float:
        """The model's probability of a value as the share of such values that are right."""
        clipped = min(1 - _CLIP, max(_CLIP, probability))
        logit = self.slope * math.log(clipped / (1 - clipped)) + self.intercept
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


@dataclass(frozen=True, slots=True)
class Policy:
    """Every type's numbers, those that are not listed being the defaults, and what a text's supply weighs."""

    types: Mapping[FieldType, TypePolicy]
    supply: Supply = MODEL_ALONE

    def __getitem__(self, kind: FieldType) -> TypePolicy:
        return self.types.get(kind, TypePolicy())

    @classmethod
    def from_dict(cls, data: Mapping[str, Mapping[str, Any]], supply: Mapping[str, float]) -> Policy:
        """Read {type: {accept, slope, intercept, review}} and {slope, gain, lift}."""
        types = {FieldType(kind): TypePolicy(**numbers) for kind, numbers in data.items()}
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
