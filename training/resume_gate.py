"""Train and measure what tells resumes from other texts (`smartform.resume.gate`).

    python -m training.resume_gate --config training/configs/resume_gate.yaml
    python -m training.resume_gate --config FILE --measure      # the shipped weights on `measured` alone

Writes smartform/resume/gate.json. Prints the share of wrong decisions by file: on the `measured`
ones, which are never learnt; cross-validated on those that are; and each of them by a gate that was
taught without it.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import yaml

from smartform.resume.gate import BUCKETS, Gate, shape, shipped_gate, words
from training.resume_synth import made_resumes
from training.targets import read_rows

GATE = Path(__file__).resolve().parents[1] / "smartform" / "resume" / "gate.json"

WIDTH = BUCKETS + len(shape("")) + 1
"""Features of a text, the bias included."""

STEPS = 500
"""Of accelerated gradient descent."""


@dataclass(frozen=True)
class Sample:
    """One text.

    Args:
        source: the file it is from.
        fold: the part of the cross-validation that its row belongs to.
        text: what is read.
        is_resume: what it is.
        made: whether it was made of the row by cutting or joining; such ones are learnt, not measured.
        weight: how much more than others of its kind it weighs in the loss.
    """

    source: str
    fold: int
    text: str
    is_resume: bool
    made: bool = False
    weight: float = 1.0


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Train what tells resumes from other texts.")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--measure", action="store_true", help="only measure the shipped weights")
    arguments = parser.parse_args(argv)
    config = yaml.safe_load(arguments.config.read_text(encoding="utf-8"))
    if not arguments.measure:
        samples = learnt(config)
        rows = Features.of([sample.text for sample in samples])
        write(fit(rows, samples, config["ridge"], config["threshold"]))
    shipped_gate.cache_clear()
    gate = shipped_gate()
    measured = list(samples_of(config["measured"], config["folds"]))
    print("measured", report(measured, [gate.is_resume(s.text) for s in measured]), sep="\n", flush=True)
    if not arguments.measure:
        folds = [sample.fold for sample in samples]
        print("cross-validated", report(samples, unseen(rows, samples, folds, config)), sep="\n", flush=True)
        files = [sample.source for sample in samples]
        print("whole files left out", report(samples, unseen(rows, samples, files, config)), sep="\n")


def learnt(config: Mapping[str, Any]) -> list[Sample]:
    """The texts to learn from: those of the files, resumes made up, and pieces and pairs of them."""
    rng = Random(0)
    samples = list(samples_of(config, config["folds"]))
    for row in made_resumes(config["made"]):
        samples.append(Sample("made up", rng.randrange(config["folds"]), row["text"], True))
    others = [s for s in samples if not s.is_resume]
    for sample in list(samples):
        text = cut(sample.text, rng)
        if not sample.is_resume and rng.random() < 0.5:
            text = joined(sample, others, rng)
        if rng.random() < 0.5 and text:
            samples.append(replace(sample, text=text, made=True))
    return samples


def samples_of(config: Mapping[str, Any], folds: int) -> Iterator[Sample]:
    """The texts of the files under `resumes` and `others`."""
    for kind in ("resumes", "others"):
        for part in config[kind]:
            rows = read_rows([part["path"]])
            rng = Random(part["path"])
            rng.shuffle(rows)
            for row in rows[: part.get("rows")]:
                yield Sample(
                    part["path"], rng.randrange(folds), text_of(row), kind == "resumes",
                    weight=part.get("weight", 1.0),
                )  # fmt: skip


def text_of(row: Mapping[str, Any]) -> str:
    """The text of a row of any of the sets."""
    for name in ("text", "draft", "dialogue"):
        if isinstance(row.get(name), str):
            return str(row[name])
    return "\n".join(str(message["text"]) for message in row["messages"])


def cut(text: str, rng: Random) -> str:
    """The beginning of a text, as a short one would be; at times in small letters."""
    lines = text.splitlines()
    piece = "\n".join(lines[: max(4, int(len(lines) * rng.uniform(0.2, 0.8)))])
    return piece.lower() if rng.random() < 0.2 else piece


def joined(sample: Sample, others: Sequence[Sample], rng: Random) -> str:
    """A longer text that is no resume, of several of one fold."""
    more = [s.text for s in rng.sample(others, 8) if s.fold == sample.fold and s.source == sample.source]
    return "\n\n".join([sample.text, *more[:2]]) if more else ""


@dataclass(frozen=True)
class Features:
    """Texts as sparse rows: their hashed words, then the shape, then 1 for the bias.

    Args:
        columns, values: of all rows, one after the other.
        starts: where each row begins in them; every row has members.
    """

    columns: np.ndarray
    values: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[str]) -> Features:
        """The features of `texts`."""
        columns: list[int] = []
        values: list[float] = []
        starts = []
        for text in texts:
            starts.append(len(columns))
            hashed, form = words(text), shape(text)
            columns += [*hashed, *range(BUCKETS, BUCKETS + len(form) + 1)]
            values += [*hashed.values(), *form, 1.0]
        return cls(np.array(columns), np.array(values), np.array(starts))

    def times(self, weights: np.ndarray) -> np.ndarray:
        """(texts,) the weighted sum of each row."""
        return np.add.reduceat(self.values * weights[self.columns], self.starts)

    def back(self, shares: np.ndarray) -> np.ndarray:
        """(features,) the sum of the rows, each weighted by its share."""
        lengths = np.diff(np.append(self.starts, len(self.columns)))
        spread = self.values * np.repeat(shares, lengths)
        return np.bincount(self.columns, spread, minlength=WIDTH)


def weights(samples: Sequence[Sample]) -> np.ndarray:
    """(texts,) shares of the loss: resumes and others weigh the same, files by the root of their size."""
    sizes: dict[str, int] = defaultdict(int)
    for sample in samples:
        sizes[sample.source] += 1
    shares = np.array([s.weight * sizes[s.source] ** -0.5 for s in samples])
    resume = np.array([s.is_resume for s in samples])
    for kind in (resume, ~resume):
        shares[kind] /= 2 * max(1e-9, shares[kind].sum())
    return shares


def fitted(rows: Features, samples: Sequence[Sample], kept: np.ndarray, ridge: float) -> np.ndarray:
    """(features,) weights that minimise the weighted log-loss and half `ridge` times their square.

    Args:
        kept: (texts,) whether each is learnt from.
    """
    sides = np.array([1.0 if s.is_resume else -1.0 for s in samples])
    shares = np.zeros(len(samples))
    shares[kept] = weights([s for s, k in zip(samples, kept, strict=True) if k])
    pace = 1.0 / (0.25 * float(shares @ _squares(rows)) + ridge)
    found = ahead = np.zeros(WIDTH)
    for step in range(STEPS):
        margin = np.clip(sides * rows.times(ahead), -30, 30)
        slope = rows.back(-shares * sides / (1 + np.exp(margin))) + ridge * ahead
        before, found = found, ahead - pace * slope
        ahead = found + step / (step + 3) * (found - before)
    return found


def _squares(rows: Features) -> np.ndarray:
    return np.add.reduceat(rows.values**2, rows.starts)


def fit(rows: Features, samples: Sequence[Sample], ridge: float, threshold: float) -> Gate:
    """The gate that `samples` teach."""
    found = fitted(rows, samples, np.ones(len(samples), bool), ridge)
    return Gate(tuple(found[:BUCKETS]), tuple(found[BUCKETS:-1]), float(found[-1]), threshold)


def unseen(
    rows: Features, samples: Sequence[Sample], parts: Sequence[Any], config: Mapping[str, Any]
) -> list[bool]:
    """What a gate that was taught without a sample's part says of it.

    Args:
        parts: each sample's fold, or its file.
    """
    said = np.zeros(len(samples), bool)
    for part in dict.fromkeys(parts):
        inside = np.array([p == part for p in parts])
        found = fitted(rows, samples, ~inside, config["ridge"])
        bar = np.log(config["threshold"] / (1 - config["threshold"]))
        said[inside] = (rows.times(found) >= bar)[inside]
    return said.tolist()


def report(samples: Sequence[Sample], said: Sequence[bool]) -> str:
    """Wrong decisions by file, resumes first, and the mean over texts."""
    counts: dict[tuple[bool, str], list[bool]] = defaultdict(list)
    for sample, answer in zip(samples, said, strict=True):
        if not sample.made:
            counts[not sample.is_resume, sample.source].append(answer == sample.is_resume)
    lines = [
        _wrong("other" if other else "resume", right, source)
        for (other, source), right in sorted(counts.items())
    ]
    every = [right for rights in counts.values() for right in rights]
    return "\n".join([*lines, _wrong("all", every, "")])


def _wrong(kind: str, right: Sequence[bool], source: str) -> str:
    return f"  {kind:6} {len(right):5d} texts, {1 - sum(right) / len(right):6.1%} wrong  {source}"


def write(gate: Gate) -> None:
    """Put the weights into the product, rounded."""
    data = {
        "threshold": gate.threshold,
        "bias": round(gate.bias, 4),
        "shape": [round(w, 4) for w in gate.shape],
        "words": [round(w, 3) for w in gate.words],
    }
    GATE.write_text(json.dumps(data, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
