"""What field-parallel training optimises: encoding, batching, the branch mask and the loss.

An example is one prefix and one branch a field. A branch sees the prefix and itself, its
positions go on from the prefix, and only its value is learnt, the closing line break included.
This is what the engine evaluates when it fills a form, token for token.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from smartform.engines.lines import as_seen, behind_space, flatten
from smartform.grounding import places_of
from smartform.prompts import (
    CHECKED,
    LIST_SEPARATOR,
    NO_DATA,
    STOP,
    ChatFormat,
    Segment,
    extraction_prompt,
)
from smartform.schema import Field, FieldType, humanise, unique_name
from training.examples import Example, RowTarget
from training.row_checks import row_checks

PREFIX = -1
"""Branch number of the prefix's tokens."""

PADDING = -2
"""Branch number of the tokens that fill up a row."""


class Tokenizer(Protocol):
    """The little that encoding needs of a Hugging Face tokenizer."""

    bos_token_id: int | None

    def __call__(self, text: str, **options: Any) -> Any: ...

    def decode(self, token_ids: list[int], **options: Any) -> str: ...


@dataclass(frozen=True)
class Encoded:
    """One example as tokens, each list of length n.

    Args:
        ids: tokens.
        positions: what each token's position embedding is.
        branches: which branch each token belongs to; `PREFIX` for the shared prefix.
        weights: of each token in the loss; 0 for tokens that are given.
        silent: the branches that must write NO_DATA.
    """

    ids: list[int]
    positions: list[int]
    branches: list[int]
    weights: list[float]
    silent: frozenset[int]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Batch:
    """Several examples in one forward pass of B rows, padded to N tokens.

    Args:
        ids, positions, branches: (B, N) integers.
        rows, columns: (V,) place of each value token.
        targets: (V,) its id.
        weights: (V,) its weight in the loss.
        tokens: how many of the B × N are not padding.
    """

    ids: Tensor
    positions: Tensor
    branches: Tensor
    rows: Tensor
    columns: Tensor
    targets: Tensor
    weights: Tensor
    tokens: int


def shuffled(example: Example, rng: random.Random, max_fields: int) -> Example:
    """The same example asked otherwise: field order, some descriptions left out, names respelt.

    At most `max_fields` fields are asked. People's forms say `first_name`, `firstName` or 'First
    name' and seldom describe every field, so the model must not lean on either.
    """
    drawn = rng.sample(example.form.fields, min(max_fields, len(example.form.fields)))
    fields, targets, taken = [], {}, set(example.form.names)
    rows: dict[str, tuple[RowTarget, ...]] = {}
    periods: dict[str, tuple[RowTarget, ...]] = {}
    checks: dict[str, tuple[RowTarget, ...]] = {}
    for field in drawn:
        name = unique_name(rng.choice(_SPELLINGS)(field.name), taken - {field.name})
        taken.add(name)
        described = rng.random() < DESCRIBED
        asked = replace(field, name=name, description=field.description if described else "")
        if field.name in example.targets:
            targets[name] = example.targets[field.name]
        if field.type is FieldType.GROUP:
            checked = row_checks(example, field.name, rng) if example.form.task in CHECKED else ()
            taught = (example.rows.get(field.name, ()), example.periods.get(field.name, ()), checked)
            asked, (rows[name], periods[name], checks[name]) = _shuffled_group(asked, taught, rng, max_fields)
        fields.append(asked)
    form = replace(example.form, fields=tuple(fields))
    return replace(example, form=form, targets=targets, rows=rows, periods=periods, checks=checks)


def _shuffled_group(
    group: Field, taught: Sequence[Sequence[RowTarget]], rng: random.Random, max_cells: int
) -> tuple[Field, tuple[tuple[RowTarget, ...], ...]]:
    """A group with its sub-fields respelt and, but for the first, reordered.

    Args:
        taught: its rows, its periods and what is found; of each, `max_cells` cells are.
    """
    first, *others = group.fields
    spell, described = rng.choice(_SPELLINGS), rng.random() < DESCRIBED
    fields = tuple(
        replace(sub, name=spell(sub.name), description=sub.description if described else "")
        for sub in (first, *rng.sample(others, len(others)))
    )
    return replace(group, fields=fields), tuple(_drawn(rows, spell, rng, max_cells) for rows in taught)


def _drawn(
    rows: Sequence[RowTarget], spell: Callable[[str], str], rng: random.Random, max_cells: int
) -> tuple[RowTarget, ...]:
    """Rows of which at most `max_cells` cells, respelt, are taught."""
    cells = [(number, name) for number, row in enumerate(rows) for name in row.targets]
    kept = set(rng.sample(cells, min(max_cells, len(cells))))
    return tuple(
        replace(row, targets={spell(n): line for n, line in row.targets.items() if (number, n) in kept})
        for number, row in enumerate(rows)
    )


DESCRIBED = 0.75
"""How often a description that is there is shown in training."""

_SPELLINGS = (
    str, str, str,
    lambda name: humanise(name).lower().replace(" ", "_"),
    lambda name: humanise(name),
)  # fmt: skip


def encode(example: Example, tokenizer: Tokenizer, chat: ChatFormat, length_power: float) -> Encoded:
    """Tokenise the prefix and the branches of one example, segment by segment as the engine does."""
    prompt = extraction_prompt(example.form, example.text, example.today)
    form, text = prompt.prefix(chat)
    bos = [] if tokenizer.bos_token_id is None or chat is ChatFormat.CHATML else [tokenizer.bos_token_id]
    prefix = bos + [token for segment in (*form, *text) for token in tokens(tokenizer, segment)]
    stop = tokens(tokenizer, Segment(STOP, True))
    taught = example.branches()
    branches = []
    for (name, line), is_copied in zip(taught, example.copied(), strict=True):
        header = tokens(tokenizer, Segment(prompt.header(name), False))
        value = _value(tokenizer, line, example.text if is_copied else "", prompt.line_break) + stop
        weights = [0.0] * len(header) + [len(value) ** -length_power] * len(value)
        branches.append((header + value, weights))
    silent = frozenset(number for number, (_, line) in enumerate(taught) if line == NO_DATA)
    return behind(prefix, branches, silent)


def _value(tokenizer: Tokenizer, line: str, text: str, line_break: str) -> list[int]:
    """The tokens of a value: of one copied from `text`, those that its first place there has."""

    def tokenise(words: str) -> list[int]:
        return tokens(tokenizer, Segment(words, False))

    def piece(token: int) -> bytes:
        return tokenizer.decode([token]).encode()

    value: list[int] = []
    for number, item in enumerate(line.split(LIST_SEPARATOR) if text else [line]):
        value += tokenise(LIST_SEPARATOR.rstrip()) if number else []
        places = places_of(item, text)
        words, _ = flatten(text[places[0].start : places[0].end], line_break) if places else (item, ())
        spaced = not places or behind_space(text, places[0].start)
        value += ([] if spaced else as_seen(words, tokenise, piece)) or tokenise(" " + words)
    return value


def behind(
    prefix: Sequence[int],
    branches: Iterable[tuple[Sequence[int], Sequence[float]]],
    silent: frozenset[int] = frozenset(),
) -> Encoded:
    """Put branches behind their prefix.

    Args:
        branches: tokens of each and their weights in the loss.
        silent: see `Encoded`.
    """
    start = len(prefix)
    ids, positions = list(prefix), list(range(start))
    numbers, weights = [PREFIX] * start, [0.0] * start
    for number, (own, weighed) in enumerate(branches):
        ids += own
        positions += range(start, start + len(own))
        numbers += [number] * len(own)
        weights += weighed
    return Encoded(ids, positions, numbers, weights, silent)


def tokens(tokenizer: Tokenizer, segment: Segment) -> list[int]:
    """Tokens of a segment; in untrusted ones a chat template's markers are plain text."""
    encoded = tokenizer(segment.text, add_special_tokens=False, split_special_tokens=not segment.trusted)
    return list(encoded.input_ids)


def collate(examples: Sequence[Encoded], device: torch.device) -> Batch:
    """Pad examples to one length; no token of an example sees the padding."""
    width = max(map(len, examples))

    def padded(name: str, fill: float) -> Tensor:
        return torch.tensor([getattr(e, name) + [fill] * (width - len(e)) for e in examples])

    ids, weights = padded("ids", 0), padded("weights", 0.0)
    rows, columns = weights.nonzero(as_tuple=True)
    members = (
        ids, padded("positions", 0), padded("branches", PADDING),
        rows, columns, ids[rows, columns], weights[rows, columns],
    )  # fmt: skip
    return Batch(*(member.to(device) for member in members), tokens=sum(map(len, examples)))


def microbatches(examples: Sequence[Encoded], max_tokens: int) -> list[list[Encoded]]:
    """Cut examples, longest first, into batches of at most `max_tokens` with padding (one at least)."""
    batches: list[list[Encoded]] = []
    for example in sorted(examples, key=len, reverse=True):
        if batches and len(batches[-1][0]) * (len(batches[-1]) + 1) <= max_tokens:
            batches[-1].append(example)
        else:
            batches.append([example])
    return batches


def allowed(batch: Batch, window: int | None = None) -> Tensor:
    """Which tokens each token sees: its prefix and its own branch, up to itself.

    Args:
        window: for sliding layers, how many positions back, itself included; None sees all.

    Returns:
        (B, N, N) booleans, [row, query, key].
    """
    query, key = batch.branches[:, :, None], batch.branches[:, None, :]
    distance = batch.positions[:, :, None] - batch.positions[:, None, :]
    order = torch.arange(batch.ids.shape[1], device=batch.ids.device)
    seen = ((query == key) | (key == PREFIX)) & (order[:, None] >= order[None, :])
    return seen if window is None else seen & (distance < window)


def attention_masks(batch: Batch, config: Any, dtype: torch.dtype) -> Any:
    """The additive masks a transformers decoder takes: one, or one for each kind of layer.

    A model with sliding layers (Gemma 3) gets the window in the mask, for a mask that is given
    replaces the model's own.
    """

    def additive(seen: Tensor) -> Tensor:
        mask = torch.zeros(seen.shape, dtype=dtype, device=seen.device)
        return mask.masked_fill(~seen, float("-inf"))[:, None]

    full = additive(allowed(batch))
    if "sliding_attention" not in (getattr(config, "layer_types", None) or ()):
        return full
    return {"full_attention": full, "sliding_attention": additive(allowed(batch, config.sliding_window))}


def hidden_states(decoder: torch.nn.Module, batch: Batch, dtype: torch.dtype) -> Tensor:
    """What the decoder makes of the batch at the tokens before each value token, (V, width)."""
    output = decoder(
        input_ids=batch.ids,
        position_ids=batch.positions,
        attention_mask=attention_masks(batch, decoder.config, dtype),
        use_cache=False,
    )
    hidden: Tensor = output.last_hidden_state[batch.rows, batch.columns - 1]
    return hidden


class Head:
    """The frozen output layer, over the whole vocabulary or over some tokens of it.

    With 262,144 tokens the full head costs a fifth of a training step. Decoding only ever
    compares tokens of the text, the options and NO_DATA, so normalising over the tokens that
    occur in the data teaches the same comparisons.

    Args:
        weight: (vocabulary, width).
        kept: ids to normalise over; None keeps all.
    """

    def __init__(self, weight: Tensor, kept: Iterable[int] | None = None) -> None:
        if kept is None:
            self.weight, self.index = weight.detach(), None
            return
        chosen = torch.tensor(sorted(set(kept)), device=weight.device)
        self.weight = weight.detach()[chosen].clone()
        self.index = torch.full((weight.shape[0],), -1, device=weight.device)
        self.index[chosen] = torch.arange(len(chosen), device=weight.device)

    def loss(self, hidden: Tensor, batch: Batch) -> Tensor:
        """Weighted sum over the value tokens of their negative log-probability, in nats.

        Raises:
            IndexError: a value has a token that the head does not keep.
        """
        logits = functional.linear(hidden, self.weight).float()
        losses = functional.cross_entropy(logits, self._kept(batch.targets), reduction="none")
        return (losses * batch.weights).sum()

    def right(self, hidden: Tensor, batch: Batch) -> Tensor:
        """(V,) whether each value token is the most probable one."""
        return functional.linear(hidden, self.weight).argmax(-1) == self._kept(batch.targets)

    def _kept(self, targets: Tensor) -> Tensor:
        return targets if self.index is None else self.index[targets]
