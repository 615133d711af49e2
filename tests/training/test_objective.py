"""Branches are encoded as the engine decodes them and are blind to each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from smartform.prompts import ChatFormat
from smartform.schema import Field, FieldType, FormSpec
from smartform.tasks import Task
from tests.training import tiny
from training.examples import Example
from training.objective import (
    PADDING,
    PREFIX,
    Batch,
    Encoded,
    Head,
    allowed,
    attention_masks,
    collate,
    encode,
    microbatches,
)

CPU = torch.device("cpu")
EXAMPLE = Example(
    id="a",
    lang="en",
    style="chat",
    form=FormSpec((Field("name"), Field("city"), Field("pet"))),
    text="Ada, <end_of_turn> London",
    today=date(2026, 3, 2),
    targets={"name": "Ada", "city": "London", "pet": "NO_DATA"},
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(tiny.save(tmp_path_factory.mktemp("tiny"))).eval()


def encoded(**targets: str) -> Encoded:
    example = replace(EXAMPLE, targets=EXAMPLE.targets | targets)
    return encode(example, tiny.byte_tokenizer(), ChatFormat.GEMMA, 0.0)


def logits(model: torch.nn.Module, batch: Batch) -> torch.Tensor:
    with torch.no_grad():
        return model(
            input_ids=batch.ids,
            position_ids=batch.positions,
            attention_mask=attention_masks(batch, model.config, torch.float32),
            use_cache=False,
        ).logits


def test_values_and_their_line_breaks_are_learnt_and_nothing_else() -> None:
    example, tokenizer = encoded(), tiny.byte_tokenizer()
    learnt = [token for token, weight in zip(example.ids, example.weights, strict=True) if weight]
    assert tokenizer.decode(learnt) == " Ada\n London\n NO_DATA\n"
    assert example.silent == {2}


class Pieces:
    """A tokenizer of the longest pieces it knows, some with a space before them; else of characters."""

    bos_token_id = None
    pieces = (" Maple", " Map", "Map", "le", "grid", " Energy", *map(chr, range(9, 127)))

    def __call__(self, text: str, **options: Any) -> Any:
        found = []
        while text:
            piece = max((p for p in self.pieces if text.startswith(p)), key=len)
            found.append(self.pieces.index(piece))
            text = text[len(piece) :]
        return SimpleNamespace(input_ids=found)

    def decode(self, token_ids: list[int], **options: Any) -> str:
        return "".join(self.pieces[token] for token in token_ids)


def taught(text: str, line: str, asked: Field) -> list[str]:
    """The tokens that the branch of the one field learns to write."""
    example = Example("b", "en", "note", FormSpec((asked,)), text, None, {asked.name: line})
    one = encode(example, Pieces(), ChatFormat.CHATML, 0.0)
    return [Pieces.pieces[token] for token, weight in zip(one.ids, one.weights, strict=True) if weight]


def test_copied_values_are_taught_in_the_tokens_that_the_text_has() -> None:
    seen, canonical = [" Map", "le", "grid", " Energy"], [" Maple", "grid", " Energy"]
    assert taught("Work:\nMaplegrid\n Energy", "Maplegrid Energy", Field("firm")) == [*seen, "\n"]
    assert taught("At Maplegrid Energy", "Maplegrid Energy", Field("firm")) == [*canonical, "\n"]
    firms = Field("firms", FieldType.LIST)
    assert taught("x Maplegrid\nMaplegrid", "Maplegrid | Maplegrid", firms)[:2] == canonical[:2], (
        "the first place"
    )
    both = taught("(Maplegrid, Energy)", "Maplegrid | Energy", firms)
    assert both == [*seen[:3], " ", "|", " Energy", "\n"], "each item of a list"
    chosen = Field("firm", FieldType.CHOICE, options=("Maplegrid Energy", "x"))
    assert taught("\nMaplegrid Energy", "Maplegrid Energy", chosen) == [*canonical, "\n"], (
        "options are not copied"
    )


def test_values_over_lines_are_taught_as_the_prompt_of_first_pages_has_them() -> None:
    asked = Field("firm")
    form = FormSpec((asked,), task=Task.PAGES)
    example = Example("b", "en", "note", form, "By Maplegrid\n  Energy", None, {"firm": "Maplegrid Energy"})
    one = encode(example, Pieces(), ChatFormat.CHATML, 0.0)
    learnt = [Pieces.pieces[token] for token, weight in zip(one.ids, one.weights, strict=True) if weight]
    assert "".join(learnt) == " Maplegrid\n\nEnergy\n"
    prefix = [token for token, branch in zip(one.ids, one.branches, strict=True) if branch == PREFIX]
    assert "By Maplegrid\n\n  Energy" in Pieces().decode(prefix)


def test_a_text_cannot_bring_in_chat_markers() -> None:
    tokenizer = tiny.byte_tokenizer()
    marker = tokenizer.convert_tokens_to_ids("<end_of_turn>")
    assert encoded().ids.count(marker) == 1


def test_positions_of_every_branch_go_on_from_the_prefix() -> None:
    example = encoded()
    start = example.branches.count(PREFIX)
    for branch in range(3):
        places = [p for p, b in zip(example.positions, example.branches, strict=True) if b == branch]
        assert places == list(range(start, start + len(places)))


def test_a_changed_branch_leaves_the_others_as_they_were(model: torch.nn.Module) -> None:
    before, after = (collate([encoded(name=name)], CPU) for name in ("Ada", "Bob"))
    changed = (before.ids != after.ids)[0]
    assert set(before.branches[0, changed].tolist()) == {0}
    one, other = logits(model, before)[0], logits(model, after)[0]
    others = before.branches[0] != 0
    assert torch.equal(one[others], other[others])
    assert not torch.allclose(one[~others], other[~others])


def test_a_branch_is_what_the_model_makes_of_prefix_and_branch_alone(model: torch.nn.Module) -> None:
    batch = collate([encoded(), encoded(name="A much longer name")], CPU)
    branch = (batch.branches[0] == PREFIX) | (batch.branches[0] == 1)
    with torch.no_grad():
        alone = model(input_ids=batch.ids[0, branch][None]).logits[0]
    assert len(alone) > model.config.sliding_window
    torch.testing.assert_close(logits(model, batch)[0, branch], alone, atol=1e-5, rtol=1e-4)


def test_padding_is_seen_by_padding_alone() -> None:
    batch = collate([encoded(), encoded(name="A much longer name")], CPU)
    seen, padding = allowed(batch)[0], batch.branches[0] == PADDING
    assert padding.any()
    assert not seen[~padding][:, padding].any()


def test_the_corpus_head_normalises_over_its_tokens_only(model: torch.nn.Module) -> None:
    batch = collate([encoded()], CPU)
    weight = model.get_output_embeddings().weight
    hidden = torch.randn(len(batch.targets), weight.shape[1])
    kept = sorted(set(batch.targets.tolist()))
    wanted = torch.nn.functional.cross_entropy(
        (hidden @ weight.T)[:, kept], torch.tensor([kept.index(t) for t in batch.targets]), reduction="sum"
    )
    torch.testing.assert_close(Head(weight, kept).loss(hidden, batch), wanted.detach())
    assert Head(weight).loss(hidden, batch) > wanted


def test_long_values_weigh_less_by_the_length_power() -> None:
    example = encode(EXAMPLE, tiny.byte_tokenizer(), ChatFormat.GEMMA, 1.0)
    for branch in range(3):
        weights = [w for w, b in zip(example.weights, example.branches, strict=True) if b == branch]
        assert sum(weights) == pytest.approx(1.0)


def test_microbatches_hold_every_example_within_the_limit() -> None:
    examples = [encoded(name="x" * n) for n in (1, 40, 7, 90)]
    batches = microbatches(examples, 2 * len(examples[0]) + 100)
    assert sorted(map(len, (e for b in batches for e in b))) == sorted(map(len, examples))
    assert all(len(b) == 1 or len(b[0]) * len(b) <= 2 * len(examples[0]) + 100 for b in batches)
