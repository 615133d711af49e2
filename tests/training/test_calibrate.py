"""Thresholds and curves from raw answers whose making is known."""

from __future__ import annotations

import json
import math
import random

import numpy as np
import pytest

from smartform.constraints import plan
from smartform.engines.base import Decoded
from smartform.policy import Policy
from smartform.prompts import NO_DATA
from smartform.schema import Field, FieldType, FormSpec
from training import calibrate
from training.calibrate import (
    Answered,
    Curve,
    Hope,
    best_thresholds,
    fit_curves,
    fit_policy,
    review_threshold,
    silent_shares,
    threshold,
    weighted,
)
from training.examples import Example


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


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


def test_curves_find_the_slope_and_each_types_shift() -> None:
    rng = random.Random(1)
    kinds = (FieldType.DATE, FieldType.PHONE)
    group, right = [], []
    for number in range(4_000):
        kind, score = kinds[number % 2], rng.uniform(0.02, 0.98)
        shift = 1.0 if kind is FieldType.DATE else -1.0
        group.append(Answered(kind, 1 - score, 1.0, "x", "x"))
        right.append(rng.random() < logistic(0.5 * math.log(score / (1 - score)) + shift))
    curves = fit_curves(kinds, group, [a.score for a in group], right, (1.0, 0.0))
    assert curves[FieldType.DATE].slope == pytest.approx(0.5, abs=0.08)
    assert curves[FieldType.DATE].intercept == pytest.approx(1.0, abs=0.15)
    assert curves[FieldType.PHONE].intercept == pytest.approx(-1.0, abs=0.15)


def test_a_type_without_answers_follows_its_group() -> None:
    kinds = (FieldType.DATE, FieldType.URL)
    group = answers(FieldType.DATE, 300, 0.3)
    curves = fit_curves(kinds, group, [a.score for a in group], [a.right for a in group], (1.0, 0.0))
    assert curves[FieldType.URL].slope == curves[FieldType.DATE].slope
    assert 0.1 < curves[FieldType.URL].at(0.6) < 0.95


def test_the_threshold_is_where_a_value_starts_to_pay() -> None:
    hope = Hope(Curve(1.0, 0.0), Curve(-1.0, -2.0))
    assert threshold(hope, 0.4, 0.0) == pytest.approx(0.4, abs=0.026)
    assert threshold(hope, 0.4, 2.0) > threshold(hope, 0.4, 0.0)
    assert threshold(Hope(Curve(0.0, -9.0), Curve(0.0, 0.0)), 0.4, 0.0) == calibrate.GRID[-1]


def test_invented_values_are_held_down_and_types_that_seldom_are_silent_are_given_freely() -> None:
    given = answers(FieldType.CHOICE, 400, 0.02) + answers(FieldType.BOOLEAN, 400, 0.6)
    types = fit_policy(given)
    policy = Policy.from_dict(json.loads(json.dumps(types)), {})
    assert policy[FieldType.CHOICE].accept < policy[FieldType.BOOLEAN].accept
    silent = [a for a in given if not a.gold]
    invented = sum(a.evidence >= policy[a.kind].accept for a in silent) / len(silent)
    assert 0 < invented < calibrate.MAX_INVENTED + 0.04


def test_values_are_given_while_they_add_to_f1() -> None:
    given = answers(FieldType.TEXT, 500, 0.0)
    every = Hope(Curve(1.0, 0.0), Curve(0.0, -9.0))
    bars = best_thresholds(given, {FieldType.TEXT: every})
    f1 = {t: _f1(given, t) for t in (0.1, bars[FieldType.TEXT], 0.9)}
    assert f1[bars[FieldType.TEXT]] == max(f1.values())


def _f1(given: list[Answered], bar: float) -> float:
    kept = [a for a in given if a.evidence >= bar]
    return 2 * sum(a.right for a in kept) / (len(kept) + sum(bool(a.gold) for a in given))


def test_review_threshold_lies_between_wrong_and_right() -> None:
    confidence = np.array([0.2, 0.3, 0.4, 0.8, 0.9, 0.95, 0.97, 0.99])
    right = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    assert 0.3 <= review_threshold(confidence, right) <= 0.8


def test_answers_count_as_many_texts_say_that_their_kind_is_silent() -> None:
    given = answers(FieldType.BOOLEAN, 100, 0.05, seed=3)
    shown = sum(not a.gold for a in given)
    counted = weighted(given, {FieldType.BOOLEAN: 2 * shown / 100})
    assert sum(a.weight for a in counted if not a.gold) == pytest.approx(2 * shown)
    assert sum(a.weight for a in counted) == pytest.approx(100)
    assert weighted(given, {}) == given


def test_silent_shares_are_those_of_all_rows() -> None:
    form = FormSpec((Field("name"), Field("city"), Field("paid", FieldType.BOOLEAN)))
    example = Example("a", "en", "note", form, "Ann", None, {})
    rows = [(example, {"name": "Ann", "city": None, "paid": None})]
    assert silent_shares(rows) == {FieldType.TEXT: 0.5, FieldType.BOOLEAN: 1.0}


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
