"""Forms and texts to measure with, all made of the presets and their example texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle, islice

from smartform.schema import Field, FormSpec, unique_name
from smartform.sources import example, presets


@dataclass(frozen=True, slots=True)
class Case:
    """One form and one text to fill it from."""

    name: str
    form: FormSpec
    text: str


def preset_cases(fields: int, words: int) -> list[Case]:
    """Every preset, cut to its first `fields` fields, with its own example at `words` words."""
    return [
        Case(name, replace(form, fields=form.fields[:fields]), own_words(name, words))
        for name, form in presets().items()
        if len(form.fields) >= fields
    ]


def own_words(name: str, words: int) -> str:
    """The preset's example, cut to `words` words or continued with the other presets' examples."""
    names = list(presets())
    first = names.index(name)
    said = (word for other in cycle([*names[first:], *names[:first]]) for word in example(other).split())
    return " ".join(islice(said, words))


def first_fields(count: int) -> FormSpec:
    """A form of the first `count` fields of all presets, one after the other."""
    fields: list[Field] = []
    for field in _all_fields():
        if len(fields) == count:
            break
        fields.append(replace(field, name=unique_name(field.name, (f.name for f in fields))))
    if len(fields) < count:
        raise ValueError(f"the presets have {len(fields)} fields, not {count}")
    return FormSpec(tuple(fields), name="first_fields")


def _all_fields() -> Iterator[Field]:
    for form in presets().values():
        yield from form.fields


def turned(text: str, turns: int) -> str:
    """Another text of the same length: its first `turns` sentences moved to the end.

    A repeated text would be answered from memory; this one must be read.
    """
    sentences = re.split(r"(?<=[.!?]) ", text)
    if len(sentences) < 2:  # speech without full stops
        sentences = text.split()
    turns %= len(sentences)
    return " ".join(sentences[turns:] + sentences[:turns])
