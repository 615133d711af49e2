"""What the search makes of what it found, and how branches make room for each other; without a model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from smartform.engines.base import Branch, Copy, Decoded, OneOf
from smartform.engines.heads import Chances, log_softmax
from smartform.engines.lines import CopyLines, Lines, OptionLines, Source
from smartform.engines.llama_context import LlamaContext
from smartform.engines.packing import Ask
from smartform.engines.search import BranchDecoder, Found, Sequences, Vocabulary, Work, run
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

    def rows(asks: list[Ask]) -> list[dict[int, Chances]]:
        passes.append(len(asks))
        return [{} for _ in asks]

    works = (work(name, steps) for name, steps in (("a", 4), ("b", 1), ("c", 2), ("d", 1)))
    names = [answer.name for answer in run(works, 2, rows, lambda: False)]
    assert names == ["b", "c", "a", "d"]
    assert passes == [2, 2, 2, 2]


def test_branches_that_ask_nothing_end_at_once_and_hold_nobody_up() -> None:
    passes: list[int] = []

    def rows(asks: list[Ask]) -> list[dict[int, Chances]]:
        passes.append(len(asks))
        return [{} for _ in asks]

    works = (
        work(name, steps) for name, steps in (("a", 0), ("b", 0), ("c", 0), ("d", 1), ("e", 0), ("f", 1))
    )
    assert [answer.name for answer in run(works, 2, rows, lambda: False)] == ["a", "b", "c", "e", "d", "f"]
    assert passes == [2]


def test_a_field_for_which_the_text_has_nothing_is_silent_without_being_read() -> None:
    lines = OptionLines((), lambda text: [ord(c) for c in text])
    decoder = BranchDecoder(
        Branch("email", OneOf(())), lines, Vocabulary(1, 2, 3), Sequences(Sharing(), []), 1, 0, (4,)
    )
    with pytest.raises(StopIteration) as end:
        next(decoder.decode())
    assert end.value.value == Decoded("email", (), 1.0, 1.0)


def test_a_cancelled_run_begins_no_pass() -> None:
    def rows(asks: list[Ask]) -> list[dict[int, Chances]]:
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


def characters(text: str) -> list[int]:
    return [ord(c) for c in text]


def read_behind(header: str, lines: Lines, branch: Branch, said: str) -> tuple[Decoded, list[str]]:
    """What a model that wants to write `said` behind the header answers, and what each pass asked of it."""
    whole, passes = header + said, list[str]()
    pool = Sequences(Sharing(), range(1, 9))
    vocabulary = Vocabulary(stop=ord("\n"), no_data=ord("~"), separator=ord("|"))
    decoder = BranchDecoder(branch, lines, vocabulary, pool, pool.lend(0), 0, tuple(characters(header)))

    def rows(asks: list[Ask]) -> list[dict[int, Chances]]:
        passes.append(" and ".join("".join(map(chr, ask.tokens)) for ask in asks))
        return [{i: chances(ask.position + i + 1) for i in ask.wanted} for ask in asks]

    def chances(place: int) -> Chances:
        row = np.zeros(128, dtype=np.float32)
        row[ord(whole[place]) if place < len(whole) else 0] = 9
        return log_softmax(row)

    [answer] = run(iter([decoder.decode()]), 1, rows, lambda: False)
    return answer, passes


def test_an_item_whose_end_was_seen_is_read_with_the_separator_and_the_last_one_not_at_all() -> None:
    source = Source("red or blue ones.", characters, lambda token: chr(token).encode())
    branch = Branch("colours", Copy(many=True, max_chars=20))
    answer, passes = read_behind("F:", CopyLines(source, 20), branch, " red| blue\n")
    assert answer.texts == ("red", "blue")
    # Drafts run ahead; then "red" stands in the branch's own sequence, "blue" need not.
    assert [asked for asked in passes if "|" in asked] == [" red|"]
    assert not passes[-1].startswith(" blue")


def test_an_item_with_one_way_to_end_is_asked_what_follows_and_read_on_at_once() -> None:
    texts = ("red", "green", "blue")
    branch = Branch("colours", OneOf(texts, many=True))
    answer, passes = read_behind("F:", OptionLines(texts, characters), branch, " red| blue\n")
    assert answer.texts == ("red", "blue")
    assert passes == ["F:", " ", " red|", " ", " blue|"]


def test_ways_to_write_one_text_count_together() -> None:
    source = Source("red or blue\nred ones", characters, lambda token: chr(token).encode())
    branch, pool = Branch("colour", Copy()), Sequences(Sharing(), range(1, 4))
    decoder = BranchDecoder(branch, CopyLines(source, 20), Vocabulary(1, 2, 3), pool, 1, 0, (4,))
    twice = [Found(np.log(0.2), 0, 3, 4), Found(np.log(0.3), ~12, 15, 5), Found(np.log(0.4), 7, 11, 5)]
    red, blue = sorted(decoder._joined(twice), key=lambda found: -found.score)
    assert (red.key, np.exp(red.score)) == (~12, pytest.approx(0.5))
    assert (blue.key, np.exp(blue.score)) == (7, pytest.approx(0.4))
