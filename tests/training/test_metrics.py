from dataclasses import replace

import pytest

from smartform.schema import Field, FieldType, FormSpec
from training.leakage import overlaps
from training.metrics import (
    Mistake,
    Outcome,
    calibration_error,
    f1_interval,
    mistake,
    review_rates,
    same,
    score,
    suggestions,
    word_f1,
)
from training.targets import example_of, target_of


def outcome(gold, value, *, confidence=0.9, review=False, example="a", kind=FieldType.TEXT):
    return Outcome(example, "f", kind, "en", "email", gold, value, confidence, review)


def test_counts_and_rates():
    outcomes = [
        outcome("x", "x"),
        outcome("x", "y"),
        outcome(None, "z"),
        outcome("x", None),
        outcome(None, None),
    ]
    scores = score(outcomes)
    assert (scores.right, scores.wrong, scores.invented, scores.missed, scores.silent) == (1, 1, 1, 1, 1)
    assert scores.precision == pytest.approx(1 / 3)
    assert scores.recall == pytest.approx(1 / 3)
    assert scores.invented_rate == 0.5
    assert scores.accuracy == pytest.approx(2 / 5)


def test_suggestions_count_where_no_value_is_given():
    outcomes = [
        replace(outcome("x", None), suggestion="x"),
        replace(outcome("x", None), suggestion="y"),
        replace(outcome(None, None), suggestion="z"),
        outcome("x", None),
        outcome("x", "x"),
    ]
    assert suggestions(outcomes) == (3, pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert suggestions([]) == (0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("kind", "gold", "value", "equal"),
    [
        (FieldType.TEXT, "Ann  Lee", "ann lee.", True),
        (FieldType.NUMBER, "12.50", "12.5", True),
        (FieldType.PHONE, "+39 02 123", "3902123", True),
        (FieldType.DATE, "2026-03", "2026-03-01", False),
        (FieldType.LIST, ["a", "b"], ["B", "a"], True),
        (FieldType.LIST, ["a", "b"], ["a"], False),
        (FieldType.TEXT, None, None, True),
        (FieldType.INTEGER, "2", "two", False),
    ],
)
def test_sameness(kind, gold, value, equal):
    assert same(kind, gold, value) is equal


def test_calibration_is_perfect_when_confidence_tells_the_share_right():
    honest = [outcome("x", "x" if i < 8 else "y", confidence=0.8) for i in range(10)]
    boasting = [outcome("x", "x" if i < 2 else "y", confidence=0.8) for i in range(10)]
    assert calibration_error(honest) == pytest.approx(0.0)
    assert calibration_error(boasting) == pytest.approx(0.6)


def test_review_rates_and_interval():
    outcomes = [outcome("x", "y", review=True, example="1"), outcome("x", "x", example="2")]
    assert review_rates(outcomes) == (1.0, 0.0)
    low, high = f1_interval(outcomes)
    assert 0.0 <= low <= score(outcomes).f1 <= high <= 1.0


@pytest.mark.parametrize(
    ("kind", "gold", "value", "suggestion", "expected"),
    [
        (FieldType.TEXT, "Ada", "ada", None, None),
        (FieldType.TEXT, None, None, "Ada", None),
        (FieldType.TEXT, None, "Ada", None, Mistake.INVENTED),
        (FieldType.TEXT, "Ada", None, "Ada", Mistake.WITHHELD),
        (FieldType.TEXT, "Ada", None, "Bob", Mistake.MISSED),
        (FieldType.TEXT, "Ada Rossi", "Ada Maria Rossi", None, Mistake.PART),
        (FieldType.LIST, ["wool", "silk"], ["wool"], None, Mistake.PART),
        (FieldType.LIST, ["wool", "silk"], ["jute"], None, Mistake.OTHER),
        (FieldType.DATE, "2019-05", "2019", None, Mistake.OTHER),
        (FieldType.BOOLEAN, "true", "false", None, Mistake.OPTION),
        (FieldType.CHOICE, "a b", "a c", None, Mistake.OPTION),
    ],
)
def test_mistakes_are_told_apart(kind, gold, value, suggestion, expected):
    assert mistake(Outcome("e", "f", kind, "en", "chat", gold, value, 0.5, False, suggestion)) is expected


def test_long_values_are_near_where_they_share_their_words():
    assert word_f1("a small dent on the door", "Small dent on the door.") == pytest.approx(10 / 11)
    assert word_f1(["tea", "milk"], ["milk"]) == pytest.approx(2 / 3)
    assert word_f1("tea", None) == word_f1(None, "tea") == word_f1("tea", "milk") == 0.0


def test_targets_are_the_expressions_that_values_are_computed_from():
    row = {
        "id": "r1",
        "text": "Tomorrow at half past six pm, two of us, call Ann Lee.",
        "today": "2026-03-14",
        "form_fields": [
            {"name": "day", "type": "date", "value": "2026-03-15"},
            {"name": "time", "type": "time", "value": "18:30"},
            {"name": "guests", "type": "integer", "value": "2"},
            {"name": "who", "type": "text", "value": "Ann Lee"},
            {"name": "table", "type": "choice", "options": ["in", "out"], "value": None},
            {"name": "city", "type": "text", "value": "Paris"},
        ],
    }
    targets = example_of(row).targets
    assert targets["day"] == "Tomorrow"
    assert targets["guests"] == "two"
    assert targets["who"] == "Ann Lee"
    assert targets["table"] == "NO_DATA"
    assert "city" not in targets, "a value that the text does not hold is not taught"


def test_a_choice_is_taught_by_its_label():
    field = Field("country", FieldType.CHOICE, options=("IT", "FR"), option_labels=("Italy", "France"))
    assert target_of(field, "FR", "from Lyon", ("en",), None) == "France"
    assert FormSpec((field,)).names == ("country",)


def test_leakage_finds_copied_passages():
    text = "the quick brown fox jumps over the lazy dog near the river bank today"
    shares = overlaps(
        {"t": text}, {"copied": text, "own": "nothing of this was ever written in that other place at all"}
    )
    assert shares == {"copied": 1.0, "own": 0.0}
