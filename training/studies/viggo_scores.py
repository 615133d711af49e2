"""What answers to ViGGO are worth: exact match, function match, precision, recall and F1 of attributes.

Strict: an answer is right when it is the gold text to the character, but for white space around it. An
attribute is right when its name and its value are gold's; the function has no part in that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from training.metrics import BOOTSTRAP, Scores
from training.studies.viggo_data import FUNCTIONS, parsed

Counts = npt.NDArray[np.float64]
"""Of one answer or summed over many: answers, exact, unordered, function, then the members of `Scores`."""


@dataclass(frozen=True)
class Answered:
    """A sentence's gold meaning and what a model wrote for it."""

    gold: str
    answer: str


def attribute_scores(answered: Answered) -> Scores:
    """Right, wrong, invented and missed attributes of one answer; a repeated one is invented."""
    gold = Counter(parsed(answered.gold).attributes)
    given = Counter(parsed(answered.answer).attributes)
    right = (gold & given).total()
    names = [Counter(name for name, _ in (part - (gold & given)).elements()) for part in (gold, given)]
    wrong = (names[0] & names[1]).total()
    return Scores(right, wrong, names[1].total() - wrong, names[0].total() - wrong, 0)


def counts(answered: Answered) -> Counts:
    """One answer as `Counts`."""
    gold, answer = parsed(answered.gold), parsed(answered.answer)
    exact = answered.answer.strip() == answered.gold
    unordered = gold.function == answer.function and Counter(gold.attributes) == Counter(answer.attributes)
    scores = attribute_scores(answered)
    attributes = [getattr(scores, name) for name in Scores.__slots__]
    return np.array([1, exact, unordered, gold.function == answer.function, *attributes], dtype=float)


MEASURES: Mapping[str, Callable[[Counts], float]] = {
    "exact": lambda total: float(total[1] / total[0]),
    "unordered": lambda total: float(total[2] / total[0]),
    "function": lambda total: float(total[3] / total[0]),
    "precision": lambda total: _scores(total).precision,
    "recall": lambda total: _scores(total).recall,
    "f1": lambda total: _scores(total).f1,
}
"""Name of a figure → how it follows from the counts; 'unordered' forgives the order of attributes."""


CHARTED = {"exact": "exact match", "function": "function match", "f1": "attribute F1"}
"""Figures that the chart shows, and what it calls them."""


def figures(answers: Sequence[Answered], seed: int = 0) -> dict[str, tuple[float, float, float]]:
    """Each of `MEASURES` with its 95 % bootstrap interval: (figure, low, high)."""
    rows = np.array([counts(answered) for answered in answers])
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=BOOTSTRAP) @ rows
    found = {}
    for name, measure in MEASURES.items():
        low, high = np.quantile([measure(draw) for draw in draws], (0.025, 0.975))
        found[name] = (measure(rows.sum(axis=0)), float(low), float(high))
    return found


def fault(answered: Answered) -> str:
    """What an answer that is not exact has wrong, the gravest first; '' for one that is."""
    gold, answer = parsed(answered.gold), parsed(answered.answer)
    scores = attribute_scores(answered)
    if answered.answer.strip() == answered.gold:
        return ""
    if answer.function not in FUNCTIONS:
        return "no function"
    if answer.function != gold.function:
        return "another function"
    if scores.missed and scores.invented:
        return "attributes missed and invented"
    if scores.missed or scores.invented:
        return "attributes missed" if scores.missed else "attributes invented"
    return "another value" if scores.wrong else "only order or writing"


def table(results: Sequence[Mapping[str, Any]]) -> str:
    """Results as Markdown, one line each: figures with intervals, rows, time and cost."""
    lines = [
        "| model | trained on | prompt | test rows | exact match | function match | attribute precision "
        "| recall | F1 | training | an answer | cost |",
        "|---" * 12 + "|",
    ]
    for result in results:
        shown = [_shown(result, name) for name in ("exact", "function", "precision", "recall", "f1")]
        facts = [str(result.get(name, "–")) for name in ("name", "rows", "template", "tested")]
        costs = [_duration(result.get("training_seconds")), _duration(result.get("answer_seconds"))]
        costs.append(f"{result['cost']:.4f}" if "cost" in result else "–")
        lines.append(f"| {' | '.join([*facts, *shown, *costs])} |")
    return "\n".join(lines)


def draw_chart(results: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Draw exact match, function match and attribute F1 of each result, with intervals where it has them."""
    figure = Figure(figsize=(max(6, 2 + 1.6 * len(results)), 4.5), layout="constrained")
    axes = figure.subplots()
    for number, (name, label) in enumerate(CHARTED.items()):
        bars = [(place, *_interval(r, name)) for place, r in enumerate(results) if name in r]
        places = [place + (number - 1) * 0.27 for place, *_ in bars]
        values = [value for _, value, _, _ in bars]
        below = [value - low for _, value, low, _ in bars]
        above = [high - value for _, value, _, high in bars]
        drawn = axes.bar(places, values, 0.25, yerr=(below, above), capsize=2, label=label)
        axes.bar_label(drawn, [f"{value:.2f}" for value in values], fontsize=7, label_type="center")
    axes.set_xticks(range(len(results)), [_label(result) for result in results], fontsize=8)
    axes.set(ylim=(0, 1), title="ViGGO, strict match, greedy")
    axes.legend(frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.12))
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)


def _scores(total: Counts) -> Scores:
    return Scores(*(round(value) for value in total[4:]))


def _interval(result: Mapping[str, Any], name: str) -> tuple[float, float, float]:
    """(figure, low, high); a published figure without an interval is all three."""
    value = result[name]
    return tuple(value) if isinstance(value, list | tuple) else (value, value, value)


def _shown(result: Mapping[str, Any], name: str) -> str:
    if name not in result:
        return "–"
    value, low, high = _interval(result, name)
    return f"{value:.3f}" if low == high == value else f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _label(result: Mapping[str, Any]) -> str:
    facts = [f"{result['rows']} rows"] if "rows" in result else []
    facts += [f"prompt {result['template']}"] if "template" in result else []
    return "\n".join([str(result["name"]), ", ".join(facts)])


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds / 60:.0f} min" if seconds >= 600 else f"{seconds:.1f} s"
