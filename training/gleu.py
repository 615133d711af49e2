"""GLEU, how close corrections come to what people wrote, between 0 and 1.

Napoles, Sakaguchi, Post, Tetreault: "GLEU Without Tuning", 2016 (arXiv:1605.02592), as their
reference program computes it: n-grams up to four, those of the source that the reference does not
have count against the hypothesis, one reference is drawn for each sentence, and the score is the
mean over `DRAWS` such draws. Texts are sequences of tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ORDER = 4
DRAWS = 500

Stats = NDArray[np.float64]
"""[sentences, references, 2 + 2 * ORDER]: lengths of hypothesis and reference, then for each n the
n-grams that count and all of them."""


def statistics(
    sources: Sequence[Sequence[str]],
    hypotheses: Sequence[Sequence[str]],
    references: Sequence[Sequence[Sequence[str]]],
) -> Stats:
    """The counts of each sentence against each of its references; all have as many."""
    return np.array(
        [
            [_counts(source, hypothesis, reference) for reference in refs]
            for source, hypothesis, refs in zip(sources, hypotheses, references, strict=True)
        ],
        dtype=np.float64,
    )


def gleu(stats: Stats, draws: int = DRAWS, seed: int = 0) -> float:
    """The score of a corpus: mean over random choices of one reference a sentence."""
    rng = np.random.default_rng(seed)
    sentences, references, _ = stats.shape
    rows = np.arange(sentences)
    chosen = (rng.integers(references, size=sentences) for _ in range(draws))
    return float(np.mean([_score(stats[rows, refs].sum(axis=0)) for refs in chosen]))


def gleu_interval(stats: Stats, resamples: int = 1_000, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval: sentences and their references drawn anew each time."""
    rng = np.random.default_rng(seed)
    sentences, references, _ = stats.shape
    scores = []
    for _ in range(resamples):
        rows = rng.integers(sentences, size=sentences)
        scores.append(_score(stats[rows, rng.integers(references, size=sentences)].sum(axis=0)))
    low, high = np.quantile(scores, [0.025, 0.975])
    return float(low), float(high)


def _counts(source: Sequence[str], hypothesis: Sequence[str], reference: Sequence[str]) -> list[int]:
    counts = [len(hypothesis), len(reference)]
    for n in range(1, ORDER + 1):
        said, wanted, given = (_ngrams(text, n) for text in (hypothesis, reference, source))
        # Whole kinds of n-grams are taken out, not occurrences: so does the reference program.
        wrong = Counter({gram: count for gram, count in given.items() if gram not in wanted})
        right = (said & wanted).total() - (said & wrong).total()
        counts += [max(right, 0), max(len(hypothesis) + 1 - n, 0)]
    return counts


def _ngrams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) + 1 - n))


def _score(totals: NDArray[np.float64]) -> float:
    if not totals.all():
        return 0.0
    hypothesis, reference = totals[:2]
    precision = np.log(totals[2::2] / totals[3::2]).mean()
    return float(np.exp(min(0.0, 1 - reference / hypothesis) + precision))
