"""The e-mail policy from revisions whose making is known."""

from __future__ import annotations

import pytest

from smartform.mail_policy import MailPolicy
from smartform.revision import Amount, Register
from tests.mails import FakeRewriter
from training.calibrate_email import MARGINS, Outcome, Revised, best, revised, try_margins
from training.rewrites import Rewrite


def example(draft: str, revision: str) -> Rewrite:
    return Rewrite("x:1", draft, revision, Amount.TONE, Register.NEUTRAL, ("neutral", "neutral"))


def test_a_revision_is_compared_with_the_wanted_one() -> None:
    rewriter = FakeRewriter({"has": "have", "leter": "lettr"}, nats=6.0)
    found = revised(rewriter, example("We has sent the leter.", "We have sent the letter."), 1.5)
    assert found == Revised(clean=False, changed=True, gain=pytest.approx(3.0), right=1, wanted=2)
    assert rewriter.cautions == [1.5]


def test_a_clean_text_left_alone() -> None:
    found = revised(FakeRewriter({}), example("We have sent it.", "We have sent it."), 0.0)
    assert (found.clean, found.changed, found.wanted) == (True, False, 0)


def test_margins_trade_corrections_for_clean_texts() -> None:
    examples = [
        Revised(True, True, 0.4, 0, 0),
        Revised(True, False, float("inf"), 0, 0),
        Revised(False, True, 0.25, 1, 2),
        Revised(False, True, 2.5, 3, 4),
    ]
    found = {o.policy.margin: (o.left_alone, o.corrected) for o in try_margins(0.5, examples)}
    assert list(found) == list(MARGINS)
    assert found[0.0] == (0.5, pytest.approx(4 / 6))
    assert found[0.5] == (1.0, 0.5)
    assert found[3.0] == (1.0, 0.0)


def test_the_best_policy_leaves_enough_alone_and_then_corrects_most() -> None:
    def outcome(caution: float, margin: float, left: float, right: float) -> Outcome:
        return Outcome(MailPolicy(caution, margin), left, right)

    bold, careful, same = outcome(0, 0, 0.9, 0.9), outcome(0.5, 0.2, 0.98, 0.7), outcome(1, 0.1, 0.99, 0.7)
    assert best([bold, same, careful, outcome(3, 3, 1.0, 0.2)]) == careful
    assert best([bold, outcome(1, 1, 0.95, 0.1)]).left_alone == 0.95
