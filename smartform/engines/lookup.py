"""Lookup decoding: the paragraph itself is the draft of its revision.

Most of a revision is copied. So the tokens that stand next in the source are evaluated along with
the last one written, in one pass, and as many of them are taken as the model would have written.
The result is the same as writing token by token (Saxena 2023, prompt lookup decoding; Leviathan et
al. 2023 for sampling, where a drafted token is taken if the draw from the model falls on it).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from smartform.engines.base import Cancel
from smartform.engines.heads import WholeChances, WholeHead, log_softmax
from smartform.engines.llama_context import Item, Logits
from smartform.errors import Cancelled
from smartform.revision import ProofreadOptions

Told = TypeVar("Told")

AHEAD = (6, 48)
"""Fewest and most tokens that are tried at once; the number doubles while all of them are taken. Where the
revision has parted from the source and not come back to it, none is: nine in ten would be for nothing."""

REACH = 14
"""How far ahead a written token is looked for in the source where it does not stand next."""

PENALTY_TOKENS = 64
"""How many of the last tokens the repetition penalty looks at."""


class Draft:
    """Where in the source the revision stands, and so what probably comes next.

    Args:
        tokens: the source's, the end included.
        starts: which of them begin a word; a word that is written otherwise is passed over whole.
    """

    def __init__(self, tokens: Sequence[int], starts: Sequence[bool]) -> None:
        self._tokens, self._starts = tokens, starts
        self._place = 0
        self._left = 0
        self.sure = True
        """Whether the last token was the one that stood next."""

    @property
    def next(self) -> int | None:
        """The token of the source that stands next, where that is sure."""
        return self._tokens[self._place] if self.sure and self._place < len(self._tokens) else None

    def ahead(self, count: int) -> Sequence[int]:
        """At most `count` tokens that probably come next, the end left out."""
        return self._tokens[self._place : min(self._place + count, len(self._tokens) - 1)]

    def follow(self, token: int) -> None:
        """Take note of the token that was written."""
        if self._place < len(self._tokens) and self._tokens[self._place] == token:
            self._place += 1
            self.sure = True
            return
        if self.sure:
            self._left, self.sure = self._place, False
            self._place = self._next_word(self._place)
        found = self._find(token)
        if found is not None:
            self._place, self.sure = found + 1, True

    def _next_word(self, place: int) -> int:
        for later in range(place + 1, len(self._tokens)):
            if self._starts[later]:
                return later
        return len(self._tokens) - 1

    def _find(self, token: int) -> int | None:
        """The place of a word's first token at or shortly after where copying stopped."""
        for place in range(self._left, min(self._left + REACH, len(self._tokens) - 1)):
            if self._tokens[place] == token and self._starts[place]:
                return place
        return None


class Chooser:
    """Draws tokens from logits: greedily, or as the options say.

    Args:
        options: temperature, top-p, repetition penalty and seed are used.
        caution: nats that are added to the token of the source that stands next.
    """

    def __init__(self, options: ProofreadOptions, caution: float) -> None:
        self._options, self._caution = options, caution
        self._random = np.random.default_rng(options.seed)

    def choose(self, row: Logits, written: Sequence[int], copy: int | None) -> int:
        """The next token after `written`, given the logits of all, (vocabulary,)."""
        options = self._options
        if copy is not None and self._caution:
            row = row.copy()
            row[copy] += self._caution
        if options.repetition_penalty != 1.0 and written:
            row = _penalised(row, written, copy, options.repetition_penalty)
        if options.temperature <= 0.0:
            return int(row.argmax())
        chances = np.exp(log_softmax(row / max(options.temperature, 1e-3)).astype(np.float64))
        order = np.argsort(-chances)
        kept = order[: 1 + int(np.searchsorted(np.cumsum(chances[order]), options.top_p))]
        return int(self._random.choice(kept, p=chances[kept] / chances[kept].sum()))


def _penalised(row: Logits, written: Sequence[int], copy: int | None, penalty: float) -> Logits:
    """Logits with those of the last tokens lowered, but not of the one that stands next in the source."""
    row = row.copy()
    for token in {*written[-PENALTY_TOKENS:]} - {copy}:
        row[token] = row[token] / penalty if row[token] > 0 else row[token] * penalty
    return row


@dataclass(slots=True)
class Trail:
    """A revision in the making: tokens with their log-probability and that of the source's next one."""

    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    copies: list[float | None] = field(default_factory=list)
    ended: bool = False
    steps: int = 0
    logprob_unchanged: float = 0.0


def write(
    head: WholeHead,
    sequence: int,
    position: int,
    told: Sequence[WholeChances],
    source: Sequence[int],
    end: int,
    draft: Draft,
    chooser: Chooser,
    most: int,
    on_tokens: Callable[[Sequence[int]], None],
    cancel: Cancel,
) -> Trail:
    """Write a revision in `sequence`, which holds the prompt and, as its revision, the source itself.

    What is known of it scores the source, and gives the revision as far as nothing changes.

    Args:
        position: where the revision begins.
        told: chances of what follows the prompt and each token of the source.
        source: the paragraph's tokens.
        end: the token that ends a revision.
        most: tokens that are written at most.
        on_tokens: called with the tokens so far after each step.

    Raises:
        Cancelled: `cancel` said so.
    """
    trail = Trail()
    trail.logprob_unchanged = sum(row[token] for row, token in zip(told, [*source, end], strict=True))
    rows, drafted, ahead = told, list(source), AHEAD[0]
    while True:
        trail.steps += 1
        taken = _take(trail, rows, drafted, end, draft, chooser, most)
        on_tokens(trail.tokens)
        if trail.ended or len(trail.tokens) >= most:
            return trail
        if cancel():
            raise Cancelled("The job was cancelled.")
        position += taken
        head.context.forget(sequence, position)
        ahead = min(2 * ahead, AHEAD[1]) if taken == len(drafted) and drafted else AHEAD[0]
        drafted = list(draft.ahead(ahead)) if draft.sure else []
        items = [trail.tokens[-1], *drafted]
        rows = head.read([Item(t, position + i, sequence, True) for i, t in enumerate(items)])
        position += 1


def read(
    evaluate: Callable[[Sequence[Item]], Sequence[Told]],
    most: int,
    sequence: int,
    tokens: Sequence[int],
    start: int,
    wanted: Collection[int],
    cancel: Cancel,
) -> dict[int, Told]:
    """Evaluate tokens from number `start` on in a sequence that holds those before.

    Args:
        evaluate: evaluates a pass of at most `most` tokens and tells of each wanted one, in order, what it
            makes of it.

    Returns:
        What is told, by the number of the token, for those `wanted`.

    Raises:
        Cancelled: `cancel` said so.
    """
    rows: dict[int, Told] = {}
    for at in range(start, len(tokens), most):
        if cancel():
            raise Cancelled("The job was cancelled.")
        part = range(at, min(at + most, len(tokens)))
        told = evaluate([Item(tokens[n], n, sequence, n in wanted) for n in part])
        rows |= zip((n for n in part if n in wanted), told, strict=True)
    return rows


def _take(
    trail: Trail,
    rows: Iterable[WholeChances],
    drafted: Sequence[int],
    end: int,
    draft: Draft,
    chooser: Chooser,
    most: int,
) -> int:
    """Write on as far as the logits of the drafted tokens reach; how many of these were taken."""
    for number, row in enumerate(rows):
        copy = draft.next
        token = chooser.choose(row.logits, trail.tokens, copy)
        trail.logprobs.append(row[token])
        trail.copies.append(None if copy is None else row[copy])
        if token == end:
            trail.ended = True
            return number
        trail.tokens.append(token)
        draft.follow(token)
        if number >= len(drafted) or token != drafted[number] or len(trail.tokens) >= most:
            return number
    return len(drafted)
