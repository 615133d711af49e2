"""Field-parallel constrained search: every branch looks for its most probable admitted value.

Each branch is a generator. It asks for tokens to be evaluated in some sequence (`Ask`) and is
sent the logits at those tokens; `run` packs the asks of all branches into common passes, so
thirteen fields cost about as many passes as the longest of them. Copied text is its own draft:
a stretch that only one line admits is evaluated at once, and the best end is chosen among all
the ends seen, instead of token by token.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from smartform.engines.base import Branch, Cancel, Copy, Decoded, OneOf
from smartform.engines.lines import CopyLines, Line, OptionLines
from smartform.engines.llama_context import Item, LlamaContext, Logits
from smartform.errors import Cancelled
from smartform.prompts import LIST_SEPARATOR, NO_DATA, STOP, branch_header
from smartform.results import Span

WIDTH = 3
"""Hypotheses that one branch follows at a time."""

DRAFT = 8
"""Copied tokens that are evaluated at once where the text leaves one way to go on."""

MAX_ITEMS = 24
"""Items in one list."""

_COMPARED = 64
"""Lines that are looked at to see how far a hypothesis is forced."""

SILENT = 0.98
"""Where NO_DATA is more probable than this, no value is looked for."""

_FORGETTABLE = math.log(0.03)
"""First tokens less probable than this, next to the best, are not followed."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Evaluate `tokens` in `sequence` from `position` on and send the logits of those in `wanted`."""

    sequence: int
    position: int
    tokens: tuple[int, ...]
    wanted: frozenset[int]


Work = Generator[list[Ask], list[dict[int, Logits]], Decoded]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tokens that every branch knows."""

    stop: int
    no_data: int
    separator: int

    @classmethod
    def of(cls, context: LlamaContext) -> Vocabulary:
        """Look the tokens up in a model's vocabulary."""
        return cls(
            stop=context.tokenise(STOP)[0],
            no_data=context.tokenise(" " + NO_DATA)[0],
            separator=context.tokenise(LIST_SEPARATOR.rstrip())[0],
        )


class Sequences:
    """The free sequences of a context; a lent one sees what its lender holds."""

    def __init__(self, context: LlamaContext, numbers: Iterable[int]) -> None:
        self._context = context
        self._free = list(numbers)

    def lend(self, source: int) -> int:
        """A sequence that sees all of `source`."""
        number = self._free.pop()
        self._context.share(source, number)
        return number

    def release(self, number: int) -> None:
        """Forget what the sequence holds and take it back."""
        self._context.forget(number)
        self._free.append(number)


@dataclass(frozen=True, slots=True)
class Found:
    """A finished value: which line, which end, and its log-probability."""

    score: float
    key: int
    end: int
    depth: int


@dataclass(slots=True)
class Node:
    """A partly written value.

    Args:
        score: log-probability of what is written, the pending token included.
        keys: the lines that begin so.
        depth: tokens whose ends and successors have been scored.
        sequence: holds those tokens; None where they must be evaluated (again).
    """

    score: float
    keys: list[int]
    depth: int = 0
    sequence: int | None = None


@dataclass(slots=True)
class Searcher:
    """Best-first search over lines, for one value of one branch.

    Args:
        line_of: the line with a given key.
        sequences: where hypotheses are evaluated.
        base: the branch's own sequence and the position at which the value begins.
        stops: tokens that end a value.
    """

    line_of: Callable[[int], Line]
    sequences: Sequences
    base: tuple[int, int]
    stops: tuple[int, ...]
    done: list[Found] = field(default_factory=list)
    held: int = 0

    def search(
        self, groups: dict[int, list[int]], scores: dict[int, float]
    ) -> Generator[list[Ask], list[dict[int, Logits]], None]:
        """Expand until no open hypothesis can beat the best finished one; fills `done`.

        Args:
            groups: first token → lines that begin with it.
            scores: first token → its log-probability.
        """
        order = count()
        floor = max(scores.values()) + _FORGETTABLE
        likely = [(scores[token], keys) for token, keys in groups.items() if scores[token] >= floor]
        heap = [(-score, next(order), Node(score, keys)) for score, keys in likely]
        heapq.heapify(heap)
        while heap:
            best = max((f.score for f in self.done), default=-math.inf)
            nodes: list[Node] = []
            while heap and len(nodes) < WIDTH and -heap[0][0] > best:
                nodes.append(heapq.heappop(heap)[2])
            if not nodes:
                break
            for node in list(nodes):
                if self._certain(node):
                    nodes.remove(node)
            if not nodes:
                continue
            asks = [self._ask(node) for node in nodes]
            rows = yield asks
            for node, ask, row in zip(nodes, asks, rows, strict=True):
                for child in self._expand(node, ask, row):
                    heapq.heappush(heap, (-child.score, next(order), child))
        for _, _, node in heap:
            self._drop(node)

    def _certain(self, node: Node) -> bool:
        """Finish a node that only one line with one end can follow, without evaluating it."""
        if len(node.keys) > 1:
            return False
        line = self.line_of(node.keys[0])
        ends = [d for d in line.ends if d > node.depth]
        if len(ends) != 1 or len(line.ends) != 1:
            return False
        self.done.append(Found(node.score, node.keys[0], line.ends[ends[0]], ends[0]))
        self._drop(node)
        return True

    def _ask(self, node: Node) -> Ask:
        lines = [self.line_of(key) for key in node.keys[:_COMPARED]]
        fresh = _common(lines, node.depth)
        begin = node.depth
        if node.sequence is None:
            node.sequence, begin = self.sequences.lend(self.base[0]), 0
        else:
            self.held -= 1
        tokens = lines[0].tokens[begin : node.depth] + fresh
        skipped = node.depth - begin
        wanted = {len(tokens) - 1}
        for i in range(len(fresh)):
            if len(lines) == 1 or any(node.depth + i + 1 in line.ends for line in lines):
                wanted.add(skipped + i)
        return Ask(node.sequence, self.base[1] + begin, tokens, frozenset(wanted))

    def _expand(self, node: Node, ask: Ask, row: dict[int, Logits]) -> Iterator[Node]:
        """Record the ends among the tokens just evaluated; yield what may come after them."""
        lines = {key: self.line_of(key) for key in node.keys}
        first = next(iter(lines.values()))
        begin = ask.position - self.base[1]
        score, last = node.score, begin + len(ask.tokens)
        chances = row[len(ask.tokens) - 1]
        for depth in range(node.depth + 1, last + 1):
            if depth - begin - 1 not in row:
                continue
            chances = log_softmax(row[depth - begin - 1])
            ended = next((key for key, line in lines.items() if depth in line.ends), None)
            if ended is not None:
                stop = float(np.logaddexp.reduce(chances[list(self.stops)]))
                self.done.append(Found(score + stop, ended, lines[ended].ends[depth], depth))
            if depth < last:
                score += float(chances[first.tokens[depth]])
        yield from self._children(node, last, lines, chances, score)

    def _children(
        self, node: Node, depth: int, lines: dict[int, Line], chances: Logits, score: float
    ) -> Iterator[Node]:
        """One node for each next token; the likeliest goes on in the sequence that is there."""
        groups: dict[int, list[int]] = {}
        for key, line in lines.items():
            if depth < line.last_end:
                groups.setdefault(line.tokens[depth], []).append(key)
        best = max((f.score for f in self.done), default=-math.inf)
        children = [Node(score + float(chances[token]), keys, depth) for token, keys in groups.items()]
        children = sorted((c for c in children if c.score > best), key=lambda c: -c.score)[:WIDTH]
        if children and self.held < WIDTH:
            children[0].sequence, node.sequence = node.sequence, None
            self.held += 1
        if node.sequence is not None:
            self.sequences.release(node.sequence)
            node.sequence = None
        yield from children

    def _drop(self, node: Node) -> None:
        if node.sequence is not None:
            self.sequences.release(node.sequence)
            self.held -= 1
            node.sequence = None


def _common(lines: Sequence[Line], depth: int) -> tuple[int, ...]:
    """What all lines write next: up to where they part, `DRAFT` tokens or the last end."""
    shortest = min(line.last_end for line in lines)
    limit = min(depth + DRAFT, shortest)
    stop = depth + 1
    while stop < limit and all(line.tokens[stop] == lines[0].tokens[stop] for line in lines):
        stop += 1
    return lines[0].tokens[depth:stop]


def log_softmax(row: Logits) -> Logits:
    """Log-probabilities over the whole vocabulary."""
    shifted = row - row.max()
    result: Logits = shifted - np.log(np.exp(shifted).sum())
    return result


def answer(
    branch: Branch,
    copy: CopyLines,
    options: OptionLines | None,
    vocabulary: Vocabulary,
    sequences: Sequences,
    sequence: int,
    position: int,
    first: Logits,
) -> Work:
    """Decode one branch whose header ends at `position` (exclusive) with logits `first`."""  # fmt: skip
    constraint = branch.constraint
    chances = log_softmax(first)
    values: list[Found] = []
    spans: list[Span] = []
    p_texts: tuple[float, ...] = ()
    p_silent, p_first, cursor = 1.0, 1.0, 0
    while len(values) < MAX_ITEMS:
        lines: CopyLines | OptionLines = copy if isinstance(constraint, Copy) else options  # type: ignore[assignment]
        groups = lines.first_tokens(cursor)
        groups = {t: keys for t, keys in groups.items() if t != vocabulary.no_data}
        scores = {token: float(chances[token]) for token in groups}
        if not values:
            total = _logsum(scores.values())
            silent = float(chances[vocabulary.no_data])
            p_silent = 1.0 / (1.0 + math.exp(min(60.0, total - silent))) if groups else 1.0
        if not groups or (not values and p_silent > SILENT):
            break
        many = constraint.many
        stops = (vocabulary.stop, vocabulary.separator) if many else (vocabulary.stop,)
        line_of = _line_of(constraint, lines)
        searcher = Searcher(line_of, sequences, (sequence, position), stops)
        yield from searcher.search(groups, scores)
        best = max(searcher.done, key=lambda f: f.score, default=None)
        if best is None:
            break
        if not values:
            p_first = _share(best, searcher.done, scores)
            p_texts = _shares(constraint, searcher.done, scores)
        values.append(best)
        if isinstance(lines, CopyLines):
            spans.append(lines.span(best.key, best.end))
            cursor = best.end
        else:
            cursor = best.end + 1
        if not many:
            break
        more = yield from _continue(line_of(best.key), best, sequence, position, vocabulary)
        if more is None:
            break
        position, chances = more
    texts = tuple(_text(constraint, lines, found) for found in values) if values else ()
    return Decoded(branch.name, texts, p_first, p_silent, tuple(spans), p_texts)


def _continue(
    line: Line, best: Found, sequence: int, position: int, vocabulary: Vocabulary
) -> Generator[list[Ask], list[dict[int, Logits]], tuple[int, Logits] | None]:
    """Write the item into the branch's own sequence; go on if it would rather separate than stop."""
    tokens = line.tokens[: best.depth]
    rows = yield [Ask(sequence, position, tokens, frozenset({len(tokens) - 1}))]
    chances = log_softmax(rows[0][len(tokens) - 1])
    if chances[vocabulary.stop] >= chances[vocabulary.separator]:
        return None
    position += len(tokens)
    rows = yield [Ask(sequence, position, (vocabulary.separator,), frozenset({0}))]
    return position + 1, log_softmax(rows[0][0])


def _line_of(constraint: Copy | OneOf, lines: CopyLines | OptionLines) -> Callable[[int], Line]:
    if isinstance(lines, CopyLines):
        max_chars = constraint.max_chars if isinstance(constraint, Copy) else 0
        return lambda key: lines.line(key, max_chars)
    return lines.line


def _text(constraint: Copy | OneOf, lines: CopyLines | OptionLines, found: Found) -> str:
    if isinstance(lines, CopyLines):
        return lines.flat[found.key : found.end]
    assert isinstance(constraint, OneOf)
    return constraint.texts[found.end]


def _share(best: Found, done: Sequence[Found], scores: dict[int, float]) -> float:
    """The best value's share of all that a value could be, finished or not."""
    mass = max(_logsum(scores.values()), _logsum(f.score for f in done))
    return math.exp(min(0.0, best.score - mass))


def _shares(constraint: Copy | OneOf, done: Sequence[Found], scores: dict[int, float]) -> tuple[float, ...]:
    if not isinstance(constraint, OneOf):
        return ()
    mass = max(_logsum(scores.values()), _logsum(f.score for f in done))
    shares = [0.0] * len(constraint.texts)
    for found in done:
        shares[found.end] += math.exp(min(0.0, found.score - mass))
    return tuple(shares)


def _logsum(values: Iterable[float]) -> float:
    listed = list(values)
    return float(np.logaddexp.reduce(listed)) if listed else -math.inf


def run(
    context: LlamaContext, works: dict[str, Work], cancel: Cancel, spent: dict[str, float]
) -> Iterator[Decoded]:
    """Drive all branches to their ends, a common pass a step; yields each as it ends.

    Raises:
        Cancelled: `cancel` said so between two passes.
    """
    waiting: dict[str, list[Ask]] = {}
    for name, work in list(works.items()):
        try:
            waiting[name] = next(work)
        except StopIteration as end:
            yield end.value
    while waiting:
        if cancel():
            raise Cancelled("The job was cancelled.")
        answers = _evaluate(context, [ask for asks in waiting.values() for ask in asks], spent)
        spent["steps"] += 1
        following: dict[str, list[Ask]] = {}
        for name, asks in waiting.items():
            rows = [answers.pop(0) for _ in asks]
            try:
                following[name] = works[name].send(rows)
            except StopIteration as end:
                yield end.value
        waiting = following


def _evaluate(context: LlamaContext, asks: Sequence[Ask], spent: dict[str, float]) -> list[dict[int, Logits]]:
    """Evaluate every ask, in as many passes as the batch size demands."""
    items: list[tuple[int, int, Item]] = []
    for number, ask in enumerate(asks):
        for i, token in enumerate(ask.tokens):
            items.append((number, i, Item(token, ask.position + i, ask.sequence, i in ask.wanted)))
    rows: list[dict[int, Logits]] = [{} for _ in asks]
    for start in range(0, len(items), context.batch_tokens):
        part = items[start : start + context.batch_tokens]
        logits = iter(context.evaluate([item for _, _, item in part]))
        for number, i, item in part:
            if item.wanted:
                rows[number][i] = next(logits)
    spent["branch_tokens"] += len(items)
    return rows


def headers(context: LlamaContext, names: Sequence[str]) -> list[list[int]]:
    """The tokens that open each branch."""
    return [context.tokenise(branch_header(name)) for name in names]
