"""How what branches ask for is packed into passes, without a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from smartform.engines.heads import Chances, WholeChances
from smartform.engines.llama_context import Item, LlamaContext
from smartform.engines.packing import Ask, evaluate


class Recorder:
    """A head that tells for every wanted token its place among all of them."""

    def __init__(self) -> None:
        self.passes: list[list[Item]] = []

    def read(self, items: Sequence[Item]) -> Sequence[Chances]:
        first = sum(map(len, self.passes))
        self.passes.append(list(items))
        return [WholeChances(np.full(1, first + n)) for n, item in enumerate(items) if item.wanted]


def ask(sequence: int, position: int, *tokens: int, wanted: int | None = None) -> Ask:
    """An ask that wants its last token's chances, or those of one of them."""
    return Ask(sequence, position, tokens, frozenset({len(tokens) - 1 if wanted is None else wanted}))


def told(rows: Sequence[dict[int, Chances]]) -> list[dict[int, float]]:
    """Each ask's places, and the number of the token whose chances it got."""
    return [{place: float(chances.logits[0]) for place, chances in row.items()} for row in rows]  # type: ignore[attr-defined]


def test_what_branches_begin_with_alike_is_evaluated_once_for_all_their_sequences() -> None:
    head, spent = Recorder(), {"branch_tokens": 0.0, "steps": 0.0}
    asks = [ask(1, 9, 5, 6, 7), ask(2, 9, 4, 6), ask(3, 9, 5, 6, 8, 8), ask(4, 9, 5, 3)]
    rows = evaluate(head, asks, spent, alike=9)
    assert head.passes == [
        [
            Item(4, 9, 2),
            Item(6, 10, 2, True),
            Item(5, 9, 1, also=(3, 4)),
            Item(3, 10, 4, True),
            Item(6, 10, 1, also=(3,)),
            Item(7, 11, 1, True),
            Item(8, 11, 3),
            Item(8, 12, 3, True),
        ]
    ]
    assert told(rows) == [{2: 5}, {1: 1}, {3: 7}, {1: 3}]
    assert spent == {"branch_tokens": 8, "steps": 1}


def test_branches_that_ask_the_same_are_told_the_same() -> None:
    head = Recorder()
    rows = evaluate(
        head, [ask(1, 9, 5, 6), ask(2, 9, 5, 6, 7, wanted=1)], {"branch_tokens": 0, "steps": 0}, alike=9
    )
    assert head.passes == [[Item(5, 9, 1, also=(2,)), Item(6, 10, 1, True, (2,)), Item(7, 11, 2)]]
    assert told(rows) == [{1: 1}, {1: 1}]


def test_asks_behind_other_texts_are_evaluated_by_themselves() -> None:
    head = Recorder()
    evaluate(head, [ask(1, 12, 5, 6), ask(2, 12, 5, 6)], {"branch_tokens": 0, "steps": 0}, alike=9)
    assert [(item.sequence, item.also) for item in head.passes[0]] == [(1, ()), (1, ()), (2, ()), (2, ())]


def test_what_is_ahead_comes_first_and_a_batch_is_never_too_large() -> None:
    head, spent = Recorder(), {"branch_tokens": 0.0, "steps": 0.0}
    ahead = [Item(1, n, 0) for n in range(LlamaContext.batch_tokens - 1)]
    place = len(ahead)
    rows = evaluate(head, [ask(1, place, 7, 8), ask(2, place, 7, 9)], spent, ahead, alike=place)
    assert [len(items) for items in head.passes] == [LlamaContext.batch_tokens, 2]
    assert head.passes[0][:-1] == ahead
    assert head.passes[0][-1] == Item(7, place, 1, also=(2,))
    assert told(rows) == [{1: place + 1}, {1: place + 2}]
    assert spent["branch_tokens"] == 3
