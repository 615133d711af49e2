"""What a text holds of a type, weighed with what the model says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date

import pytest

from smartform.constraints import plan
from smartform.engines.base import Branch, Cancel, Decoded, never
from smartform.fill import Filler
from smartform.policy import Policy, TypePolicy
from smartform.prompts import Prompt
from smartform.schema import Field, FieldType, FormSpec
from smartform.supply import MODEL_ALONE, Supply, supplies, weighed
from smartform.values import languages_of
from tests.fakes import Cue, ScriptedEngine


class Asked(ScriptedEngine):
    """Remembers what it was asked."""

    branches: Sequence[Branch] = ()

    def decode(
        self, prompt: Prompt, branches: Sequence[Branch], *, cancel: Cancel = never
    ) -> Iterator[Decoded]:
        self.branches = branches
        return super().decode(prompt, branches, cancel=cancel)


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


def test_an_engine_is_told_what_of_its_own_word_comes_to_enough() -> None:
    policy = Policy({FieldType.EMAIL: TypePolicy(least=0.4)}, Supply(slope=0.5, gain=0.9, lift=1.4))
    engine = Asked({})
    Filler(engine, policy).fill(FormSpec(FIELDS[:1]), TEXT)
    [branch] = engine.branches
    for spoken in (0.05, 0.3, 0.9):
        shares = branch.floor(spoken) / spoken  # of the value among values, from which on it is given
        assert shares * policy.supply.spoken(spoken, math.log(2)) == pytest.approx(0.4)


@pytest.mark.parametrize("probability", [0.05, 0.5, 0.9])
def test_without_weights_the_models_word_stays(probability: float) -> None:
    assert MODEL_ALONE.spoken(probability, 2.0) == pytest.approx(probability)


def test_more_supply_makes_an_answer_likelier() -> None:
    weights = Supply(slope=0.5, gain=1.0, lift=0.0)
    answer = Decoded("mail", ("ann@example.org",), 1.0, 0.5)
    plenty, scarce = (weighed(answer, supply, weights).p_no_data for supply in (1.0, -1.0))
    assert plenty is not None and scarce is not None
    assert plenty < 0.5 < scarce
    assert weighed(answer, None, weights) == answer


def test_a_field_that_the_model_doubts_is_filled_where_the_text_can_mean_no_other() -> None:
    engine = ScriptedEngine({"mail": Cue("ann@example.org", sure=0.5)})
    types = {FieldType.EMAIL: TypePolicy(least=0.35)}
    text = "Write to ann@example.org."
    form = FormSpec((FIELDS[0],))
    doubted = Filler(engine, Policy(types)).fill(form, text)
    assert doubted["mail"].value is None
    trusted = Filler(engine, Policy(types, Supply(lift=1.5))).fill(form, text)
    assert trusted["mail"].value == "ann@example.org"
