"""How much likelier a model finds a correction than what stands there.

The paragraph is read as its own revision, as lookup decoding reads it anyway; a correction is then the
same revision with other tokens from some place on, up to the first token that both have again. All
corrections are read in one pass, each in a sequence of its own that sees the paragraph as far as its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from smartform.engines.heads import log_softmax
from smartform.engines.llama_context import Item, LlamaContext, Logits

HOPELESS = -8.0
"""A correction that cannot come to more nats than this is not read to its end."""


@dataclass(frozen=True, slots=True)
class Variant:
    """From token `start` on, a text has `tokens` where the source has `replaced`; both end with a token
    that they have in common."""

    start: int
    tokens: tuple[int, ...]
    replaced: tuple[int, ...]

    @classmethod
    def of(cls, source: Sequence[int], changed: Sequence[int], end: int) -> Variant:
        """Where `changed` parts from `source`; `end` is what follows either."""
        head = common(source, changed)
        tail = common(source[head:][::-1], changed[head:][::-1])
        after = source[len(source) - tail] if tail else end
        return cls(
            head,
            (*changed[head : len(changed) - tail], after),
            (*source[head : len(source) - tail], after),
        )

    @property
    def places(self) -> range:
        """The tokens of the source whose chances tell how likely `replaced` is."""
        return range(self.start, self.start + len(self.replaced))


def preferences(
    context: LlamaContext,
    sequence: int,
    free: Sequence[int],
    position: int,
    rows: Mapping[int, Logits],
    variants: Sequence[Variant],
) -> tuple[float, ...]:
    """Nats by which each variant is likelier than the source; those without hope get an upper bound.

    Args:
        sequence: holds the prompt and the source.
        free: sequences to read variants in, as many at a time.
        position: of the source's first token.
        rows: logits, (vocabulary,), of the source's token with that number, for all `places`.
    """
    chances = {place: log_softmax(row) for place, row in rows.items()}
    scores = [_begun(variant, chances) - _replaced(variant, chances) for variant in variants]
    hopeful = [n for n, v in enumerate(variants) if len(v.tokens) > 1 and scores[n] > HOPELESS]
    for begin in range(0, len(hopeful), len(free)):
        part = hopeful[begin : begin + len(free)]
        read = _read(context, sequence, free, position, [variants[n] for n in part])
        for number, told in zip(part, read, strict=True):
            rest = zip(told, variants[number].tokens[1:], strict=True)
            scores[number] += sum(float(log_softmax(row)[token]) for row, token in rest)
    return tuple(scores)


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two sequences begin with alike."""
    shorter = min(len(one), len(other))
    return next((n for n in range(shorter) if one[n] != other[n]), shorter)


def wanted(variants: Iterable[Variant]) -> frozenset[int]:
    """The tokens of the source whose logits `preferences` needs."""
    return frozenset(place for variant in variants for place in variant.places)


def _begun(variant: Variant, chances: Mapping[int, Logits]) -> float:
    return float(chances[variant.start][variant.tokens[0]])


def _replaced(variant: Variant, chances: Mapping[int, Logits]) -> float:
    pairs = zip(variant.places, variant.replaced, strict=True)
    return sum(float(chances[place][token]) for place, token in pairs)


def _read(
    context: LlamaContext, sequence: int, free: Sequence[int], position: int, variants: Sequence[Variant]
) -> list[list[Logits]]:
    """The logits after each variant's tokens but the last."""
    own = list(zip(free, variants, strict=False))
    items = [
        Item(token, position + variant.start + n, number, True)
        for number, variant in own
        for n, token in enumerate(variant.tokens[:-1])
    ]
    rows: list[Logits] = []
    try:
        for number, variant in own:
            context.share(sequence, number)
            context.forget(number, position + variant.start)
        for begin in range(0, len(items), context.batch_tokens):
            rows += context.evaluate(items[begin : begin + context.batch_tokens])
    finally:
        for number, _ in own:
            context.forget(number)
    each = iter(rows)
    return [[next(each) for _ in variant.tokens[:-1]] for variant in variants]
