"""Conversations that begin alike as tokens: what they share once, each of their endings a branch behind it.

An instruction that stands before every question is then read once for several of them, where a row
each would read it again. A branch sees what is shared and itself (`training.objective`), so that a
conversation teaches what it teaches alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from random import Random
from typing import Any

from training.chat_rows import Message
from training.config import TrainConfig
from training.conversations import IGNORED, Tokens, encode, templated
from training.objective import Encoded, behind

SIDE_BY_SIDE = 8
"""Conversations behind one beginning, at most."""


@dataclass(frozen=True)
class Conversation:
    """One conversation to learn the assistant's turns of."""

    id: str
    messages: tuple[Message, ...]


class CommonPromptEncoder:
    """Conversations as tokens, several in a row; those over `max_tokens` are left out.

    Args:
        config: `chat` as `training.lora_config.LoraRun` has it; of `length_power`, an answer's weight.
        too_long: ids of the conversations that were left out for their length.
    """

    def __init__(self, config: TrainConfig, tokenizer: Any) -> None:
        self.config, self.tokenizer = config, templated(tokenizer, config.chat)
        self.too_long: set[str] = set()

    def encode(self, examples: Sequence[Conversation], rng: Random) -> list[Encoded]:
        """Tokenise the conversations and put each `SIDE_BY_SIDE` of them into a row, in their order."""
        kept = []
        for example in examples:
            tokens = encode(example.messages, self.tokenizer)
            if len(tokens) <= self.config.max_tokens:
                kept.append(tokens)
            else:
                self.too_long.add(example.id)
        packs = [kept[at : at + SIDE_BY_SIDE] for at in range(0, len(kept), SIDE_BY_SIDE)]
        return [side_by_side(rows, self.config.length_power) for rows in packs]

    def vocabulary(self, examples: Sequence[Conversation]) -> set[int]:
        """Every token that occurs in `examples`."""
        return {token for one in self.encode(examples, Random(0)) for token in one.ids}


def side_by_side(rows: Sequence[Tokens], length_power: float) -> Encoded:
    """Put what the conversations share before what they do not.

    The token before an answer stays in its branch, for the answer's first token is read off it.
    """
    given = [next(n for n, label in enumerate(row.labels) if label != IGNORED) - 1 for row in rows]
    alike = takewhile(lambda column: len(set(column)) == 1, zip(*(row.ids for row in rows), strict=False))
    start = min(len(list(alike)), *given)
    branches = []
    for row in rows:
        learnt = [label != IGNORED for label in row.labels[start:]]
        branches.append((row.ids[start:], [sum(learnt) ** -length_power * one for one in learnt]))
    return behind(rows[0].ids[:start], branches)
