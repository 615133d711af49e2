"""A checker's corrections: which are made, and what becomes of them when the paragraph is revised, too."""

from itertools import pairwise
from random import Random

import pytest

from smartform.engines.base import Judge, Preference, Proposal
from smartform.mail_policy import MailPolicy, Weights
from smartform.mending import Judged, chosen, composed, faultiness, weighed
from smartform.proofread import Proofreader
from smartform.results import Span
from smartform.revision import Amount, Edit, EditKind, ProofreadOptions, Refused, Revision
from smartform.vetting import Vetted
from tests.mails import FakeChecker, FakeJudge, FakeRewriter

POLICY = MailPolicy(bar=0.3)
REWRITE = ProofreadOptions(amount=Amount.REWRITE)
KNOWN = {"recieved": "received|relieved", "was": "were", "Gila": "Giulia", "seperate": "separate"}
LIKELIER = {"received": 4.0, "relieved": 1.0, "were": 2.0, "Giulia": 9.0, "separate": -3.0}


def proofread(draft: str, script: dict[str, str], amount: Amount = Amount.TONE, policy: MailPolicy = POLICY):
    judge = FakeJudge(script, LIKELIER)
    assert isinstance(judge, Judge)
    return Proofreader(judge, None, policy, FakeChecker(KNOWN)).proofread(
        draft, ProofreadOptions(amount=amount)
    )


def likelier(start: int, end: int, text: str, nats: float) -> Judged:
    return Judged(Proposal(Span(start, end), text), Preference(nats, 0.0))


def edit(
    start: int, end: int, text: str, kind: EditKind = EditKind.SPELLING, sure: float | None = 0.9
) -> Edit:
    return Edit(Span(start, end), text, kind, sure)


def test_the_best_of_each_place_that_passes_the_bar() -> None:
    found = [
        likelier(0, 4, "a", 1.0),
        likelier(0, 4, "b", 2.0),
        likelier(2, 9, "c", 1.5),
        likelier(4, 6, "touches b", 1.8),
        likelier(9, 9, "d", -0.5),
        likelier(9, 9, "f", -0.7),
        likelier(12, 13, "e", -1.0),
        Judged(Proposal(Span(20, 21), "out of the question"), Preference(9.0)),
    ]
    made = chosen(found, POLICY)
    assert [one.proposal.replacement for one in made] == ["b", "d"]
    assert [one.chance for one in made] == pytest.approx([0.881, 0.378], abs=0.001)
    assert chosen(found, MailPolicy(bar=0.9)) == []


def test_what_was_corrected_is_judged_once_more_and_told_each_time() -> None:
    known = {"recieved": "relieved", "relieved": "received", "received": "deceived"}
    judge, said = FakeJudge({}, dict.fromkeys(("relieved", "received", "deceived"), 4.0)), list[str]()
    draft = "We recieved it and  left."
    found = Proofreader(judge, None, POLICY, FakeChecker(known)).proofread(draft, on_text=said.append)
    assert found.text == "We received it and  left."
    assert [(e.span, e.replacement) for e in found.edits] == [(Span(3, 11), "received")]
    assert said[:2] == ["We relieved it and  left.", "We received it and  left."]


def test_the_second_judgement_does_not_ask_whether_anything_is_wrong() -> None:
    known, sure = {"recieve": "receive", "receive": "received"}, {"receive": 4.0, "received": 0.5}
    policy = MailPolicy(bar=0.55, faulty=0.9)

    def revision(draft: str) -> str:
        return Proofreader(FakeJudge({}, sure), None, policy, FakeChecker(known)).proofread(draft).text

    assert revision("They receive it.") == "They receive it."
    assert revision("They recieve it.") == "They received it."


def test_nothing_is_corrected_where_it_is_unlikely_that_anything_is_wrong() -> None:
    """Two that are each as likely as not: three in four that one of them is right."""
    found = [likelier(0, 4, "a", 0.0), likelier(0, 4, "meets a", -0.1), likelier(9, 12, "b", 0.0)]
    assert faultiness(weighed(found, Weights())) == pytest.approx(0.75)
    assert len(chosen(found, MailPolicy(bar=0.3, faulty=0.74))) == 2
    assert chosen(found, MailPolicy(bar=0.3, faulty=0.76)) == []
    assert chosen(found[:1], MailPolicy(bar=0.3, faulty=0.74)) == []
    assert chosen([], MailPolicy(bar=0.3)) == []


def test_what_the_model_agrees_with_is_made_and_no_name_is_touched() -> None:
    revision = proofread("Our team was glad that we recieved the seperate box from Gila.", {})
    assert revision.text == "Our team were glad that we received the seperate box from Gila."
    assert [(e.replacement, e.kind) for e in revision.edits] == [
        ("were", EditKind.GRAMMAR), ("received", EditKind.SPELLING)
    ]  # fmt: skip
    assert [e.probability for e in revision.edits] == pytest.approx([0.881, 0.982], abs=0.001)
    assert revision.refused == ()


def test_the_model_revises_what_is_corrected_and_both_are_edits_of_the_draft() -> None:
    draft = "Dear all,\n\nWe  was there and  recieved the letter. It say much."
    judge = FakeJudge({"say": "says", "received": "obtained"}, LIKELIER, nats=9.0)
    revision = Proofreader(judge, None, POLICY, FakeChecker(KNOWN)).proofread(draft, REWRITE)
    assert judge.prompts[-1].text == "We were there and received the letter. It say much."
    assert revision.text == "Dear all,\n\nWe  were there and  obtained the letter. It says much."
    assert [draft[e.span.start : e.span.end] for e in revision.edits] == ["was", "recieved", "say"]


def test_corrections_stay_where_the_revision_is_refused() -> None:
    revision = proofread("We was there in 2019.", {"2019": "2020"})
    assert revision.text == "We were there in 2019."
    assert revision.refused == ()
    assert [r.span for r in proofread("We are there in 2019.", {"2019": "2020"}).refused] == [Span(0, 21)]


def test_a_corrected_paragraph_has_a_margin_of_its_own() -> None:
    policy = MailPolicy(bar=0.3, errors=3.0, erring=1.0)
    script = {"happend": "happened"}

    def text(draft: str) -> str:
        reader = Proofreader(FakeJudge(script, LIKELIER, nats=2.0), None, policy, FakeChecker(KNOWN))
        return reader.proofread(draft).text

    assert text("We was there when it happend.") == "We were there when it happened."
    assert text("We were there when it happend.") == "We were there when it happend."


def test_a_paragraph_that_outgrows_the_model_by_its_corrections_is_only_corrected() -> None:
    judge = FakeJudge({"there": "here"}, {"every time": 2.0}, paragraph_tokens=6)
    reader = Proofreader(judge, None, POLICY, FakeChecker({"everytime": "every time"}))
    assert reader.proofread("We meet there everytime it rains.").text == "We meet there every time it rains."
    assert judge.prompts == []


def test_a_model_that_cannot_judge_or_a_bar_that_none_passes() -> None:
    draft = "We was there."
    assert not Proofreader(FakeRewriter({}), None, POLICY, FakeChecker(KNOWN)).proofread(draft).changed
    assert not proofread(draft, {}, policy=MailPolicy()).changed


def test_edits_that_meet_become_one() -> None:
    source = "a bad cat sat"
    first = [edit(2, 5, "good", sure=0.9)]
    then = Vetted((edit(0, 6, "fine", EditKind.TONE, 0.5), edit(11, 14, "stood", EditKind.GRAMMAR, None)))
    found = composed(source, first, then)
    assert Revision(source, found.edits).text == "fine cat stood"
    assert found.edits[0] == edit(0, 5, "fine", EditKind.TONE, 0.5)


def test_a_correction_that_the_revision_takes_back_is_none() -> None:
    found = composed("a bad cat", [edit(2, 5, "good")], Vetted((edit(2, 6, "bad"),)))
    assert found.edits == ()


def test_what_is_refused_is_told_in_places_of_the_draft() -> None:
    first = [edit(0, 3, "those"), edit(8, 9, "")]
    refused = [Refused(Span(6, 9), "why"), Refused(Span(11, 14), "so"), Refused(Span(2, 9), "corrected")]
    found = composed("the big a cat", first, Vetted(refused=tuple(refused)))
    assert found.refused == (Refused(Span(4, 7), "why"), Refused(Span(10, 13), "so"))


def test_two_rounds_of_any_edits_come_to_the_same_text() -> None:
    rng = Random(5)
    for _ in range(2_000):
        source = "".join(rng.choice("ab cd") for _ in range(rng.randrange(0, 14)))
        first = drawn(rng, source)
        middle = Revision(source, first).text
        then = drawn(rng, middle)
        found = composed(source, first, Vetted(then))
        assert Revision(source, found.edits).text == Revision(middle, then).text
        assert all(one.span.end < other.span.start for one, other in pairwise(found.edits))


def drawn(rng: Random, text: str) -> tuple[Edit, ...]:
    """Edits that do not touch."""
    edits, place = [], 0
    while place <= len(text) and rng.random() < 0.7:
        start = rng.randint(place, len(text))
        end = min(len(text), start + rng.randrange(4))
        edits.append(edit(start, end, "".join(rng.choice("xyz") for _ in range(rng.randrange(4)))))
        place = end + 1
    return tuple(edits)
