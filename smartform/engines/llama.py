"""llama.cpp as a `TextEngine` and a `Rewriter`: several tasks on one resident model, an adapter for each.

The prompt is evaluated once; what it shares with the last one (the rules and the fields of the
same form) is not evaluated again. Forms are decoded field by field in parallel: every field is a
branch of its own that sees the prompt and itself, so no field can be repeated, skipped, renamed or
spoilt by another one. Revisions are written by lookup decoding, in a sequence of their own: what one
adapter has evaluated is of no use to another.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from smartform.engines.base import (
    Branch,
    Cancel,
    Copy,
    Decoded,
    Preference,
    Proposal,
    Rewritten,
    Written,
    never,
)
from smartform.engines.heads import Chances, Head, NarrowHead, OutputRows, WholeChances, WholeHead
from smartform.engines.judging import Reading, Variant, Words, common, preferences
from smartform.engines.lines import CopyLines, Lines, OptionLines, Source
from smartform.engines.llama_context import Item, LlamaContext
from smartform.engines.lookup import Chooser, Draft, Trail, read, write
from smartform.engines.packing import Ask, evaluate
from smartform.engines.search import WIDTH, BranchDecoder, Sequences, Vocabulary, Work, run
from smartform.errors import Cancelled, TextError
from smartform.mail_prompts import RevisionPrompt, answer_end
from smartform.prompts import ChatFormat, Prompt, Segment
from smartform.results import Span
from smartform.revision import GROWTH, LEEWAY, ProofreadOptions
from smartform.tasks import Task

_CELLS = 6_144
_WINDOW = 3_072
_BRANCHES = 32
"""Branches decoded at a time; one that ends makes room for the next."""

_BRANCH_SEQUENCES = 1 + 2 * WIDTH
"""A branch's own, those it holds on to and those it asks in."""

_PROMPT = 0
_REVISION = 1 + _BRANCHES * _BRANCH_SEQUENCES
"""The sequence that revisions are written in."""

_FREE = range(1, _REVISION)
"""Those of the branches; between jobs they hold nothing."""

_PARAGRAPH = 640
_RULES = 512
"""Most tokens of a paragraph and of the rules with what stands before it."""

_TOKENS_A_WORD = 1.1
"""By how much more tokens the words of a revision may have than its paragraph's. A revision of more says more
than `smartform.vetting` lets pass, and is not written to its end."""

_HOPELESS = -2.5
"""A correction that, as part of the revision, comes to fewer nats is out of the question."""

_TAIL = 4
"""Tokens behind a correction that tell, in the paragraph itself, whether what follows goes with it."""

_AHEAD = 128
"""Tokens in a pass over a text that nobody waits for yet."""

_SPENT = ("prompt_tokens", "cached_tokens", "branch_tokens", "steps")

_CHATS = {"gemma3": ChatFormat.GEMMA, "llama": ChatFormat.CHATML}


class LlamaEngine:
    """A GGUF model with LoRA adapters.

    Args:
        base: GGUF file of the model.
        adapters: GGUF LoRAs by task. A task without one is done by the base alone, but resumes and first
            pages are read with what fills forms.
        threads: CPU threads; None takes the cores this process may use.
        merged: name of the adapter that fills forms, where it is part of `base`.

    Raises:
        WeightsError: a file is missing or does not load.
    """

    def __init__(
        self,
        base: Path,
        adapters: Mapping[Task, Path] | None = None,
        *,
        threads: int | None = None,
        merged: str = "",
    ) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
        self._adapters: dict[str, Path] = {str(task): path for task, path in (adapters or {}).items()}
        self._context = LlamaContext(
            base, self._adapters, threads=threads or cores, cells=_CELLS, sequences=_REVISION + 1
        )
        self._chat = _CHATS.get(self._context.architecture, ChatFormat.CHATML)
        self._vocabulary = Vocabulary.of(self._context)
        self._output = OutputRows.proven(base, self._context)
        self._lock = threading.Lock()
        self._held: list[int] = []
        self._reads = Task.FORMS
        self._whole = WholeHead(self._context)
        self._asked: list[int] = []
        self._told: dict[int, WholeChances] = {}
        self._spent: dict[str, float] = {}
        filling = self._adapters[Task.FORMS].stem if Task.FORMS in self._adapters else merged
        self._name = f"{self._context.name}{' + ' + filling if filling else ''}"

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

    def read_ahead(self, prompt: Prompt, *, cancel: Cancel = never) -> None:
        """See `ReadsAhead`; passes are short, so that a job that waits need not wait long."""
        with self._lock:
            prompt = self._turned(prompt)
            self._spent = dict.fromkeys(_SPENT, 0.0)
            tokens = self._read(prompt, cancel, _AHEAD)
            if cancel():
                raise Cancelled("The job was cancelled.")
            self._context.evaluate(self._ahead(tokens))
            self._held = tokens

    def decode(
        self, prompt: Prompt, branches: Sequence[Branch], *, cancel: Cancel = never
    ) -> Iterator[Decoded]:
        """Answer every branch, each as soon as it is known.

        Raises:
            TextError: form and text have more tokens than `window_tokens`.
            Cancelled: `cancel` said so.
        """
        with self._lock:
            prompt = self._turned(prompt)
            self._spent = dict.fromkeys(_SPENT, 0.0)
            tokens = self._read(prompt, cancel, self._context.batch_tokens)
            source = Source(prompt.user, self._context.tokenise, self._context.piece, prompt.line_break)
            headers = [prompt.header(branch.name) for branch in branches]
            yield from self._answered(branches, headers, source, tokens, cancel)

    def _turned(self, prompt: Prompt) -> Prompt:
        """Set the model to a prompt's task; what another one's adapter has read is forgotten.

        Returns:
            The prompt for the task whose adapter answers.
        """
        reads = prompt.task if prompt.task in self._adapters else Task.FORMS
        self._context.use(reads)
        if reads is not self._reads:
            self._context.forget(_PROMPT)
            self._held, self._reads = [], reads
        return replace(prompt, task=reads)

    def _read(self, prompt: Prompt, cancel: Cancel, step: int) -> list[int]:
        """The prompt's tokens, evaluated from where it parts from the last one, `step` in a pass.

        Its end, at most one pass, is left for the first branches: they are read in the same pass.
        """
        form, text = prompt.prefix(self._chat)
        tokens = [*self._context.bos, *self._tokens(form), *self._tokens(text)]
        if len(tokens) > self.window_tokens:
            raise TextError("Form and text are too long for the model.", "Shorten the text.")
        shared = common(tokens, self._held)
        self._context.forget(_PROMPT, shared)
        self._held = tokens[:shared]
        self._spent["prompt_tokens"] += len(tokens) - shared
        self._spent["cached_tokens"] += shared
        while len(tokens) - len(self._held) > step:
            if cancel():
                raise Cancelled("The job was cancelled.")
            self._context.evaluate(self._ahead(tokens[: len(self._held) + step]))
            self._held = tokens[: len(self._held) + step]
        return tokens

    def _ahead(self, tokens: Sequence[int], also: tuple[int, ...] = ()) -> list[Item]:
        """What of the prompt `tokens` is not evaluated yet, for its own sequence and for `also`."""
        held = len(self._held)
        return [Item(token, place, _PROMPT, also=also) for place, token in enumerate(tokens[held:], held)]

    def _tokens(self, segments: Sequence[Segment]) -> list[int]:
        return [t for s in segments for t in self._context.tokenise(s.text, special=s.trusted)]

    def _answered(
        self,
        branches: Sequence[Branch],
        headers: Sequence[str],
        source: Source,
        prompt: list[int],
        cancel: Cancel,
    ) -> Iterator[Decoded]:
        """Decode the branches, each behind its header, over the prompt, whose beginning sequence 0 holds."""
        pool = Sequences(self._context, _FREE)
        writable = [self._lines(branch, source) for branch in branches]
        head = self._head(chain(prompt, *(lines.tokens() for lines in writable)))

        def rows(asks: list[Ask]) -> list[dict[int, Chances]]:
            """The first asks are evaluated with what of the prompt is still ahead of them."""
            ahead = self._ahead(prompt, tuple(ask.sequence for ask in asks))
            answers = evaluate(head, asks, self._spent, ahead, len(prompt))
            self._held = prompt
            return answers

        try:
            asked = zip(branches, headers, writable, strict=True)
            works = (self._work(*one, pool, len(prompt)) for one in asked)
            yield from run(works, _BRANCHES, rows, cancel)
        finally:
            pool.close()

    def _head(self, tokens: Iterable[int]) -> Head:
        """What tells the chances of tokens, those given above all."""
        if self._output is None:
            return self._whole
        known = (self._vocabulary.stop, self._vocabulary.no_data, self._vocabulary.separator)
        return NarrowHead.over(self._context, self._output, chain(known, tokens))

    def _work(self, branch: Branch, header: str, lines: Lines, pool: Sequences, length: int) -> Work:
        """A branch behind a prompt of so many tokens; its own sequence is free again when it ends."""
        before = tuple(self._context.tokenise(header))
        sequence = pool.lend(_PROMPT)
        decoder = BranchDecoder(branch, lines, self._vocabulary, pool, sequence, length, before)
        answer = yield from decoder.decode()
        pool.release(sequence)
        return answer

    def _lines(self, branch: Branch, source: Source) -> Lines:
        if isinstance(branch.constraint, Copy):
            return CopyLines(source, branch.constraint.max_chars, branch.constraint.within)
        return OptionLines(branch.constraint.texts, self._context.tokenise)

    @property
    def paragraph_tokens(self) -> int:
        """How many tokens a paragraph may have."""
        return _PARAGRAPH

    def rewrite(
        self,
        prompt: RevisionPrompt,
        options: ProofreadOptions,
        *,
        caution: float = 0.0,
        on_text: Callable[[str], None] | None = None,
        cancel: Cancel = never,
    ) -> Rewritten:
        """Revise a paragraph; arguments and errors as in `Rewriter.rewrite`."""
        source = self._context.tokenise(prompt.text)
        with self._lock:
            rules, _, tokens = self._question(prompt, source)
            try:
                told = self._as_revision(tokens, source, cancel).values()
                trail = self._write(len(tokens), list(told), source, options, caution, on_text, cancel)
            finally:
                self._keep(rules)
        return self._rewritten(trail)

    def preferences(
        self, prompt: RevisionPrompt, proposals: Sequence[Proposal], *, cancel: Cancel = never
    ) -> tuple[Preference, ...]:
        """What the model makes of corrections; arguments and errors as in `Judge.preferences`.

        The prompt stays in memory: what the next one shares with it is not read again.
        """
        source, end = self._context.tokenise(prompt.text), self._end()
        words = Words(prompt.text, source, self._context.tokenise, self._context.piece)
        changed = [words.changed(p.span, p.replacement) for p in proposals]
        variants = [Variant.of(source, *one, end) for one in changed]
        with self._lock:
            head, draft, revision = self._read_twice(prompt, source, variants, cancel)
            asked = preferences(head, self._context, revision, _FREE, variants, _HOPELESS)
            hopeful = [n for n, nats in enumerate(asked) if nats > _HOPELESS]
            further = [Variant.of(source, *changed[n], end, _TAIL) for n in hopeful]
            told = preferences(head, self._context, draft, _FREE, further, -math.inf)
        plain = dict(zip(hopeful, told, strict=True))
        return tuple(Preference(nats, plain.get(n)) for n, nats in enumerate(asked))

    def _read_twice(
        self, prompt: RevisionPrompt, source: list[int], variants: Sequence[Variant], cancel: Cancel
    ) -> tuple[Head, Reading, Reading]:
        """The paragraph where the prompt shows it and behind the prompt, as its own revision."""
        _, shown, tokens = self._question(prompt, source)
        head = self._head(chain(tokens, *(variant.tokens for variant in variants)))
        start, most = self._still_held(tokens, shown - 1), self._context.batch_tokens
        places = range(shown - 1, shown + len(source))
        told = read(head.read, most, _REVISION, tokens[:-1], start, places, cancel)
        self._asked = tokens[:-1]
        own = self._as_revision(tokens, source, cancel)
        return head, Reading(_REVISION, shown, told), Reading(_REVISION, len(tokens), own)

    def _as_revision(self, tokens: list[int], source: list[int], cancel: Cancel) -> dict[int, WholeChances]:
        """What may follow a prompt's last token and each of its paragraph's, read as its own revision.

        It is read once: the paragraph that was judged is mostly revised next.
        """
        asked = [*tokens, *source]
        if self._asked != asked or not self._told:
            first, most = self._still_held(tokens, len(tokens) - 1), self._context.batch_tokens
            places = range(len(tokens) - 1, len(asked))
            self._told = read(self._whole.read, most, _REVISION, asked, first, places, cancel)
            self._asked = asked
        return self._told

    def _question(self, prompt: RevisionPrompt, source: Sequence[int]) -> tuple[int, int, list[int]]:
        """How many tokens the rules have, how many stand before the paragraph, and all of the prompt's, once
        the model is set to revise.

        Raises:
            TextError: there are more than fit.
        """
        self._context.use(Task.EMAIL)
        rules, (request, _, closing) = prompt.prefix(self._chat)
        held = [*self._context.bos, *self._tokens(rules)]
        asked = [*held, *self._tokens([request])]
        tokens = [*asked, *source, *self._tokens([closing])]
        if len(source) > _PARAGRAPH or len(tokens) - len(source) > _RULES:
            raise TextError("A paragraph is too long for the model.", "Divide it.")
        return len(held), len(asked), tokens

    def _still_held(self, tokens: Sequence[int], most: int) -> int:
        """How many of a prompt's tokens, `most` at most, were read already; the rest is forgotten."""
        start = min(most, common(tokens, self._asked))
        self._keep(start)
        return start

    def _keep(self, count: int) -> None:
        """Forget all but the first so many tokens of what was asked last."""
        self._context.forget(_REVISION, count)
        self._asked = self._asked[:count]
        self._told = {}

    def _end(self) -> int:
        """The token that ends a revision."""
        [end] = self._tokens([answer_end(self._chat)])
        return end

    def _write(
        self,
        position: int,
        told: Sequence[WholeChances],
        source: list[int],
        options: ProofreadOptions,
        caution: float,
        on_text: Callable[[str], None] | None,
        cancel: Cancel,
    ) -> Trail:
        end = self._end()
        starts = [not n or not self._context.piece(t)[:1].isalnum() for n, t in enumerate(source)]
        most = min(options.max_tokens, int(_TOKENS_A_WORD * GROWTH[1] * len(source)) + 2 * LEEWAY[1])

        draft = Draft([*source, end], [*starts, True])

        def tell(written: Sequence[int]) -> None:
            if on_text is not None:
                on_text(self._text([*written, *draft.ahead(len(source))]))

        return write(
            self._whole, _REVISION, position, told, source, end, draft, Chooser(options, caution), most, tell,
            cancel,
        )  # fmt: skip

    def _text(self, tokens: Sequence[int]) -> str:
        return b"".join(map(self._context.piece, tokens)).decode("utf-8", "ignore")

    def _rewritten(self, trail: Trail) -> Rewritten:
        written, data, place = [], b"", 0
        for token, logprob, copy in zip(trail.tokens, trail.logprobs, trail.copies, strict=False):
            data += self._context.piece(token)
            end = len(data.decode("utf-8", "ignore"))
            written.append(Written(Span(place, end), logprob, copy))
            place = end
        return Rewritten(
            text=self._text(trail.tokens),
            complete=trail.ended,
            tokens=tuple(written),
            logprob=sum(trail.logprobs),
            logprob_unchanged=trail.logprob_unchanged,
            steps=trail.steps,
        )
