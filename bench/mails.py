"""Seconds to proofread mails of about 120 words: until the first words show, and until all is revised.

    python -m bench.mails

Through the app's own `Proofreader`, with its grammar checker and its scorer, warm. The mails are the written
ones of that length (training/data/email/pairs*.jsonl), with and without errors, polite and not. Run it on an
otherwise idle machine.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.report import cores, processor, table
from smartform.engines import load
from smartform.proofread import Proofreader
from smartform.settings import Settings

MAILS = Path(__file__).parents[1] / "training" / "data" / "email"
WORDS = range(110, 131)
REPEATS = 3


def main() -> None:
    """Measure every mail and print a table."""
    settings = Settings.from_environment()
    proofreader = Proofreader(load.text_engine(settings), load.tone_scorer(settings), checker=load.checker())
    mails = dict(read(MAILS))
    proofreader.proofread(next(iter(mails.values())))
    rows = [(name, len(mail.split()), *measured(proofreader, mail)) for name, mail in mails.items()]
    p50 = [median(row[n] for row in rows) for n in (2, 3)]
    print(f"{processor()}, {settings.threads or cores()} threads, {REPEATS} times each, medians\n")
    print(table(("mail", "words", "first words, s", "complete, s"), [*rows, ("p50", "", *p50)]))


def read(folder: Path) -> Iterator[tuple[str, str]]:
    """Name and draft of each mail of that length."""
    for path in sorted(folder.glob("pairs*.jsonl")):
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            if len(row["draft"].split()) in WORDS:
                yield row["id"], row["draft"]


def measured(proofreader: Proofreader, draft: str) -> tuple[float, float]:
    """Median seconds until the model's first words are shown, and until the revision is complete."""
    first: list[float] = []
    complete: list[float] = []
    for _ in range(REPEATS):
        shown: list[float] = []
        started = time.perf_counter()
        proofreader.proofread(draft, on_text=lambda text, shown=shown: shown.append(time.perf_counter()))
        complete.append(time.perf_counter() - started)
        first.append(shown[0] - started)
    return median(first), median(complete)


if __name__ == "__main__":
    main()
