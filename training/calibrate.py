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

from smartform.answers import LONG
from smartform.constraints import plan
from smartform.engines.base import Branch
from smartform.engines.load import text_engine
from smartform.fill import Filler, read_answer
from smartform.policy import Policy, TypePolicy
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
    "copied": (FieldType.TEXT,),
    "long": tuple(LONG),
    "spotted": (FieldType.DATE, FieldType.TIME, FieldType.INTEGER, FieldType.NUMBER, FieldType.EMAIL,
                FieldType.PHONE, FieldType.URL),
    "chosen": (FieldType.BOOLEAN, FieldType.CHOICE, FieldType.MULTICHOICE),
}  # fmt: skip

MAX_INVENTED = 0.14
"""The most silent fields, as a share, that the thresholds may be expected to fill. The curves that
expect it are fitted on few fields and run high: see training/LOG.md for what it comes to on dev."""

LONG_ACCEPT = 0.8
"""How probable it must be that the text speaks of a long value; too few are held out to fit it."""

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
    types = fit_policy(answers)
    POLICY.write_text(
        json.dumps({"fitted_on": f"{len(held)} held-out texts", "types": types}, indent=1) + "\n"
    )


def ask(filler: Filler, held: Sequence[tuple[Example, dict[str, Value]]]) -> list[Answered]:
    """The engine's raw answers to every field of the held-out examples."""
    answers = []
    for example, gold in held:
        languages = languages_of(example.text)
        asked = [field for field in example.form.fields if field.type is not FieldType.GROUP]
        plans = {f.name: plan(f, example.text, languages, example.today) for f in asked}
        prompt = extraction_prompt(example.form, example.text, example.today)
        for decoded in filler.engine.decode(prompt, [Branch(n, p.constraint) for n, p in plans.items()]):
            field = example.form[decoded.name]
            value = read_answer(field, plans[decoded.name], example.text, example.today, decoded)
            silent = 1.0 if decoded.p_no_data is None else decoded.p_no_data
            probability = decoded.probability or 0.0
            answers.append(Answered(field.type, silent, probability, value, gold[decoded.name]))
    return answers


def fit_policy(answers: Sequence[Answered]) -> dict[str, dict[str, float]]:
    """Field type → its numbers: acceptance and calibration by group, one review threshold for all."""
    groups = {name: [a for a in answers if a.kind in kinds] for name, kinds in GROUPS.items()}
    curves = {name: logistic(*_arrays(group)) for name, group in groups.items()}
    short = [name for name in groups if name != "long"]
    bars = dict(zip(short, best_thresholds([groups[name] for name in short]), strict=True))
    bars["long"] = LONG_ACCEPT
    given = [(a, confidence(a.score, curves[n])) for n in short for a in groups[n] if a.score >= bars[n]]
    review = review_threshold(np.array([c for _, c in given]), np.array([float(a.right) for a, _ in given]))
    types = {}
    for name, kinds in GROUPS.items():
        slope, intercept = curves[name]
        numbers = {"accept": bars[name], "slope": slope, "intercept": intercept, "review": review}
        types |= {kind.value: {key: round(float(n), 4) for key, n in numbers.items()} for kind in kinds}
        print(name, types[kinds[0].value])
    return types


def _arrays(group: Sequence[Answered]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([a.score for a in group]), np.array([float(a.right) for a in group])


def confidence(score: float, curve: tuple[float, float]) -> float:
    """As `smartform.policy.TypePolicy.confidence`."""
    return TypePolicy(slope=curve[0], intercept=curve[1]).confidence(score)


def best_thresholds(groups: Sequence[Sequence[Answered]]) -> tuple[float, ...]:
    """One threshold a group: the best F1 of all together that is expected to invent at most `MAX_INVENTED`.

    The counts at a threshold are those expected from logistic curves through the answers, not the
    raw ones: with a few dozen silent fields, raw counts would fit single answers.
    """
    grid = np.round(np.linspace(0.05, 0.95, 37), 3)
    counts = [np.array([_expected(group, t) for t in grid]) for group in groups]
    gold = sum(bool(a.gold) for group in groups for a in group)
    silent = sum(not a.gold for group in groups for a in group)
    best, chosen = -1.0, (0.95,) * len(groups)
    for picks in product(range(len(grid)), repeat=len(groups)):
        right, given, invented = sum(c[p] for c, p in zip(counts, picks, strict=True))
        f1 = 2 * right / (given + gold)
        if f1 > best and invented <= MAX_INVENTED * silent:
            best, chosen = f1, tuple(float(grid[p]) for p in picks)
    print(f"held out: expected F1 {best:.3f} over {gold} values and {silent} silent fields")
    return chosen


def _expected(group: Sequence[Answered], threshold: float) -> tuple[float, float, float]:
    """(right, given, invented) values that the group's curves expect from `threshold` on."""
    scores = np.array([a.score for a in group])
    right = logistic(scores, np.array([float(a.right) for a in group]))
    silent = logistic(scores, np.array([float(not a.gold) for a in group]), prior=(-0.5, -1.0))
    given = [float(s) for s in scores if s >= threshold]
    return (
        sum(confidence(s, right) for s in given),
        float(len(given)),
        sum(confidence(s, silent) for s in given),
    )


def logistic(
    raw: np.ndarray, right: np.ndarray, prior: tuple[float, float] = (1.0, 0.0), steps: int = 200
) -> tuple[float, float]:
    """Platt scaling by Newton's method, with a mild pull towards `prior` (slope, intercept)."""
    logit = np.log(np.clip(raw, 1e-4, 1 - 1e-4) / (1 - np.clip(raw, 1e-4, 1 - 1e-4)))
    design = np.stack([logit, np.ones_like(logit)], axis=1)
    centre, strength = np.array(prior), 2.0
    weights = centre.copy()
    for _ in range(steps):
        p = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (p - right) + strength * (weights - centre)
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
