"""What the text's supply of expressions tells about a field, weighed together with what the model says.

Where a text holds one e-mail address and the form has one field for one, that field nearly always gets
it; where three dates are asked and the text holds one, most stay empty. A small model says little of
this. How much supply and model weigh is fitted on held-out texts (`training.calibrate`), as the policy is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from smartform.constraints import Plan
from smartform.engines.base import Decoded
from smartform.schema import FieldType

SUPPLIED = frozenset({FieldType.EMAIL, FieldType.PHONE, FieldType.URL, FieldType.DATE, FieldType.TIME})
"""Types of which a text holds few expressions; figures and words it is full of."""

_CLIP = 1e-4


@dataclass(frozen=True, slots=True)
class Supply:
    """The logit of 'the text answers this field' is slope · the model's logit + gain · supply + lift.

    The defaults leave the model's word as it is.
    """

    slope: float = 1.0
    gain: float = 0.0
    lift: float = 0.0

    def spoken(self, probability: float, supply: float) -> float:
        """The probability that the text answers the field, given the model's own."""
        return logistic(self.slope * logit(probability) + self.gain * supply + self.lift)


MODEL_ALONE = Supply()


def supplies(plans: Mapping[str, Plan]) -> dict[str, float]:
    """Field name → log(different values that the text holds of its type / fields that ask for one).

    Fields of other types, and those of whose type the text holds nothing, are left out.
    """
    fields = Counter(plan.field.type for plan in plans.values())
    found = {}
    for name, plan in plans.items():
        values = {candidate.value for group in plan.candidates.values() for candidate in group}
        if plan.field.type in SUPPLIED and values:
            found[name] = math.log(len(values) / fields[plan.field.type])
    return found


def weighed(answer: Decoded, supply: float | None, weights: Supply) -> Decoded:
    """The answer with its probability of NO_DATA as supply and model together tell it."""
    if supply is None or answer.p_no_data is None:
        return answer
    return replace(answer, p_no_data=1 - weights.spoken(1 - answer.p_no_data, supply))


def logit(probability: float) -> float:
    """Log-odds of a probability, which is held off 0 and 1."""
    clipped = min(1 - _CLIP, max(_CLIP, probability))
    return math.log(clipped / (1 - clipped))


def logistic(x: float) -> float:
    """The probability of log-odds."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, x))))
