"""Proofreading: what is kept of a model's revisions, and what of the draft whatever the model writes."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from smartform.alignment import tokens_of
from smartform.edit_kinds import KEPT
from smartform.engines.base import Rewriter
from smartform.errors import Cancelled, TextError
from smartform.mail_layout import prose
from smartform.mail_policy import MailPolicy, shipped
from smartform.negation import turned
from smartform.proofread import MAX_CHARS, Proofreader
from smartform.protect import names_of, protected
from smartform.revision import Amount, EditKind, ProofreadOptions, Register
from smartform.tone import ToneScorer
from tests.mails import EVERYTHING, FakeRewriter, FakeScorer

NEUTRAL = MailPolicy()


def proofread(draft, script, amount=Amount.REWRITE, *, scorer=None, policy=NEUTRAL, **how):
    rewriter = FakeRewriter(script, **how)
    revision = Proofreader(rewriter, scorer, policy).proofread(draft, ProofreadOptions(amount=amount))
    assert revision.draft == draft == revision.accept([])
    return revision


def edits(revision):
    return [(revision.draft[e.span.start : e.span.end], e.replacement, e.kind) for e in revision.edits]


def test_fakes_are_what_they_stand_for():
    assert isinstance(FakeRewriter({}), Rewriter)
    assert isinstance(FakeScorer(), ToneScorer)


def test_a_mail_with_everything_keeps_all_but_what_was_mended():
    mended = {"has": "have", "say": "says", "was": "were", "wich": "which", "Who's": "Whose", "needs": "need",
              "oter": "other", "looks": "look", "you're": "your", "pls": "please"}  # fmt: skip
    expected = EVERYTHING
    for old, new in [
        ("I has read", "I have read"), ("It say", "It says"), ("trucks was", "trucks were"),
        ("Points wich", "Points which"), ("Who's laptops still needs", "Whose laptops still need"),
        ("oter thing", "other thing"), ("I looks", "I look"), ("you're answer", "your answer"),
    ]:  # fmt: skip
        assert old in expected
        expected = expected.replace(old, new)
    # 'pls' stands in a quotation: it is left, and so is the grammar of its sentence.
    revision = proofread(EVERYTHING, mended)
    assert len(revision.refused) == 1
    assert "quotation" in revision.refused[0].reason
    assert revision.text == expected.replace("It says that 14 trucks were", "It say that 14 trucks was")


def test_nothing_to_change_leaves_the_draft():
    revision = proofread(EVERYTHING, {}, scorer=FakeScorer())
    assert not revision.changed
    assert revision.text == EVERYTHING
    assert revision.tone_after == revision.tone_before is not None


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("see https://firm.example/a now", "see https://firm.example/b now", "web address"),
        ("ask ana.lopez@firm.example about it", "ask ana@firm.example about it", "e-mail address"),
        ("call 0171 555 0199 about it", "call 0171 555 0198 about it", "phone number"),
        ("run `ls -l` for me", "run `ls` for me", "code"),
        ('he said "not so fast" to me', "he said not so fast to me", "quotation"),
        ("it costs £389 in all", "it costs £398 in all", "number"),
        ("it costs 50 $ in all", "it costs 50 in all", "number"),
        ("we waited two nights there", "we waited there", "number"),
        ("come on 3 May or later", "come on 3 June or later", "date or time"),
        ("come on saturday or later", "come on Sunday or later", "date or time"),
        ("I met Jörg about it", "I met him about it", "name"),
        ("I met Jörg about it", "I met Jorg about it", "name"),
        ("Anna owes it to Ben and I met Anna", "Ben owes it to Anna and I met Anna", "name"),
        ("Anna told Ben in all", "Ben heard from Anna in all", "order"),
        ("it costs a lot in all", "it costs 50 in all", "'50'"),
        ("I havent seen it", "I have seen it", "no"),
        ("nobody answers my calls", "please answer my calls", "no"),
        ("we always deliver", "we never deliver", "no"),
        ("we do not agree", "we do agree", "no"),
        ("don't call me and don't write", "call me and don't write", "no"),
    ],
)
def test_facts_are_kept_and_the_loss_is_told(before, after, says):
    draft = f"I think that {before}, as I wrote. We is there."
    revision = proofread(draft, {draft: f"I think that {after}, as I wrote. We are there."})
    assert revision.text == draft.replace("We is", "We are")
    assert [says in refused.reason for refused in revision.refused] == [True]


def test_a_no_may_be_said_otherwise():
    draft = "I havent seen it yet, and nobody have called."
    after = "I haven't seen it yet, and no one has called."
    assert proofread(draft, {draft: after}).text == after


def test_a_no_that_moves_is_one_edit():
    draft = "I will be not able to come, and I need nothing no more."
    after = "I will not be able to come, and I need nothing more."
    revision = proofread(draft, {draft: after})
    assert revision.text == after
    assert not revision.refused
    assert all(not turned(draft, revision.accept([number])) for number in range(len(revision.edits)))


def test_a_clause_may_be_left_out_with_its_no():
    draft = "I don't wants to nag, but it is late and nobody cares."
    after = "I don't want to nag, but it is late."
    assert proofread(draft, {draft: after}).text == after


def test_noes_that_only_together_are_lost_are_kept():
    draft = "We don't need nothing of it here in the office today."
    after = "We do need everything of it here in the office today."
    assert proofread(draft, {draft: after}).text == draft


def test_a_no_in_one_place_makes_up_for_none_in_another():
    draft = "We havent got the order yet, and nobody answer my calls."
    after = "We have got the order yet, and please don't answer my calls."
    assert proofread(draft, {draft: after}).text == draft


def test_a_loss_is_told_only_where_the_change_was_asked_for():
    draft = 'He said "not so fast" to me. We is there.'
    after = {draft: "He talked to me. We are there."}
    for amount, told in ((Amount.ERRORS, 0), (Amount.REWRITE, 1)):
        revision = proofread(draft, after, amount)
        assert revision.text == draft.replace("We is", "We are")
        assert len(revision.refused) == told


def test_facts_may_move_and_words_around_them_be_mended():
    draft = "The overtime of 14 hours are missing. I order it in 3 of May, ask Anna mother."
    after = "The 14 hours of overtime are missing. I ordered it on 3 May, ask Anna's mother."
    revision = proofread(draft, {draft: after})
    assert revision.text == after
    facts = {"14", "3", "May", "Anna"}
    for number in range(len(revision.edits)):
        assert all(fact in revision.accept([number]) for fact in facts)
    assert not revision.refused


LONG = "the report on the plan which we have talked about last week is not ready"


@pytest.mark.parametrize(
    ("after", "how", "says"),
    [
        ("The report is", {"complete": False}, "longer"),
        ("Roses are red. " * 12, {}, "more or much less"),
        ("Roses are red. " * 12, {"complete": False}, "more or much less"),
        ("No.", {}, "more or much less"),
        ("Violets bloom where rivers sing, and every poet knows why spring returns", {}, "another text"),
        ("it is not ready and it is not ready and it is not ready", {}, "repeats"),
    ],
)
def test_revisions_that_go_astray_are_refused(after, how, says):
    revision = proofread(LONG, {LONG: after}, **how)
    assert not revision.changed
    assert [says in refused.reason for refused in revision.refused] == [True]
    assert (revision.refused[0].span.start, revision.refused[0].span.end) == (0, len(LONG))


RUDE = "Your stupid plan is not redy. Send it me now."
KIND = "Your plan is not ready. Please send it to me."


@pytest.mark.parametrize(
    ("amount", "scorer", "expected"),
    [
        (Amount.ERRORS, FakeScorer(), "Your stupid plan is not ready. Send it me now."),
        (Amount.TONE, FakeScorer(), KIND),
        (Amount.TONE, None, "Your stupid plan is not ready. Send it me now."),
        (Amount.REWRITE, None, KIND),
    ],
)
def test_only_the_amount_asked_for_is_changed(amount, scorer, expected):
    revision = proofread(RUDE, {RUDE: KIND}, amount, scorer=scorer)
    assert revision.text == expected
    assert {e.kind for e in revision.edits} <= KEPT[amount]


def test_tone_is_told_before_and_after_and_in_the_prompt():
    rewriter = FakeRewriter({RUDE: KIND})
    revision = Proofreader(rewriter, FakeScorer(), NEUTRAL).proofread(
        "Hello Bo,\n\n" + RUDE, ProofreadOptions(register=Register.WARM)
    )
    assert revision.tone_before.politeness_score < 0 < revision.tone_after.politeness_score
    assert EditKind.TONE in {e.kind for e in revision.edits}
    [prompt] = rewriter.prompts
    assert (prompt.request, prompt.before) == (
        "CHANGE errors, tone SOUND warm TONE impolite, negative",
        "Hello Bo,",
    )


def test_probabilities_come_from_the_tokens():
    [edit] = proofread("It is not redy for it.", {"redy": "ready"}).edits
    assert edit.probability == pytest.approx(0.905, abs=0.001)
    [edit] = proofread("It is not redy for it.", {"redy": "ready"}, nats=None).edits
    assert edit.probability is None


def test_a_revision_must_be_likelier_than_the_draft_by_the_margin():
    draft, script = "It is not redy for it.", {"redy": "ready"}
    assert proofread(draft, script, nats=4.0, policy=MailPolicy(errors=3.9)).changed
    kept = proofread(draft, script, nats=4.0, policy=MailPolicy(errors=4.0))
    assert not kept.changed
    assert not kept.refused
    assert proofread(draft, script, nats=None, policy=MailPolicy(errors=4.0)).changed


def test_other_words_have_a_margin_of_their_own_and_another_where_the_draft_is_impolite():
    calm, rude = "Send it now to all of us here.", "Send it now, stupid, to all of us."
    script = {calm: "Could you mail this to all of us here?", rude: "Could you mail this to all of us?"}

    def changed(draft, **margins):
        policy = MailPolicy(**margins)
        return proofread(draft, script, nats=4.0, scorer=FakeScorer(), policy=policy).changed

    assert changed(calm, errors=9.0, rewording=0.1, impolite=9.0)
    assert not changed(calm, errors=0.1, rewording=9.0, impolite=0.1)
    assert changed(rude, errors=9.0, rewording=9.0, impolite=0.1)
    assert not changed(rude, errors=0.1, rewording=0.1, impolite=9.0)


def test_a_revision_that_comes_across_as_much_more_polite_needs_no_margin():
    calm, rude = "Send it now to all of us here.", "Send it now, stupid, to all of us."
    script = {calm: "Could you please send it to all of us?", rude: "Could you please send it to all of us?"}

    def changed(draft, rise):
        policy = MailPolicy(9.0, 9.0, 9.0, 9.0, rise)
        return proofread(draft, script, nats=1.0, scorer=FakeScorer(), policy=policy).changed

    assert changed(rude, rise=0.3)
    assert not changed(rude, rise=2.5)
    assert not changed(calm, rise=0.3)


def test_an_unsure_change_does_not_spoil_the_sure_ones():
    draft = "Nobody answer my mails, and it have cost us a lot."
    script = {draft: "Please don't take my mails, and it has cost us a lot."}
    unsure = {"Please": -3.0, "don't": -3.0, "take": -4.0}
    kept = proofread(draft, script, unsure=unsure, policy=MailPolicy(floor=0.1))
    assert kept.text == "Nobody answer my mails, and it has cost us a lot."
    assert proofread(draft, script, unsure=unsure).text == script[draft]
    assert proofread(draft, script, nats=None, policy=MailPolicy(floor=0.1)).text == script[draft]


def test_the_policy_reaches_the_engine():
    rewriter = FakeRewriter({})
    Proofreader(rewriter, None, MailPolicy(caution=1.5)).proofread("It is not ready for it.")
    assert rewriter.cautions == [1.5]
    assert shipped().caution >= 0


def test_text_streams_and_progress_is_told():
    draft = "Hi Bo,\n\nit is redy now.\n\nWe has moved it.\n\nAna"
    texts, progress = [], []
    revision = Proofreader(FakeRewriter({"redy": "ready", "has": "have"}), None, NEUTRAL).proofread(
        draft, on_text=texts.append, on_progress=lambda share, message: progress.append((share, message))
    )
    assert texts[0] == "Hi Bo,\n\nit "
    assert "Hi Bo,\n\nit is ready now.\n\nWe have " in texts
    assert texts[-1] == revision.text == "Hi Bo,\n\nit is ready now.\n\nWe have moved it.\n\nAna"
    assert progress == [(0.0, "Paragraph 1 of 2"), (0.5, "Paragraph 2 of 2"), (1.0, "Done")]
    assert revision.seconds > 0


@pytest.mark.parametrize("steps", [0, 3])
def test_cancel(steps):
    left = iter(range(steps))
    with pytest.raises(Cancelled):
        Proofreader(FakeRewriter({}), None).proofread(
            "It is not ready yet.", cancel=lambda: next(left, None) is None
        )


@pytest.mark.parametrize(
    ("draft", "says"),
    [
        ("", "no text"),
        (" \n\t ", "no text"),
        ("word " * 50_000, "250,000 characters"),
        ("a" * (MAX_CHARS + 1), "20,001 characters"),
        ("<html><body><p>We has moved.</p></body></html>", "HTML"),
    ],
)
def test_drafts_that_cannot_be_revised(draft, says):
    with pytest.raises(TextError, match=says) as raised:
        Proofreader(FakeRewriter({}), None).proofread(draft)
    assert raised.value.hint


@pytest.mark.parametrize(
    "draft",
    [
        "Vi ringrazio per la vostra lettera e vi scrivo domani mattina presto.",
        "我们已经收到了您的来信 谢谢 您的 耐心 等待。",
    ],
)
def test_other_languages_are_left_alone_and_it_is_said(draft):
    revision = proofread(draft, lambda text: text + " Thanks")
    assert not revision.changed
    assert all("not in English" in refused.reason for refused in revision.refused)


def test_mixed_languages_are_told_apart_by_paragraph():
    italian = "Vi ringrazio per la vostra lettera e vi scrivo domani mattina presto."
    draft = f"We has moved to the new office in the town centre.\n\n{italian}\n"
    assert proofread(draft, {"has": "have", "Vi": "Ve"}).text == draft.replace("has", "have")


def test_long_paragraphs_are_revised_in_parts():
    draft = "We has one. " * 9 + "It " + "is so " * 8 + "long."
    revision = proofread(draft.strip(), {"has": "have", "long": "short"}, paragraph_tokens=12)
    assert revision.text == draft.replace("has", "have").strip()
    assert ["too long" in refused.reason for refused in revision.refused] == [True]


def test_characters_that_cannot_be_written_are_kept():
    draft = "We has moved \ud800 to\u00a0the new\u200b office.\r\n"
    assert proofread(draft, {"has": "have"}).text == draft.replace("has", "have")


WORDS = """
    the a report is are was has have late and of to for we you it please very Anna Jörg 14 £389 3.5 INV-5561
    ana@firm.example https://firm.example/a "so it is" ready, now. again! why? stupid plan `ls -l` its
""".split()


def random_mail(random):
    def line():
        return " ".join(random.choices(WORDS, k=random.randint(1, 25)))

    marks = ["", "", "", "- ", "> ", "  2) ", "    ", "Subject: "]
    return "".join(
        random.choice(marks) + line() + random.choice(["\n", "\n\n", "\r\n", " \n"]) for _ in range(5)
    )


def spoil(random, text):
    words = text.split()
    for _ in range(random.randint(1, 5)):
        place = random.randrange(len(words))
        words[place : place + random.randint(0, 2)] = random.choices(WORDS, k=random.randint(0, 2))
        words = words or ["the"]
    return " ".join(words)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_the_model_writes_layout_and_facts_stay(seed):
    random = Random(seed)
    draft = random_mail(random)
    revision = proofread(draft, lambda text: spoil(random, text))
    names = names_of(draft)
    facts = [fact.key for span in prose(draft) for fact in protected(draft[span.start : span.end], names)]
    some = [n for n in range(len(revision.edits)) if random.random() < 0.5]
    for text in (revision.text, revision.accept(some)):
        assert text.count("\n") == draft.count("\n")
        had, has = (Counter(t.text for t in tokens_of(one)) for one in (draft, text))
        for key in facts:
            assert has[key] >= had[key] or text.count(key) >= draft.count(key), key
    ends = [(e.span.start, e.span.end) for e in revision.edits]
    assert all(a[1] <= b[0] for a, b in pairwise(ends))
