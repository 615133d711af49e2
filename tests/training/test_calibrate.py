"""Thresholds and curves from raw answers whose making is known."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import numpy as np
import pytest

from smartform.constraints import plan
from smartform.engines.base import Decoded
from smartform.policy import Curve, Policy, TypePolicy
from smartform.prompts import NO_DATA
from smartform.schema import Field, FieldType, FormSpec
from smartform.supply import logistic, logit
from training import calibrate
from training.calibrate import (
    Answered,
    best_policy,
    fit_curves,
    fit_policy,
    review_threshold,
)
from training.examples import Example


def answers(kind: FieldType, count: int, silent: float, seed: int = 0) -> list[Answered]:
    """Answers whose scores say how probably they are right; some of the texts are silent."""
    rng = random.Random(f"{kind} {seed}")
    made = []
    for _ in range(count):
        if rng.random() < silent:
            score = logistic(rng.gauss(-1.5, 1.5))
            made.append(Answered(kind, 1 - score, 1.0, "x", None))
        else:
            score = logistic(rng.gauss(1.0, 1.5))
            made.append(Answered(kind, 1 - score, 1.0, "x" if rng.random() < score else "y", "x"))
    return made


def test_curves_find_the_slopes_and_each_types_shift() -> None:
    rng = random.Random(1)
    kinds = (FieldType.DATE, FieldType.PHONE)
    group, right = [], []
    for number in range(6_000):
        kind, spoken, share = kinds[number % 2], rng.uniform(0.1, 0.98), rng.uniform(0.1, 0.98)
        shift = 1.0 if kind is FieldType.DATE else -1.0
        group.append(Answered(kind, 1 - spoken, share, "x", "x"))
        right.append(rng.random() < logistic(0.5 * logit(spoken * share) + 0.7 * logit(spoken) + shift))
    curves = fit_curves(kinds, group, right)
    assert curves[FieldType.DATE].value == pytest.approx(0.5, abs=0.1)
    assert curves[FieldType.DATE].spoken == pytest.approx(0.7, abs=0.12)
    assert curves[FieldType.DATE].intercept == pytest.approx(1.0, abs=0.15)
    assert curves[FieldType.PHONE].intercept == pytest.approx(-1.0, abs=0.15)


def test_a_type_without_answers_follows_its_group() -> None:
    kinds = (FieldType.DATE, FieldType.URL)
    group = answers(FieldType.DATE, 300, 0.3)
    curves = fit_curves(kinds, group, [a.right for a in group])
    assert curves[FieldType.URL].value == curves[FieldType.DATE].value
    assert 0.1 < curves[FieldType.URL].at(0.6, 0.6) < 0.95


def test_silence_is_told_by_what_is_spoken_alone_and_a_likelier_value_is_never_less_useful() -> None:
    group = answers(FieldType.TEXT, 300, 0.3)
    silent = fit_curves((FieldType.TEXT,), group, [not a.gold for a in group], calibrate.SILENT)
    assert silent[FieldType.TEXT].value == 0.0
    assert silent[FieldType.TEXT].at(0.5, 0.9) < silent[FieldType.TEXT].at(0.5, 0.2)
    turned = fit_curves((FieldType.TEXT,), group, [not a.right for a in group])
    assert turned[FieldType.TEXT].value == calibrate.LEAST_SLOPE


def test_a_value_is_given_where_it_starts_to_pay() -> None:
    numbers = TypePolicy(useful=Curve(1.0, 0.0, 0.0), silent=Curve(0.0, -1.0, -2.0), least=0.4)
    assert numbers.floor(0.5) == pytest.approx(0.4)
    dear = replace(numbers, price=2.0)
    assert dear.floor(0.9) < dear.floor(0.5)
    assert dear.floor(0.05) > 1
    sure = replace(numbers, useful=Curve(1.0, 1.0, 0.0))
    assert sure.floor(0.9) < sure.floor(0.5)


def test_invented_values_are_held_down_and_types_that_seldom_are_silent_are_given_freely() -> None:
    given = answers(FieldType.CHOICE, 400, 0.02) + answers(FieldType.BOOLEAN, 400, 0.6)
    types = fit_policy(given)
    policy = Policy.from_dict(json.loads(json.dumps(types)), {})
    assert policy[FieldType.CHOICE].floor(0.4) < policy[FieldType.BOOLEAN].floor(0.4)
    silent = [a for a in given if not a.gold]
    invented = sum(a.given(policy[a.kind]) for a in silent) / len(silent)
    assert 0 < invented < calibrate.MAX_INVENTED + 0.04


def test_values_are_given_while_they_add_to_f1() -> None:
    given = answers(FieldType.TEXT, 500, 0.0)
    numbers = best_policy(given, {FieldType.TEXT: TypePolicy()})[FieldType.TEXT]
    f1 = {t: _f1(given, replace(numbers, least=t)) for t in (0.1, numbers.least, 0.9)}
    assert f1[numbers.least] == max(f1.values())


def _f1(given: list[Answered], numbers: TypePolicy) -> float:
    kept = [a for a in given if a.given(numbers)]
    return 2 * sum(a.right for a in kept) / (len(kept) + sum(bool(a.gold) for a in given))


def test_review_threshold_lies_between_wrong_and_right() -> None:
    confidence = np.array([0.2, 0.3, 0.4, 0.8, 0.9, 0.95, 0.97, 0.99])
    right = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    assert 0.3 <= review_threshold(confidence, right) <= 0.8


def test_supply_is_weighed_as_the_held_out_fields_say() -> None:
    def heard(addresses: int, said: bool) -> calibrate.Heard:
        text = " ".join(f"write to p{n}@example.org" for n in range(addresses))
        form = FormSpec((Field("mail", FieldType.EMAIL),))
        asked = Example("x", "en", "email", form, text, None, {"mail": NO_DATA})
        plans = {"mail": plan(form["mail"], text, ["en"], None)}
        answer = Decoded("mail", ("p0@example.org",), 0.9, 0.8)
        return calibrate.Heard(asked, {"mail": "p0@example.org" if said else None}, plans, (answer,))

    trusted = calibrate.fit_supply([heard(1, True)] * 19 + [heard(1, False)])
    assert trusted.spoken(0.2, 0.0) > 0.8  # the model alone says 0.2
    [judged] = calibrate.judge(heard(1, True), trusted)
    assert judged.right and judged.p_no_data < 0.2
    grown = calibrate.fit_supply([heard(1, False)] * 20 + [heard(5, True)] * 20)
    assert grown.gain > 0.5
