"""ViGGO: sentences about video games and their meaning, `function(attribute[value], …)`.

The set (Juraska, Bowden and Walker, 2019, https://aclanthology.org/W19-8623; CC BY-SA 4.0) is not part of
this repository. A source is a folder or `hub:owner/set`, with a CSV, JSONL or Parquet file for each split.
"""

from __future__ import annotations

import csv
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub.errors import EntryNotFoundError
from matplotlib.figure import Figure

from training.chat_rows import Row, read_rows

SPLITS: Mapping[str, tuple[str, ...]] = {
    "train": ("train",),
    "validation": ("validation", "valid"),
    "test": ("test",),
}
"""Split → what its file may be called, without the ending."""

ENDINGS = ("csv", "jsonl", "parquet")

COLUMNS = (("ref", "mr"), ("text", "mr"), ("target", "meaning_representation"))
"""(sentence, meaning) as the authors' files, their JSONL form and the Hub's copies name them."""

FUNCTIONS: Mapping[str, str] = {
    "inform": "tells facts about a game",
    "request": "asks for a game that has the attributes",
    "give_opinion": "says what the speaker thinks of a game",
    "confirm": "asks whether this is the game that was meant",
    "verify_attribute": "asks whether an opinion that the listener gave is right",
    "suggest": "asks what the listener thinks of games like the one named",
    "request_explanation": "asks the listener for the reasons of an opinion",
    "recommend": "proposes a game that the listener may not know",
    "request_attribute": "asks which value of an attribute the listener prefers",
}
"""Function → what a sentence of it does, in our words."""

ATTRIBUTES: Mapping[str, str] = {
    "name": "title of the game",
    "exp_release_date": "date at which it is expected",
    "release_year": "year",
    "developer": "who made it",
    "esrb": "E (for Everyone), E 10+ (for Everyone 10 and Older), T (for Teen) or M (for Mature)",
    "rating": "excellent, good, average or poor",
    "genres": "list in alphabetical order",
    "player_perspective": "list of first person, third person, side view, bird view",
    "has_multiplayer": "yes or no",
    "platforms": "list of PlayStation, Xbox, Nintendo, Nintendo Switch, PC",
    "available_on_steam": "yes or no",
    "has_linux_release": "yes or no",
    "has_mac_release": "yes or no",
    "specifier": "adjective that narrows a request",
}
"""Attribute, in the order of the set, → what its value is, in our words."""

_FIRST = (
    "Write what the sentence means as one function with attributes: function(attribute[value], …).\n"
    f"Functions: {', '.join(FUNCTIONS)}.\nAttributes: {', '.join(ATTRIBUTES)}.\nSentence: {{sentence}}"
)
_SECOND = (
    "Write what the sentence means as one function with attributes. Keep the attributes in the order of "
    "the list, leave out those that the sentence does not speak of, and write nothing else.\n\nFunctions:\n"
    + "".join(f"- {name}: {what}\n" for name, what in FUNCTIONS.items())
    + "\nAttributes:\n"
    + "".join(f"- {name}: {what}\n" for name, what in ATTRIBUTES.items())
    + "\nFor example, 'Would you call Sternfahrt, that third person racer for PC, any good?' means\n"
    "suggest(name[Sternfahrt], genres[driving/racing], player_perspective[third person], platforms[PC])\n\n"
    "Sentence: {sentence}"
)

TEMPLATES: Mapping[int, str] = {1: _FIRST, 2: _SECOND}
"""Prompt template: 1 names functions and attributes, 2 explains them and shows an example."""

_CALL = re.compile(r"\s*(?P<function>\w+)\(")
_ATTRIBUTE = re.compile(r"(\w+)\[([^\]]*)\]")


@dataclass(frozen=True)
class Meaning:
    """What a sentence means; `function` is empty where a model's answer names none."""

    function: str
    attributes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Example:
    """A sentence and its meaning as the set writes it."""

    sentence: str
    meaning: str

    @property
    def function(self) -> str:
        """What the sentence does."""
        return parsed(self.meaning).function


def parsed(text: str) -> Meaning:
    """Read a meaning; of a malformed one, all that can be read."""
    call = _CALL.match(text)
    return Meaning(call["function"] if call else "", tuple(_ATTRIBUTE.findall(text)))


def load(source: str, split: str) -> list[Example]:
    """Every row of a split, in order.

    Args:
        source: a folder, or `hub:owner/set`.
        split: one of `SPLITS`.

    Raises:
        FileNotFoundError: the source has no file for it.
        ValueError: the file's columns are not known here.
    """
    names = [f"{name}.{ending}" for name in SPLITS[split] for ending in ENDINGS]
    for name in names:
        try:
            return [_example(row) for row in read_rows([f"{source.rstrip('/')}/{name}"])]
        except (FileNotFoundError, EntryNotFoundError):
            continue
    raise FileNotFoundError(f"{source} has none of {', '.join(names)}")


def representative(examples: Sequence[Example], count: int, seed: int = 0) -> list[Example]:
    """Draw `count` examples, as large a share of each function as all of them have.

    The shares are rounded down, and what is left goes to the largest remainders. All of them, in
    another order, where there are no more than `count`.
    """
    rng = random.Random(seed)
    groups: dict[str, list[Example]] = {}
    for example in examples:
        groups.setdefault(example.function, []).append(example)
    wanted = {name: min(count, len(examples)) * len(group) / len(examples) for name, group in groups.items()}
    quota = {name: int(share) for name, share in wanted.items()}
    left = min(count, len(examples)) - sum(quota.values())
    for name in sorted(wanted, key=lambda name: quota[name] - wanted[name])[:left]:
        quota[name] += 1
    drawn = [example for name, group in groups.items() for example in rng.sample(group, quota[name])]
    rng.shuffle(drawn)
    return drawn


def prompt(example: Example, template: int) -> str:
    """What the model is asked about a sentence."""
    return TEMPLATES[template].format(sentence=example.sentence)


def write_csv(parts: Mapping[str, Sequence[Example]], template: int, path: Path) -> None:
    """Write a table of prompt, completion and split, as fine-tuning services and our trainer take it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("prompt", "completion", "split"))
        for split, examples in parts.items():
            table.writerows((prompt(example, template), example.meaning, split) for example in examples)


def shares(examples: Sequence[Example]) -> dict[str, float]:
    """Function → its share of the examples, 0 to 1, in the order of `FUNCTIONS`."""
    counts = Counter(example.function for example in examples)
    return {name: counts[name] / len(examples) for name in FUNCTIONS}


def draw_shares(parts: Mapping[str, Sequence[Example]], out: Path) -> None:
    """Draw the share of each function in each part, beside each other, as a PNG file."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    height = 0.8 / len(parts)
    for number, (name, examples) in enumerate(parts.items()):
        places = [place + number * height for place in range(len(FUNCTIONS))]
        label = f"{name}, {len(examples):,} rows"
        axes.barh(places, [100 * share for share in shares(examples).values()], height, label=label)
    axes.set_yticks([place + 0.4 - height / 2 for place in range(len(FUNCTIONS))], list(FUNCTIONS))
    axes.invert_yaxis()
    axes.set(title="ViGGO: functions", xlabel="% of the rows")
    axes.legend(frameon=False)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)


def _example(row: Row) -> Example:
    for sentence, meaning in COLUMNS:
        if sentence in row.data and meaning in row.data:
            return Example(row.data[sentence], row.data[meaning])
    raise ValueError(f"{row.place}: its columns are {', '.join(row.data)}, not sentence and meaning")
