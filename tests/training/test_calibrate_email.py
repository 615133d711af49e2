"""The e-mail policy from revisions whose making is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from smartform.mail_policy import MailPolicy
from smartform.revision import Amount, Register
from tests.mails import FakeRewriter, FakeScorer
from training.calibrate_email import Outcome, Revised, best, outcome, revised, rewrite, surest
from training.rewrites import Rewrite
from training.word_edits import EditCounts


def example(draft: str, revision: str) -> Rewrite:
    return Rewrite("x:1", draft, revision, Amount.TONE, Register.NEUTRAL, ("neutral", "neutral"))


def vetted(rewriter: FakeRewriter, one: Rewrite, floor: float = 0.0) -> Revised:
    return revised(one, rewrite(rewriter, one, 1.5), FakeScorer(), floor)


def test_a_revision_is_compared_with_the_wanted_one() -> None:
    rewriter = FakeRewriter({"has": "have", "leter": "lettr"}, nats=6.0)
    found = vetted(rewriter, example("We has sent the leter.", "We have sent the letter."))
    errors = EditCounts(right=1, given=2, missed=1)
    assert found == Revised(
        False, True, pytest.approx(3.0), False, False, 0.0, right=1, wanted=2, errors=errors
    )
    assert rewriter.cautions == [1.5]


def test_unsure_changes_are_left_out_by_the_floor() -> None:
    rewriter = FakeRewriter({"has": "have", "leter": "lettr"}, unsure={"lettr": -4.0})
    found = vetted(rewriter, example("We has sent the leter.", "We have sent the letter."), floor=0.1)
    assert found.errors == EditCounts(right=1, given=1, missed=1)


def test_a_clean_text_left_alone() -> None:
    found = vetted(FakeRewriter({}), example("We have sent it.", "We have sent it."))
    assert (found.clean, found.changed, found.wanted) == (True, False, 0)


def test_margins_trade_corrections_for_clean_texts() -> None:
    examples = [
        Revised(True, True, 0.4, False, False, 0.0, 0, 0, EditCounts(given=1)),
        Revised(True, False, float("inf"), False, False, 0.0, 0, 0, EditCounts()),
        Revised(False, True, 0.25, False, False, 0.0, 1, 2, EditCounts(1, 1, 1)),
        Revised(False, True, 2.5, False, False, 0.0, 3, 4, EditCounts(3, 3, 1)),
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
        Revised(False, True, 1.0, rewords, impolite, 0.0, 1, 1, EditCounts())
        for rewords, impolite in ((False, True), (True, False), (True, True))
    )
    for number, chosen in enumerate((mended, reworded, calmed)):
        margins = [2.0, 2.0, 2.0]
        margins[number] = 0.5
        policy = MailPolicy(0.0, *margins)
        assert [one for one in (mended, reworded, calmed) if one.taken(policy)] == [chosen]


def test_a_rewording_of_what_is_said_to_be_impolite() -> None:
    draft, revision = "Send it now, stupid.", "Could you please mail it?"
    rude = replace(example(draft, revision), manner=("impolite", "negative"))
    found = vetted(FakeRewriter({draft: revision}), rude)
    assert (found.rewords, found.impolite) == (True, True) and found.rise > 0.5
    assert vetted(FakeRewriter({draft: "Mail it now, stupid."}), rude).rise == 0


def test_the_best_policy_leaves_enough_alone_and_then_corrects_most() -> None:
    def come(caution: float, margin: float, left: float, right: float, calmed: float = 0.0) -> Outcome:
        return Outcome(MailPolicy(caution, margin, margin, margin), left, right, calmed, 0.0)

    bold, careful, same = come(0, 0, 0.9, 0.9), come(0.5, 0.2, 0.98, 0.7), come(1, 0.1, 0.99, 0.7)
    assert best([bold, same, careful, come(3, 3, 1.0, 0.2)]) == careful
    assert best([bold, come(1, 1, 0.95, 0.1)]).left_alone == 0.95
    assert best([careful, calming := come(1, 1, 0.95, 0.6, 0.2)]) == calming


def test_calmed_are_impolite_drafts_that_are_revised_and_come_across_so() -> None:
    drafts = [Revised(False, True, -0.5, True, True, 0.4, 0, 1, EditCounts())] * 3
    drafts.append(Revised(False, True, 0.5, True, True, 0.0, 0, 1, EditCounts()))
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
