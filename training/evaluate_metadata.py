"""How well first pages are read: the measures of `python -m training.evaluate metadata`.

Each field is right or wrong as a whole after normalisation (`training.metrics.same`); items of lists,
such as authors, are counted one by one over all texts.
"""

from __future__ import annotations

from collections.abc import Sequence

from smartform.schema import FieldType, Value, items_of
from training.metrics import Outcome, same

_TEXT = FieldType.TEXT


def table(outcomes: Sequence[Outcome]) -> str:
    """One line a field: texts that say it, share of them read right, F1 of items, share invented."""
    lines = [f"{'':14}{'said':>6}{'right':>8}{'items F1':>10}{'invent':>8}"]
    for name in dict.fromkeys(outcome.name for outcome in outcomes):
        asked = [outcome for outcome in outcomes if outcome.name == name]
        said = [outcome for outcome in asked if outcome.gold]
        silent = [outcome for outcome in asked if not outcome.gold]
        listed = f"{items_f1(asked):10.3f}" if asked[0].kind.is_list else " " * 10
        right, invented = _share([o.right for o in said]), _share([not o.right for o in silent])
        lines.append(f"{name:14}{len(said):6d}{right:>8}{listed}{invented:>8}")
    return "\n".join(lines)


def items_f1(outcomes: Sequence[Outcome]) -> float:
    """Harmonic mean of the shares of given and of gold items that the other holds, 0 to 1."""
    right = given = gold = 0
    for outcome in outcomes:
        wanted = _items(outcome.gold)
        found = _items(outcome.value)
        gold, given = gold + len(wanted), given + len(found)
        for item in found:
            match = next((other for other in wanted if same(_TEXT, other, item)), None)
            if match is not None:
                wanted.remove(match)
                right += 1
    return 2 * right / (given + gold) if right else 0.0


def _items(value: Value) -> list[str]:
    return list(items_of(value))


def _share(truths: Sequence[bool]) -> str:
    return f"{sum(truths) / len(truths):.3f}" if truths else "–"
