"""Is a text a resume? A logistic regression over words and the shape of the text.

The weights (`gate.json`) are trained and measured by `python -m training.resume_gate`; features are
computed here for both. Words count by their first letters, hashed, singly and in pairs; the shape
(length of lines, years, digits, contacts) does not depend on the language.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

from smartform.values.words import fold

BUCKETS = 4_096
"""How many numbers the words are hashed to."""

STEM = 6
"""Letters of a word that count: endings differ with case, gender and number."""

READ_CHARS = 20_000
"""How much of a text is looked at."""

_SHORT = 50
"""Words that are added to a text's before its years are counted by the word: one year in a line is few."""

_WORD = re.compile(r"[^\W\d_]+|\d+")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_ADDRESS = re.compile(r"[^\s@]@[^\s@]+\.\w")
_NUMBER = re.compile(r"\d(?:[ ().-]{0,2}\d){7,14}")
_BULLET = re.compile(r"\s*[-•·*–▪●◦]\s")


@dataclass(frozen=True, slots=True)
class Gate:
    """The trained decision.

    Args:
        words: weight of each hashed word, (`BUCKETS`,).
        shape: weight of each measure of `shape`.
        bias: log-odds of a text without features.
        threshold: probability from which a text counts as a resume.
    """

    words: tuple[float, ...]
    shape: tuple[float, ...]
    bias: float
    threshold: float

    def probability(self, text: str) -> float:
        """Probability that `text` is a resume, 0 to 1; 0 for a blank one."""
        if not text.strip():
            return 0.0
        score = self.bias + sum(self.words[bucket] * value for bucket, value in words(text).items())
        score += sum(weight * value for weight, value in zip(self.shape, shape(text), strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))

    def is_resume(self, text: str) -> bool:
        """Whether `text` counts as a resume."""
        return self.probability(text) >= self.threshold


@cache
def shipped_gate() -> Gate:
    """The gate whose weights come with the product."""
    data = json.loads(files("smartform.resume").joinpath("gate.json").read_text(encoding="utf-8"))
    return Gate(tuple(data["words"]), tuple(data["shape"]), data["bias"], data["threshold"])


def words(text: str) -> dict[int, float]:
    """Bucket → share, of unit length over all: which words and pairs of words the text holds."""
    stems = [_stem(match[0]) for match in _WORD.finditer(fold(text[:READ_CHARS]))]
    pairs = (f"{left} {right}" for left, right in pairwise(stems))
    buckets = {zlib.crc32(term.encode("utf-8", "replace")) % BUCKETS for term in (*stems, *pairs)}
    return dict.fromkeys(buckets, 1 / math.sqrt(len(buckets))) if buckets else {}


def shape(text: str) -> list[float]:
    """The measures of the text's shape, about 0 to 1 each."""
    read = text[:READ_CHARS]
    lines = [line for line in read.splitlines() if line.strip()] or [""]
    said = _WORD.findall(read)
    count = max(1, len(said))
    years = [match.start() for match in _YEAR.finditer(read)]
    ranges = sum(1 for left, right in pairwise(years) if right - left < 20)
    return [
        math.log1p(count) / 8,
        sum(len(line) < 60 for line in lines) / len(lines),
        sum(line.rstrip()[-1:] not in ".!?,;" for line in lines) / len(lines),
        sum(bool(_BULLET.match(line)) for line in lines) / len(lines),
        sum(word[0].isupper() for word in said) / count,
        sum(word[0].isdigit() for word in said) / count,
        min(1.0, 10 * len(years) / (count + _SHORT)),
        min(1.0, 20 * ranges / (count + _SHORT)),
        min(1.0, 2 * sum(read.count(mark) for mark in "|,•·/") / count),
        min(1.0, 20 * read.count("?") / count),
        float(bool(_ADDRESS.search(read))),
        float(bool(_NUMBER.search(read))),
    ]


def _stem(word: str) -> str:
    return "0" * len(word) if word[0].isdigit() else word[:STEM]
