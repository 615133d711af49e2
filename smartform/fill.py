"""The main job: a form and a text → values, each with its place, its state and its confidence."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from smartform.answers import LONG, UNSUGGESTED, Reader
from smartform.assignment import settle
from smartform.constraints import Plan, plan
from smartform.dated import Dated
from smartform.engines.base import Branch, Cancel, Decoded, ReadsAhead, TextEngine, never
from smartform.errors import Cancelled, FormError, TextError, ValueProblem
from smartform.groups import Group
from smartform.policy import Policy, shipped
from smartform.prompts import CHECKED, Prompt, extraction_prompt, protocol_name
from smartform.results import FieldResult, FillResult, Span, State
from smartform.rows import merged_rows, told_once
from smartform.schema import Field, FieldType, FormSpec, Value, items_of, unique_name
from smartform.supply import supplies, weighed
from smartform.values import languages_of
from smartform.windows import windows

MAX_CHARS = 200_000
"""Longer texts are refused: a form is not filled from a book."""

_FORM_SHARE = 0.6
"""Share of the model's window that a form may take; larger forms are asked in parts."""

_TEMPLATE_TOKENS = 32
"""The most that the chat template and the words around the text take."""

_LEAST_TEXT_TOKENS = 64
"""A form that leaves less room for the text cannot be asked."""

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
            for result in self._pass(part, today, cancel, stats):
                answered.add(result.name)
                merged = _merge(form[result.name], earlier.get(result.name), result)
                if merged != best.get(result.name):
                    best[result.name] = merged
                    if on_field:
                        on_field(merged)
                if on_progress:
                    share = (number + len(answered) / max(1, len(part.form.fields))) / len(parts)
                    on_progress(min(1.0, share), _message(number, len(parts)))
        ordered = tuple(best.get(n, FieldResult(n, None, State.NOT_FOUND, 1.0, 1.0)) for n in form.names)
        return FillResult(form, ordered, time.perf_counter() - started, (), stats)

    def read_ahead(
        self, form: FormSpec, text: str, *, today: date | None = None, cancel: Cancel = never
    ) -> None:
        """Let the engine read form and text, so that `fill` of the same has only to ask the fields.

        Nothing happens where the engine keeps nothing, or where they take more than one pass.

        Raises:
            As `fill`.
        """
        if not isinstance(self.engine, ReadsAhead):
            return
        today = today or date.today()
        parts = self._parts(form, _checked(text), today)
        if len(parts) == 1:
            asked, _ = _protocol_form(parts[0].form)
            self.engine.read_ahead(extraction_prompt(asked, parts[0].text, today), cancel=cancel)

    def _parts(self, form: FormSpec, text: str, today: date) -> list[_Part]:
        """The passes that read every window of the text for every field."""
        engine = self.engine
        room = engine.window_tokens
        parts = []
        for chunk, size in self._chunks(form, int(room * _FORM_SHARE), today):
            used = size + _TEMPLATE_TOKENS
            if room - used < _LEAST_TEXT_TOKENS:
                raise FormError(
                    f"The field '{chunk.fields[0].title}' is too long for the model.",
                    "Shorten its description or its list of options.",
                )
            spans = windows(text, room - used, engine.count_tokens)
            parts += [_Part(chunk, text[span.start : span.end], span.start) for span in spans]
        return parts

    def _chunks(self, form: FormSpec, budget: int, today: date) -> Iterator[tuple[FormSpec, int]]:
        """The form in parts that leave room for the text, each with the tokens it takes."""
        fields, size = form.fields, self._size(form, today)
        if size <= budget or len(fields) == 1:
            yield form, size
            return
        middle = len(fields) // 2
        for half in (fields[:middle], fields[middle:]):
            yield from self._chunks(replace(form, fields=half), budget, today)

    def _size(self, form: FormSpec, today: date) -> int:
        """How many tokens the form takes of a prompt."""
        return self.engine.count_tokens(extraction_prompt(_protocol_form(form)[0], "", today).system)

    def _pass(
        self, part: _Part, today: date, cancel: Cancel, stats: dict[str, float]
    ) -> Iterator[FieldResult]:
        """Ask one part's fields; answers as they come, and again where others change them.

        Spans are those of the whole text. Groups are answered in further rounds over the same
        prompt, once their rows are known; rows may repeat what other fields say.
        """
        languages = languages_of(part.text)
        asked, names = _protocol_form(part.form)
        plans = {}
        for field in asked.fields:
            if cancel():
                raise Cancelled("The job was cancelled.")
            plans[field.name] = plan(field, part.text, languages, today)
        prompt = extraction_prompt(asked, part.text, today)
        readers = {
            name: Reader(part.form[names[name]], p, part.text, today, self._policy)
            for name, p in plans.items()
        }
        supply = supplies(plans)
        groups = [name for name in plans if asked[name].type is FieldType.GROUP]
        dated = {name: Dated.asked(readers[name], asked[name], languages) for name in groups}
        first = plans | {name: by.plan for one in dated.values() for name, by in one.readers.items()}
        named: dict[str, Decoded] = {}
        heard: list[Decoded] = []
        told: dict[str, Decoded] = {}
        for answer in self._decoded(prompt, first, supply, cancel, stats, suggest=True):
            if answer.name in groups or answer.name not in plans:
                named[answer.name] = answer
                continue
            heard.append(answer)
            for name, decoded in settle(plans, part.text, heard, lambda a: readers[a.name].gives(a)).items():
                if decoded == told.get(name):
                    continue
                told[name] = decoded
                yield _shifted(_with_suggestion(readers[name], decoded), part.offset)
        contested = {name: p for one in dated.values() for name, p in one.contested(named).items()}
        named |= {answer.name: answer for answer in self._decoded(prompt, contested, {}, cancel, stats)}
        found = [
            Group.found(
                readers[name],
                asked[name],
                named[name],
                languages,
                dated[name].found(named),
                checked=prompt.task in CHECKED,
            )
            for name in groups
            if name in named
        ]
        cell_plans = {name: p for group in found for name, p in group.asks.items()}
        cells = {a.name: a for a in self._decoded(prompt, cell_plans, {}, cancel, stats)}
        found = [group.checked(cells) for group in found]
        lacking = {name: p for group in found for name, p in group.lacking(cells).items()}
        anywhere = {a.name: a for a in self._decoded(prompt, lacking, {}, cancel, stats)}
        for group in found:
            cells |= group.sure(anywhere)
        for result in told_once([group.asked for group in found], [group.result(cells) for group in found]):
            yield _shifted(result, part.offset)

    def _decoded(
        self,
        prompt: Prompt,
        plans: Mapping[str, Plan],
        supply: Mapping[str, float],
        cancel: Cancel,
        stats: dict[str, float],
        *,
        suggest: bool = False,
    ) -> Iterator[Decoded]:
        """The engine's answers, weighed with the text's supply; what they cost is added to `stats`.

        Args:
            suggest: whether values count that are only worth suggesting.
        """
        if not plans:
            return
        branches = [self._branch(name, p, supply.get(name), suggest) for name, p in plans.items()]
        for answer in self.engine.decode(prompt, branches, cancel=cancel):
            yield weighed(answer, supply.get(answer.name), self._policy.supply)
        for key, value in self.engine.stats().items():
            stats[key] = stats.get(key, 0.0) + value

    def _branch(self, name: str, plan: Plan, supply: float | None, suggest: bool) -> Branch:
        """What is asked of the engine: values that the policy would not give, or suggest, need not be found.

        Of expressions that were spotted in the text the second best counts, too: it is the answer
        where another field has the best. Of several texts the mean counts, not the first.
        """
        kind = FieldType.LIST if plan.field.type is FieldType.GROUP else plan.field.type
        exact = kind not in LONG and not plan.candidates and not plan.constraint.many
        numbers, weights = self._policy[kind], self._policy.supply
        suggested = suggest and plan.field.type not in UNSUGGESTED
        own = numbers.worth_a_look if suggested else numbers.floor

        def floor(spoken: float) -> float:
            if supply is None:
                return own(spoken)
            weighed_spoken = weights.spoken(spoken, supply)
            return own(weighed_spoken) * spoken / weighed_spoken

        return Branch(name, plan.constraint, floor, exact)


def read_answer(field: Field, plan: Plan, text: str, today: date | None, decoded: Decoded) -> Value:
    """What an engine wrote for `field`, as a value; None where it wrote none or none that fits."""
    if not decoded.texts:
        return None
    try:
        return Reader(field, plan, text, today or date.today(), Policy({})).value(decoded).value
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
        fields.append(replace(field, name=name, fields=_protocol_fields(field.fields)))
    return replace(form, fields=tuple(fields)), back


def _protocol_fields(fields: Sequence[Field]) -> tuple[Field, ...]:
    """The sub-fields of a group, in their order, under names that the protocol can write."""
    names: list[str] = []
    for field in fields:
        names.append(unique_name(protocol_name(field.name) or "field", names))
    return tuple(replace(field, name=name) for field, name in zip(fields, names, strict=True))


def _with_suggestion(reader: Reader, decoded: Decoded) -> FieldResult:
    result = reader.read(decoded)
    return result if result.value is not None else replace(result, suggestion=reader.suggestion(decoded))


def _shifted(result: FieldResult, offset: int) -> FieldResult:
    if not offset:
        return result
    spans = tuple(Span(s.start + offset, s.end + offset) for s in result.spans)
    rows = tuple(tuple(_shifted(cell, offset) for cell in row) for row in result.rows)
    suggestion = _shifted(result.suggestion, offset) if result.suggestion else None
    return replace(result, spans=spans, rows=rows, suggestion=suggestion)


def _merge(field: Field, old: FieldResult | None, new: FieldResult) -> FieldResult:
    """The better of two windows' answers; lists are joined."""
    if old is None or (old.value is None and new.value is not None):
        return new
    if old.value is None:
        suggestions = [r.suggestion for r in (old, new) if r.suggestion]
        surest = max(suggestions, key=lambda s: s.confidence, default=None)
        return replace(min(old, new, key=lambda r: r.confidence), suggestion=surest)
    if new.value is None:
        return old
    if field.type is FieldType.GROUP:
        return merged_rows(old, new)
    if field.type.is_list:
        return _joined(field, old, new)
    return new if new.confidence > old.confidence else old


def _joined(field: Field, old: FieldResult, new: FieldResult) -> FieldResult:
    values = list(dict.fromkeys([*items_of(old.value), *items_of(new.value)]))
    if field.options:
        values = [option for option in field.options if option in values]
    spans = tuple(dict.fromkeys([*old.spans, *new.spans]))
    return replace(old, value=values, spans=spans, confidence=min(old.confidence, new.confidence))
