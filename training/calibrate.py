"""Fit when values are given, how sure they are said to be and what needs review.

    python -m training.calibrate --config training/configs/forms.yaml

Uses the examples that the run held out of training, never the evaluation files, and writes
`smartform/policy.json`. Types that decode alike are fitted together, for the held-out set is small.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from smartform.constraints import plan
from smartform.engines.base import Branch
from smartform.engines.load import text_engine
from smartform.fill import Filler, read_answer
from smartform.policy import Policy
from smartform.prompts import extraction_prompt
from smartform.schema import FieldType, Value
from smartform.settings import Settings
from smartform.values import languages_of
from training.config import parse_arguments
from training.examples import Example
from training.metrics import same
from training.targets import load_rows
from training.train_forms import is_held_out

GROUPS = {
    "copied": (FieldType.TEXT, FieldType.LONGTEXT, FieldType.LIST),
    "spotted": (FieldType.DATE, FieldType.TIME, FieldType.INTEGER, FieldType.NUMBER, FieldType.EMAIL,
                FieldType.PHONE, FieldType.URL),
    "chosen": (FieldType.BOOLEAN, FieldType.CHOICE, FieldType.MULTICHOICE),
}  # fmt: skip

MAX_INVENTED = 0.10
"""The most silent fields that may be given a value, over the held-out set."""

POLICY = Path(__file__).resolve().parents[1] / "smartform" / "policy.json"


@dataclass(frozen=True)
class Answered:
    """One held-out field: the model's raw answer and the gold."""

    kind: FieldType
    p_no_data: float
    probability: float
    value: Value
    gold: Value

    @property
    def right(self) -> bool:
        """Whether the value, if given, would be the gold one."""
        return bool(self.gold) and same(self.kind, self.gold, self.value)

    @property
    def score(self) -> float:
        """Probability of the value, NO_DATA among the alternatives."""
        return self.probability * (1 - self.p_no_data) if self.value else 0.0


def main(argv: Sequence[str] | None = None) -> None:
    config, _ = parse_arguments(argv, "Fit the policy on held-out examples.")
    held = [(e, gold) for e, gold in load_rows(config.data) if is_held_out(e, config.holdout)]
    answers = ask(Filler(text_engine(Settings.from_environment()), Policy({})), held)
    groups = [[a for a in answers if a.kind in kinds] for kinds in GROUPS.values()]
    types = {}
    for (name, kinds), group, accept in zip(GROUPS.items(), groups, best_thresholds(groups), strict=True):
        numbers = fit(group, accept)
        print(f"{name}: {len(group)} fields, {numbers}")
        types |= {kind.value: numbers for kind in kinds}
    POLICY.write_text(
        json.dumps({"fitted_on": f"{len(held)} held-out texts", "types": types}, indent=1) + "\n"
    )


def ask(filler: Filler, held: Sequence[tuple[Example, dict[str, Value]]]) -> list[Answered]:
    """The engine's raw answers to every field of the held-out examples."""
    answers = []
    for example, gold in held:
        languages = languages_of(example.text)
        plans = {f.name: plan(f, example.text, languages, example.today) for f in example.form.fields}
        prompt = extraction_prompt(example.form, example.text, example.today)
        for decoded in filler.engine.decode(prompt, [Branch(n, p.constraint) for n, p in plans.items()]):
            field = example.form[decoded.name]
            value = read_answer(field, plans[decoded.name], example.text, example.today, decoded)
            silent = 1.0 if decoded.p_no_data is None else decoded.p_no_data
            answers.append(
                Answered(field.type, silent, decoded.probability or 0.0, value, gold[decoded.name])
            )
    return answers


def fit(group: Sequence[Answered], accept: float) -> dict[str, float]:
    """The numbers of one group, given its threshold: the calibration and the review threshold."""
    given = [a for a in group if a.score >= accept]
    raw = np.array([a.score for a in given])
    right = np.array([a.right for a in given], dtype=float)
    slope, intercept = logistic(raw, right)
    logits = slope * np.log(np.clip(raw, 1e-4, 1 - 1e-4) / (1 - np.clip(raw, 1e-4, 1 - 1e-4))) + intercept
    confidence = 1 / (1 + np.exp(-logits))
    return {
        "accept": round(accept, 3), "slope": round(slope, 4), "intercept": round(intercept, 4),
        "review": round(review_threshold(confidence, right), 3),
    }  # fmt: skip


def best_thresholds(groups: Sequence[Sequence[Answered]]) -> tuple[float, ...]:
    """One threshold a group: the best F1 of all together that invents at most `MAX_INVENTED`."""
    grid = [round(t, 3) for t in np.linspace(0.05, 0.9, 35)]
    counts = [[_counts(group, t) for t in grid] for group in groups]
    gold = sum(bool(a.gold) for group in groups for a in group)
    silent = sum(not a.gold for group in groups for a in group)
    best, chosen = -1.0, (grid[-1],) * len(groups)
    for picks in product(range(len(grid)), repeat=len(groups)):
        right, given, invented = (sum(c[p][i] for c, p in zip(counts, picks, strict=True)) for i in range(3))
        f1 = 2 * right / max(1, given + gold)
        if f1 > best and invented <= MAX_INVENTED * silent:
            best, chosen = f1, tuple(grid[p] for p in picks)
    print(f"held out: F1 {best:.3f}")
    return chosen


def _counts(group: Sequence[Answered], threshold: float) -> tuple[int, int, int]:
    """(right, given, invented) values at a threshold."""
    given = [a for a in group if a.value and a.score >= threshold]
    return sum(a.right for a in given), len(given), sum(not a.gold for a in given)


def logistic(raw: np.ndarray, right: np.ndarray, steps: int = 200) -> tuple[float, float]:
    """Platt scaling by Newton's method, with a mild pull towards the identity."""
    logit = np.log(np.clip(raw, 1e-4, 1 - 1e-4) / (1 - np.clip(raw, 1e-4, 1 - 1e-4)))
    design = np.stack([logit, np.ones_like(logit)], axis=1)
    prior, strength = np.array([1.0, 0.0]), 2.0
    weights = prior.copy()
    for _ in range(steps):
        p = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (p - right) + strength * (weights - prior)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + strength * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    return float(weights[0]), float(weights[1])


def review_threshold(confidence: np.ndarray, right: np.ndarray) -> float:
    """The confidence below which 80 % of the wrong values lie, or at most 20 % of the right ones."""
    wrong, good = np.sort(confidence[right == 0]), np.sort(confidence[right == 1])
    if not len(wrong) or not len(good):
        return 0.5
    catching = float(wrong[min(len(wrong) - 1, math.ceil(0.8 * len(wrong)) - 1)]) + 1e-3
    sparing = float(good[int(0.2 * len(good))])
    return min(catching, sparing)


if __name__ == "__main__":
    main()
