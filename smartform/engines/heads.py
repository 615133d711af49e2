"""From a model's state at a token to how probable each next token is: its last matrix, whole or in part.

A copied value goes on with a token of the text, one of an option, or ends. Of the vocabulary's
rows, which are most of a pass over a few branches, a branch so needs a few hundred, and of the others only
what they weigh together. `NarrowHead` multiplies a state with the rows of the tokens that stand in the prompt
and the options, and with those of the most frequent ones, in the place of all others.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, Self

import gguf
import numpy as np
from threadpoolctl import ThreadpoolController

from smartform.engines.ggml import Values, stored
from smartform.engines.llama_context import Item, LlamaContext, Logits

log = logging.getLogger(__name__)

FREQUENT = 4_096
"""Tokens that always count: vocabularies are numbered in the order of their merges, the commonest first."""

_NAMES = ("output.weight", "token_embd.weight")
"""What GGUF files call the matrix; a model without one of its own has the embeddings in its place."""

_ALIKE = 0.5
"""Logits of the two ways may differ by this: llama.cpp rounds the state to 8 bits where the matrix has 8."""


def log_softmax(row: Logits) -> Logits:
    """Log-probabilities of all the tokens of a row."""
    result: Logits = row - np.float32(log_mass(row))
    return result


def log_mass(row: Logits) -> float:
    """Log of the sum of a row's exponentials: what a logit is more than its log-probability."""
    top = row.max()
    return float(top + np.log(np.exp(row - top).sum()))


class Chances(Protocol):
    """Log-probabilities of the next token."""

    def __getitem__(self, token: int, /) -> float:
        """That of one token."""
        ...


class Head(Protocol):
    """Evaluates tokens and tells what may come after those that are wanted."""

    def read(self, items: Sequence[Item]) -> Sequence[Chances]:
        """Evaluate a pass; for each wanted item, in order, the chances of what follows it.

        Raises:
            EngineError: as `LlamaContext.evaluate`.
        """
        ...


class WholeChances:
    """`Chances` of all tokens.

    Args:
        logits: (vocabulary,).
    """

    def __init__(self, logits: Logits) -> None:
        self.logits = logits

    @cached_property
    def mass(self) -> float:
        """Log of the sum of their exponentials."""
        return log_mass(self.logits)

    def __getitem__(self, token: int) -> float:
        """See `Chances`."""
        return float(self.logits[token]) - self.mass


@dataclass(frozen=True, slots=True)
class WholeHead:
    """llama.cpp's own last step, over the whole vocabulary."""

    context: LlamaContext

    def read(self, items: Sequence[Item]) -> Sequence[WholeChances]:
        """See `Head`."""
        return list(map(WholeChances, self.context.evaluate(items)))


class OutputRows:
    """The last matrix of a GGUF model, (vocabulary, width), read row by row.

    Args:
        model: GGUF file.
        vocabulary: how many tokens it has.

    Raises:
        OSError: the file cannot be read.
        ValueError: it has no such matrix.
    """

    def __init__(self, model: Path, vocabulary: int) -> None:
        self._threads = ThreadpoolController()
        data, self._type = stored(model, _NAMES)
        self._data = data.reshape(vocabulary, -1)
        self.frequent = self.of(range(min(FREQUENT, vocabulary)))

    @classmethod
    def proven(cls, model: Path, context: LlamaContext) -> Self | None:
        """The rows of the model that `context` holds; None where they do not lead to its logits."""
        probe = [Item(0, 0, 0), Item(0, 1, 0, wanted=True)]
        [logits] = context.evaluate(probe)
        context.forget(0)
        try:
            rows = cls(model, context.vocabulary_size)
            narrow = rows.logits(context.states(probe), rows.of([]))[0]
            if np.abs(narrow - logits[: len(narrow)]).max() > _ALIKE:
                raise ValueError("its states and its output matrix do not give its logits")
        except (OSError, ValueError) as error:
            log.warning("Every value is weighed against the whole vocabulary, which is slower: %s", error)
            return None
        finally:
            context.forget(0)
        return rows

    def logits(self, states: Values, own: Values) -> Logits:
        """Those of the frequent tokens, then those of the rows `own`: (states, tokens).

        One thread does it: those of NumPy's library go on turning for a while where they have nothing to
        do, and llama.cpp's next pass, on the same cores, would take half as long again.
        """
        with self._threads.limit(limits=1, user_api="blas"):
            return np.concatenate([states @ self.frequent.T, states @ own.T], axis=1)

    def of(self, tokens: Sequence[int]) -> Values:
        """The rows of some tokens, (tokens, width)."""
        rows = gguf.quants.dequantize(self._data[list(tokens)], self._type)
        return rows.astype(np.float32, copy=False)


@dataclass(frozen=True, slots=True)
class NarrowChances:
    """`Chances` of the tokens that a `NarrowHead` weighs, and on demand of others.

    Args:
        state: (width,).
        logits: of the frequent tokens, then of the prompt's.
        mass: log of the sum of their exponentials.
        columns: where the prompt's tokens are in `logits`.
        rows: the matrix for the others.
    """

    state: Values
    logits: Logits
    mass: float
    columns: Mapping[int, int]
    rows: OutputRows

    def __getitem__(self, token: int) -> float:
        """See `Chances`."""
        column = token if token < len(self.rows.frequent) else self.columns.get(token)
        if column is not None:
            return float(self.logits[column]) - self.mass
        [row] = self.rows.of([token])
        logit = float(row @ self.state)
        return logit - float(np.logaddexp(self.mass, logit))


@dataclass(frozen=True, slots=True)
class NarrowHead:
    """The last step over the frequent tokens and those of one prompt.

    Args:
        context: holds the model.
        rows: its last matrix.
        columns: token of the prompt → its place behind the frequent ones.
        own: the rows of those tokens.
    """

    context: LlamaContext
    rows: OutputRows
    columns: Mapping[int, int]
    own: Values

    @classmethod
    def over(cls, context: LlamaContext, rows: OutputRows, tokens: Iterable[int]) -> Self:
        """A head over the frequent tokens and `tokens`; others are weighed when they are asked for."""
        first = len(rows.frequent)
        rare = sorted({token for token in tokens if token >= first})
        return cls(context, rows, {token: n for n, token in enumerate(rare, first)}, rows.of(rare))

    def read(self, items: Sequence[Item]) -> Sequence[Chances]:
        """See `Head`."""
        if not any(item.wanted for item in items):
            self.context.evaluate(items)
            return []
        states = self.context.states(items)
        logits = self.rows.logits(states, self.own)
        return [
            NarrowChances(state, row, log_mass(row), self.columns, self.rows)
            for state, row in zip(states, logits, strict=True)
        ]
