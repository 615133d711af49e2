"""What a text holds of a type, weighed with what the model says."""

from __future__ import annotations

import math
from datetime import date

import pytest

from smartform.constraints import plan
from smartform.engines.base import Decoded
from smartform.fill import Filler
from smartform.policy import Policy, TypePolicy
from smartform.schema import Field, FieldType, FormSpec
from smartform.supply import MODEL_ALONE, Supply, supplies, weighed
from smartform.values import languages_of
from tests.fakes import Cue, ScriptedEngine

TEXT = "Write to ann@example.org or to bob@example.org. We arrive on 3 May 2026. There are 4 of us."
TODAY = date(2026, 3, 14)
FIELDS = (
    Field("mail", FieldType.EMAIL),
    Field("arrival", FieldType.DATE),
    Field("departure", FieldType.DATE),
    Field("guests", FieldType.INTEGER),
    Field("phone", FieldType.PHONE),
    Field("name"),
)


def test_supply_is_what_the_text_holds_for_each_field_of_a_type() -> None:
    plans = {f.name: plan(f, TEXT, languages_of(TEXT), TODAY) for f in FIELDS}
    found = supplies(plans)
    assert found.keys() == {"mail", "arrival", "departure"}  # no phone number in it; figures are no sign
    assert found["mail"] == pytest.approx(math.log(2))
    assert found["arrival"] == found["departure"] == pytest.approx(math.log(1 / 2))


@pytest.mark.parametrize("supply", [-1.0, 0.0, 2.0])
@pytest.mark.parametrize("probability", [0.05, 0.5, 0.9])
def test_needed_undoes_spoken(probability: float, supply: float) -> None:
    weights = Supply(slope=0.5, gain=0.9, lift=1.4)
    assert weights.needed(weights.spoken(probability, supply), supply) == pytest.approx(probability, abs=1e-3)
    assert MODEL_ALONE.spoken(probability, supply) == pytest.approx(probability)


def test_more_supply_makes_an_answer_likelier() -> None:
    weights = Supply(slope=0.5, gain=1.0, lift=0.0)
    answer = Decoded("mail", ("ann@example.org",), 1.0, 0.5)
    plenty, scarce = (weighed(answer, supply, weights).p_no_data for supply in (1.0, -1.0))
    assert plenty is not None and scarce is not None
    assert plenty < 0.5 < scarce
    assert weighed(answer, None, weights) == answer


def test_a_field_that_the_model_doubts_is_filled_where_the_text_can_mean_no_other() -> None:
    engine = ScriptedEngine({"mail": Cue("ann@example.org", sure=0.5)})
    types = {FieldType.EMAIL: TypePolicy(accept=0.35)}
    text = "Write to ann@example.org."
    form = FormSpec((FIELDS[0],))
    doubted = Filler(engine, Policy(types)).fill(form, text)
    assert doubted["mail"].value is None
    trusted = Filler(engine, Policy(types, Supply(lift=1.5))).fill(form, text)
    assert trusted["mail"].value == "ann@example.org"
