"""The last step over part of the vocabulary, held against llama.cpp's own over all of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from smartform.engines import load, models
from smartform.engines.heads import FREQUENT, NarrowHead, OutputRows, WholeHead, log_softmax
from smartform.engines.llama import LlamaEngine
from smartform.engines.llama_context import Item, LlamaContext
from smartform.fill import Filler
from smartform.results import FillResult
from smartform.schema import FormSpec
from smartform.settings import Settings
from smartform.sources import example, presets

LONG = "Hello, I would like a double room from the 3rd to the 6th of May for two adults. " * 20


@pytest.fixture(scope="module")
def context() -> Iterator[LlamaContext]:
    context = LlamaContext(models.locate(load.BASE_MODEL), {}, threads=1, cells=1_024, sequences=3)
    yield context
    context.close()


@pytest.fixture(scope="module")
def rows(context: LlamaContext) -> OutputRows:
    rows = OutputRows.proven(models.locate(load.BASE_MODEL), context)
    assert rows is not None
    return rows


def items_of(context: LlamaContext) -> list[Item]:
    """More than one of llama.cpp's passes: a prompt with some wanted tokens, and two branches behind it."""
    tokens = context.tokenise(LONG)[:400]
    prompt = [Item(t, n, 0, wanted=n % 90 == 7, also=(1, 2)) for n, t in enumerate(tokens)]
    branches = [Item(t, 400, number, wanted=True) for number, t in ((1, tokens[3]), (2, tokens[9]))]
    return [*prompt, *branches]


def test_states_lead_to_the_logits_of_every_wanted_token_in_order(
    context: LlamaContext, rows: OutputRows
) -> None:
    items = items_of(context)
    whole = np.stack(context.evaluate(items))
    for sequence in range(3):
        context.forget(sequence)
    states = context.states(items)
    for sequence in range(3):
        context.forget(sequence)
    tokens = [*range(300), *range(50_000, 50_300)]
    assert len(states) == len(whole) == 7
    assert np.abs(states @ rows.of(tokens).T - whole[:, tokens]).max() < 0.5


def test_a_narrow_head_gives_nearly_the_chances_of_the_whole_one(
    context: LlamaContext, rows: OutputRows
) -> None:
    prompt = [Item(t, n, 0, wanted=n > 40) for n, t in enumerate(context.tokenise(LONG)[:80])]
    tokens = {item.token for item in prompt}
    whole = WholeHead(context).read(prompt)
    context.forget(0)
    narrow = NarrowHead.over(context, rows, tokens).read(prompt)
    context.forget(0)
    following = [item.token for item in prompt[42:]]
    one, other = (
        np.array([chances[t] for chances, t in zip(told, following, strict=False)])
        for told in (whole, narrow)
    )
    assert len(one) == 38
    assert other.mean() - one.mean() < 0.2  # what no token of the prompt has is left out
    assert np.corrcoef(one, other)[0, 1] > 0.99


def test_tokens_that_were_not_named_are_weighed_when_they_are_asked_for(
    context: LlamaContext, rows: OutputRows
) -> None:
    item = Item(context.tokenise(" room")[0], 0, 0, wanted=True)
    token = FREQUENT + 700  # a column further back stands for another one
    [named] = NarrowHead.over(context, rows, [token, FREQUENT + 9]).read([item])
    context.forget(0)
    [unnamed] = NarrowHead.over(context, rows, [FREQUENT + 9]).read([item])
    context.forget(0)
    [whole] = context.evaluate([item])
    context.forget(0)
    assert unnamed[token] == pytest.approx(named[token], abs=1e-4)
    weighed = [*range(FREQUENT), FREQUENT + 9, token]
    assert named[token] == pytest.approx(log_softmax(whole[weighed])[-1], abs=0.2)


def test_a_pass_in_which_nothing_is_wanted_is_evaluated(context: LlamaContext, rows: OutputRows) -> None:
    head = NarrowHead.over(context, rows, [])
    tokens = context.tokenise(LONG)[:6]
    assert head.read([Item(t, n, 0) for n, t in enumerate(tokens[:-1])]) == []
    [behind] = head.read([Item(tokens[-1], len(tokens) - 1, 0, wanted=True)])
    context.forget(0)
    [alone] = head.read([Item(tokens[-1], 0, 0, wanted=True)])
    context.forget(0)
    assert abs(behind[7] - alone[7]) > 0.1


def test_rows_of_another_model_are_not_taken(
    context: LlamaContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    junk = tmp_path / "junk.gguf"
    junk.write_bytes(b"no model")
    assert OutputRows.proven(junk, context) is None
    turned = OutputRows.of
    monkeypatch.setattr(OutputRows, "of", lambda self, tokens: -turned(self, tokens))
    assert OutputRows.proven(models.locate(load.BASE_MODEL), context) is None


def test_forms_are_filled_alike_with_either_head_but_where_two_values_are_as_likely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = Settings.from_environment()
    adapters = load.adapter_paths(settings)
    engine = LlamaEngine(models.locate(load.BASE_MODEL), adapters, threads=settings.threads)
    names = ("contact", "hotel_booking", "invoice")

    def filled() -> list[FillResult]:
        forms: list[tuple[FormSpec, str]] = [(presets()[n], example(n)) for n in names]
        return [Filler(engine).fill(form, text, today=date(2026, 3, 14)) for form, text in forms]

    narrow = filled()
    monkeypatch.setattr(engine, "_output", None)
    pairs = [
        (one, other)
        for result, again in zip(narrow, filled(), strict=True)
        for one, other in zip(result.fields, again.fields, strict=True)
    ]
    sure = [(one, other) for one, other in pairs if max(one.confidence, other.confidence) > 0.55]
    assert len(sure) > 20
    assert [one.value for one, _ in sure] == [other.value for _, other in sure]
    assert max(abs(one.confidence - other.confidence) for one, other in pairs) < 0.15
