"""Who does what, in a draft and in its revision."""

import json
from pathlib import Path

import pytest

from smartform.doers import READER, WRITER, doings, swapped
from smartform.engines.base import Rewritten
from smartform.protect import protected
from smartform.revision import Amount, EditKind
from smartform.vetting import SWAPPED, vet

WRITTEN = Path(__file__).resolve().parents[1] / "training" / "data" / "email"


def test_doings_are_pronouns_with_the_word_behind_them():
    assert doings("You've not yet paid, and we will call.") == {("paid", READER), ("call", WRITER)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("You have lost my papers.", "I have lost my papers."),
        ("I told you twice.", "You told me twice."),
        ("You gave him a bad mark.", "I have given him a bad mark."),
    ],
)
def test_who_does_it_must_not_change(before, after):
    assert swapped(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("You have lost my papers.", "My papers have been lost."),
        ("You have lost my papers.", "I am sorry that you lost my papers."),
        ("You must tell me now.", "Could you please tell me now?"),
        ("I called and you called.", "I called and you did too."),
        ("You say it, I say it.", "You say so and I say so."),
        ("He lost it.", "I lost it."),
    ],
)
def test_the_same_may_be_said_otherwise(before, after):
    assert not swapped(before, after)


def test_a_sentence_that_swaps_persons_is_refused_and_the_others_are_kept():
    draft = "You have lost my registration for the second time. It are attached again."
    after = "I have lost my registration for the second time. It is attached again."
    vetted = vet(draft, Rewritten(after, True), protected(draft), amount=Amount.TONE, rewording=EditKind.TONE)
    assert [edit.replacement for edit in vetted.edits] == ["is"]
    assert [refused.reason for refused in vetted.refused] == [SWAPPED]


def test_what_people_made_of_drafts_passes():
    rows = [json.loads(line) for file in WRITTEN.glob("*.jsonl") for line in file.open(encoding="utf-8")]
    assert len(rows) > 1_000
    assert sum(swapped(row["draft"], row["revision"]) for row in rows) / len(rows) < 0.01
