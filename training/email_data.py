"""The e-mail adapter's examples: written pairs, mined corrections, and clean text to be spoilt.

    python -m training.email_data --config training/configs/email.yaml --show 12

Prints what each source gives, the share that needs no change, and some examples. Written pairs
(`data`) come paragraph by paragraph with the tone they were labelled with, or, in `HEARD_SHARE` of the
examples, with the one that the product's scorer hears in them: that is what stands in the prompt in
use, and it misses some rude drafts, which are to be mended all the same. The clean text of the public
sets has no tone labels: it is said to be neutral or polite, with any sentiment.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

from smartform.engines.load import tone_scorer
from smartform.revision import Amount, Register
from smartform.settings import Settings
from smartform.tone import ToneScorer
from training.config import PublicSet, TrainConfig, read_config
from training.corrupt import corrupt
from training.public import located
from training.rewrites import Rewrite
from training.targets import read_rows

CLEAN_SHARE = 0.46
"""Share of the clean texts that are left as they are."""

REPEATS = {"tone": 6, "both": 6, "clarity": 4, "grammar": 4, "clean": 2}
"""How often an epoch has each written pair, by kind: what no public set has comes oftener."""

WORDS = (4, 60)
"""Fewest and most words of a piece of clean text."""

CONTEXT_SHARE = 0.3
"""How often what stands before a paragraph is shown where there is something."""

HEARD_SHARE = 0.5
"""Share of the labelled examples whose tone is not the label but what the scorer says."""

ALL = tuple(Amount)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Show the examples of a configuration.")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--show", type=int, default=5)
    arguments = parser.parse_args(argv)
    config = read_config(arguments.config)
    examples = load(config, tone_scorer(Settings.from_environment()))
    for source, count in sorted(Counter(e.id.split(":")[0] for e in examples).items()):
        print(f"{source}: {count}")
    unchanged = sum(e.draft == e.revision for e in examples)
    words = sum(len(e.revision.split()) for e in examples)
    print(f"{len(examples)} examples, {words} words, {unchanged / len(examples):.2f} need no change")
    for example in Random(1).sample(examples, arguments.show):
        print(f"\n{example.prompt._question}\n→ {example.revision}")


def load(config: TrainConfig, scorer: ToneScorer) -> list[Rewrite]:
    """Every example of the written files and the public sets, as it is in the first epoch.

    Args:
        scorer: tells the tone of some of the labelled examples (`heard`).
    """
    labelled, others = written(read_rows(config.data), config.seed), []
    for part in config.public:
        (labelled if part.set in LABELLED else others).extend(load_set(part, config.seed))
    spoil = Spoiler(config.seed)
    return [spoil(example, 0) for example in (*heard(labelled, scorer, config.seed), *others)]


def heard(examples: Sequence[Rewrite], scorer: ToneScorer, seed: int) -> list[Rewrite]:
    """The examples, `HEARD_SHARE` of them with the tone that the scorer hears in their draft.

    The draft is a paragraph, and its own tone is what the proofreader tells the model.
    """
    rng = Random(f"{seed} heard")
    chosen = [rng.random() < HEARD_SHARE for _ in examples]
    drafts = list(dict.fromkeys(e.draft for e, drawn in zip(examples, chosen, strict=True) if drawn))
    tones = dict(zip(drafts, scorer.score(drafts), strict=True))
    return [
        replace(e, manner=(tones[e.draft].manner.value, tones[e.draft].feeling.value)) if drawn else e
        for e, drawn in zip(examples, chosen, strict=True)
    ]


class Spoiler:
    """Spoils clean text, otherwise each epoch; some of it stays clean."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __call__(self, example: Rewrite, epoch: int) -> Rewrite:
        if not example.spoilt:
            return example
        rng = Random(f"{self.seed} {epoch} {example.id}")
        clean = example.revision
        return replace(example, draft=clean if rng.random() < CLEAN_SHARE else corrupt(clean, rng))


def written(rows: Iterable[dict[str, Any]], seed: int) -> list[Rewrite]:
    """Labelled pairs, paragraph by paragraph, some repeated and asked otherwise.

    A row has `id`, `kind` (grammar, tone, both, clarity, clean), `draft`, `revision`,
    `politeness_before`, `sentiment_before`, perhaps `register`. Drafts that want another tone are
    also shown with the request to mend errors alone, and are then left as they are.
    """
    examples = []
    for row in rows:
        drafts, revisions = (re.split(r"\n\s*\n", row[key].strip()) for key in ("draft", "revision"))
        if len(drafts) != len(revisions):
            raise ValueError(f"{row['id']}: draft and revision have not the same paragraphs")
        for number, (draft, revision) in enumerate(zip(drafts, revisions, strict=True)):
            if draft == revision and len(draft.split()) < WORDS[0]:
                continue
            before = drafts[number - 1] if number else ""
            for repeat in range(REPEATS[row["kind"]] if draft != revision else 1):
                rng = Random(f"{seed} {row['id']} {number} {repeat}")
                examples.append(_written(row, draft, revision, before, rng))
    return examples


def _written(row: dict[str, Any], draft: str, revision: str, before: str, rng: Random) -> Rewrite:
    kind, manner = row["kind"], (row["politeness_before"], row["sentiment_before"])
    register = Register(row.get("register", "neutral"))
    amounts: tuple[Amount, ...] = ALL
    if draft == revision:
        manner = ("neutral" if manner[0] == "impolite" else manner[0], manner[1])
    elif kind in ("tone", "clarity"):
        enough = (Amount.REWRITE,) if kind == "clarity" else (Amount.TONE, Amount.REWRITE)
        if rng.random() < 0.2:
            amounts, revision = tuple(a for a in ALL if a not in enough), draft
        else:
            amounts = enough
    elif kind == "both":
        amounts = (Amount.TONE, Amount.REWRITE)
    shown = before if rng.random() < CONTEXT_SHARE else ""
    amount = rng.choice(amounts)
    return Rewrite(f"written:{row['id']}", draft, revision, amount, register, manner, shown)


def load_set(part: PublicSet, seed: int) -> list[Rewrite]:
    """`part.rows` examples of a public set, drawn by `seed`.

    Raises:
        ValueError: no loader has this name.
    """
    if part.set not in LOADERS:
        raise ValueError(f"no set is called {part.set!r}; there are {', '.join(LOADERS)}")
    examples = list(LOADERS[part.set](part.path, Random(f"{seed} {part.set}")))
    wanted = len(examples) if part.rows is None else min(part.rows, len(examples))
    return Random(f"{seed} {part.set} rows").sample(examples, wanted)


def harper_pairs(path: str, rng: Random) -> Iterable[Rewrite]:
    """Single corrections mined from Harper's tests: {src, tgts}; fragments are left out."""
    for number, row in enumerate(rows_of(path)):
        if len(row["src"].split()) >= 6 and len(row["src"].split()) <= WORDS[1]:
            yield _unlabelled(f"harper:{number}", row["src"], row["tgts"][0], rng)


def prose(path: str, rng: Random) -> Iterable[Rewrite]:
    """Clean text in rows of {text}, or in support tickets of {messages: [{text}]}; cut into pieces."""
    for number, row in enumerate(rows_of(path)):
        texts = [row["text"]] if "text" in row else [m["text"] for m in row["messages"]]
        for place, piece in enumerate(chain.from_iterable(pieces(text, rng) for text in texts)):
            name = f"prose:{Path(path).parent.name}-{number}-{place}"
            yield replace(_unlabelled(name, piece, piece, rng), spoilt=True)


def mails(path: str, rng: Random) -> Iterable[Rewrite]:
    """The English e-mails and letters among the forms' texts: {lang, style, text}."""
    rows = [row for row in read_rows([path]) if row["lang"] == "en" and row["style"] in ("email", "letter")]
    for row in rows:
        for place, piece in enumerate(pieces(row["text"], rng)):
            yield replace(_unlabelled(f"mails:{row['id']}-{place}", piece, piece, rng), spoilt=True)


def toned(path: str, rng: Random) -> Iterable[Rewrite]:
    """Short mails labelled {text, politeness, sentiment}; the rude ones with errors alone to mend."""
    for row in rows_of(path):
        if row["lang"] == "en":
            rude = row["politeness"] == "impolite"
            amount = Amount.ERRORS if rude else rng.choice(ALL)
            manner = (row["politeness"], row["sentiment"])
            name, text = f"toned:{row['id']}", row["text"]
            yield Rewrite(name, text, text, amount, Register.NEUTRAL, manner, spoilt=True)


LOADERS: dict[str, Callable[[str, Random], Iterable[Rewrite]]] = {
    "harper": harper_pairs,
    "prose": prose,
    "mails": mails,
    "toned": toned,
}
LABELLED = frozenset({"toned"})
"""Sets whose rows say how they sound."""


def rows_of(path: str) -> Iterator[dict[str, Any]]:
    """The rows of a JSONL file, or of `hub:owner/set/file.jsonl`."""
    with located(path).open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)


def pieces(text: str, rng: Random) -> list[str]:
    """Runs of one to three sentences of a text, line by line; too short and too long ones are left out."""
    found = []
    for line in text.split("\n"):
        sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z\"'])", line.strip())
        while sentences:
            count = rng.choice((1, 1, 1, 2, 2, 3))
            piece = " ".join(sentences[:count])
            sentences = sentences[count:]
            if WORDS[0] <= len(piece.split()) <= WORDS[1] and re.search("[.!?]", piece) and "|" not in piece:
                found.append(piece)
    return found


def _unlabelled(name: str, draft: str, revision: str, rng: Random) -> Rewrite:
    manner = (rng.choice(("neutral", "polite")), rng.choice(("negative", "neutral", "neutral", "positive")))
    return Rewrite(name, draft, revision, rng.choice(ALL), Register.NEUTRAL, manner)


if __name__ == "__main__":
    main()
