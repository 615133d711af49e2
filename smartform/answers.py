"""What an engine wrote for one field → the field's answer: value, place, state and confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from smartform.constraints import Plan
from smartform.engines.base import Decoded
from smartform.errors import ValueProblem
from smartform.grounding import ground
from smartform.policy import Policy, TypePolicy
from smartform.results import FieldResult, Span, State
from smartform.schema import Field, FieldType
from smartform.values import Candidate, expression, normalise

_GROUNDED, _UNGROUNDED = 0.8, 0.4
"""Confidence in the values of an engine that gives no probabilities, by whether the text holds them."""

LONG = frozenset({FieldType.LONGTEXT, FieldType.LIST})
"""Types whose exact ends are a matter of taste: the probability of one exact value says little about
whether there is one."""

UNSUGGESTED = frozenset({FieldType.BOOLEAN, FieldType.GROUP})
"""Types of which nothing is suggested: to choose yes or no is as quick as to take it, and a wrong hint
misleads; rows have cells of their own."""


def silence(decoded: Decoded, numbers: TypePolicy, *, long: bool) -> float | None:
    """The probability that the text does not say, where nothing is to be given; None where something is.

    Args:
        long: whether the value counts as one of `LONG`.
    """
    if decoded.probability is None or decoded.p_no_data is None:
        return None if decoded.texts else 1.0
    spoken = 1 - decoded.p_no_data
    score = decoded.probability * spoken
    if decoded.texts and score >= numbers.floor(spoken):
        return None
    return decoded.p_no_data if long else max(decoded.p_no_data, 1 - score)


def judged(result: FieldResult, decoded: Decoded, numbers: TypePolicy, *, certain: bool) -> FieldResult:
    """The answer with its confidence, and marked for review where that is low.

    Args:
        certain: whether the value has a place in the text or is one of the options.
    """
    if decoded.probability is not None and decoded.p_no_data is not None:
        spoken = 1 - decoded.p_no_data
        confidence = numbers.confidence(decoded.probability * spoken, spoken)
        review = confidence < numbers.review
    else:
        confidence = _GROUNDED if certain else _UNGROUNDED
        review = confidence < _GROUNDED
    state = State.REVIEW if review else result.state
    return replace(result, confidence=confidence, p_no_data=decoded.p_no_data or 0.0, state=state)


@dataclass(frozen=True, slots=True)
class Reader:
    """Turns what an engine wrote for one field into the field's answer."""

    field: Field
    plan: Plan
    text: str
    today: date
    policy: Policy

    def gives(self, decoded: Decoded) -> bool:
        """Whether the policy gives what was written, if it fits the field."""
        return silence(decoded, self.policy[self.field.type], long=self.field.type in LONG) is None

    def read(self, decoded: Decoded) -> FieldResult:
        """Decide between value and NO_DATA, normalise, ground, and name the state."""
        numbers = self.policy[self.field.type]
        silent = silence(decoded, numbers, long=self.field.type in LONG)
        if silent is not None:
            return FieldResult(self.field.name, None, State.NOT_FOUND, silent, silent)
        try:
            result = self.value(decoded)
        except ValueProblem as problem:
            return FieldResult(self.field.name, None, State.NOT_FOUND, 0.5, 0.5, note=str(problem))
        return judged(result, decoded, numbers, certain=bool(result.spans or self.field.options))

    def suggestion(self, decoded: Decoded) -> FieldResult | None:
        """What `read` held back although it is worth a person's look; None where nothing is."""
        numbers = self.policy[self.field.type]
        if self.field.type in UNSUGGESTED or not decoded.texts:
            return None
        if decoded.probability is None or decoded.p_no_data is None:
            return None
        spoken = 1 - decoded.p_no_data
        if decoded.probability * spoken < numbers.worth_a_look(spoken):
            return None
        try:
            held_back = self.value(decoded)
        except ValueProblem:
            return None
        return judged(held_back, decoded, numbers, certain=True)

    def value(self, decoded: Decoded) -> FieldResult:
        """The value that was written, with its place; confidence and state come later.

        Raises:
            ValueProblem: it does not fit the field.
        """
        if self.field.type.has_options or self.field.type is FieldType.BOOLEAN:
            return self._chosen(decoded)
        if self.plan.candidates or self.field.type not in (
            FieldType.TEXT,
            FieldType.LONGTEXT,
            FieldType.LIST,
        ):
            return self._spotted(decoded.texts[0])
        return self._copied(decoded)

    def _answer(
        self, value: str | list[str], state: State, spans: Sequence[Span], raw: str | None = None
    ) -> FieldResult:
        return FieldResult(self.field.name, value, state, 0.0, 0.0, tuple(spans), raw)

    def _copied(self, decoded: Decoded) -> FieldResult:
        spans = decoded.spans or tuple(s for s in (ground(t, self.text) for t in decoded.texts) if s)
        whole = len(spans) == len(decoded.texts)
        state = State.FOUND if whole else State.INFERRED
        said = list(decoded.texts) if self.field.type.is_list else decoded.texts[0]
        if self.field.type is FieldType.LONGTEXT and whole:
            said = self.text[spans[0].start : spans[0].end]  # with its line breaks
        value = normalise(self.field, said)
        if value is None:
            raise ValueProblem("Nothing was written.")
        if isinstance(value, list):
            return self._answer(list(dict.fromkeys(value)), state, spans)
        return self._answer(value, state, spans[:1])

    def _chosen(self, decoded: Decoded) -> FieldResult:
        value = normalise(self.field, list(decoded.texts) if self.field.type.is_list else decoded.texts[0])
        if value is None:
            raise ValueProblem(f"'{decoded.texts[0]}' is not an answer to '{self.field.title}'.")
        spans = tuple(s for s in (ground(t, self.text) for t in decoded.texts) if s)
        if self.field.type is FieldType.BOOLEAN:
            return self._answer(value, State.NORMALISED, ())
        return self._answer(
            value, State.FOUND if len(spans) == len(decoded.texts) else State.NORMALISED, spans
        )

    def _spotted(self, written: str) -> FieldResult:
        """The value of a typed expression: of the candidate it is, or computed from what was written."""
        candidates = self.plan.candidates.get(written) or self._same_value(written)
        if candidates:
            chosen = candidates[0]
            raw = self.text[chosen.start : chosen.end]
            state = State.FOUND if raw == chosen.value else State.NORMALISED
            return self._answer(chosen.value, state, (Span(chosen.start, chosen.end),), raw)
        value = normalise(self.field, written, today=self.today)
        if not isinstance(value, str):
            raise ValueProblem(f"'{written}' is not an answer to '{self.field.title}'.")
        span = ground(written, self.text)
        return self._answer(value, State.NORMALISED if span else State.INFERRED, (span,) if span else ())

    def _same_value(self, written: str) -> tuple[Candidate, ...]:
        """Candidates that stand for what an engine wrote in normal form or without the reading."""
        every = [c for group in self.plan.candidates.values() for c in group]
        return tuple(c for c in every if written in (c.value, expression(self.text, replace(c, reading=""))))
