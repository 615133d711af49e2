"""The e-mail policy from revisions whose making is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from smartform.engines.base import Preference, Proposal
from smartform.mail_policy import MailPolicy, Weights
from smartform.mail_prompts import RevisionPrompt
from smartform.mending import Judged
from smartform.results import Span
from smartform.revision import Amount, Register, Revision
from smartform.tone import Tone
from tests.mails import FakeJudge, FakeRewriter, FakeScorer
from training.calibrate_email import (
    Made,
    Outcome,
    Revised,
    best,
    corrected,
    first_round,
    fitted_abrupt,
    fitted_bar,
    fitted_weights,
    outcome,
    revised,
    rewrite,
    surest,
)
from training.rewrites import Rewrite
from training.word_edits import EditCounts


def example(draft: str, revision: str) -> Rewrite:
    return Rewrite("x:1", draft, revision, Amount.TONE, Register.NEUTRAL, ("neutral", "neutral"))


def likelier(start: int, end: int, text: str, nats: float) -> Judged:
    return Judged(Proposal(Span(start, end), text), Preference(nats, nats))


def vetted(rewriter: FakeRewriter, one: Rewrite, floor: float = 0.0) -> Revised:
    return revised(one, (), rewrite(rewriter, one, 1.5), FakeScorer(), floor)


def test_a_revision_is_compared_with_the_wanted_one() -> None:
    rewriter = FakeRewriter({"has": "have", "leter": "lettr"}, nats=6.0)
    found = vetted(rewriter, example("We has sent the leter.", "We have sent the letter."))
    errors = EditCounts(right=1, given=2, missed=1)
    untouched = Made(errors=EditCounts(missed=2))
    assert found == Revised(
        False, False, 2, untouched, Made(True, 1, errors), gain=pytest.approx(3.0), rewords=False
    )
    assert rewriter.cautions == [1.5]


def test_unsure_changes_are_left_out_by_the_floor() -> None:
    rewriter = FakeRewriter({"has": "have", "leter": "lettr"}, unsure={"lettr": -4.0})
    found = vetted(rewriter, example("We has sent the leter.", "We have sent the letter."), floor=0.1)
    assert found.revised.errors == EditCounts(right=1, given=1, missed=1)


def test_a_clean_text_left_alone() -> None:
    found = vetted(FakeRewriter({}), example("We have sent it.", "We have sent it."))
    assert (found.clean, found.revised.changed, found.wanted) == (True, False, 0)


def test_a_revision_that_is_not_taken_leaves_the_corrections() -> None:
    one = example("We has sent the leter.", "We have sent the letter.")
    found = [likelier(3, 6, "have", 1.5), likelier(16, 21, "latter", -2.5)]
    first = first_round(one, found, MailPolicy(bar=0.5))
    rewriter = FakeRewriter({"leter": "letter"}, nats=2.0)
    told = revised(one, first, rewrite(rewriter, one, 0.0, first), FakeScorer())
    assert rewriter.prompts[0].text == "We have sent the leter."
    assert told.made(MailPolicy(erring=9.0)).errors == EditCounts(1, 1, 1)
    assert told.made(MailPolicy()).errors == EditCounts(2, 2, 0)


def test_what_was_corrected_is_judged_again() -> None:
    one = example("We has sent the leter.", "We have sent the letter.")
    seen: list[str] = []

    def again(prompt: RevisionPrompt) -> list[Judged]:
        seen.append(prompt.text)
        return [likelier(17, 22, "letter", 3.0)]

    policy = MailPolicy(bar=0.5)
    edits = corrected(one, [likelier(3, 6, "have", 1.5)], policy, again)
    assert Revision(one.draft, edits).text == one.revision
    assert seen == ["We have sent the leter."]
    assert corrected(one, [likelier(3, 6, "have", -1.5)], policy, again) == ()
    assert len(seen) == 1


def test_the_bar_that_corrects_best_and_leaves_clean_texts() -> None:
    dirty, clean = (
        example("We has sent it.", "We have sent it."),
        example("We sent it off.", "We sent it off."),
    )
    mined = replace(dirty, id="harper:1")
    has = [likelier(3, 6, "have", 0.5)]

    def fitted(held: list[Rewrite], proposed: list[list[Judged]]) -> tuple[float, float]:
        policy = fitted_bar(held, proposed, Weights(plain=0.1))
        assert policy.weights == Weights(plain=0.1)
        return policy.bar, policy.faulty

    assert fitted([dirty], [has]) == (0.6, 0.0)
    assert fitted([dirty, clean], [has, [likelier(3, 7, "send", -0.5)]]) == (0.6, 0.0)
    likely = [likelier(3, 7, "send", 0.48)]
    assert fitted([dirty, clean], [has, likely]) == (math.inf, 0.0)
    assert fitted([dirty, clean], [[*has, likelier(13, 15, "that", -1.0)], likely]) == (0.6, 0.65)
    assert fitted([dirty, clean], [has, [likelier(3, 7, "send", 5.0)]]) == (math.inf, 0.0)
    assert fitted([mined], [has]) == (0.6, 0.0), "nothing speaks against the first that is tried"


def test_weights_tell_right_proposals_from_wrong_ones() -> None:
    """Half of the texts are wrong, and right is what is likelier as a text; what was asked tells nothing."""
    dirty = example("We has sent it.", "We have sent it.")
    clean = example("We has sent it.", "We has sent it.")
    right, wrong = (Judged(Proposal(Span(3, 6), "have"), Preference(1.0, nats)) for nats in (2.0, -2.0))
    hopeless = Judged(Proposal(Span(3, 6), "had"), Preference(-9.0))
    mined = replace(clean, id="harper:1")
    weights = fitted_weights(
        [dirty, clean, mined] * 50, [[right, hopeless], [wrong, hopeless], [right, hopeless]] * 50
    )
    assert weights.chance(right.proposal, right.preference) > 0.9
    assert weights.chance(wrong.proposal, wrong.preference) < 0.1
    assert weights.chance(hopeless.proposal, hopeless.preference) == 0.0


def test_margins_trade_corrections_for_clean_texts() -> None:
    examples = [
        Revised(True, False, 0, Made(), Made(True, 0, EditCounts(given=1)), 0.4, False),
        Revised(True, False, 0, Made(), Made(), float("inf"), False),
        Revised(
            False,
            False,
            2,
            Made(errors=EditCounts(missed=2)),
            Made(True, 1, EditCounts(1, 1, 1)),
            0.25,
            False,
        ),
        Revised(
            False, False, 4, Made(errors=EditCounts(missed=4)), Made(True, 3, EditCounts(3, 3, 1)), 2.5, False
        ),
    ]
    found = [outcome(MailPolicy(0.5, margin), examples) for margin in (0.0, 0.5, 3.0)]
    assert [(o.left_alone, o.corrected) for o in found] == [
        (0.5, pytest.approx(4 / 6)), (1.0, 0.5), (1.0, 0.0)
    ]  # fmt: skip
    assert [o.f_half for o in found] == [
        pytest.approx(EditCounts(4, 5, 2).f_half), pytest.approx(EditCounts(3, 3, 3).f_half), 0.0
    ]  # fmt: skip


def test_each_kind_of_revision_has_its_margin() -> None:
    mended, reworded, calmed = (
        Revised(False, impolite, 1, Made(), Made(True, 1), 1.0, rewords)
        for rewords, impolite in ((False, True), (True, False), (True, True))
    )
    for number, chosen in enumerate((mended, reworded, calmed)):
        margins = [2.0, 2.0, 2.0]
        margins[number] = 0.5
        policy = MailPolicy(0.0, *margins)
        assert [one for one in (mended, reworded, calmed) if one.taken(policy)] == [chosen]


def test_what_was_corrected_has_a_margin_of_its_own() -> None:
    clean, erring = (
        Revised(False, False, 2, Made(changed), Made(True, 2), 1.0, False) for changed in (False, True)
    )
    assert [one.taken(MailPolicy(errors=2.0, erring=0.5)) for one in (clean, erring)] == [False, True]
    assert [one.taken(MailPolicy(errors=0.5, erring=2.0)) for one in (clean, erring)] == [True, False]


def test_a_rewording_of_what_is_said_to_be_impolite() -> None:
    draft, revision = "Send it now, stupid.", "Could you please mail it?"
    rude = replace(example(draft, revision), manner=("impolite", "negative"))
    found = vetted(FakeRewriter({draft: revision}), rude)
    assert (found.rewords, found.impolite) == (True, True) and found.revised.rise > 0.5
    assert vetted(FakeRewriter({draft: "Mail it now, stupid."}), rude).revised.rise == 0


def test_the_best_policy_leaves_enough_alone_and_then_corrects_most() -> None:
    def come(caution: float, margin: float, left: float, right: float, calmed: float = 0.0) -> Outcome:
        return Outcome(MailPolicy(caution, margin, margin, margin), left, right, calmed, 0.0)

    bold, careful, same = come(0, 0, 0.9, 0.9), come(0.5, 0.2, 0.98, 0.7), come(1, 0.1, 0.99, 0.7)
    assert best([bold, same, careful, come(3, 3, 1.0, 0.2)]) == careful
    assert best([bold, come(1, 1, 0.95, 0.1)]).left_alone == 0.95
    assert best([careful, calming := come(1, 1, 0.95, 0.6, 0.2)]) == calming


def test_calmed_are_impolite_drafts_that_are_revised_and_come_across_so() -> None:
    drafts = [Revised(False, True, 1, Made(), Made(True, rise=0.4), -0.5, True)] * 3
    drafts.append(Revised(False, True, 1, Made(), Made(True), 0.5, True))
    assert outcome(MailPolicy(impolite=-1.0), drafts).calmed == 0.75
    assert outcome(MailPolicy(impolite=0.0), drafts).calmed == 0.0
    assert outcome(MailPolicy(impolite=0.0, rise=0.4), drafts).calmed == 0.75
    assert outcome(MailPolicy(impolite=0.0, rise=0.5), drafts).calmed == 0.0


def test_the_floor_is_the_lowest_with_the_best_errors() -> None:
    found = [
        Outcome(MailPolicy(floor=floor), 1.0, 0.5, 0.0, f)
        for floor, f in ((0.0, 0.4), (0.2, 0.5), (0.1, 0.5))
    ]
    assert surest(found).policy.floor == 0.1
    assert surest([*found, Outcome(MailPolicy(floor=0.3), 1.0, 0.5, 0.2, 0.4)]).policy.floor == 0.3


def test_paragraphs_are_blunt_enough_up_to_the_first_clean_text_with_a_courtesy() -> None:
    class Scorer:
        def score(self, texts: Sequence[str]) -> tuple[Tone, ...]:
            """'now' is impolite by a quarter."""
            return tuple(Tone((0.0, 1.0, 0.0), (0.25 * ("now" in t), 0.7, 0.0)) for t in texts)

    judge = FakeJudge({}, {"Please send": 1.0, "Please bring": -9.0})
    order, other = "Send the keys now.", "Bring the keys now."
    assert fitted_abrupt([example(order, order), example(other, other)], judge, Scorer()) == -0.3
    assert fitted_abrupt([example(other, other)], judge, Scorer()) == 0.0
    wanted = "Could you please send the keys now?"
    assert fitted_abrupt([example(order, wanted)], judge, Scorer()) == 0.0
