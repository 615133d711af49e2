"""llama.cpp as a `TextEngine`: field-parallel constrained decoding on a resident model.

The prompt is evaluated once; what it shares with the last one (the rules and the fields of the
same form) is not evaluated again. Every field is a branch of its own that sees the prompt and
itself, so no field can be repeated, skipped, renamed or spoilt by another one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from smartform.engines.base import Branch, Cancel, Copy, Decoded, OneOf, never
from smartform.engines.lines import CopyLines, OptionLines
from smartform.engines.llama_context import Item, LlamaContext
from smartform.engines.search import WIDTH, Ask, Sequences, Vocabulary, _evaluate, answer, headers, run
from smartform.errors import Cancelled, TextError
from smartform.prompts import ChatFormat, Prompt, Segment

_CELLS = 6_144
_WINDOW = 3_072
_GROUP = 32
"""Branches decoded together; more fields go in groups over the same prompt."""

_BRANCH_SEQUENCES = 1 + 2 * WIDTH
"""A branch's own, those it holds on to and those it asks in."""

_PROMPT = 0
_CHATS = {"gemma3": ChatFormat.GEMMA, "llama": ChatFormat.CHATML}


class LlamaEngine:
    """A GGUF model with an optional LoRA adapter.

    Args:
        base: GGUF file of the model.
        adapter: GGUF LoRA, or None for the base alone.
        threads: CPU threads; None takes the cores this process may use.

    Raises:
        WeightsError: a file is missing or does not load.
    """

    def __init__(self, base: Path, adapter: Path | None = None, *, threads: int | None = None) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
        sequences = 1 + _GROUP * _BRANCH_SEQUENCES
        self._context = LlamaContext(
            base, adapter, threads=threads or cores, cells=_CELLS, sequences=sequences
        )
        self._chat = _CHATS.get(self._context.architecture, ChatFormat.CHATML)
        self._vocabulary = Vocabulary.of(self._context)
        self._lock = threading.Lock()
        self._held: list[int] = []
        self._spent: dict[str, float] = {}
        self._name = f"{self._context.name}{' + ' + adapter.stem if adapter else ''}"

    @property
    def name(self) -> str:
        """The model's name and its adapter's."""
        return self._name

    @property
    def window_tokens(self) -> int:
        """How many tokens of form and text together one call reads."""
        return _WINDOW

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` has."""
        return len(self._context.tokenise(text))

    def stats(self) -> dict[str, float]:
        """What the last `decode` evaluated."""
        return dict(self._spent)

    def decode(
        self, prompt: Prompt, branches: Sequence[Branch], *, cancel: Cancel = never
    ) -> Iterator[Decoded]:
        """Answer every branch, each as soon as it is known.

        Raises:
            TextError: form and text have more tokens than `window_tokens`.
            Cancelled: `cancel` said so.
        """
        with self._lock:
            self._spent = dict.fromkeys(("prompt_tokens", "cached_tokens", "branch_tokens", "steps"), 0.0)
            length = self._read(prompt, cancel)
            copy = CopyLines(prompt.user, self._context.tokenise, self._context.piece)
            for start in range(0, len(branches), _GROUP):
                yield from self._group(branches[start : start + _GROUP], copy, length, cancel)

    def _read(self, prompt: Prompt, cancel: Cancel) -> int:
        """Evaluate the prompt from where it parts from the last one; its length in tokens."""
        form, text = prompt.prefix(self._chat)
        tokens = [*self._context.bos, *self._tokens(form), *self._tokens(text)]
        if len(tokens) > self.window_tokens:
            raise TextError("Form and text are too long for the model.", "Shorten the text.")
        shared = 0
        while shared < min(len(tokens), len(self._held)) and tokens[shared] == self._held[shared]:
            shared += 1
        self._context.forget(_PROMPT, shared)
        self._held = tokens[:shared]
        step = self._context.batch_tokens
        for start in range(shared, len(tokens), step):
            if cancel():
                raise Cancelled("The job was cancelled.")
            part = tokens[start : start + step]
            self._context.evaluate([Item(t, start + i, _PROMPT) for i, t in enumerate(part)])
            self._held += part
        self._spent["prompt_tokens"] += len(tokens) - shared
        self._spent["cached_tokens"] += shared
        return len(tokens)

    def _tokens(self, segments: Sequence[Segment]) -> list[int]:
        return [t for s in segments for t in self._context.tokenise(s.text, special=s.trusted)]

    def _group(
        self, branches: Sequence[Branch], copy: CopyLines, length: int, cancel: Cancel
    ) -> Iterator[Decoded]:
        pool = Sequences(self._context, range(1, 1 + _GROUP * _BRANCH_SEQUENCES))
        opened = headers(self._context, [branch.name for branch in branches])
        own = [pool.lend(_PROMPT) for _ in branches]
        try:
            asks = [
                Ask(sequence, length, tuple(tokens), frozenset({len(tokens) - 1}))
                for sequence, tokens in zip(own, opened, strict=True)
            ]
            firsts = _evaluate(self._context, asks, self._spent)
            works = {}
            for branch, sequence, tokens, row in zip(branches, own, opened, firsts, strict=True):
                first = row[len(tokens) - 1]
                works[branch.name] = answer(
                    branch, copy, self._options(branch), self._vocabulary, pool, sequence,
                    length + len(tokens), first,
                )  # fmt: skip
            yield from run(self._context, works, cancel, self._spent)
        finally:
            for sequence in range(1, 1 + _GROUP * _BRANCH_SEQUENCES):
                self._context.forget(sequence)

    def _options(self, branch: Branch) -> OptionLines | None:
        if isinstance(branch.constraint, Copy):
            return None
        assert isinstance(branch.constraint, OneOf)
        return OptionLines(branch.constraint.texts, self._context.tokenise)
