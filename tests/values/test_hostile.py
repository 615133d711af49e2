"""Texts made to be slow: every reader's cost stays in proportion to the length."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from smartform.errors import ValueProblem
from smartform.grounding import ground
from smartform.prompts import parse_answer
from smartform.schema import PLAIN_TYPES, Field, FieldType, FormSpec
from smartform.values import SPOTTED, find_candidates, normalise
from tests.odd import TODAY

LENGTH = 20_000
SECONDS = 6
"""Of processor time: several times what the slowest needs, a fraction of what a quadratic one would."""

UNITS = (
    "a",
    "1",
    "1 ",
    "one ",
    "a dot a dot ",
    "a at a dot ",
    "a.",
    "a-",
    "@",
    "a@",
    "a@a.a ",
    "at 5 ",
    "the 2nd ",
    "1/1 the 2nd ",
    "5 May ",
    "monday ",
    "mille ",
    "one hundred and ",
    "double ",
    "plus one ",
    "twenty oh ",
    "(",
    "+",
    "1.",
    "1,000,",
    " ",
    "\n",
    "\u00a0",
    "é",
    "😀",
    "10h",
    "vor ",
    "in 5 ",
    "http://",
    "il 15 - ",
    "quarter past ",
)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fails the test where it takes more processor time."""

    def stop(*_: object) -> None:
        raise AssertionError(f"took more than {seconds} s of processor time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def repeated(unit: str) -> str:
    """The unit over and over, `LENGTH` characters."""
    return (unit * (LENGTH // len(unit) + 1))[:LENGTH]


@pytest.mark.parametrize("unit", UNITS)
def test_spotting(unit: str) -> None:
    text = repeated(unit)
    with within(SECONDS * len(SPOTTED)):
        for kind in SPOTTED:
            found = find_candidates(kind, text, ("en", "it"), TODAY)
            assert all(text[c.start : c.end] for c in found)


@pytest.mark.parametrize("unit", ["one ", "a dot a dot ", "a@", "1,000,", "double ", "😀"])
def test_normalising(unit: str) -> None:
    for kind in PLAIN_TYPES:
        field = Field("a", kind, options=("x", "y") if kind.has_options else ())
        with within(SECONDS * 3):
            try:
                assert normalise(field, repeated(unit), today=TODAY)
            except ValueProblem as problem:
                assert problem.hint


@pytest.mark.parametrize(
    "answer",
    [
        "FIELD" + " " * LENGTH,
        "FIELD a" + " " * LENGTH,
        "FIELD a^^^" + " |" * LENGTH,
        "FIELD a^^^x" + " " * LENGTH + "y",
        "> " * LENGTH,
        "FIELD a^" * (LENGTH // 8),
        "FIELD a\n" * (LENGTH // 8),
        "FIELD a^^^x\n" * (LENGTH // 12),
        "^" * LENGTH,
        "```\n" * (LENGTH // 4),
    ],
)
@pytest.mark.parametrize("kind", [FieldType.TEXT, FieldType.LIST])
def test_answers(answer: str, kind: FieldType) -> None:
    with within(SECONDS):
        assert tuple(parse_answer(answer, FormSpec((Field("a", kind),)))) == ("a",)


def test_grounding() -> None:
    with within(SECONDS):
        assert ground("a b", repeated("a ")) is None
        assert ground("x" * 1_000_000, repeated("x")) is None
        assert ground("a " * 3_000 + "b", repeated("a ")) is None
