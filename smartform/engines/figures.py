"""The figures of a model card, in one line."""

from __future__ import annotations

import re

ROW = "this adapter"
"""How the row of a card's table begins that holds the figures of the card's own model."""


def figures(card: str) -> str:
    """What the card's table says of its model: 'F1 0.665 [0.638, 0.689], precision 0.788'; empty without one.

    Args:
        card: Markdown; the table's first row names the figures, with what their brackets hold in brackets.
    """
    table = re.search(rf"^\|(?P<names>.*)\|\n\|[-:| ]+\|\n\| {ROW} \|(?P<values>.*)\|$", card, re.MULTILINE)
    if table is None:
        return ""
    names = (re.sub(r"\s*\[.*?\]", "", name).strip() for name in table["names"].split("|")[1:])
    values = (value.strip() for value in table["values"].split("|"))
    return ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=False))
