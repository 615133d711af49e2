"""Kinds of edits."""

import pytest

from smartform.edit_kinds import kind_of, rewording_kind
from smartform.revision import Amount, EditKind, ProofreadOptions, Register
from smartform.tone import Tone

S, G, C, T = EditKind.SPELLING, EditKind.GRAMMAR, EditKind.CLARITY, EditKind.TONE


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("recieved", "received", S),
        ("february", "February", S),
        ("every where", "everywhere", S),
        ("cafe", "café", S),
        ("tomorow", "tomorrow", S),
        ("weather", "whether", S),
        ("", " the", G),
        (" to", "", G),
        ("from", "by", G),
        ("you're", "your", G),
        ("!!", ".", G),
        ("", ",", G),
        ("perfect", "perfectly", G),
        ("go", "went", G),
        ("stopped", "stop", G),
        ("childs", "children", G),
        ("has write", "wrote", G),
        ("why you are not", "why are you not", G),
        ("curriculum", "CV", C),
        ("stupid idea", "idea", C),
        ("Send", "Please send", C),
    ],
)
def test_kind(before, after, kind):
    assert kind_of(before, after, C) is kind


def tone(politeness, sentiment=0.0):
    def shares(score):
        return ((1 - score) / 2, 0.0, (1 + score) / 2)

    return Tone(shares(sentiment), shares(politeness))


@pytest.mark.parametrize(
    ("amount", "register", "before", "after", "kind"),
    [
        (Amount.TONE, Register.NEUTRAL, tone(-0.8), tone(0.1), T),
        (Amount.REWRITE, Register.NEUTRAL, tone(-0.8), tone(0.1), T),
        (Amount.REWRITE, Register.NEUTRAL, tone(0.2), tone(0.2), C),
        (Amount.ERRORS, Register.WARM, tone(-0.8), tone(0.1), C),
        (Amount.TONE, Register.WARM, tone(0.2), tone(0.2, 0.5), T),
        (Amount.TONE, Register.FIRM, tone(0.2), tone(-0.2), T),
        (Amount.TONE, Register.NEUTRAL, None, None, C),
        (Amount.TONE, Register.WARM, None, None, T),
    ],
)
def test_what_other_words_are_for(amount, register, before, after, kind):
    assert rewording_kind(ProofreadOptions(amount=amount, register=register), before, after) is kind
