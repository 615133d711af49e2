"""What names a row is asked once more, and this is what that must write: the whole name, or NO_DATA.

In use a row that was found is asked again under the name it was found by ('work[driver].position'): a name
that was cut is mended ('FLT driver'), and what names no row is silent ('work[Audit preparation].position').
Here rows are found as they are, cut and overrun; and beside them stand strays: other things that the text
says, and those that an adapter took for rows (`training.strays`).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from smartform.constraints import is_copied
from smartform.grounding import places_of
from smartform.prompts import LIST_SEPARATOR, NO_DATA
from smartform.values.words import fold
from training.examples import Example, RowTarget

CUT = 0.35
"""Share of the rows that are found by a name that is not whole."""

STRAYS = 3
"""At least as many strays stand beside the rows, where the text has them."""

_MOST_WORDS = 6


def row_checks(example: Example, group: str, rng: random.Random) -> tuple[RowTarget, ...]:
    """The rows of one group of `example` as they may be found, each with what its name's branch must write.

    Args:
        group: its name. Where not all of its rows are known, only what an adapter took for some is a stray.
    """
    naming = next(field for field in example.form.fields if field.name == group).fields[0].name
    true = list(dict.fromkeys(row.naming for row in example.rows.get(group, ())))
    asked = {_found(name, true, example.text, rng): name for name in true}
    own = [stray for stray in example.strays.get(group, ()) if not meets(stray, true)]
    others = list(_others(example, group, rng)) if group in example.targets else []
    rng.shuffle(others)
    wanted = max(STRAYS, len(true))
    for stray in [*own, *(other for other in others if not meets(other, true))][: max(wanted, len(own))]:
        asked.setdefault(stray, NO_DATA)
    return tuple(RowTarget(found, {naming: name}) for found, name in asked.items())


def _found(name: str, names: Sequence[str], text: str, rng: random.Random) -> str:
    """A row's name as it may be found: mostly whole, else without some words, or with the next ones."""
    words = name.split()
    if rng.random() >= CUT:
        return name
    if len(words) > 1 and rng.random() < 0.7:
        cut = rng.randrange(1, len(words))
        other = " ".join(rng.choice((words[cut:], words[:cut])))
    else:
        other = _overrun(name, text, rng)
    told = [one for one in names if meets(other, [one])]
    return other if told == [name] else name


def _overrun(name: str, text: str, rng: random.Random) -> str:
    """The name with up to three words that stand behind it in its line."""
    place = next(iter(places_of(name, text)), None)
    if place is None:
        return name
    behind = text[place.end :].split("\n", 1)[0]
    more = behind.split()[: rng.randint(1, 3)] if not behind[:1].isalnum() else []
    return " ".join([name, *more]).rstrip(" ,;:.|(–-")


def _others(example: Example, group: str, rng: random.Random) -> Iterable[str]:
    """What else the text says: other fields' values, other cells of the rows, the beginnings of lines."""
    fields = {field.name: field for field in example.form.fields}
    for name, line in example.targets.items():
        if is_copied(fields[name]) and line != NO_DATA:
            yield from line.split(LIST_SEPARATOR)
    for name, rows in example.rows.items():
        copied = {sub.name for sub in fields[name].fields if is_copied(sub)}
        for row in rows:
            yield from (line for sub, line in row.targets.items() if sub in copied and line != NO_DATA)
            if name != group:
                yield row.naming
    for line in example.text.splitlines():
        if words := line.strip(" -–•*#>|\t").split():
            yield " ".join(words[: rng.randint(1, _MOST_WORDS)])


def meets(one: str, names: Iterable[str]) -> bool:
    """Whether a text is part of one of the names, or the other way round."""
    own = f" {fold(one)} "
    return any(own in (other := f" {fold(name)} ") or other in own for name in names) or not own.strip()
