"""Field-parallel constrained search: every branch looks for its most probable admitted value.

Each branch is a generator. It asks for tokens to be evaluated in some sequence (`Ask`) and is
sent the chances of what follows them; `run` packs the asks of all branches into common passes, so
thirteen fields cost about as many passes as the longest of them. Copied text is its own draft:
a stretch that only one line admits is evaluated at once, and the best end is chosen among all
the ends seen, instead of token by token.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice

import numpy as np

from smartform.engines.base import Branch, Cancel, Decoded, OneOf
from smartform.engines.heads import Chances
from smartform.engines.lines import Line, Lines
from smartform.engines.llama_context import LlamaContext
from smartform.engines.packing import Ask
from smartform.errors import Cancelled
from smartform.prompts import LIST_SEPARATOR, NO_DATA, STOP

WIDTH = 3
"""Hypotheses that one branch follows at a time."""

DRAFTS = (2, 8)
"""Fewest and most copied tokens evaluated at once where the text leaves one way to go on: as many as
are written already, for most values are short and a token read in vain costs a third of a pass."""

RIVAL = math.log(0.3)
"""A hypothesis is followed along with the best one where it is at least so probable next to it."""

MAX_ITEMS = 24
"""Items in one list."""

_COMPARED = 64
"""Lines that are looked at to see how far a hypothesis is forced."""

SILENT = 0.98
"""Where NO_DATA is more probable than this, no value is looked for."""

_FORGETTABLE = math.log(0.03)
"""First tokens less probable than this, next to the best, are not followed."""


Work = Generator[list[Ask], list[dict[int, Chances]], Decoded]


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
        self._lent: set[int] = set()

    def lend(self, source: int) -> int:
        """A sequence that sees all of `source`."""
        number = self._free.pop()
        self._lent.add(number)
        self._context.share(source, number)
        return number

    def release(self, number: int) -> None:
        """Forget what the sequence holds and take it back."""
        self._context.forget(number)
        self._lent.discard(number)
        self._free.append(number)

    def close(self) -> None:
        """Forget what the sequences hold that were not given back."""
        for number in self._lent:
            self._context.forget(number)


@dataclass(frozen=True, slots=True)
class Found:
    """A finished value: which line, which end, and its log-probability.

    Args:
        depth: tokens written.
        last: whether nothing rather than another item follows it; None where that was not asked.
    """

    score: float
    key: int
    end: int
    depth: int
    last: bool | None = None


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
        stops: tokens that end a value: for good, and where there may be several, the separator.
        floor: hypotheses whose log-probability is below this are not followed.
        bound: the highest log-probability among those, once the search is over.
    """

    line_of: Callable[[int], Line]
    sequences: Sequences
    base: tuple[int, int]
    stops: tuple[int, ...]
    floor: float = -math.inf
    bound: float = -math.inf
    done: list[Found] = field(default_factory=list)
    held: int = 0

    def search(
        self, groups: dict[int, list[int]], scores: dict[int, float]
    ) -> Generator[list[Ask], list[dict[int, Chances]], None]:
        """Expand until no open hypothesis can beat the best finished one; fills `done`.

        Args:
            groups: first token → lines that begin with it.
            scores: first token → its log-probability.
        """
        order = count()
        least = max(scores.values()) + _FORGETTABLE
        likely = [(scores[token], keys) for token, keys in groups.items() if scores[token] >= least]
        heap = [(-score, next(order), Node(score, keys)) for score, keys in likely]
        heapq.heapify(heap)
        while heap:
            best = max([self.floor, *(f.score for f in self.done)])
            nodes: list[Node] = []
            rival = -heap[0][0] + RIVAL
            while heap and len(nodes) < WIDTH and -heap[0][0] > best and -heap[0][0] >= rival:
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
        self.bound = max((node.score for _, _, node in heap), default=-math.inf)
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

    def _expand(self, node: Node, ask: Ask, row: dict[int, Chances]) -> Iterator[Node]:
        """Record the ends among the tokens just evaluated; yield what may come after them."""
        lines = {key: self.line_of(key) for key in node.keys}
        first = next(iter(lines.values()))
        begin = ask.position - self.base[1]
        score, last = node.score, begin + len(ask.tokens)
        chances = row[len(ask.tokens) - 1]
        for depth in range(node.depth + 1, last + 1):
            if depth - begin - 1 not in row:
                continue
            chances = row[depth - begin - 1]
            ended = next((key for key, line in lines.items() if depth in line.ends), None)
            if ended is not None:
                stops = [chances[token] for token in self.stops]
                told = score + _logsum(stops), ended, lines[ended].ends[depth], depth
                self.done.append(Found(*told, last=stops[0] == max(stops)))
            if depth < last:
                score += float(chances[first.tokens[depth]])
        yield from self._children(node, last, lines, chances, score)

    def _children(
        self, node: Node, depth: int, lines: dict[int, Line], chances: Chances, score: float
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
    """What all lines write next: up to where they part, a draft's length or the last end."""
    shortest = min(line.last_end for line in lines)
    limit = min(depth + min(max(depth, DRAFTS[0]), DRAFTS[1]), shortest)
    stop = depth + 1
    while stop < limit and all(line.tokens[stop] == lines[0].tokens[stop] for line in lines):
        stop += 1
    return lines[0].tokens[depth:stop]


@dataclass(slots=True)
class BranchDecoder:
    """One branch on its way to an answer.

    Args:
        branch: the field.
        lines: what its value may be.
        vocabulary: the tokens every branch knows.
        sequences: where hypotheses are evaluated.
        sequence: the branch's own; holds the prompt, the header and the items written so far.
        position: where the next token goes.
        header: what stands before the value.
    """

    branch: Branch
    lines: Lines
    vocabulary: Vocabulary
    sequences: Sequences
    sequence: int
    position: int
    header: tuple[int, ...]
    chances: Chances = field(init=False)
    items: list[Found] = field(default_factory=list)
    p_silent: float = 1.0
    p_value: float = 1.0
    p_texts: tuple[float, ...] = ()

    def decode(self) -> Work:
        """Read the header, write items until the value ends; the answer.

        Those of the next token are kept in `chances`. Where nothing can be said, nothing is read.
        """
        groups = self._groups(0)
        if not groups:
            return self._answer()
        yield from self._read(self.header)
        many = self.branch.constraint.many
        self.p_silent = self._silence(groups)
        spoken = 1 - self.p_silent
        useful = self.p_silent <= SILENT and self.branch.floor(spoken) <= spoken
        if not useful:
            scores = [float(self.chances[token]) for token in groups]
            self._nothing(max(scores), scores)
        while groups and useful and len(self.items) < MAX_ITEMS:
            best = yield from self._item(groups)
            if best is None or not many or not (yield from self._separated(best)):
                break
            groups = self._groups(self.lines.after(best.end))
        return self._answer()

    def _groups(self, start: int) -> dict[int, list[int]]:
        """The lines by first token; those that begin like NO_DATA cannot be told from it."""
        groups = self.lines.first_tokens(start)
        groups.pop(self.vocabulary.no_data, None)
        return groups

    def _silence(self, groups: dict[int, list[int]]) -> float:
        """Probability of NO_DATA among all that the constraint admits."""
        said = _logsum(float(self.chances[token]) for token in groups)
        return 1.0 / (1.0 + math.exp(min(60.0, said - float(self.chances[self.vocabulary.no_data]))))

    def _item(
        self, groups: dict[int, list[int]]
    ) -> Generator[list[Ask], list[dict[int, Chances]], Found | None]:
        """Find the most probable item; its share is taken of all that the item could be."""
        scores = {token: float(self.chances[token]) for token in groups}
        stops: tuple[int, ...] = (self.vocabulary.stop,)
        if self.branch.constraint.many:
            stops += (self.vocabulary.separator,)
        base = (self.sequence, self.position)
        searcher = Searcher(self.lines.line, self.sequences, base, stops, self._floor(scores))
        yield from searcher.search(groups, scores)
        best = max(self._joined(searcher.done), key=lambda found: found.score, default=None)
        if best is None or best.score < searcher.floor:
            self._nothing(max(searcher.bound, best.score if best else -math.inf), scores.values())
            return None
        mass = max(_logsum(scores.values()), _logsum(found.score for found in searcher.done))
        self.p_value *= math.exp(min(0.0, best.score - mass))
        if not self.items and isinstance(self.branch.constraint, OneOf):
            self.p_texts = _shares(len(self.branch.constraint.texts), searcher.done, mass)
        self.items.append(best)
        return best

    def _joined(self, done: Sequence[Found]) -> Iterator[Found]:
        """The likeliest way to write each text, as probable as all ways together."""
        ways: dict[str, list[Found]] = {}
        for found in done:
            ways.setdefault(self.lines.text(found.key, found.end), []).append(found)
        for same in ways.values():
            likeliest = max(same, key=lambda found: found.score)
            yield replace(likeliest, score=_logsum(found.score for found in same))

    def _nothing(self, bound: float, scores: Iterable[float]) -> None:
        """Give no value: of all that begin with `scores` none has a log-probability above `bound`."""
        self.items.clear()
        self.p_value *= math.exp(min(0.0, bound - _logsum(scores)))

    def _floor(self, scores: dict[int, float]) -> float:
        """The least log-probability of an item with which the whole value can still be of use."""
        spoken = 1 - self.p_silent
        floor = self.branch.floor(spoken) if self.branch.exact else 0.0
        if floor <= 0:
            return -math.inf
        needed = floor / max(1e-9, spoken * self.p_value)
        return _logsum(scores.values()) + math.log(needed)

    def _separated(self, best: Found) -> Generator[list[Ask], list[dict[int, Chances]], bool]:
        """Whether another item follows; if so, the item and a separator stand in the own sequence."""
        if best.last:
            return False
        item = self.lines.line(best.key).tokens[: best.depth]
        asked = frozenset() if best.last is False else frozenset({len(item) - 1})
        rows = yield from self._read((*item, self.vocabulary.separator), asked)
        return all(r[self.vocabulary.stop] < r[self.vocabulary.separator] for r in rows)

    def _read(
        self, tokens: tuple[int, ...], asked: frozenset[int] = frozenset()
    ) -> Generator[list[Ask], list[dict[int, Chances]], list[Chances]]:
        """Evaluate `tokens` in the own sequence; sets `chances` and gives those after the ones `asked`."""
        end = len(tokens) - 1
        [row] = yield [Ask(self.sequence, self.position, tokens, asked | {end})]
        self.position += len(tokens)
        self.chances = row[end]
        return [row[place] for place in asked]

    def _answer(self) -> Decoded:
        texts = tuple(self.lines.text(item.key, item.end) for item in self.items)
        spans = tuple(s for item in self.items if (s := self.lines.span(item.key, item.end)))
        probability = self.p_value ** (1 / max(1, len(self.items)))
        return Decoded(self.branch.name, texts, probability, self.p_silent, spans, self.p_texts)


def _shares(count: int, done: Sequence[Found], mass: float) -> tuple[float, ...]:
    """Each admitted text's probability, in order; 0 for those that were not followed."""
    shares = [0.0] * count
    for found in done:
        shares[found.end] += math.exp(min(0.0, found.score - mass))
    return tuple(shares)


def _logsum(values: Iterable[float]) -> float:
    listed = list(values)
    return float(np.logaddexp.reduce(listed)) if listed else -math.inf


def run(
    works: Iterator[Work],
    most: int,
    answers: Callable[[list[Ask]], list[dict[int, Chances]]],
    cancel: Cancel,
) -> Iterator[Decoded]:
    """Drive branches to their ends, a common pass a step; yields each as it ends.

    Args:
        works: branches not begun; one that ends makes room for the next.
        most: branches at a time.
        answers: evaluates the asks of a step.

    Raises:
        Cancelled: `cancel` said so before a pass.
    """
    waiting: list[tuple[Work, list[Ask]]] = []
    while True:
        while len(waiting) < most and (work := next(works, None)) is not None:
            try:
                waiting.append((work, next(work)))
            except StopIteration as end:  # it asked nothing
                yield end.value
        if not waiting:
            return
        if cancel():
            raise Cancelled("The job was cancelled.")
        rows = iter(answers([ask for _, asks in waiting for ask in asks]))
        following = []
        for work, asks in waiting:
            try:
                following.append((work, work.send(list(islice(rows, len(asks))))))
            except StopIteration as end:
                yield end.value
        waiting = following
