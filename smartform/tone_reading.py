"""Reading a text's tone: of the whole and its sentences, and by which words.

`read_tone` is quick enough for every key stroke. `weigh_words` goes on from its report and reads a
sentence once for every word it weighs; it is for when the person stops.
"""

from __future__ import annotations

import re

from smartform.results import Span
from smartform.sentences import sentences
from smartform.tone import SpanTone, Tone, ToneReport, ToneScorer, Weight
from smartform.values.language import languages_of

MOST_WEIGHED = 40
"""Words that `weigh_words` tries: so many readings of one sentence each."""

MOST_SENTENCES = 200
"""Sentences that are scored one by one; those after them count in the whole alone."""

LEAST_WEIGHT = 0.02
"""A word that moves neither score by this much has no weight worth showing."""

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def read_tone(text: str, scorer: ToneScorer) -> ToneReport:
    """The tone of a text and of its sentences, without word weights.

    Raises:
        EngineError: the scorer failed.
    """
    language = languages_of(text)[0]
    spans = sentences(text, language)[:MOST_SENTENCES]
    whole, *parts = scorer.score([text, *(text[span.start : span.end] for span in spans)])
    return ToneReport(whole, tuple(map(SpanTone, spans, parts)), language=language)


def weigh_words(text: str, report: ToneReport, scorer: ToneScorer, most: int = 12) -> tuple[Weight, ...]:
    """The words that move the scores most, heaviest first: each sentence is scored without each of its words.

    The sentence stands for the whole, in which one word among a hundred would be lost. Where there
    are more than `MOST_WEIGHED` words, those of the sentences furthest from neutral are tried.

    Args:
        report: what `read_tone` says of the text.
        most: how many are given at most.

    Raises:
        EngineError: the scorer failed.
    """
    tried: list[tuple[Span, Span, Tone]] = []
    for one in sorted(report.sentences, key=lambda sentence: _calm(sentence.tone)):
        found = _WORD.finditer(text, one.span.start, one.span.end)
        tried += [(Span(m.start(), m.end()), one.span, one.tone) for m in found]
    tried = tried[:MOST_WEIGHED]
    without = scorer.score([text[s.start : w.start] + text[w.end : s.end] for w, s, _ in tried])
    weights = [_weight(word, tone, less) for (word, _, tone), less in zip(tried, without, strict=True)]
    telling = [w for w in weights if _force(w) >= LEAST_WEIGHT]
    return tuple(sorted(telling, key=_force, reverse=True)[:most])


def _calm(tone: Tone) -> float:
    return -abs(tone.sentiment_score) - abs(tone.politeness_score)


def _weight(word: Span, tone: Tone, without: Tone) -> Weight:
    return Weight(
        word,
        tone.sentiment_score - without.sentiment_score,
        tone.politeness_score - without.politeness_score,
    )


def _force(weight: Weight) -> float:
    return max(abs(weight.sentiment), abs(weight.politeness))
