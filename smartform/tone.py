"""How a text comes across: sentiment and politeness, of the whole, of each sentence, by each word.

`read_tone` is quick enough for every key stroke. `weigh_words` reads the text once for every word it
weighs, and is for when the person stops.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from smartform.results import Span
from smartform.sentences import sentences
from smartform.values.language import languages_of

MOST_WEIGHED = 40
"""Words that `weigh_words` tries: so many readings of one sentence each."""

MOST_SENTENCES = 200
"""Sentences that `read_tone` scores; a text of more is scored as a whole only beyond them."""

LEAST_WEIGHT = 0.02
"""A word that moves neither score by this much has no weight worth showing."""

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


class Sentiment(StrEnum):
    """What a text feels like."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Politeness(StrEnum):
    """How a text treats its reader."""

    IMPOLITE = "impolite"
    NEUTRAL = "neutral"
    POLITE = "polite"


@dataclass(frozen=True, slots=True)
class Tone:
    """The scores of one text.

    Args:
        sentiment: probability of negative, neutral, positive, in that order; they sum to 1.
        politeness: probability of impolite, neutral, polite, in that order; they sum to 1.
    """

    sentiment: tuple[float, float, float]
    politeness: tuple[float, float, float]

    @property
    def feeling(self) -> Sentiment:
        """The most probable sentiment."""
        return tuple(Sentiment)[self.sentiment.index(max(self.sentiment))]

    @property
    def manner(self) -> Politeness:
        """The most probable politeness."""
        return tuple(Politeness)[self.politeness.index(max(self.politeness))]

    @property
    def sentiment_score(self) -> float:
        """From -1, wholly negative, to 1, wholly positive."""
        return self.sentiment[2] - self.sentiment[0]

    @property
    def politeness_score(self) -> float:
        """From -1, wholly impolite, to 1, wholly polite."""
        return self.politeness[2] - self.politeness[0]

    def to_dict(self) -> dict[str, Any]:
        """The scores as JSON data."""
        return {
            "sentiment": self.feeling.value,
            "sentiment_score": round(self.sentiment_score, 4),
            "politeness": self.manner.value,
            "politeness_score": round(self.politeness_score, 4),
        }


@runtime_checkable
class ToneScorer(Protocol):
    """A model that scores texts."""

    def score(self, texts: Sequence[str]) -> tuple[Tone, ...]:
        """The tone of each text.

        Raises:
            EngineError: the model failed.
        """
        ...


@dataclass(frozen=True, slots=True)
class SpanTone:
    """The tone of a piece of a text."""

    span: Span
    tone: Tone


@dataclass(frozen=True, slots=True)
class Weight:
    """How much a word moves the scores of its sentence: the score with it minus the score without."""

    span: Span
    sentiment: float
    politeness: float


@dataclass(frozen=True, slots=True)
class ToneReport:
    """What a person sees beside a draft.

    Args:
        whole: the tone of all of it.
        sentences: the tone of each sentence, in order.
        weights: the words that move the scores most, heaviest first.
        language: ISO 639-1 code, detected.
    """

    whole: Tone
    sentences: tuple[SpanTone, ...] = ()
    weights: tuple[Weight, ...] = ()
    language: str = "en"

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON data; spans are [start, end] pairs."""
        return {
            **self.whole.to_dict(),
            "language": self.language,
            "sentences": [{"span": [s.span.start, s.span.end], **s.tone.to_dict()} for s in self.sentences],
            "words": [
                {
                    "span": [w.span.start, w.span.end],
                    "sentiment": round(w.sentiment, 4),
                    "politeness": round(w.politeness, 4),
                }
                for w in self.weights
            ],
        }


def read_tone(text: str, scorer: ToneScorer) -> ToneReport:
    """The tone of a text and of its sentences, without word weights.

    Raises:
        EngineError: the scorer failed.
    """
    language = languages_of(text)[0]
    spans = sentences(text, language)[:MOST_SENTENCES]
    whole, *parts = scorer.score([text, *(text[span.start : span.end] for span in spans)])
    return ToneReport(whole, tuple(map(SpanTone, spans, parts)), language=language)


def weigh_words(text: str, scorer: ToneScorer, most: int = 12) -> tuple[Weight, ...]:
    """The words that move the scores most, heaviest first: each sentence is scored without each of its words.

    The sentence stands for the whole, in which one word among a hundred would be lost. Where there
    are more than `MOST_WEIGHED` words, those of the sentences furthest from neutral are tried.

    Args:
        most: how many are given at most.

    Raises:
        EngineError: the scorer failed.
    """
    spans = sentences(text, languages_of(text)[0])[:MOST_SENTENCES]
    tones = scorer.score([text[span.start : span.end] for span in spans])
    tried: list[tuple[Span, Span, Tone]] = []
    for tone, span in sorted(zip(tones, spans, strict=True), key=lambda pair: _calm(pair[0])):
        found = _WORD.finditer(text, span.start, span.end)
        tried += [(Span(m.start(), m.end()), span, tone) for m in found]
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
