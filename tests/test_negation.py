"""What a sentence says no to, and whether another one says no to the same."""

import json
import re
from pathlib import Path

import pytest

from smartform.engines.base import Rewritten
from smartform.negation import noes, turned
from smartform.protect import protected
from smartform.revision import Amount, EditKind
from smartform.vetting import TURNED, vet

WRITTEN = Path(__file__).resolve().parents[1] / "training" / "data" / "email"
ROWS = [
    json.loads(line)
    for file in sorted(WRITTEN.glob("sentences*.jsonl"))
    for line in file.open(encoding="utf-8")
]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("You don't need to bring nothing.", "You don't need to bring anything."),
        ("He has not spoke with nobody!", "He did not speak to anybody!"),
        ("She didn't like neither the colour or the shape.", "She liked neither the colour nor the shape."),
        ("Nobody don't know when will it open.", "Nobody knows when it will open."),
        ("We haven't no lamp with us, so we turn back.", "We had no lamp with us, so we turned back."),
        ("I will be not able to come.", "I will not be able to come."),
        ("We ask you to not using the lift.", "We ask you not to use the lift."),
        ("It is'nt redy and was'nt yesterday.", "It isn't ready and wasn't yesterday."),
        ("I dont know, I cant see it.", "I don't know, I can't see it."),
        ("You promised it and of course you didn't.", "You promised it, but you have not done it."),
        ("I think it is not good.", "I don't think it is good."),
        ("I don't smoke, nor do I drink.", "I don't smoke and I don't drink."),
        ("I did not see the mail I was out.", "I did not see the mail, I was out."),
        ("They hardly never call us.", "They hardly ever call us."),
        ("I barely have no time to greet them.", "I barely have time to greet them."),
        ("I didn't almost recognise the street.", "I hardly recognised the street."),
    ],
)
def test_a_no_may_be_said_otherwise(before, after):
    assert not turned(before, after)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Don't call me and don't write.", "Call me and don't write."),
        ("Don't call me and don't write.", "Don't call me and write."),
        ("Don't call me, write.", "Call me, don't write."),
        ("I do not agree.", "I do agree."),
        ("We always deliver.", "We never deliver."),
        ("There is no lift.", "There is some lift."),
        ("I haven't got it, and nobody called.", "I have got it, and nobody called."),
        ("It is not here.", "It is here."),
        ("We could hardly hear you.", "We could hear you."),
        ("Isn't it broken?", "Is it broken?"),
        ("I would not.", "I would."),
        ("No, thank you.", "Yes, thank you."),
    ],
)
def test_a_yes_is_no_no_either_way(one, other):
    assert turned(one, other)
    assert turned(other, one)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("She works so hardly that she is tired.", "She works so hard that she is tired."),
        ("It is hardly to believe.", "It is hard to believe."),
        ("The job is hardly, and it is long.", "The job is hard, and it is long."),
        ("Stop it; if not, it will get worse.", "Stop it; otherwise, it will get worse."),
        ("They can do it, isn't it?", "They can do it, right?"),
    ],
)
def test_what_denies_nothing_may_go(before, after):
    assert not turned(before, after)


def test_corrections_that_people_wrote_pass():
    rows = [row for row in ROWS if row["kind"] == "grammar" and noes(row["draft"])]
    refused = []
    for row in rows:
        draft, revision = row["draft"], Rewritten(row["revision"], complete=True)
        kept = vet(draft, revision, protected(draft), amount=Amount.REWRITE, rewording=EditKind.TONE)
        if any(one.reason == TURNED for one in kept.refused):
            refused.append(row["id"])
    assert len(rows) > 30
    assert len(refused) <= 0.02 * len(rows) + 1, refused


def test_a_no_taken_from_what_people_wrote_is_missed():
    pairs = [
        (text, text[: match.start()] + text[match.end() :])
        for text in {row["revision"] for row in ROWS}
        for match in re.finditer(r" (?:not|never)\b|n't\b", text)
    ]
    found = [turned(whole, without) for whole, without in pairs]
    assert sum(found) >= 0.95 * len(found) > 60
