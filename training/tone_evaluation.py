"""Evaluate the tone classifiers as the app runs them, beside VADER and the published figures.

    python -m training.evaluate tone
    python -m training.evaluate tone --model build/tone-f32.onnx      # the same in 32 bits
    python -m training.evaluate tone --timing

The sets are those of training/configs/tone.yaml: the HELD rows of its training sets and the files
under `evaluation`. Each figure has a 95 % bootstrap interval over its texts.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from smartform.engines import models
from smartform.engines.tone import MODEL, TOKENIZER, OnnxTone
from smartform.tone import Politeness, Sentiment, Tone
from smartform.tone_reading import read_tone, weigh_words
from training.config import read_settings
from training.tone import ToneConfig
from training.tone_rows import Part, load_rows, only

Pairs = Sequence[tuple[str, str]]
"""Label given by people, label found."""

Measure = Callable[[Pairs], float]

RESAMPLES = 1_000

VADER_EDGE = 0.05
"""Compound scores within this of zero are neutral: the edge its authors give."""

PUBLISHED = """\
Published, Stanford politeness, top against bottom quartile (Danescu-Niculescu-Mizil et al. 2013):
  Wikipedia       words 0.798  linguistic features 0.838  people 0.867
  Stack Exchange  words 0.745  linguistic features 0.782  people 0.809
  (within a community, leave-one-out; ours is one model for both, on one split held out)"""


@dataclass(frozen=True, slots=True)
class Case:
    """A text with a person's labels; None where there is none."""

    text: str
    sentiment: str | None = None
    politeness: str | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `python -m training.evaluate tone`."""
    parser.add_argument("--config", type=Path, default=Path("training/configs/tone.yaml"))
    parser.add_argument("--model", type=Path, help="another ONNX file with the shipped tokenizer")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--timing", action="store_true", help="time a mail of 120 words instead")


def run(arguments: argparse.Namespace) -> None:
    """Print every figure."""
    model = arguments.model or models.locate(MODEL)
    scorer = OnnxTone(model, models.locate(TOKENIZER), arguments.threads)
    print(f"{model.name}, {model.stat().st_size:,} bytes, {arguments.threads} threads")
    config = read_settings(ToneConfig, arguments.config)
    if arguments.timing:
        mails = [case.text for case in written(config.evaluation["email"], "draft", "_before")]
        print(timing(scorer, " ".join(" ".join(mails).split()[:120])))
        return
    rows = [row for part in config.sets for row in only(load_rows(part["set"], part["path"]), Part.HELD)]
    print(f"{'':44}{'texts':>6}  {'ours':22}VADER")
    sst2 = [Case(r.text, sentiment=_named(r.sentiment, Sentiment)) for r in rows if r.source == "sst2"]
    _print_two_classes("SST-2 sentences held out, accuracy", scorer, sst2, "sentiment")
    for name, path in config.evaluation.items():
        if name == "tweets":
            tweets = [Case(r["text"], sentiment=r["label"]) for r in _lines(path)]
            _print_three_classes("tweeteval, macro F1", scorer, tweets, "sentiment", macro_f1)
            _print_three_classes("tweeteval, accuracy", scorer, tweets, "sentiment", accuracy)
        if name == "written":
            _print_both("written dev", scorer, written(path))
        if name == "email":
            _print_both("e-mail dev drafts", scorer, written(path, "draft", "_before"))
            print(_revised(scorer, path))
    requests = [
        Case(r.text, politeness=_named(r.politeness, Politeness)) for r in rows if "stanford" in r.source
    ]
    ends = {r.text for r in rows if r.source in ("stanford-polite", "stanford-impolite")}
    _print_two_classes(
        "Stanford held out, top against bottom", scorer, [c for c in requests if c.text in ends], "politeness"
    )
    _print_three_classes("Stanford held out, three classes", scorer, requests, "politeness", accuracy)
    print(PUBLISHED)


def written(path: str, text: str = "text", suffix: str = "") -> list[Case]:
    """Rows with a label of each kind, under names that end in `suffix`."""
    return [Case(r[text], r["sentiment" + suffix], r["politeness" + suffix]) for r in _lines(path)]


def accuracy(pairs: Pairs) -> float:
    """Share of labels found."""
    return sum(gold == found for gold, found in pairs) / max(1, len(pairs))


def macro_f1(pairs: Pairs) -> float:
    """Mean F1 of the classes that people gave."""
    scores = []
    for label in {gold for gold, _ in pairs}:
        hits = sum(gold == found == label for gold, found in pairs)
        asked = sum(gold == label for gold, _ in pairs)
        given = sum(found == label for _, found in pairs)
        scores.append(2 * hits / (asked + given))
    return sum(scores) / max(1, len(scores))


def interval(pairs: Pairs, measure: Measure, seed: int = 0) -> tuple[float, float]:
    """The 95 % bootstrap interval of a measure."""
    draw = random.Random(seed)
    values = sorted(measure(draw.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
    return values[round(0.025 * RESAMPLES)], values[round(0.975 * RESAMPLES) - 1]


def timing(scorer: OnnxTone, text: str, repeats: int = 30) -> str:
    """Median milliseconds of the three readings of one text, by the clock and of processor time."""
    readings: dict[str, Callable[[str], Any]] = {
        "the whole": lambda t: scorer.score([t]),
        "whole and sentences": lambda t: read_tone(t, scorer),
        "word weights": lambda t: weigh_words(t, read_tone(t, scorer), scorer),
    }
    lines = [f"{len(text.split())} words, {len(text)} characters"]
    for name, reading in readings.items():
        reading(text)
        clock, processor = [], []
        for number in range(repeats):
            started = time.perf_counter(), time.process_time()
            reading(f"{text} {number}")
            clock.append(1000 * (time.perf_counter() - started[0]))
            processor.append(1000 * (time.process_time() - started[1]))
        middle = [statistics.median(taken) for taken in (clock, processor)]
        lines.append(f"{name:22}{middle[0]:7.1f} ms (best {min(clock):.1f}), processor {middle[1]:.1f} ms")
    return "\n".join(lines)


def _print_both(title: str, scorer: OnnxTone, cases: Sequence[Case]) -> None:
    for kind in ("sentiment", "politeness"):
        _print_three_classes(f"{title}, {kind}, accuracy", scorer, cases, kind, accuracy)


def _print_three_classes(
    title: str, scorer: OnnxTone, cases: Sequence[Case], kind: str, measure: Measure
) -> None:
    labels = [getattr(case, kind) for case in cases]
    tones = scorer.score([case.text for case in cases])
    found = [(t.feeling if kind == "sentiment" else t.manner).value for t in tones]
    vader = [vader_label(case.text) for case in cases] if kind == "sentiment" else None
    _print(title, labels, found, vader, measure)


def _print_two_classes(title: str, scorer: OnnxTone, cases: Sequence[Case], kind: str) -> None:
    """The two outer classes, compared with each other: the neutral one is not asked."""
    low, _, high = [label.value for label in (Sentiment if kind == "sentiment" else Politeness)]
    labels = [getattr(case, kind) for case in cases]
    tones = scorer.score([case.text for case in cases])
    found = [high if _score(tone, kind) > 0 else low for tone in tones]
    vader = [high if vader_score(case.text) >= 0 else low for case in cases] if kind == "sentiment" else None
    _print(title, labels, found, vader, accuracy)


def _print(
    title: str, labels: Sequence[str], found: Sequence[str], vader: Sequence[str] | None, measure: Measure
) -> None:
    columns = []
    for answers in (found, vader):
        if answers is not None:
            pairs = list(zip(labels, answers, strict=True))
            low, high = interval(pairs, measure)
            columns.append(f"{measure(pairs):.3f} [{low:.3f}, {high:.3f}]")
    print(f"{title:44}{len(labels):6}  {'  '.join(columns)}")


def _score(tone: Tone, kind: str) -> float:
    return tone.sentiment_score if kind == "sentiment" else tone.politeness_score


def _revised(scorer: OnnxTone, path: str) -> str:
    """How often a person's revision of an impolite draft scores more polite than the draft."""
    rude = [r for r in _lines(path) if r["politeness_before"] == Politeness.IMPOLITE.value]
    before = scorer.score([r["draft"] for r in rude])
    after = scorer.score([r["revision"] for r in rude])
    rises = [b.politeness_score < a.politeness_score for b, a in zip(before, after, strict=True)]
    return (
        f"{'e-mail dev, rude drafts that rise when revised':44}{len(rude):6}  {sum(rises) / len(rises):.3f}"
    )


_VADER = SentimentIntensityAnalyzer()


def vader_score(text: str) -> float:
    """VADER's compound score, -1 to 1."""
    return float(_VADER.polarity_scores(text)["compound"])


def vader_label(text: str) -> str:
    """VADER's class."""
    score = vader_score(text)
    label = Sentiment.NEUTRAL if abs(score) < VADER_EDGE else Sentiment.POSITIVE
    return (Sentiment.NEGATIVE if score <= -VADER_EDGE else label).value


def _named(soft: Sequence[float] | None, kind: type[Sentiment] | type[Politeness]) -> str | None:
    return tuple(kind)[list(soft).index(max(soft))].value if soft else None


def _lines(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
