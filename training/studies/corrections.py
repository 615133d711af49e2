"""The language task of the studies: a sentence with mistakes in, the same sentence mended out.

The sentences are those of the e-mail adapter's data, `training/data/email/sentences*.jsonl`. Which part a
sentence is in depends on its id alone: seven of ten to learn from, one to choose by, two to measure on.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from training.chat_rows import Message
from training.conversations import IGNORED, Tokens, collate, encode
from training.studies.greedy import Answerer
from training.train_forms import digest
from training.word_edits import EditCounts, count_edits
from training.word_edits import tokens as words

PARTS = 10
"""Sentences are dealt out by their id into so many parts."""

ASKED = "Correct the English, change nothing else.\n\n"
MOST = 64
"""Tokens of an answer, at most."""


@dataclass(frozen=True)
class Sentence:
    """One sentence as it was written and as it should be."""

    id: str
    draft: str
    revision: str

    @property
    def messages(self) -> tuple[Message, Message]:
        """The conversation that is learnt."""
        return Message("user", ASKED + self.draft), Message("assistant", self.revision)


@dataclass(frozen=True)
class Task:
    """Sentences to learn from, to choose settings by, to measure on."""

    train: list[Sentence]
    watch: list[Sentence]
    test: list[Sentence]


def add_arguments(parser: argparse.ArgumentParser, *, watch: int, test: int) -> None:
    """The flags that `read_task` takes, with a study's own defaults."""
    parser.add_argument("--data", nargs="+", default=["training/data/email/sentences*.jsonl"])
    parser.add_argument("--watch", type=int, default=watch, help="sentences to choose by")
    parser.add_argument("--test", type=int, default=test, help="sentences to measure on")


def read_task(arguments: argparse.Namespace) -> Task:
    """The sentences that the flags ask for."""
    files = [Path(path) for pattern in arguments.data for path in sorted(glob(pattern))]
    rows = [json.loads(line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    sentences = [Sentence(row["id"], row["draft"], row["revision"]) for row in rows]
    parts: dict[int, list[Sentence]] = {number: [] for number in range(PARTS)}
    for sentence in sorted(sentences, key=digest):
        parts[digest(sentence) % PARTS].append(sentence)
    train = [sentence for number in range(PARTS - 3) for sentence in parts[number]]
    return Task(train, parts[7][: arguments.watch], (parts[8] + parts[9])[: arguments.test])


def drawn(sentences: Sequence[Sentence], count: int, seed: int) -> list[Sentence]:
    """So many sentences in random order, all of them over again where there are fewer."""
    draw = random.Random(seed)
    order: list[Sentence] = []
    while len(order) < count:
        order += draw.sample(sentences, len(sentences))
    return order[:count]


def write_rows(sentences: Iterable[Sentence], path: Path) -> Path:
    """Write the conversations as `training.train_lora` reads them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (
        {"messages": [{"role": m.role, "content": m.content} for m in sentence.messages]}
        for sentence in sentences
    )
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


def encoded(sentences: Iterable[Sentence], tokenizer: Any) -> list[Tokens]:
    """The conversations as tokens."""
    return [encode(sentence.messages, tokenizer) for sentence in sentences]


@torch.no_grad()
def loss_on(model: Any, rows: Sequence[Tokens], *, pad: int, batch: int = 8) -> float:
    """Nats for each token of the answers; the mode that the model is in comes back afterwards.

    Taken from the logits: what some methods call their loss has more in it.
    """
    learning = model.training
    model.eval()
    total, count = 0.0, 0
    ordered = sorted(rows, key=len)
    for start in range(0, len(ordered), batch):
        tensors = collate(ordered[start : start + batch], pad, masked=True)
        labels = tensors.pop("labels")[:, 1:]
        logits = model(**tensors, use_cache=False).logits[:, -labels.shape[1] - 1 : -1]
        nats = cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum")
        total += nats.item()
        count += int((labels != IGNORED).sum())
    model.train(learning)
    return total / count


def mended(answerer: Answerer, sentences: Sequence[Sentence]) -> EditCounts:
    """The edits of words that the greedy answers make, against those that people made."""
    answers = answerer.answers([ASKED + sentence.draft for sentence in sentences], MOST)
    total = EditCounts()
    for sentence, answer in zip(sentences, answers, strict=True):
        total += count_edits(words(sentence.draft), words(answer), [words(sentence.revision)])
    return total
