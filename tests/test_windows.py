"""Long texts in pieces: everything is read, nothing is too long, little is read twice."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from smartform.windows import windows


def by_characters(text: str) -> int:
    """Four characters are a token."""
    return len(text) // 4 + 1


def by_bytes(text: str) -> int:
    """Every byte is a token, as emoji are to some models."""
    return len(text.encode())


def prose(words: int, seed: int = 1) -> str:
    rng = random.Random(seed)
    return "".join(
        "".join(rng.choices("abcdefgh", k=rng.randint(1, 9))) + rng.choice((" ", " ", " ", " ", "\n"))
        for _ in range(words)
    )


@pytest.mark.parametrize(
    ("text", "tokens", "count"),
    [
        (prose(4_000), 500, by_characters),
        (prose(4_000), 64, by_characters),
        ("x" * 5_000, 100, by_characters),
        ("\n" + prose(500).replace("\n", " "), 64, by_characters),
        ("a b" * 900 + "😀" * 900, 300, by_bytes),
        ("word\n" * 3_000, 200, by_characters),
    ],
)
def test_windows_cover_the_text_and_overlap_a_little(text: str, tokens: int, count: object) -> None:
    assert callable(count)
    spans = windows(text, tokens, count)
    assert spans[0].start == 0
    assert spans[-1].end == len(text)
    assert all(count(text[s.start : s.end]) <= tokens for s in spans)
    assert all(left.start < right.start <= left.end for left, right in pairwise(spans))
    assert sum(s.end - s.start for s in spans) < 2 * len(text)


def test_a_text_that_fits_is_one_window() -> None:
    assert [(s.start, s.end) for s in windows("Jane Doe", 100, by_characters)] == [(0, 8)]


def test_cuts_fall_between_words() -> None:
    text = prose(4_000)
    for span in windows(text, 500, by_characters)[:-1]:
        assert text[span.end - 1].isspace()
        assert span.start == 0 or text[span.start - 1].isspace()


def test_a_piece_torn_by_one_window_is_whole_in_the_next() -> None:
    text = prose(4_000)
    spans = windows(text, 500, by_characters)
    for left in spans[:-1]:
        phrase = (left.end - 20, left.end + 20)
        assert any(s.start <= phrase[0] and phrase[1] <= s.end for s in spans)
