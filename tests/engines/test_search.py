"""What the search makes of what it found, and how branches make room for each other; without a model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from smartform.engines.base import Branch, Decoded, OneOf
from smartform.engines.lines import OptionLines
from smartform.engines.llama_context import LlamaContext, Logits
from smartform.engines.search import Ask, BranchDecoder, Found, Sequences, Vocabulary, Work, run
from smartform.errors import Cancelled


class Sharing(LlamaContext):
    """The sequences of a context."""

    def __init__(self) -> None:
        self.held: dict[int, int] = {}

    def share(self, source: int, target: int) -> None:
        self.held[target] = source

    def forget(self, sequence: int, start: int = 0) -> None:
        del self.held[sequence]


def work(name: str, steps: int) -> Work:
    """A branch that asks so many times."""
    for _ in range(steps):
        yield [Ask(1, 0, (1,), frozenset({0}))]
    return Decoded(name, (), 1.0, 1.0)


def test_a_branch_that_ends_makes_room_for_the_next() -> None:
    passes: list[int] = []

    def rows(asks: list[Ask]) -> list[dict[int, Logits]]:
        passes.append(len(asks))
        return [{} for _ in asks]

    works = (work(name, steps) for name, steps in (("a", 4), ("b", 1), ("c", 2), ("d", 1)))
    names = [answer.name for answer in run(works, 2, rows, lambda: False)]
    assert names == ["b", "c", "a", "d"]
    assert passes == [2, 2, 2, 2]


def test_a_cancelled_run_begins_no_pass() -> None:
    def rows(asks: list[Ask]) -> list[dict[int, Logits]]:
        raise AssertionError

    works: Iterator[Work] = iter([work("a", 1)])
    with pytest.raises(Cancelled):
        list(run(works, 2, rows, lambda: True))


def test_what_was_lent_is_forgotten_once() -> None:
    context = Sharing()
    pool = Sequences(context, range(1, 4))
    first, second = pool.lend(0), pool.lend(0)
    pool.release(first)
    assert context.held == {second: 0}
    pool.close()
    assert context.held == {}


def test_a_list_is_as_sure_as_its_items_in_the_mean() -> None:
    lines = OptionLines(("red", "blue", "green"), lambda text: [ord(c) for c in text])
    branch = Branch("colours", OneOf(("red", "blue", "green"), many=True))
    pool = Sequences(Sharing(), range(1, 4))
    decoder = BranchDecoder(branch, lines, Vocabulary(1, 2, 3), pool, 1, 0, (4,))
    decoder.items = [Found(-0.1, key, key, 1) for key in range(3)]
    decoder.p_value = 0.125
    found = decoder._answer()
    assert found.texts == ("red", "blue", "green")
    assert found.probability == pytest.approx(0.5)
    decoder.items = []
    assert decoder._answer().probability == 0.125
