"""The classification task of the studies: whether a sentence of a film review is for or against the film.

It is the SST-2 part of the tone run (training/configs/tone.yaml), whole sentences alone, and the encoder is
the one that the run begins with.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from smartform.engines import models
from training.config import read_settings
from training.tone import Encoded, ToneConfig, encode
from training.tone_model import ToneModel, load_base
from training.tone_rows import Part, Row, load_rows, only

SOURCE = "sst2"


@dataclass(frozen=True)
class Task:
    """Rows of the three parts: to learn from, to choose settings by, to measure on."""

    train: list[Encoded]
    fit: list[Encoded]
    held: list[Encoded]


def add_arguments(parser: argparse.ArgumentParser, rows: int, held: int) -> None:
    """The flags that `read_task` takes, with a study's own defaults."""
    parser.add_argument("--config", type=Path, default=Path("training/configs/tone.yaml"))
    parser.add_argument("--base", help="a folder or another id of the manifest; the config's where not given")
    parser.add_argument("--rows", type=int, default=rows, help="sentences to learn from")
    parser.add_argument("--held", type=int, default=held, help="sentences to measure on, and to choose by")
    parser.add_argument("--tokens", type=int, default=24, help="longer sentences are left out")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)


def read_task(arguments: argparse.Namespace) -> tuple[ToneConfig, Task]:
    """The settings and the rows that the flags ask for."""
    given = {"base": arguments.base} if arguments.base else {}
    config = read_settings(ToneConfig, arguments.config, given)
    part = next(part for part in config.sets if part["set"] == SOURCE)
    rows = [row for row in load_rows(SOURCE, part["path"]) if row.source == SOURCE]
    _, tokenizer = fresh_model(config)
    task = task_of(rows, tokenizer, arguments.rows, arguments.held, arguments.tokens, arguments.seed)
    return config, task


def task_of(rows: Sequence[Row], tokenizer: Tokenizer, count: int, held: int, tokens: int, seed: int) -> Task:
    """Draw `count` rows to learn from and up to `held` of each other part, none over `tokens` tokens."""
    draw = random.Random(seed)

    def drawn(part: Part, most: int) -> list[Encoded]:
        short = [e for e in encode(tokenizer, only(rows, part)) if len(e.ids) <= tokens]
        return draw.sample(short, min(most, len(short)))

    return Task(drawn(Part.TRAIN, count), drawn(Part.FIT, held), drawn(Part.HELD, held))


def fresh_model(config: ToneConfig) -> tuple[ToneModel, Tokenizer]:
    """The encoder of the settings with untrained heads, and its tokenizer."""
    base = Path(config.base) if Path(config.base).is_dir() else models.locate(config.base)
    return load_base(base, config.dropout)
