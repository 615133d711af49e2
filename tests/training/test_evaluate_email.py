"""The evaluation of the proofreader: edits of words, words that hold facts, tables."""

from __future__ import annotations

from typing import Any

import pytest

from smartform.mail_policy import MailPolicy
from smartform.proofread import Proofreader
from smartform.revision import Amount, ProofreadOptions, Revision
from tests.doors import ScriptedProofreader, ScriptedScorer
from tests.mails import FakeRewriter, FakeScorer
from training.evaluate_email import (
    ThroughApp,
    cell,
    harper,
    jfleg_cells,
    judge_mail,
    mail_cells,
    refusals,
    revise_tokens,
    table,
)
from training.word_edits import EditCounts, count_edits, edits, natural, protected, tokens


@pytest.mark.parametrize(
    "separated",
    [
        "So I think we can not live , and they did n't .",
        "It 's Tom 's ( or mine ) , is n't it ?",
        'He said " come in " and left ...',
        "Mr. Low pays 4,000.50 , etc. on 3/5 at 10:30 .",
        "We 're well-paid ; they 'll go : I 'd stay !",
    ],
)
def test_sentences_of_jfleg_come_back_as_they_were(separated: str) -> None:
    written = natural(separated)
    assert " ," not in written and " n't" not in written
    assert " ".join(tokens(written)) == separated


def test_edits_of_words() -> None:
    source = "i has teh old letter".split()
    assert edits(source, source) == frozenset()
    assert edits(source, "I have the letter now".split()) == {
        (0, 1, ("I",)), (1, 2, ("have",)), (2, 3, ("the",)), (3, 4, ()), (5, 5, ("now",)),
    }  # fmt: skip


def test_an_edit_is_right_if_any_person_made_it() -> None:
    source = "i has teh letter".split()
    people = ["I have the letter".split(), "I had the letters".split()]
    made = count_edits(source, "I had the letter today".split(), people)
    # "I", "had" and "the" are people's; "today" is nobody's; the first lacks "have", the second "letters".
    assert made == EditCounts(right=3, given=4, missed=1)
    assert (made.precision, made.recall) == (0.75, 0.75)
    assert made.f_half == pytest.approx(0.75)
    idle = count_edits(source, source, people)
    assert idle == EditCounts(0, 0, 3) and idle.precision == 1 and idle.recall == 0 == idle.f_half
    assert count_edits(source, source, [source]).f_half == 1


def test_words_that_hold_facts() -> None:
    mail = (
        "Dear Ms. Novak,\nSend 4711 to a.b@example.com or https://x.org by Monday. We WILL pay £389. I'm Tom"
    )
    assert set(protected(mail)) == {
        "Ms", "Novak", "4711", "a.b@example.com", "https://x.org", "Monday", "£389", "Tom",
    }  # fmt: skip


def mail(draft: str, revision: str, kind: str = "both", before: str = "impolite") -> dict[str, Any]:
    return {"draft": draft, "revision": revision, "kind": kind, "politeness_before": before}


RUDE = mail("Send teh bill 7. At once!", "Send the bill 7. Thank you.")
CLEAN = mail("All is well.", "All is well.", "clean", "neutral")


def test_a_mail_is_judged() -> None:
    scorer = ScriptedScorer()
    perfect = judge_mail(RUDE, lambda text: RUDE["revision"], scorer)
    assert perfect.edits.precision == perfect.edits.recall == 1
    assert (perfect.facts, perfect.kept, perfect.more_polite, perfect.left_alone) == (1, 1, True, None)
    idle = judge_mail(RUDE, lambda text: text, scorer)
    assert idle.more_polite is False and idle.edits.given == 0
    lossy = judge_mail(RUDE, lambda text: "Send the bill. Thank you.", scorer)
    assert (lossy.kept, lossy.more_polite) == (0, False), "a fact lost is no gain"
    assert judge_mail(CLEAN, lambda text: text, scorer).left_alone is True
    touched = judge_mail(CLEAN, lambda text: text + " ", scorer)
    assert touched.left_alone is False and touched.more_polite is None


def test_tables_have_every_figure_with_its_interval() -> None:
    cases = [judge_mail(row, lambda text: text, ScriptedScorer()) for row in (RUDE, CLEAN)]
    cells = mail_cells(cases)
    assert cells["left alone"].startswith("1.00 [1.00, 1.00]")
    assert cells["more polite"].startswith("0.00")
    assert cell(cases, lambda part: None) == "–"
    head, _, row = table([("unchanged", cells)]).splitlines()
    assert head == "| | P | R | F0.5 | left alone | kept | more polite | seconds |"
    assert row.startswith("| unchanged | 1.00")


def test_sentences_with_several_references() -> None:
    source = "I can not see teh old man , but he can see me very well ."
    rows = [{"src": source, "refs": [source.replace("teh", "the")] * 4}] * 3
    perfect = jfleg_cells(rows, lambda text: text.replace("teh", "the"))
    assert perfect["GLEU"] == "100.0 [100.0, 100.0]" and perfect["R"].startswith("1.00")
    idle = jfleg_cells(rows, lambda text: text)
    assert float(idle["GLEU"].split()[0]) < 70 and idle["F0.5"].startswith("0.00")


def test_a_sentence_left_alone_keeps_its_tokens() -> None:
    odd = "say\"hey them. `` a '' .".split()
    assert revise_tokens(odd, lambda text: text) == odd


def test_the_app_is_asked_and_a_refused_text_stays(capsys: pytest.CaptureFixture[str]) -> None:
    class Reader(Proofreader):
        def __init__(self) -> None:
            self._scripted = ScriptedProofreader()

        def proofread(self, draft: str, options: Any = None, **more: Any) -> Revision:
            return self._scripted.proofread(draft, options, **more)

    revise = ThroughApp(Reader(), ProofreadOptions())
    assert revise("teh bill") == "the bill"
    assert revise.refused == {}
    assert revise("BROKEN") == "BROKEN"
    assert "The model failed." in capsys.readouterr().out


def test_refusals_of_impolite_drafts_are_counted() -> None:
    rewriter = FakeRewriter({"order": "orders 12", "lazy": "late"})
    revise = ThroughApp(Proofreader(rewriter, None, MailPolicy()), ProofreadOptions(amount=Amount.REWRITE))
    rows = [mail("Your order is lazy, as you know.", ""), mail("You are so very lazy today.", ""),
            mail("The order is lazy today.", "", before="neutral")]  # fmt: skip
    cases = [judge_mail(row, revise, FakeScorer()) for row in rows]
    assert [row["draft"] in revise.refused for row in rows] == [True, False, True]
    told = refusals(rows, cases, revise.refused).splitlines()
    assert told[0] == "2 impolite drafts, 1 with refused changes, 1 of these not more polite"
    assert told[1:] == ["  1 × The revision would add …, which the draft does not say."]


def test_harper_mends_and_leaves_alone() -> None:
    revise = harper()
    assert revise("This is an test of it.") == "This is a test of it."
    assert revise("This is a test of it.") == "This is a test of it."
