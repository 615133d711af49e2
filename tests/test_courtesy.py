"""Orders that become requests where a paragraph is impolite, and only there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from smartform.courtesy import Courtesies
from smartform.mail_policy import MailPolicy
from smartform.proofread import Proofreader
from smartform.revision import Amount, EditKind, ProofreadOptions, Register, Revision
from smartform.tone import Tone
from tests.mails import FakeJudge, FakeRewriter, FakeScorer

INSULT = "You are stupid and lazy. "
RUDE = INSULT + "Send the 3 keys by Friday. I want my deposit back."
CALM = "Please send the 3 keys by Friday. I would like my deposit back."
AGREED = {"Please send": 2.0, "I would like": -3.0}


class GradedScorer:
    """A `ToneScorer`: 'stupid' makes a text impolite, 'now' blunt, each courtesy less so."""

    def score(self, texts: Sequence[str]) -> tuple[Tone, ...]:
        """By the words."""
        return tuple(self._score(text.lower()) for text in texts)

    def _score(self, text: str) -> Tone:
        courtesies = text.count("please") + text.count("would like")
        blunt = 0.8 if "stupid" in text else 0.4 if "now" in text else 0.05
        impolite = max(0.05, blunt - 0.1 * courtesies)
        return Tone((0.2, 0.6, 0.2), (impolite, 0.95 - impolite, 0.05))


def proposed(text: str) -> list[tuple[str, str]]:
    return [(text[p.span.start : p.span.end], p.replacement) for p in Courtesies().proposals(text)]


def proofread(
    draft: str,
    amount: Amount = Amount.TONE,
    likelier: Mapping[str, float] = AGREED,
    script: Mapping[str, str] | None = None,
    **policy: Any,
) -> Revision:
    judge = FakeJudge(script or {}, likelier)
    proofreader = Proofreader(judge, GradedScorer(), MailPolicy(**policy))
    return proofreader.proofread(draft, ProofreadOptions(amount=amount))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Send it now.", [("Send", "Please send")]),
        ("It is late. STOP it, and reset the server.", [("STOP", "Please stop")]),
        ("I want my money back. Bring it.", [("I want", "I would like"), ("Bring", "Please bring")]),
        ("I demand to know why.", [("I demand", "I would like")]),
        (
            "I demand an answer, and we want to leave.",
            [("I demand", "I would like"), ("we want", "we would like")],
        ),
        ("We want to leave.", [("We want", "We would like")]),
        ("Please send it. Thank you. Could you ring me? You want this, Let's go.", []),
        ("STOP. The door is open.", []),
    ],
)
def test_orders_and_wants_are_proposed_otherwise(text: str, expected: list[tuple[str, str]]) -> None:
    assert proposed(text) == expected


def test_courtesies_that_the_model_agrees_with_are_made_in_an_impolite_paragraph() -> None:
    revision = proofread(RUDE)
    assert revision.text == INSULT + CALM
    assert {edit.kind for edit in revision.edits} == {EditKind.TONE}
    assert all(edit.probability is not None and 0 < edit.probability < 1 for edit in revision.edits)


def test_one_that_the_model_finds_out_of_place_is_not() -> None:
    revision = proofread(RUDE, likelier={"Please send": 2.0, "I would like": -8.0})
    assert revision.text == RUDE.replace("Send", "Please send")


def test_they_go_with_what_the_model_revised() -> None:
    revision = proofread(RUDE.replace("keys", "kees"), script={"kees": "keys"})
    assert revision.text == INSULT + CALM
    assert len(revision.edits) == 3


@pytest.mark.parametrize(
    ("draft", "amount", "likelier"),
    [
        ("Send the 3 keys by Friday. I want my deposit back.", Amount.TONE, AGREED),
        (RUDE, Amount.ERRORS, AGREED),
        (RUDE, Amount.TONE, {"Please send": -9.0}),
    ],
    ids=["not impolite", "errors alone", "out of place"],
)
def test_else_the_paragraph_is_left(draft: str, amount: Amount, likelier: Mapping[str, float]) -> None:
    assert not proofread(draft, amount, likelier).changed


def test_a_mail_that_shall_sound_firm_is_left_firm() -> None:
    proofreader = Proofreader(FakeJudge({}, AGREED), GradedScorer(), MailPolicy())
    firm = ProofreadOptions(amount=Amount.TONE, register=Register.FIRM)
    assert not proofreader.proofread(RUDE, firm).changed


def test_those_that_make_it_no_more_polite_are_not_made() -> None:
    proofreader = Proofreader(FakeJudge({}, AGREED), FakeScorer(), MailPolicy())  # which hears 'stupid' alone
    assert not proofreader.proofread(RUDE, ProofreadOptions(amount=Amount.TONE)).changed


def test_a_revision_that_is_polite_enough_needs_none() -> None:
    ruder = RUDE.replace("Send the", "Now send the")
    assert proofread(ruder, script={ruder: CALM}, rise=0.1).text == CALM


def test_a_model_that_cannot_judge_makes_none() -> None:
    proofreader = Proofreader(FakeRewriter({}), GradedScorer(), MailPolicy())
    assert not proofreader.proofread(RUDE, ProofreadOptions(amount=Amount.TONE)).changed


def test_a_paragraph_that_is_nearly_impolite_gets_them_where_the_policy_says_so() -> None:
    blunt = "Send the 3 keys now."
    assert not proofread(blunt).changed
    assert not proofread(blunt, abrupt=-0.4).changed
    assert proofread(blunt, abrupt=-0.3).text == "Please send the 3 keys now."
