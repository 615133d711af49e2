"""Check that no evaluation text stands, whole or in part, in the training data.

    python -m training.leakage --train 'training/data/forms/en_*.jsonl' 'training/data/forms/it*.jsonl' \\
        'training/data/forms/xx*.jsonl' --evaluation training/data/forms/dev.jsonl
    python -m training.leakage --train 'training/data/email/*.jsonl' --evaluation JFLEG.jsonl DEV.jsonl

Prints the largest share of an evaluation text's word 8-grams that any training text shares, and
fails where it is over the limit.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from training.targets import read_rows

GRAM = 8
"""Words in a row that count as copied."""

LIMIT = 0.10
"""Share of an evaluation text's grams that may stand in the training data: stock phrases do."""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--train", nargs="+", required=True, help="JSONL files, glob patterns allowed")
    parser.add_argument("--evaluation", nargs="+", required=True)
    arguments = parser.parse_args(argv)
    shares = overlaps(read_texts(arguments.train), read_texts(arguments.evaluation))
    name, worst = max(shares.items(), key=lambda item: item[1])
    print(f"{len(shares)} evaluation texts, largest overlap {worst:.3f} ({name}), limit {LIMIT}")
    if worst > LIMIT:
        sys.exit("leakage: " + ", ".join(n for n, share in shares.items() if share > LIMIT))


def overlaps(train: dict[str, str], evaluation: dict[str, str]) -> dict[str, float]:
    """Evaluation id → share of its word 8-grams that occur in any training text."""
    seen = {gram for text in train.values() for gram in grams(text)}
    shares = {}
    for name, text in evaluation.items():
        own = list(grams(text))
        shares[name] = sum(gram in seen for gram in own) / max(1, len(own))
    return shares


def read_texts(paths: Iterable[str]) -> dict[str, str]:
    """Row id, or its number where it has none → all that people wrote in it."""
    rows = read_rows(paths)
    return {str(row.get("id", number)): "\n".join(_texts(row)) for number, row in enumerate(rows)}


TEXTS = ("text", "draft", "revision", "src", "tgts", "refs", "messages")
"""Members of a row that hold what people wrote; the other ones are labels."""


def _texts(row: dict[str, Any]) -> Iterator[str]:
    for value in (row[key] for key in TEXTS if key in row):
        for item in value if isinstance(value, list) else [value]:
            yield item["text"] if isinstance(item, dict) else item


def grams(text: str) -> Iterable[tuple[str, ...]]:
    """The runs of `GRAM` words of a text, lower case, without punctuation."""
    words = re.findall(r"\w+", text.lower())
    return (tuple(words[i : i + GRAM]) for i in range(len(words) - GRAM + 1))


if __name__ == "__main__":
    main()
