"""Corrections as edits of words: which of them people made too, and which words must not be lost.

In the manner of ERRANT (Bryant et al. 2017): precision, recall and F0.5 of edits against several
references. Edits come from an alignment of words; where several replace several others, each goes
with the one it looks most like, so that one of two neighbours mended counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

Edit = tuple[int, int, tuple[str, ...]]
"""Tokens [start, end) of the source, and those that take their place."""

_ABBREVIATIONS = frozenset("a.m. dr. e.g. etc. i.e. mr. mrs. ms. no. p.m. u.s. vs.".split())
_TOKEN = re.compile(r"""^(?P<before>[("“‘\[]*)(?P<word>.*?)(?P<after>(?:\.\.\.|[.,;:!?)"”’\]%…])*)$""")
_CLITIC = re.compile(r"(?i)(.+?)(n['’]t|['’](?:s|re|ve|ll|d|m))$")
_MARK = re.compile(r"\.\.\.|.")
_CLOSING = re.compile(r""" (?=(?:[.,;:!?)%]|\.\.\.|''|n['’]t|['’](?:s|re|ve|ll|d|m))(?:\s|$))""")
EDGES = ".,;:!?()[]{}<>\"'“”‘’«»*_"
"""Marks that may stand around a word."""
_SENTENCE_ENDS = (".", "!", "?", ":", "…")


@dataclass(frozen=True, slots=True)
class EditCounts:
    """Edits of one text or of many.

    Args:
        right: edits that some reference has.
        given: all edits.
        missed: edits not made of the reference that lacks fewest.
    """

    right: int = 0
    given: int = 0
    missed: int = 0

    def __add__(self, other: EditCounts) -> EditCounts:
        return EditCounts(self.right + other.right, self.given + other.given, self.missed + other.missed)

    @property
    def precision(self) -> float:
        """Share of the edits that are right; 1 where none was made."""
        return self.right / self.given if self.given else 1.0

    @property
    def recall(self) -> float:
        """Share of what was to be mended that was; 1 where nothing was."""
        wanted = self.right + self.missed
        return self.right / wanted if wanted else 1.0

    @property
    def f_half(self) -> float:
        """F0.5: precision counts twice as much as recall."""
        weighed = 0.25 * self.precision + self.recall
        return 1.25 * self.precision * self.recall / weighed if weighed else 0.0


def tokens(text: str) -> list[str]:
    """Words and marks, as the Penn Treebank and JFLEG separate them."""
    return [token for word in text.split() for token in _split(word)]


def natural(text: str) -> str:
    """Text of separated tokens as people write it: marks at their words, n't at its verb."""
    joined = _CLOSING.sub("", " ".join(text.split()))
    joined = joined.replace("( ", "(")
    return re.sub(r'(^| )" ([^"]*?) "', r'\1"\2"', joined)


def edits(source: Sequence[str], target: Sequence[str]) -> frozenset[Edit]:
    """What turns `source` into `target`."""
    found: set[Edit] = set()
    matcher = SequenceMatcher(a=source, b=target, autojunk=False)
    for kind, start, end, first, last in matcher.get_opcodes():
        if kind == "replace":
            found |= {
                (start + i, start + j, words)
                for i, j, words in _paired(source[start:end], target[first:last])
            }
        elif kind != "equal":
            found.add((start, end, tuple(target[first:last])))
    return frozenset(found)


def _paired(source: Sequence[str], target: Sequence[str]) -> list[Edit]:
    """Edits of single words that turn `source` into `target` at least cost: 1 for each word put in or
    taken out, 0 to 2 for one in another's place, by their likeness."""
    best: list[list[tuple[float, list[Edit]]]] = [[(0.0, [])]]
    for j, word in enumerate(target):
        cost, made = best[0][j]
        best[0].append((cost + 1, [*made, (0, 0, (word,))]))
    for i, old in enumerate(source):
        cost, made = best[i][0]
        best.append([(cost + 1, [*made, (i, i + 1, ())])])
        for j, new in enumerate(target):
            likeness = SequenceMatcher(None, old.lower(), new.lower(), autojunk=False).ratio()
            ways = [
                (best[i][j], 2 - 2 * likeness, (i, i + 1, (new,))),
                (best[i][j + 1], 1.0, (i, i + 1, ())),
                (best[i + 1][j], 1.0, (i + 1, i + 1, (new,))),
            ]
            (cost, made), more, edit = min(ways, key=lambda way: way[0][0] + way[1])
            best[-1].append((cost + more, made if old == new and more == 0 else [*made, edit]))
    return best[-1][-1][1]


def count_edits(
    source: Sequence[str], hypothesis: Sequence[str], references: Sequence[Sequence[str]]
) -> EditCounts:
    """Judge a correction of `source` by those of people."""
    made = edits(source, hypothesis)
    wanted = [edits(source, reference) for reference in references]
    right = made & frozenset().union(*wanted)
    return EditCounts(len(right), len(made), min(len(one - made) for one in wanted))


def protected(text: str) -> Counter[str]:
    """Words that hold facts: with a digit, e-mail and web addresses, names inside a sentence."""
    found: Counter[str] = Counter()
    for line in text.splitlines():
        opens = True
        for word in line.split():
            bare = word.strip(EDGES)
            if bare and (_is_code(bare) or (not opens and _is_name(bare))):
                found[bare] += 1
            opens = word.endswith(_SENTENCE_ENDS) and word.lower() not in _ABBREVIATIONS
    return found


def _is_code(word: str) -> bool:
    return any(c.isdigit() for c in word) or "@" in word or "://" in word or word.startswith("www.")


def _is_name(word: str) -> bool:
    """Whether it begins with a capital and is not shouted; I'm and I've are no names."""
    return word[0].isupper() and not word.isupper() and not re.match(r"I['’]", word)


def _split(word: str) -> list[str]:
    if word.lower() in _ABBREVIATIONS:
        return [word]
    parts = _TOKEN.match(word)
    if parts is None or not parts["word"]:
        return _MARK.findall(word)
    middle = [parts["word"]]
    clitic = _CLITIC.match(parts["word"])
    if clitic:
        middle = [clitic[1], clitic[2]]
    return [*parts["before"], *middle, *_MARK.findall(parts["after"])]
