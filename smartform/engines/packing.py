"""Packs what branches ask for into passes of the model.

What several branches begin with alike ('work[Nurse].' of 'work[Nurse].company' and 'work[Nurse].startDate'),
right behind the prompt that they all see, is evaluated once, for all their sequences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from smartform.engines.heads import Chances, Head
from smartform.engines.llama_context import Item, LlamaContext


@dataclass(frozen=True, slots=True)
class Ask:
    """Evaluate `tokens` in `sequence` from `position` on and send the chances behind those in `wanted`."""

    sequence: int
    position: int
    tokens: tuple[int, ...]
    wanted: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Packed:
    """A token to evaluate, and the asks, by number, that want the chances behind it, their token `place`."""

    item: Item
    askers: tuple[int, ...] = ()
    place: int = 0


def evaluate(
    head: Head,
    asks: Sequence[Ask],
    spent: dict[str, float],
    ahead: Sequence[Item] = (),
    alike: int | None = None,
) -> list[dict[int, Chances]]:
    """Evaluate `ahead`, then every ask, in as many passes as the batch size demands.

    Args:
        spent: 'branch_tokens' and 'steps' are counted in it.
        alike: a position before which all sequences that are asked there hold the same.

    Returns:
        For each ask the chances behind its wanted tokens, by their place in it.
    """
    packed = [_Packed(item) for item in ahead]
    together = [number for number, ask in enumerate(asks) if ask.position == alike]
    packed += _together(asks, together)
    for number in sorted(set(range(len(asks))) - set(together)):
        packed += _together(asks, [number])
    rows: list[dict[int, Chances]] = [{} for _ in asks]
    for start in range(0, len(packed), LlamaContext.batch_tokens):
        part = packed[start : start + LlamaContext.batch_tokens]
        chances = iter(head.read([token.item for token in part]))
        for token in part:
            if token.item.wanted:
                told = next(chances)
                for number in token.askers:
                    rows[number][token.place] = told
    spent["branch_tokens"] += len(packed) - len(ahead)
    spent["steps"] += 1
    return rows


def _together(asks: Sequence[Ask], numbers: Sequence[int], depth: int = 0) -> Iterator[_Packed]:
    """The tokens from `depth` on of the asks `numbers`, which are alike before; each is evaluated once."""
    longer = sorted((n for n in numbers if len(asks[n].tokens) > depth), key=lambda n: asks[n].tokens[depth])
    for token, same in groupby(longer, lambda n: asks[n].tokens[depth]):
        group = list(same)
        first, *others = (asks[n] for n in group)
        askers = tuple(n for n in group if depth in asks[n].wanted)
        also = tuple(ask.sequence for ask in others)
        yield _Packed(Item(token, first.position + depth, first.sequence, bool(askers), also), askers, depth)
        yield from _together(asks, group, depth + 1)
