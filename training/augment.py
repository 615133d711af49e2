"""Rows altered anew each epoch: other values, other fields asked, answers withheld, other styles of writing.

    python -m training.augment --data 'training/data/forms/it*.jsonl' --show 5

What a row becomes depends on the seed, the epoch and its id alone. After each alteration every
value that could be reached from the text must still be; where one cannot, the alteration is undone.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from smartform.schema import Field, FieldType, humanise
from smartform.values import languages_of
from smartform.values.words import fold, words_of
from training.examples import Example
from training.restyle import restyle, wrapped
from training.swap import Row, swap_figures, swap_words, today_of
from training.targets import example_of, read_rows, target_of
from training.withhold import withhold

DROPPED = 0.25
"""Share of the fields that are not asked when the fields are altered."""

ADDED = 3
"""At most so many fields of other forms are asked in vain."""

RARE = 3
"""A word in the field names of at most so many rows tells one subject from others."""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Show rows and what augmentation makes of them.")
    parser.add_argument("--data", nargs="+", required=True, help="JSONL files, glob patterns allowed")
    parser.add_argument("--show", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    rows = read_rows(arguments.data)
    augmenter = Augmenter(rows, Rates(1.0, 1.0, 1.0, 1.0, 1.0), arguments.seed)
    for row in Random(arguments.seed).sample(rows, min(arguments.show, len(rows))):
        print(row["id"], row["text"], sep="\n", end="\n\n")
        altered = augmenter.row(row["id"], 0)
        print(altered["text"])
        for data in altered["form_fields"]:
            print(f"  {data['name']} ({data['type']}): {data.get('value')}")
        print()
    print(", ".join(f"{step} {count}" for step, count in sorted(augmenter.counts.items())))


@dataclass(frozen=True)
class Rates:
    """How often a row is altered in each way, 0 to 1.

    Args:
        values: exchange names, places, codes, amounts and dates.
        fields: drop fields, ask absent ones, reorder and respell options.
        style: rewrite as a transcript, a scan, a quoted mail and the like.
        lines: break titles and other short texts into other lines.
        withheld: leave out a sentence that alone answers some fields.
    """

    values: float = 0.0
    fields: float = 0.0
    style: float = 0.0
    lines: float = 0.0
    withheld: float = 0.0

    def __bool__(self) -> bool:
        return any((self.values, self.fields, self.style, self.lines, self.withheld))


class Augmenter:
    """Makes examples of rows, each epoch other ones.

    Args:
        rows: in our written format, with ids of their own.
        rates: how often each alteration is tried.
        seed: of all draws.

    Attributes:
        counts: how often each alteration was made, or undone.
    """

    def __init__(self, rows: Sequence[Row], rates: Rates, seed: int = 0) -> None:
        self.rows = {row["id"]: row for row in rows}
        self.rates, self.seed = rates, seed
        self.donors = Donors(rows)
        self.counts: Counter[str] = Counter()

    def __call__(self, example: Example, epoch: int) -> Example:
        """The example as it is read in `epoch`."""
        return example_of(self.row(example.id, epoch))

    def row(self, name: str, epoch: int) -> Row:
        """The row called `name` as it is read in `epoch`."""
        row = self.rows[name]
        steps: tuple[tuple[str, float, Callable[[Row, Random], Row | None]], ...] = (
            ("withheld", self.rates.withheld, withhold),
            ("words", self.rates.values, swap_words),
            ("figures", self.rates.values, swap_figures),
            ("fields", self.rates.fields, self.donors.reask),
            ("style", self.rates.style, restyle),
            ("lines", self.rates.lines, wrapped),
        )
        if any(data["type"] == FieldType.GROUP for data in row["form_fields"]):
            steps = tuple(step for step in steps if step[0] == "fields")  # the others know no rows
        for step, rate, alter in steps:
            rng = Random(f"{self.seed} {epoch} {name} {step}")  # a step's draws are its own
            altered = alter(row, rng) if rng.random() < rate else None
            if altered is not None:
                kept = sound(row, altered)
                self.counts[step if kept else f"{step} undone"] += 1
                row = altered if kept else row
        return row


def sound(before: Row, after: Row) -> bool:
    """Whether every value that could be reached still can, and one that did not change is where it was."""
    old, new = _reached(before), _reached(after)
    moved = before["text"] != after["text"]
    for name in old.keys() & new.keys():
        value, target = old[name]
        if target is not None and new[name][1] is None:
            return False
        if moved and value == new[name][0] and target is not None and not _same_line(target, new[name][1]):
            return False
    return True


def _reached(row: Row) -> dict[str, tuple[object, str | None]]:
    """Field name → its value and what its branch must write."""
    text, languages = row["text"], languages_of(row["text"])
    return {
        data["name"]: (
            data.get("value"),
            target_of(Field.from_dict(data), data.get("value"), text, languages, today_of(row)),
        )
        for data in row["form_fields"]
    }


def _same_line(left: str, right: str | None) -> bool:
    """Whether two lines are one expression: casing and marks may differ."""
    return right is not None and [w.folded for w in words_of(left)] == [w.folded for w in words_of(right)]


class Donors:
    """Fields of other forms, to ask where the text cannot know the answer.

    A field may be asked in vain where its name is of several words, one of them rare over all forms
    (so it belongs to another subject), and neither the text nor the row's own fields hold any word
    of its name or description.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.spread = Counter(
            word for row in rows for word in {w for d in row["form_fields"] for w in _name_words(d["name"])}
        )
        self.fields = [
            (row["lang"], row["scenario"], data)
            for row in rows
            for data in row["form_fields"]
            if len(words := _name_words(data["name"])) > 1 and any(self.spread[w] <= RARE for w in words)
        ]

    def reask(self, row: Row, rng: Random) -> Row | None:
        """The row with other fields asked, and options in another order and spelling."""
        fields = [data for data in row["form_fields"] if rng.random() >= DROPPED]
        fields = fields or list(row["form_fields"])
        fields = [_respelt(data, rng) if data.get("options") else data for data in fields]
        return row | {"form_fields": [*fields, *self._absent(row, rng)]}

    def _absent(self, row: Row, rng: Random) -> list[Row]:
        taken = {data["name"] for data in row["form_fields"]}
        asked = [f"{humanise(d['name'])} {d.get('description', '')}" for d in row["form_fields"]]
        known = _stems(" ".join([row["text"], row["scenario"], *asked]))
        absent: list[Row] = []
        for lang, scenario, data in rng.sample(self.fields, min(8, len(self.fields))):
            told = _stems(f"{humanise(data['name'])} {data.get('description', '')}")
            fits = lang == row["lang"] and scenario != row["scenario"] and data["name"] not in taken
            if fits and told.isdisjoint(known) and len(absent) < ADDED:
                absent.append({k: v for k, v in data.items() if k != "inferred"} | {"value": None})
                taken.add(data["name"])
        return absent


def _name_words(name: str) -> list[str]:
    return [w.folded for w in words_of(humanise(name)) if len(w.folded) > 3]


def _stems(text: str) -> set[str]:
    """First letters of the long words of a text, alike in singular and plural."""
    return {w.folded[:5] for w in words_of(text) if len(w.folded) > 3}


_SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    str.lower,
    str.capitalize,
    lambda option: option.replace("_", " "),
    lambda option: option.replace(" ", "_"),
)


def _respelt(data: Row, rng: Random) -> Row:
    """A choice with its options in another order and, where they stay apart, another spelling."""
    spell = rng.choice(_SPELLINGS)
    options = rng.sample(data["options"], len(data["options"]))
    spelt = {option: spell(option) for option in options}
    if len({fold(s) for s in spelt.values()}) < len(spelt):
        spelt = {option: option for option in options}
    value = data.get("value")
    if isinstance(value, list):
        value = [spelt.get(v, v) for v in value]
    elif value is not None:
        value = spelt.get(value, value)
    labels = dict(zip(data["options"], data.get("option_labels") or (), strict=False))
    more = {"option_labels": [labels[o] for o in options]} if labels else {}
    return data | {"options": [spelt[o] for o in options], "value": value} | more


if __name__ == "__main__":
    main()
