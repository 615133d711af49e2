"""How a text comes across: sentiment and politeness, of the whole and of each sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from smartform.results import Span


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
