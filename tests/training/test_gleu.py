"""GLEU against values worked out by hand from its definition."""

from __future__ import annotations

import math

import pytest

from training.gleu import gleu, gleu_interval, statistics

WORDS = "a b c d e f g h i j k l m n o".split()
MENDED = [*WORDS[:7], "x", *WORDS[8:]]


def score(source: list[str], hypothesis: list[str], *references: list[str]) -> float:
    return gleu(statistics([source], [hypothesis], [list(references)]))


def test_the_reference_itself_is_perfect() -> None:
    assert score(WORDS, MENDED, MENDED) == pytest.approx(1)
    assert score(WORDS, WORDS, WORDS) == pytest.approx(1)


def test_what_was_to_be_changed_and_was_not_counts_against() -> None:
    # n-grams that match, less those of the source alone: (14-1)/15, (12-2)/14, (10-3)/13, (8-4)/12.
    stats = statistics([WORDS], [WORDS], [[MENDED]])
    assert stats[0, 0].tolist() == [15, 15, 13, 15, 10, 14, 7, 13, 4, 12]
    assert gleu(stats) == pytest.approx(1 / math.sqrt(3))


def test_short_hypotheses_are_punished() -> None:
    # All n-grams of the first twelve words are right; the length costs exp(1 - 15/12).
    assert score(WORDS, WORDS[:12], WORDS) == pytest.approx(math.exp(1 - 15 / 12))


def test_no_four_words_in_a_row_right_is_nothing() -> None:
    assert score(WORDS, list("abcyefgzij"), WORDS) == 0
    assert score(WORDS, [], WORDS) == 0
    assert score(["a"], ["a"], ["a"]) == 0


def test_references_are_drawn_evenly() -> None:
    mean = (1 + 1 / math.sqrt(3)) / 2
    assert score(WORDS, WORDS, WORDS, MENDED) == pytest.approx(mean, abs=0.03)


def test_interval_holds_the_score() -> None:
    stats = statistics([WORDS] * 20, [WORDS] * 10 + [MENDED] * 10, [[MENDED, MENDED]] * 20)
    low, high = gleu_interval(stats, 200)
    assert 0 < low < gleu(stats) < high <= 1
