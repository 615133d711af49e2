"""Smallest changes between a paragraph and its revision."""

import math
from itertools import pairwise
from random import Random

import pytest

from smartform.alignment import apply, changes, count_written, joined, probability
from smartform.engines.base import Written
from smartform.results import Span


def pairs(source, revision):
    made = changes(source, revision)
    assert all(a.span.end < b.span.start or a.span.end <= b.span.start for a, b in pairwise(made))
    return [(source[c.span.start : c.span.end], c.text) for c in made]


@pytest.mark.parametrize(
    ("source", "revision", "expected"),
    [
        ("It is fine.", "It is fine.", []),
        ("I recieved teh letter", "I received the letter", [("recieved", "received"), ("teh", "the")]),
        ("go to doctor now", "go to the doctor now", [("", " the")]),
        ("doctor is here", "The doctor is here", [("", "The ")]),
        ("I must to go", "I must go", [(" to", "")]),
        ("well , then", "well, then", [(" ", "")]),
        ("every where it is", "everywhere it is", [("every where", "everywhere")]),
        ("it is late", "it is late.", [("", ".")]),
        ("Stop it!!!", "Stop it.", [("!!!", ".")]),
        ("Hello so now", "Hello, so now", [("", ",")]),
        ("on the 28 or not", "on the 28th or not", [("28", "28th")]),
        ("from the 3 of May", "from 3 May", [(" the", ""), (" of", "")]),
        ("very very good", "very good", [(" very", "")]),
    ],
)
def test_changes(source, revision, expected):
    assert pairs(source, revision) == expected
    assert apply(source, changes(source, revision)) == revision


def test_white_space_of_the_draft_stays():
    source = "We has  read\nthe raport,\nwhich are long."
    made = changes(source, "We have read the report, which is long.")
    assert apply(source, made) == "We have  read\nthe report,\nwhich is long."


def test_no_change_crosses_a_line_break():
    source = "they was going every\nwhere in the town"
    made = changes(source, "they were going everywhere in town")
    assert all("\n" not in source[c.span.start : c.span.end] for c in made)
    assert apply(source, made).count("\n") == 1


def test_joined_changes_hold_what_stands_between():
    source = "already 2 weeks I wait here"
    first, *_, last = changes(source, "I am waiting 2 weeks here")
    one = joined(source, "I am waiting 2 weeks here", first, last)
    assert apply(source, [one]) == "I am waiting 2 weeks here"


def test_probability_is_that_of_the_tokens_of_the_change():
    written = (
        Written(Span(0, 2), -0.01, None),
        Written(Span(2, 7), -0.5, -2.0),
        Written(Span(7, 13), -0.3, None),
    )
    [change] = changes("we has moved", "we have moved")
    assert probability(change, written) == pytest.approx(math.exp(-0.5))
    assert count_written([change], written) == 1
    assert probability(change, ()) is None
    [out] = changes("we has to moved", "we has moved")
    assert probability(
        out, (Written(Span(0, 6), -1.0, None), Written(Span(6, 12), -0.2, None))
    ) == pytest.approx(math.exp(-0.2))


def test_any_text_becomes_any_other():
    random = Random(3)
    words = ["a", "the", "cats", "cat", "3", "£", ",", ".", "it's", "its", "sat", "x@y.zz"]
    for _ in range(300):
        old, new = (" ".join(random.choices(words, k=random.randint(1, 9))) for _ in range(2))
        made = changes(old, new)
        assert apply(old, made).split() == new.split()
        assert all(a.span.end < b.span.start for a, b in pairwise(made))
