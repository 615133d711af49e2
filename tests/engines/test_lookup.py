"""Lookup decoding writes what token-by-token decoding would, in fewer passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from smartform.engines.heads import WholeHead
from smartform.engines.llama_context import Item, LlamaContext, Logits
from smartform.engines.lookup import AHEAD, Chooser, Draft, Trail, read, write
from smartform.errors import Cancelled
from smartform.revision import ProofreadOptions

END = 0
PROMPT = [50, 51, 52, 53] * 10
SIZE = 60
GREEDY = ProofreadOptions()


class Scripted(LlamaContext):
    """A context whose model wants one answer, whatever was drafted, if it is fed consistently."""

    batch_tokens = 1 + AHEAD[1]

    def __init__(self, prompt: Sequence[int], answer: Sequence[int]) -> None:
        self.prompt, self.answer = list(prompt), [*answer, END]
        self.held: list[int] = []
        self.passes: list[int] = []

    def evaluate(self, items: Sequence[Item]) -> list[Logits]:
        assert len(items) <= self.batch_tokens
        self.passes.append(len(items))
        rows = []
        for item in items:
            assert item.position == len(self.held), "positions follow each other"
            self.held.append(item.token)
            if item.wanted:
                rows.append(self.row())
        return rows

    def row(self) -> Logits:
        """Logits after what is held: high for the answer's next token, noise elsewhere."""
        assert self.held[: len(self.prompt)] == self.prompt
        row = np.random.default_rng(self.held).normal(size=SIZE).astype(np.float32)
        written = self.held[len(self.prompt) :]
        if written == self.answer[: len(written)] and len(written) < len(self.answer):
            row[self.answer[len(written)]] += 9
        return row

    def forget(self, sequence: int, start: int = 0) -> None:
        del self.held[start:]


def revise(
    source: Sequence[int],
    answer: Sequence[int],
    options: ProofreadOptions = GREEDY,
    caution: float = 0.0,
    most: int = 90,
    cancel: bool = False,
) -> tuple[Trail, Scripted]:
    context = Scripted(PROMPT, answer)
    seen: list[int] = []
    draft = Draft([*source, END], [True] * (len(source) + 1))
    head, asked = WholeHead(context), [*PROMPT, *source]
    places = range(len(PROMPT) - 1, len(asked))
    told = read(head.read, context.batch_tokens, 0, asked, 0, places, lambda: False)
    assert list(told) == list(places)
    trail = write(
        head, 0, len(PROMPT), list(told.values()), source, END, draft, Chooser(options, caution), most,
        lambda tokens: seen.append(len(tokens)), lambda: cancel,
    )  # fmt: skip
    assert seen == sorted(seen)
    return trail, context


def step_by_step(context: Scripted, options: ProofreadOptions, most: int) -> list[int]:
    """The answer one token at a time, without a draft."""
    plain, chooser = Scripted(context.prompt, context.answer[:-1]), Chooser(options, 0.0)
    plain.held = list(context.prompt)
    tokens: list[int] = []
    while len(tokens) < most:
        token = chooser.choose(plain.row(), tokens, None)
        if token == END:
            break
        tokens.append(token)
        plain.held.append(token)
    return tokens


SOURCE = list(range(1, 31))
CASES = {
    "nothing": SOURCE,
    "one other": [*SOURCE[:9], 40, *SOURCE[10:]],
    "one more": [*SOURCE[:9], 40, *SOURCE[9:]],
    "two fewer": [*SOURCE[:9], *SOURCE[11:]],
    "first": [41, *SOURCE[1:]],
    "last": [*SOURCE[:-1], 42],
    "all": [45, 44, 43, 42],
    "swapped": [*SOURCE[:4], 6, 5, *SOURCE[6:]],
    "cut": SOURCE[:20],
}


@pytest.mark.parametrize("answer", CASES.values(), ids=CASES)
def test_the_answer_is_the_one_without_a_draft(answer: list[int]) -> None:
    trail, context = revise(SOURCE, answer)
    assert trail.ended
    assert trail.tokens == answer == step_by_step(context, GREEDY, 90)
    assert len(trail.logprobs) == len(answer) + 1


def test_copying_takes_few_steps() -> None:
    assert revise(SOURCE, SOURCE)[0].steps == 1
    for name in ("one other", "one more", "two fewer", "first", "last"):
        assert revise(SOURCE, CASES[name])[0].steps <= 7, name


def test_nothing_is_drafted_while_the_revision_goes_its_own_way() -> None:
    own = list(range(40, 48))
    trail, context = revise(SOURCE, [*SOURCE[:9], *own, *SOURCE[10:]])
    assert trail.tokens[9:17] == own
    first = -(-(len(PROMPT) + len(SOURCE)) // context.batch_tokens)
    assert context.passes[first:][: len(own)] == [1] * len(own)
    assert context.passes[first + len(own)] == 1 + AHEAD[0]


def test_a_cancelled_reading_ends() -> None:
    context = Scripted(PROMPT, SOURCE)
    with pytest.raises(Cancelled):
        read(context.evaluate, 8, 0, PROMPT, 0, [], lambda: len(context.passes) > 1)
    assert context.passes == [8, 8]


def test_an_unchanged_paragraph_has_the_log_probability_of_its_copy() -> None:
    trail, _ = revise(SOURCE, SOURCE)
    assert sum(trail.logprobs) == pytest.approx(trail.logprob_unchanged, abs=1e-3)
    changed, _ = revise(SOURCE, CASES["one other"])
    assert sum(changed.logprobs) > changed.logprob_unchanged
    assert changed.copies[9] is not None
    assert changed.copies[9] < changed.logprobs[9] - 5


def test_caution_keeps_the_source() -> None:
    assert revise(SOURCE, CASES["one other"], caution=30.0)[0].tokens == SOURCE


@pytest.mark.parametrize("seed", range(6))
def test_sampling_with_a_draft_draws_the_same_tokens(seed: int) -> None:
    options = replace(GREEDY, temperature=4.0, top_p=0.9, seed=seed)
    trail, context = revise(SOURCE, CASES["one more"], options, most=25)
    assert trail.tokens == step_by_step(context, options, 25)


def test_a_repetition_penalty_spares_the_copy() -> None:
    twice = [3, 4, 3, 4, 3, 4]
    assert revise(twice, twice, replace(GREEDY, repetition_penalty=9.0))[0].tokens == twice


def test_it_stops_at_the_most_tokens_and_when_cancelled() -> None:
    trail, _ = revise(SOURCE, CASES["all"], most=2)
    assert trail.tokens == [45, 44]
    assert not trail.ended
    with pytest.raises(Cancelled):
        revise(SOURCE, CASES["one other"], cancel=True)
