"""How much likelier a model finds a correction than what stands there.

The text has been read; a correction is then the same text with other tokens from some place on, up to the
first token that both have again, or a few more. All corrections are read in one pass, each in a sequence of
its own that sees the text as far as its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from smartform.engines.heads import Chances, Head
from smartform.engines.llama_context import Item, LlamaContext
from smartform.results import Span


@dataclass(frozen=True, slots=True)
class Variant:
    """From token `start` on, a text has `tokens` where the source has `replaced`; both end with what they
    have in common, one token at least."""

    start: int
    tokens: tuple[int, ...]
    replaced: tuple[int, ...]

    @classmethod
    def of(
        cls, source: Sequence[int], part: range, changed: Sequence[int], end: int, tail: int = 1
    ) -> Variant:
        """The source with `changed` for its tokens `part`, and `tail` tokens behind; `end` follows it."""
        old = [source[n] for n in part]
        head = common(old, changed)
        same = common(old[head:][::-1], changed[head:][::-1])
        stop = part.stop - same
        after = [*source[stop : stop + tail], end][:tail]
        return cls(
            part.start + head,
            (*changed[head : len(changed) - same], *after),
            (*source[part.start + head : stop], *after),
        )


class Words:
    """A tokenised text in which a few words are changed: no token reaches from one word into the next, so
    the others keep theirs.

    Args:
        tokens: of `text`.
        tokenise: tells the tokens of a piece of text.
        piece: tells the bytes of a token.
    """

    def __init__(
        self,
        text: str,
        tokens: Sequence[int],
        tokenise: Callable[[str], list[int]],
        piece: Callable[[int], bytes],
    ) -> None:
        self._text, self._tokenise = text, tokenise
        numbers, size = {}, 0  # of tokens, by the byte at which they start
        for number, token in enumerate(tokens):
            numbers[size] = number
            size += len(piece(token))
        numbers[size] = len(tokens)
        sizes = (len(character.encode("utf-8", "replace")) for character in text)
        places = enumerate(accumulate(sizes, initial=0))
        self._starts = {place: numbers[byte] for place, byte in places if byte in numbers}

    def changed(self, span: Span, replacement: str) -> tuple[range, list[int]]:
        """Which tokens fall away, those of whole words, and what comes in their place."""
        left, right = self._before(span.start), self._behind(span.end)
        text = self._text[left : span.start] + replacement + self._text[span.end : right]
        return range(self._starts[left], self._starts[right]), self._tokenise(text)

    def _before(self, place: int) -> int:
        while place > 0:
            place = max(0, self._text.rfind(" ", 0, place))
            if place in self._starts:
                break
        return place

    def _behind(self, place: int) -> int:
        while (place := self._text.find(" ", place)) >= 0:
            if place in self._starts:
                return place
            place += 1
        return len(self._text)


@dataclass(frozen=True, slots=True)
class Reading:
    """A text that a model has read.

    Args:
        sequence: holds it and what stands before it.
        position: of its first token.
        chances: of what follows a token, by the token's position, from the one before the text on.
    """

    sequence: int
    position: int
    chances: Mapping[int, Chances]

    def likelihood(self, place: int, tokens: Iterable[int]) -> float:
        """Log-probability of tokens of the text, of which `place` is the first one's number."""
        first = self.position - 1 + place
        return sum(self.chances[number][token] for number, token in enumerate(tokens, first))


def preferences(
    head: Head,
    context: LlamaContext,
    reading: Reading,
    free: Sequence[int],
    variants: Sequence[Variant],
    hopeless: float,
) -> tuple[float, ...]:
    """Nats by which each variant is likelier than the source; those without hope get an upper bound.

    Args:
        free: sequences to read variants in, as many at a time.
        hopeless: what cannot come to more is not read to its end.
    """
    scores = [
        reading.likelihood(v.start, v.tokens[:1]) - reading.likelihood(v.start, v.replaced) for v in variants
    ]
    hopeful = [n for n, v in enumerate(variants) if len(v.tokens) > 1 and scores[n] > hopeless]
    for begin in range(0, len(hopeful), len(free)):
        part = hopeful[begin : begin + len(free)]
        told = _read(head, context, reading, free, [variants[n] for n in part])
        for number, rows in zip(part, told, strict=True):
            rest = zip(rows, variants[number].tokens[1:], strict=True)
            scores[number] += sum(row[token] for row, token in rest)
    return tuple(scores)


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two sequences begin with alike."""
    shorter = min(len(one), len(other))
    return next((n for n in range(shorter) if one[n] != other[n]), shorter)


def _read(
    head: Head, context: LlamaContext, reading: Reading, free: Sequence[int], variants: Sequence[Variant]
) -> list[list[Chances]]:
    """What may follow each of the variants' tokens but the last."""
    own = list(zip(free, variants, strict=False))
    items = [
        Item(token, reading.position + variant.start + n, number, True)
        for number, variant in own
        for n, token in enumerate(variant.tokens[:-1])
    ]
    rows: list[Chances] = []
    try:
        for number, variant in own:
            context.share(reading.sequence, number)
            context.forget(number, reading.position + variant.start)
        for begin in range(0, len(items), context.batch_tokens):
            rows += head.read(items[begin : begin + context.batch_tokens])
    finally:
        for number, _ in own:
            context.forget(number)
    each = iter(rows)
    return [[next(each) for _ in variant.tokens[:-1]] for variant in variants]
