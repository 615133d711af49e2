"""What may have been meant: every word's forms, and what learners confuse, leave out and put in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from smartform.checker import Checker
from smartform.mistakes import Mistakes

MISTAKES = Mistakes()


def corrections(text: str) -> set[str]:
    """The texts that are proposed."""
    return {proposal.applied(text) for proposal in MISTAKES.proposals(text)}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("She go home.", "She goes home."),
        ("He has went home.", "He has gone home."),
        ("Two child came.", "Two children came."),
        ("It is more easy.", "It is easy."),
        ("They sing beautiful.", "They sing beautifully."),
        ("He is happily.", "He is happy."),
        ("I come in Monday.", "I come on Monday."),
        ("We saw a elephant.", "We saw an elephant."),
        ("These is mine.", "This is mine."),
        ("Your late.", "You're late."),
        ("I look forward to hear from you.", "I look forward to hearing from you."),
        ("We discussed about it.", "We discussed it."),
        ("We discussed the the plan.", "We discussed the plan."),
        ("The life is hard.", "Life is hard."),
        ("I have car.", "I have a car."),
        ("Sun is up.", "The sun is up."),
        ("However it rained.", "However, it rained."),
        ("I know, that he came.", "I know that he came."),
        ("Alot of people came.", "A lot of people came."),
    ],
)
def test_what_was_meant_is_among_what_is_proposed(written: str, meant: str) -> None:
    assert meant in corrections(written)


def test_every_proposal_changes_the_text_and_is_made_once() -> None:
    assert isinstance(MISTAKES, Checker)
    path = Path("training/data/email/sentences.jsonl")
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        found = MISTAKES.proposals(row["draft"])
        assert len(found) == len(set(found))
        assert row["draft"] not in {one.applied(row["draft"]) for one in found}
        assert found == sorted(found, key=lambda p: (p.span.start, p.span.end, p.replacement))
        assert not any(one.known for one in found)


def test_capitals_stay_where_they_stood() -> None:
    assert "Goes she?" in corrections("Go she?")
    assert "life is hard." not in corrections("The life is hard.")
    assert not any(one.replacement == "goes" for one in MISTAKES.proposals("Go she?"))


def test_most_of_what_learners_got_wrong_in_one_word_is_proposed() -> None:
    """Sentences in which a person changed, put in or took out a single word."""
    one_word = [
        ("I am agree with you.", "I agree with you."),
        ("He told that he was ill.", "He said that he was ill."),
        ("This depends of you.", "This depends on you."),
        ("Peoples are friendly.", "People are friendly."),
        ("She is married with him.", "She is married to him."),
    ]
    found = [meant in corrections(written) for written, meant in one_word]
    assert sum(found) >= 4


@pytest.mark.parametrize("text", ["", "   ", "42 %", "Привет как дела?", "é", "🙂"])
def test_text_without_english_words(text: str) -> None:
    assert MISTAKES.proposals(text) == []
