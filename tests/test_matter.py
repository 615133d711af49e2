"""What of a text another one still says."""

import json
from pathlib import Path

import pytest

from smartform.engines.base import Rewritten
from smartform.matter import matter, retained
from smartform.protect import protected
from smartform.revision import Amount, EditKind
from smartform.vetting import LEAST_MATTER, LEAVES_OUT, vet

WRITTEN = Path(__file__).resolve().parents[1] / "training" / "data" / "email"


def test_words_of_grammar_are_no_matter():
    assert matter("Could you please send the 2 keys to us?") == ["please", "send", "2", "keys"]


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        ("Send the reports.", "Could you please send the report?", 1.0),
        ("I recieved it.", "I received it.", 1.0),
        ("Open the door and pay the bill.", "Please open the door.", 0.5),
        ("It is what it is.", "", 1.0),
        ("Pay.", "", 0.0),
    ],
)
def test_words_count_in_whatever_form(before, after, share):
    assert retained(before, after) == share


def test_a_revision_that_no_longer_asks_is_refused_and_one_that_asks_kindly_is_not():
    draft = "Are you too lazy to open your mail? Send it today or I talk to your boss."

    def vetted(text):
        return vet(
            draft, Rewritten(text, True), protected(draft), amount=Amount.TONE, rewording=EditKind.TONE
        )

    lost = vetted("Are you too lazy to open it today, please.")
    assert not lost.edits and "leave out" in lost.refused[0].reason
    asked = vetted(
        "Could you please open your mail? Please send it today, or I will have to talk to your boss."
    )
    assert asked.edits and not asked.refused


def test_what_people_made_of_rude_mails_mostly_passes():
    rows = [json.loads(line) for file in WRITTEN.glob("*.jsonl") for line in file.open(encoding="utf-8")]
    shares = [
        retained(row["draft"], row["revision"])
        for row in rows
        if row["kind"] in ("tone", "both") and row["politeness_before"] == "impolite"
    ]
    assert len(shares) > 300
    assert sum(share >= LEAST_MATTER for share in shares) / len(shares) > 0.95


def test_a_sentence_that_no_longer_says_what_it_said_is_refused():
    draft = "I have got three mails about jobs that are not mine. Learn to read or take me off your list."
    after = "I have had three mails about jobs that are not mine. Please understand."
    vetted = vet(draft, Rewritten(after, True), protected(draft), amount=Amount.TONE, rewording=EditKind.TONE)
    assert [refused.reason for refused in vetted.refused] == [LEAVES_OUT]
    assert all(edit.span.end < draft.index("Learn") for edit in vetted.edits)
