"""Fit when values are given, how sure they are said to be and what needs review.

    python -m training.calibrate --config training/configs/forms.yaml

Uses the examples that the run held out of training and those of its `calibration` files, never the
evaluation files, and writes `smartform/policy.json`. Types that decode alike share what they can, for the
held-out set is small.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from smartform.answers import LONG
from smartform.assignment import settle
from smartform.constraints import Plan, plan
from smartform.engines.base import Branch, Decoded, TextEngine
from smartform.engines.load import text_engine
from smartform.fill import read_answer
from smartform.policy import Curve, TypePolicy
from smartform.prompts import extraction_prompt
from smartform.schema import FieldType, Value
from smartform.settings import Settings
from smartform.supply import SUPPLIED, Supply, logit, supplies, weighed
from smartform.values import languages_of
from training.config import parse_arguments
from training.examples import Example
from training.metrics import same, word_f1
from training.targets import load_rows
from training.train_forms import is_held_out

GROUPS = {
    "copied": (FieldType.TEXT,),
    "long": tuple(LONG),
    "supplied": tuple(kind for kind in FieldType if kind in SUPPLIED),
    "figures": (FieldType.INTEGER, FieldType.NUMBER),
    "chosen": (FieldType.BOOLEAN, FieldType.CHOICE, FieldType.MULTICHOICE),
}
"""Types that are decoded and weighed alike: one slope for each group, an intercept for each type."""

MAX_INVENTED = 0.08
"""The most silent held-out fields, as a share, that the thresholds may fill. On texts of other
writers it comes to more: see training/LOG.md."""

SCORE = Curve()
"""What is taken for P(right) and P(useful) before any data: the score."""

SILENT = Curve(0.0, -0.5, -1.0)
"""What is taken for P(silent) before any data: it falls with P(spoken), whatever the value."""

MAX_PRICE = 6.0
"""The highest price on P(silent) that is tried."""

LEAST_SLOPE = 0.05
"""A likelier value is never less useful."""

NEAR = 0.5
"""The word F1 from which on a long value, whose exact ends are a matter of taste, is worth giving."""

RIDGE = 2.0
"""How strongly slopes are held to their prior and a type's intercept to its group's."""

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
    def useful(self) -> bool:
        """Whether the value would help: it is right, or long and shares most of its words with the gold."""
        return self.right or (self.kind in LONG and word_f1(self.gold, self.value) >= NEAR)

    @property
    def score(self) -> float:
        """Probability of the value, NO_DATA among the alternatives."""
        return self.probability * self.spoken

    @property
    def spoken(self) -> float:
        """Probability that the text answers the field."""
        return 1 - self.p_no_data

    def given(self, numbers: TypePolicy) -> bool:
        """Whether `smartform.fill` gives the value."""
        return bool(self.value) and self.score >= numbers.floor(self.spoken)


def main(argv: Sequence[str] | None = None) -> None:
    config, _ = parse_arguments(argv, "Fit the policy on held-out examples.")
    rows = load_rows(config.data)
    held = [(e, gold) for e, gold in rows if is_held_out(e, config.holdout)] + load_rows(config.calibration)
    heard = list(ask(text_engine(Settings.from_environment()), held))
    supply = fit_supply(heard)
    answers = [answer for one in heard for answer in judge(one, supply)]
    policy = {
        "fitted_on": f"{len(held)} held-out texts",
        "supply": {key: round(number, 4) for key, number in asdict(supply).items()},
        "types": fit_policy(answers),
        "answered": fit_policy(answers, most_invented=1.0),
    }
    POLICY.write_text(json.dumps(policy, indent=1) + "\n")


@dataclass(frozen=True)
class Heard:
    """What the engine said of one held-out example, as it said it."""

    example: Example
    gold: Mapping[str, Value]
    plans: Mapping[str, Plan]
    answers: Sequence[Decoded]


def ask(engine: TextEngine, held: Sequence[tuple[Example, dict[str, Value]]]) -> Iterator[Heard]:
    """The engine's raw answers to every field of the held-out examples."""
    for example, gold in held:
        languages = languages_of(example.text)
        asked = [field for field in example.form.fields if field.type is not FieldType.GROUP]
        plans = {f.name: plan(f, example.text, languages, example.today) for f in asked}
        prompt = extraction_prompt(example.form, example.text, example.today)
        answers = engine.decode(prompt, [Branch(n, p.constraint) for n, p in plans.items()])
        yield Heard(example, gold, plans, tuple(answers))


def fit_supply(heard: Sequence[Heard]) -> Supply:
    """How model and supply together tell which fields of the supplied types have a value."""
    points = []
    for one in heard:
        supply = supplies(one.plans)
        for answer in one.answers:
            if answer.name in supply and answer.p_no_data is not None:
                said = bool(one.gold[answer.name])
                points.append((logit(1 - answer.p_no_data), supply[answer.name], 1.0, said))
    table = np.array(points, dtype=float).reshape(-1, 4)
    weights = ridge_logistic(table[:, :3], table[:, 3], np.array([1.0, 0.0, 0.0]))
    supply = Supply(*map(float, weights))
    print(f"supply: {len(points)} fields, {table[:, 3].mean():.3f} of them answered, {supply}")
    return supply


def judge(heard: Heard, supply: Supply) -> Iterator[Answered]:
    """One example's answers as the app takes them, beside the gold."""
    example, plans, found = heard.example, heard.plans, supplies(heard.plans)
    weighed_answers = [weighed(a, found.get(a.name), supply) for a in heard.answers]
    for decoded in settle(plans, example.text, weighed_answers).values():
        field = example.form[decoded.name]
        value = read_answer(field, plans[decoded.name], example.text, example.today, decoded)
        silent = 1.0 if decoded.p_no_data is None else decoded.p_no_data
        probability = decoded.probability or 0.0
        yield Answered(field.type, silent, probability, value, heard.gold[decoded.name])


def fit_policy(answers: Sequence[Answered], most_invented: float = MAX_INVENTED) -> dict[str, dict[str, Any]]:
    """Field type → its numbers, as `TypePolicy.from_dict` reads them; least, price and review are the same
    for all.

    Args:
        most_invented: as `best_policy` takes it.
    """
    types: dict[FieldType, TypePolicy] = {}
    for kinds in GROUPS.values():
        group = [a for a in answers if a.kind in kinds]
        right = fit_curves(kinds, group, [a.right for a in group])
        useful = fit_curves(kinds, group, [a.useful for a in group])
        silent = fit_curves(kinds, group, [not a.gold for a in group], SILENT)
        types |= {kind: TypePolicy(right[kind], useful[kind], silent[kind]) for kind in kinds}
    types = best_policy(answers, types, most_invented)
    given = [a for a in answers if a.given(types[a.kind])]
    sure = np.array([types[a.kind].confidence(a.score, a.spoken) for a in given])
    review = review_threshold(sure, np.array([float(a.right) for a in given]))
    fitted = {}
    for kind, numbers in types.items():
        fitted[kind.value] = _rounded(asdict(replace(numbers, review=review)))
        print(f"{kind.value:12}", fitted[kind.value])
    return fitted


def _rounded(numbers: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: [round(n, 4) for n in part.values()] if isinstance(part, dict) else round(part, 4)
        for key, part in numbers.items()
    }


def best_policy(
    answers: Sequence[Answered], types: Mapping[FieldType, TypePolicy], most_invented: float = MAX_INVENTED
) -> dict[FieldType, TypePolicy]:
    """The types with `least` and `price`: the best F1 of all together that invents little.

    A value adds to F1 where P(useful) exceeds half of it; a price on P(silent) is raised until at
    most `most_invented` of the silent fields are filled. The price alone is chosen by counting:
    thresholds of each type that were would fit single answers, so few of a type are held out.
    """
    empty = np.array([not a.gold for a in answers])
    gold, silent = (~empty).sum(), empty.sum()
    useful = np.array([types[a.kind].useful.at(a.score, a.spoken) for a in answers])
    written = np.array([bool(a.value) for a in answers])
    quiet = np.array([types[a.kind].silent.at(a.score, a.spoken) for a in answers])
    for price in np.linspace(0.0, MAX_PRICE, 121):
        f1 = 0.5
        for _ in range(10):
            given = written & (useful >= f1 / 2 + price * quiet)
            f1 = 2 * useful[given].sum() / max(1, given.sum() + gold)
        if (empty & given).sum() <= most_invented * silent:
            break
    print(
        f"held out: {(~empty).sum()} values, {empty.sum()} silent fields; expected F1 {f1:.3f},"
        f" invented {(empty & given).sum() / max(1, silent):.3f} at a price of {price:.2f}"
    )
    return {
        kind: replace(numbers, least=float(f1 / 2), price=float(price)) for kind, numbers in types.items()
    }


def fit_curves(
    kinds: Sequence[FieldType], group: Sequence[Answered], y: Sequence[bool], prior: Curve = SCORE
) -> dict[FieldType, Curve]:
    """Logistic regression of `y` on what the engine says: slopes, and an intercept for each type around the
    group's.

    Args:
        prior: the curve in the absence of data; where it does not ask for the value, the fit does not.
    """
    rows = [(a, float(said)) for a, said in zip(group, y, strict=True) if a.value]
    known = [[logit(a.score) if prior.value else 0.0, logit(a.spoken), 1.0] for a, _ in rows]
    types = [[float(a.kind is kind) for kind in kinds] for a, _ in rows]
    design = np.hstack([np.array(known).reshape(-1, 3), np.array(types).reshape(-1, len(kinds))])
    centre = np.array([prior.value, prior.spoken, prior.intercept, *([0.0] * len(kinds))])
    weights = ridge_logistic(design, np.array([said for _, said in rows]), centre)
    value, spoken, intercept, *own = map(float, weights)
    value = max(value, LEAST_SLOPE) if prior.value else 0.0
    return {kind: Curve(value, spoken, intercept + extra) for kind, extra in zip(kinds, own, strict=True)}


def ridge_logistic(design: np.ndarray, y: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Weights (k,) of a logistic regression of `y` (n,) on `design` (n, k), held to `centre` by `RIDGE`.

    Newton steps, shortened: far from the optimum they overshoot.
    """
    weights = centre.astype(float)
    for _ in range(200):
        p = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (p - y) + RIDGE * (weights - centre)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + RIDGE * np.eye(len(weights))
        step = np.linalg.solve(hessian, gradient)
        weights = weights - np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-8:
            break
    return weights


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
