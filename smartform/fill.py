"""The main job: a form and a text → values, each with its place, its state and its confidence."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from smartform.assignment import settle
from smartform.constraints import Plan, plan
from smartform.engines.base import Branch, Cancel, Decoded, TextEngine, never
from smartform.errors import Cancelled, FormError, TextError, ValueProblem
from smartform.grounding import ground
from smartform.policy import Policy, shipped
from smartform.prompts import extraction_prompt, protocol_name
from smartform.results import FieldResult, FillResult, Span, State
from smartform.schema import Field, FieldType, FormSpec, Value, unique_name
from smartform.values import Candidate, expression, languages_of, normalise
from smartform.windows import windows

MAX_CHARS = 200_000
"""Longer texts are refused: a form is not filled from a book."""

_FORM_SHARE = 0.6
"""Share of the model's window that a form may take; larger forms are asked in parts."""

_TEMPLATE_TOKENS = 32
"""The most that the chat template and the words around the text take."""

_LEAST_TEXT_TOKENS = 64
"""A form that leaves less room for the text cannot be asked."""

_GROUNDED, _UNGROUNDED = 0.8, 0.4
"""Confidence in the values of an engine that gives no probabilities, by whether the text holds them."""

LONG = frozenset({FieldType.LONGTEXT, FieldType.LIST})
"""Types whose values are given where the text probably speaks of them: their exact ends are a matter
of taste, so the probability of one exact value says little about whether there is one."""

OnField = Callable[[FieldResult], None]
OnProgress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class _Part:
    """One pass: some fields of the form, and one window of the text from `offset` on."""

    form: FormSpec
    text: str
    offset: int


class Filler:
    """Fills forms with one engine.

    Args:
        engine: the language model.
        policy: when values are given and marked; the one fitted for the shipped adapter if None.
    """

    def __init__(self, engine: TextEngine, policy: Policy | None = None) -> None:
        self.engine = engine
        self._policy = policy or shipped()

    def fill(
        self,
        form: FormSpec,
        text: str,
        *,
        today: date | None = None,
        on_field: OnField | None = None,
        on_progress: OnProgress | None = None,
        cancel: Cancel = never,
    ) -> FillResult:
        """Fill `form` from `text`.

        Args:
            today: what relative dates are resolved from; the current day if None.
            on_field: called with each answer as it is known, and again where a later answer or
                another window of the text changes it.
            on_progress: called with the share done, 0 to 1, and a short message.

        Raises:
            TextError: no text, or more than `MAX_CHARS` characters.
            FormError: one field's description and options alone fill the model's window.
            EngineError: the model failed.
            Cancelled: `cancel` said so.
        """
        started = time.perf_counter()
        clean = _checked(text)
        today = today or date.today()
        parts = self._parts(form, clean, today)
        best: dict[str, FieldResult] = {}
        stats: dict[str, float] = {"passes": float(len(parts))}
        for number, part in enumerate(parts):
            earlier, answered = dict(best), set()
            for result in self._pass(part, today, cancel):
                answered.add(result.name)
                merged = _merge(form[result.name], earlier.get(result.name), result)
                if merged != best.get(result.name):
                    best[result.name] = merged
                    if on_field:
                        on_field(merged)
                if on_progress:
                    share = (number + len(answered) / max(1, len(part.form.fields))) / len(parts)
                    on_progress(min(1.0, share), _message(number, len(parts)))
            for key, value in self.engine.stats().items():
                stats[key] = stats.get(key, 0.0) + value
        ordered = tuple(best.get(n, FieldResult(n, None, State.NOT_FOUND, 1.0, 1.0)) for n in form.names)
        return FillResult(form, ordered, time.perf_counter() - started, (), stats)

    def _parts(self, form: FormSpec, text: str, today: date) -> list[_Part]:
        """The passes that read every window of the text for every field."""
        engine = self.engine
        room = engine.window_tokens
        parts = []
        for chunk in self._chunks(form, int(room * _FORM_SHARE), today):
            used = self._size(chunk, today) + _TEMPLATE_TOKENS
            if room - used < _LEAST_TEXT_TOKENS:
                raise FormError(
                    f"The field '{chunk.fields[0].title}' is too long for the model.",
                    "Shorten its description or its list of options.",
                )
            spans = windows(text, room - used, engine.count_tokens)
            parts += [_Part(chunk, text[span.start : span.end], span.start) for span in spans]
        return parts

    def _chunks(self, form: FormSpec, budget: int, today: date) -> Iterator[FormSpec]:
        fields = form.fields
        if self._size(form, today) <= budget or len(fields) == 1:
            yield form
            return
        middle = len(fields) // 2
        for half in (fields[:middle], fields[middle:]):
            yield from self._chunks(replace(form, fields=half), budget, today)

    def _size(self, form: FormSpec, today: date) -> int:
        """How many tokens the form takes of a prompt."""
        return self.engine.count_tokens(extraction_prompt(_protocol_form(form)[0], "", today).system)

    def _pass(self, part: _Part, today: date, cancel: Cancel) -> Iterator[FieldResult]:
        """Ask one part's fields; answers as they come, and again where others change them."""
        languages = languages_of(part.text)
        asked, names = _protocol_form(part.form)
        plans = {}
        for field in asked.fields:
            if cancel():
                raise Cancelled("The job was cancelled.")
            plans[field.name] = plan(field, part.text, languages, today)
        branches = [Branch(name, p.constraint) for name, p in plans.items()]
        prompt = extraction_prompt(asked, part.text, today)
        heard: list[Decoded] = []
        told: dict[str, Decoded] = {}
        for answer in self.engine.decode(prompt, branches, cancel=cancel):
            heard.append(answer)
            for name, decoded in settle(plans, part.text, heard).items():
                if decoded == told.get(name):
                    continue
                told[name] = decoded
                reader = _Reader(part.form[names[name]], plans[name], part.text, today, self._policy)
                yield _shifted(reader.read(decoded), part.offset)


def read_answer(field: Field, plan: Plan, text: str, today: date | None, decoded: Decoded) -> Value:
    """What an engine wrote for `field`, as a value; None where it wrote none or none that fits."""
    if not decoded.texts:
        return None
    try:
        return _Reader(field, plan, text, today or date.today(), shipped()).value(decoded).value
    except ValueProblem:
        return None


def _checked(text: str) -> str:
    """The text with control characters as spaces, character for character.

    Raises:
        TextError: nothing to read, or too much.
    """
    if len(text) > MAX_CHARS:
        raise TextError(
            f"The text has {len(text):,} characters; {MAX_CHARS:,} is the most.",
            "Paste the part that the form is about.",
        )
    clean = "".join(_readable(c) for c in text)
    if not clean.strip():
        raise TextError("There is no text to read.", "Paste, type or dictate what the form is about.")
    return clean


def _readable(character: str) -> str:
    if character in "\n\t" or character.isprintable():
        return character
    return "\ufffd" if unicodedata.category(character) == "Cs" else " "


def _message(number: int, parts: int) -> str:
    return "Reading" if parts == 1 else f"Reading part {number + 1} of {parts}"


def _protocol_form(form: FormSpec) -> tuple[FormSpec, dict[str, str]]:
    """The form under names that the protocol can write, and the way back to its own."""
    back: dict[str, str] = {}
    fields = []
    for field in form.fields:
        name = unique_name(protocol_name(field.name) or "field", back)
        back[name] = field.name
        fields.append(replace(field, name=name))
    return replace(form, fields=tuple(fields)), back


def _shifted(result: FieldResult, offset: int) -> FieldResult:
    spans = tuple(Span(s.start + offset, s.end + offset) for s in result.spans)
    return replace(result, spans=spans) if offset else result


def _merge(field: Field, old: FieldResult | None, new: FieldResult) -> FieldResult:
    """The better of two windows' answers; lists are joined."""
    if old is None or old.value is None:
        return new if old is None or new.value is not None else max(old, new, key=lambda r: -r.confidence)
    if new.value is None:
        return old
    if field.type.is_list:
        return _joined(field, old, new)
    return new if new.confidence > old.confidence else old


def _joined(field: Field, old: FieldResult, new: FieldResult) -> FieldResult:
    assert isinstance(old.value, list) and isinstance(new.value, list)
    values = list(dict.fromkeys([*old.value, *new.value]))
    if field.options:
        values = [option for option in field.options if option in values]
    spans = tuple(dict.fromkeys([*old.spans, *new.spans]))
    return replace(old, value=values, spans=spans, confidence=min(old.confidence, new.confidence))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns what an engine wrote for one field into the field's answer."""

    field: Field
    plan: Plan
    text: str
    today: date
    policy: Policy

    def read(self, decoded: Decoded) -> FieldResult:
        """Decide between value and NO_DATA, normalise, ground, and name the state."""
        numbers = self.policy[self.field.type]
        known = decoded.probability is not None and decoded.p_no_data is not None
        spoken = 1 - (decoded.p_no_data or 0.0)
        probability = (decoded.probability or 0.0) * spoken
        evidence = spoken if self.field.type in LONG else probability
        if not decoded.texts or (known and evidence < numbers.accept):
            p_silent = max(decoded.p_no_data or 0.0, 1 - evidence) if known else 1.0
            return FieldResult(self.field.name, None, State.NOT_FOUND, p_silent, p_silent)
        try:
            result = self.value(decoded)
        except ValueProblem as problem:
            return FieldResult(self.field.name, None, State.NOT_FOUND, 0.5, 0.5, note=str(problem))
        if known:
            confidence = numbers.confidence(probability)
            review = confidence < numbers.review
        else:
            confidence = _GROUNDED if result.spans or self.field.options else _UNGROUNDED
            review = confidence < _GROUNDED
        state = State.REVIEW if review else result.state
        return replace(result, confidence=confidence, p_no_data=decoded.p_no_data or 0.0, state=state)

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
