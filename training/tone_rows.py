"""What the tone classifiers learn from: texts with a soft label of sentiment, of politeness, or of both.

Every source is split by a hash of its texts into three parts: TRAIN is learnt, FIT sets the
calibration, HELD is measured. The `dev` files stand outside all three.

Public sets leave two gaps. SST-2 has no neutral texts, and its judgements are all of films; so a
model of it alone takes 'about a film' for 'has a feeling'. Both gaps are filled from texts of other
kinds (requests, task dialogues, form letters, grammar examples) by the VADER lexicon without its words
of courtesy: a text that holds none of its words is neutral, and one that it scores far from zero is
probably positive or negative. So 'please' and 'thank you' are politeness, not joy. These labels
are weaker than a person's, and are given as such.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from smartform.tone import Politeness, Sentiment

Soft = tuple[float, float, float]
"""Probability of each class, in the order of `Sentiment` or `Politeness`."""

Records = Sequence[Mapping[str, Any]]
"""The lines of a set's file."""

SURE = 0.92
"""Probability of the class a person named; the others share the rest."""

SLOPE = 0.12
"""Width, in normalised scores, over which a quartile's border blurs: about the raters' own noise."""

STRONG = 0.5
"""VADER's compound score, from -1 to 1, from which a text probably has a feeling."""

PROBABLE = 0.75
"""Probability of a class that VADER found."""

COURTESY = frozenset(
    "please thank thanks thanked thankful thx ty appreciate appreciated appreciates grateful kind kindly dear"
    " best regards sincerely welcome welcomed hope hopes hoping help helps helping helpful like want well"
    " yes no ok okay sure sorry apologies apologise apologize excuse pardon forgive favor favour respect"
    " respectfully agree share interest interested".split()
)
"""Words of the lexicon that are manners or small change in requests, whatever the writer feels."""

SHORT_PHRASE = 4
"""Words; shorter phrases of SST-2 say little about texts."""


class Part(StrEnum):
    """What a row is for."""

    TRAIN = "train"
    FIT = "fit"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Row:
    """A text and what is known of its tone.

    Args:
        text: as a person would write it.
        source: the name of its set, see `LOADERS`.
        sentiment, politeness: None where the source does not tell.
        part: what the row is for.
    """

    text: str
    source: str
    sentiment: Soft | None = None
    politeness: Soft | None = None
    part: Part = Part.TRAIN


def load_rows(name: str, path: str, limit: int | None = None, seed: int = 0) -> list[Row]:
    """The rows of a set.

    Args:
        name: a key of `LOADERS`.
        limit: at most so many TRAIN rows, drawn by `seed`; the other parts are kept whole.
    """
    records = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    rows = list(LOADERS[name](records))
    train = [row for row in rows if row.part is Part.TRAIN]
    if limit is not None and len(train) > limit:
        train = random.Random(seed).sample(train, limit)
    return train + [row for row in rows if row.part is not Part.TRAIN]


def part_of(text: str, held: int, fit: int) -> Part:
    """The part a text belongs to: `held` and `fit` are percentages."""
    place = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) % 100
    return Part.HELD if place < held else Part.FIT if place < held + fit else Part.TRAIN


def soft(label: str, classes: Iterable[str]) -> Soft:
    """A person's label as probabilities."""
    first, second, third = (SURE if name == label else (1 - SURE) / 2 for name in classes)
    return first, second, third


def feeling(label: str) -> Soft:
    """A sentiment label as probabilities."""
    return soft(label, tuple(Sentiment))


def manner(label: str) -> Soft:
    """A politeness label as probabilities."""
    return soft(label, tuple(Politeness))


# SST-2: phrases of parse trees, the whole sentences among them.


def sst2(records: Records) -> Iterator[Row]:
    """Whole sentences and longer phrases; no phrase of a sentence that is held back is learnt."""
    labels = {record["text"].strip(): record["label"] for record in records}
    sentences = whole_sentences(labels)
    parts = {text: part_of(text, held=9, fit=5) for text in sorted(sentences)}
    kept_back = {run for text, part in parts.items() if part is not Part.TRAIN for run in runs(text)}
    for text, label in labels.items():
        if text in parts:
            spoken = text if parts[text] is Part.HELD else _half_spoken(text)
            yield Row(spoken, "sst2", feeling(label), part=parts[text])
        elif text not in kept_back and len(text.split()) >= SHORT_PHRASE:
            yield Row(_half_spoken(text), "sst2-phrase", feeling(label))


def whole_sentences(texts: Iterable[str]) -> set[str]:
    """Those that end as a sentence does and are not the end of another one."""
    ended = {text for text in texts if text.endswith((".", "!", "?", "''"))}
    ends = {" ".join(words[i:]) for words in map(str.split, ended) for i in range(1, len(words))}
    return {text for text in ended - ends if len(text.split()) >= SHORT_PHRASE}


def runs(text: str) -> Iterator[str]:
    """All runs of two or more words of a text, itself included."""
    words = text.split()
    for start in range(len(words)):
        for end in range(start + 2, len(words) + 1):
            yield " ".join(words[start:end])


def spoken(text: str) -> str:
    """A tokenised text as people write it: no spaces before marks or inside contractions."""
    text = text.replace("-lrb-", "(").replace("-rrb-", ")").replace("``", '"').replace("''", '"')
    text = re.sub(r" (n't|'s|'re|'ve|'ll|'d|'m)\b", r"\1", text)
    text = re.sub(r" ([.,!?;:)%])", r"\1", text).replace("( ", "(")
    return text[:1].upper() + text[1:]


def _half_spoken(text: str) -> str:
    # Mails are written, SST-2 is measured tokenised: the model meets both.
    return spoken(text) if part_of("half " + text, held=50, fit=0) is Part.HELD else text


# Stanford politeness: requests with the mean of five raters.


def stanford(records: Records) -> Iterator[Row]:
    """Requests; quartiles are those of their community, blurred at the border."""
    low = max(r["normalized_score"] for r in records if r["quartile_label"] == "impolite")
    high = min(r["normalized_score"] for r in records if r["quartile_label"] == "polite")
    for record in records:
        text, score = record["request"].strip(), record["normalized_score"]
        sentiment = weak(text)
        if record["quartile_label"] == "impolite" and sentiment and sentiment[1] > 0.5:
            sentiment = None  # rude without a rude word
        yield Row(
            text,
            f"stanford-{record['quartile_label']}",
            sentiment,
            blurred(score, low, high),
            part_of(text, held=10, fit=4),
        )


def blurred(score: float, low: float, high: float) -> Soft:
    """Impolite below `low`, polite above `high`, with logistic borders."""
    impolite = 1 / (1 + math.exp((score - low) / SLOPE))
    polite = 1 / (1 + math.exp((high - score) / SLOPE))
    return impolite, max(0.0, 1 - impolite - polite), polite


# Texts written for this product, and support tickets.


def written(records: Records) -> Iterator[Row]:
    """Short mails labelled by hand for both."""
    for r in records:
        labels = feeling(r["sentiment"]), manner(r["politeness"])
        yield Row(r["text"], "written", *labels, part_of(r["text"], held=0, fit=16))


def posts(records: Records) -> Iterator[Row]:
    """Short public posts and single sentences, labelled by hand for sentiment."""
    for r in records:
        yield Row(r["text"], "post", feeling(r["sentiment"]), part=part_of(r["text"], held=0, fit=16))


def emails(records: Records) -> Iterator[Row]:
    """Drafts with both labels; their revisions where they differ, with the politeness they have then."""
    for r in records:
        part = part_of(r["draft"], held=0, fit=16)
        yield Row(r["draft"], "email", feeling(r["sentiment_before"]), manner(r["politeness_before"]), part)
        if r["revision"] != r["draft"]:
            yield Row(r["revision"], "email", None, manner(r["politeness_after"]), part)


def tickets(records: Records) -> Iterator[Row]:
    """The customer's first message: a dissatisfied complaint is negative, a mildly rated question neutral."""
    for r in records:
        text = next(m["text"] for m in r["messages"] if m["from"] == "customer")
        label = ticket_label(r["type"], r["customer_satisfaction_1to10"])
        if label:
            yield Row(text, "ticket", feeling(label), part=part_of(text, held=0, fit=6))


def ticket_label(kind: str, satisfaction: int | None) -> str | None:
    """The sentiment a ticket's kind and satisfaction agree on; None where they do not.

    Satisfaction judges the answers too: a question that got none stays a question.
    """
    if satisfaction is None:
        return None
    if kind in ("Complaint", "Returns"):
        return "negative" if satisfaction <= 3 else None
    if satisfaction >= 8:
        return "positive"
    return "neutral" if 4 <= satisfaction <= 6 else None


# Texts of other kinds, labelled by the lexicon.


def weak(text: str) -> Soft | None:
    """The sentiment that the VADER lexicon, words of courtesy aside, lets suppose; None between."""
    scores = _vader().polarity_scores(text)
    if scores["neu"] == 1.0:
        return feeling("neutral")
    rest = 1 - PROBABLE
    if scores["compound"] >= STRONG:
        return 0.2 * rest, 0.8 * rest, PROBABLE
    if scores["compound"] <= -STRONG:
        return PROBABLE, 0.8 * rest, 0.2 * rest
    return None


@cache
def _vader() -> SentimentIntensityAnalyzer:
    analyser = SentimentIntensityAnalyzer()
    for word in COURTESY:
        analyser.lexicon.pop(word, None)
    return analyser


def _supposed(name: str, texts: Iterable[str]) -> Iterator[Row]:
    for text in dict.fromkeys(t.strip() for t in texts):
        if len(text.split()) >= SHORT_PHRASE and (sentiment := weak(text)):
            yield Row(text, name, sentiment, part=part_of(text, held=0, fit=4))


def dialogues(records: Records) -> Iterator[Row]:
    """Turns of task dialogues."""
    turns = (line.partition(": ")[2] for r in records for line in r["dialogue"].splitlines())
    return _supposed("dialogue", turns)


def letters(records: Records) -> Iterator[Row]:
    """Sentences of the texts that forms are filled from, in English."""
    texts = (re.split(r"(?<=[.!?])\s+|\n+", r["text"]) for r in records if r["lang"] == "en")
    return _supposed("letter", (sentence for sentences in texts for sentence in sentences))


def grammar(records: Records) -> Iterator[Row]:
    """Sentences of a grammar checker's tests: corrected, or right as they are."""
    return _supposed("grammar", (r["tgts"][0] if "tgts" in r else r["text"] for r in records))


LOADERS: dict[str, Callable[[Records], Iterator[Row]]] = {
    "sst2": sst2,
    "stanford": stanford,
    "written": written,
    "post": posts,
    "email": emails,
    "ticket": tickets,
    "dialogue": dialogues,
    "letter": letters,
    "grammar": grammar,
}
"""Name of a set → what its lines say."""


def repeated(rows: Iterable[Row], passes: Mapping[str, float], seed: int) -> list[Row]:
    """TRAIN rows, each as often as `passes` says of its source: 2 is twice, 0.5 a drawn half."""
    draw = random.Random(seed)
    result = []
    for row in rows:
        whole, part = divmod(passes.get(row.source, 1.0), 1)
        result += [row] * (int(whole) + (draw.random() < part))
    draw.shuffle(result)
    return result


def only(rows: Iterable[Row], part: Part) -> list[Row]:
    """The rows of one part."""
    return [row for row in rows if row.part is part]
