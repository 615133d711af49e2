"""One piece of a text answers one field: what fields do when they claim the same one.

Each field is decoded blind to the others, so a form that asks for a birth date and a travel date
may get the one date of the text twice. Of all such claims the surest holds; the others are
answered anew, as if the text did not hold what is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from heapq import heapify, heappop, heappush

from smartform.constraints import Plan
from smartform.engines.base import Decoded, OneOf
from smartform.schema import FieldType

_RIVALS = {
    FieldType.TEXT: "text",
    FieldType.LONGTEXT: "text",
    FieldType.INTEGER: "figure",
    FieldType.NUMBER: "figure",
    FieldType.DATE: "date",
    FieldType.TIME: "time",
    FieldType.EMAIL: "email",
    FieldType.PHONE: "phone",
    FieldType.URL: "url",
}
"""Types whose fields compete. Lists may well hold what others do, long texts as a part of what they say."""

_Claim = tuple[str, str]
"""Kind of rivals, and what is claimed."""


def settle(
    plans: Mapping[str, Plan],
    text: str,
    answers: Iterable[Decoded],
    given: Callable[[Decoded], bool] = lambda answer: True,
) -> dict[str, Decoded]:
    """Let no two fields have the same piece of `text`, unless it stands there more than once.

    Args:
        plans: field name → how it is asked.
        answers: what an engine wrote; those without probabilities are left alone.
        given: whether an answer is sure enough to be given; one that is not takes nothing from one that is.

    Returns:
        Field name → its answer, with probabilities given what others took.
    """
    settled = {answer.name: answer for answer in answers}
    claims = {name: claim for name, answer in settled.items() if (claim := _claim(plans[name], answer))}
    if len(set(claims.values())) == len(claims):
        return settled

    def place(name: str) -> tuple[bool, float, str]:
        return not given(settled[name]), -_score(settled[name]), name

    surest = [place(name) for name in claims]
    heapify(surest)
    taken: Counter[_Claim] = Counter()
    while surest:
        _, _, name = heappop(surest)
        claim = _claim(plans[name], settled[name])
        if claim is None:
            continue
        if not taken[claim] or taken[claim] < _places(plans[name], text, claim[1]):
            taken[claim] += 1
        else:
            settled[name] = _without(plans[name], settled[name])
            heappush(surest, place(name))
    return settled


def _claim(plan: Plan, answer: Decoded) -> _Claim | None:
    """What the answer takes of the text; None where nothing that others could want."""
    rivals = _RIVALS.get(plan.field.type)
    if rivals is None or not answer.texts or answer.probability is None or answer.p_no_data is None:
        return None
    written = answer.texts[0]
    if isinstance(plan.constraint, OneOf) and written not in plan.candidates:
        return None  # a count that the text does not hold
    return rivals, _flat(written)


def _score(answer: Decoded) -> float:
    return (answer.probability or 0.0) * (1 - (answer.p_no_data or 0.0))


def _places(plan: Plan, text: str, claimed: str) -> int:
    """How often the text holds what is claimed."""
    if plan.candidates:
        return sum(len(group) for written, group in plan.candidates.items() if _flat(written) == claimed)
    return _flat(text).count(claimed)


def _flat(text: str) -> str:
    return " ".join(text.casefold().split())


def _without(plan: Plan, answer: Decoded) -> Decoded:
    """The answer, had what it claims not been there: the next best candidate, or NO_DATA."""
    spoken = 1 - (answer.p_no_data or 0.0)
    lost = spoken * (answer.probability or 0.0)
    left = max(1e-9, 1 - lost)
    silent = min(1.0, (answer.p_no_data or 0.0) / left)
    if not isinstance(plan.constraint, OneOf) or not answer.p_texts:
        return replace(answer, texts=(), spans=(), p_no_data=silent)
    place = plan.constraint.texts.index(answer.texts[0])
    shares = tuple(0.0 if i == place else p * spoken / left for i, p in enumerate(answer.p_texts))
    best = max(range(len(shares)), key=shares.__getitem__)
    if not shares[best]:
        return replace(answer, texts=(), p_no_data=silent, p_texts=())
    said = max(1e-9, 1 - silent)
    given = tuple(min(1.0, share / said) for share in shares)
    text = plan.constraint.texts[best]
    return replace(answer, texts=(text,), probability=given[best], p_no_data=silent, p_texts=given)
