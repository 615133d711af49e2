"""The same row written otherwise: dictated, shouted, scanned, mistyped or quoted.

What changes in the text changes in the values that are copied from it; what may not change, the
expressions that values stand in, is kept out of the noise.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from random import Random

from smartform.schema import FieldType
from smartform.values import SPOTTED, find_candidates, languages_of
from training.swap import VERBATIM, Row, today_of
from training.targets import same_value

NOISE = 0.04
"""Share of the words outside values that a scan or hasty fingers spoil."""

FILLED = 0.06
"""Share of the gaps between words where a speaker hesitates."""

WRAPPED = (4, 40)
"""Words of a value that is broken into lines, at least and at most."""

_WIDTHS = (18, 64)
"""Characters of a line that such a value is broken into, at least and at most."""

_FILLERS = {
    "en": ("um", "uh", "er", "you know", "well"),
    "it": ("ehm", "eh", "cioè", "allora", "ecco"),
    "sv": ("eh", "öh", "alltså", "liksom"),
    "de": ("äh", "ähm", "also", "na ja"),
    "fr": ("euh", "ben", "enfin", "voilà"),
    "es": ("eh", "este", "pues", "bueno"),
    "pt": ("ah", "hum", "pois", "bem"),
    "nl": ("eh", "uh", "nou ja", "dus"),
}
_FORWARDED = {
    "en": "See below.", "it": "Vedi sotto.", "sv": "Se nedan.", "de": "Siehe unten.",
    "fr": "Voir ci-dessous.", "es": "Ver abajo.", "pt": "Ver abaixo.", "nl": "Zie hieronder.",
}  # fmt: skip
_SCANS = (("rn", "m"), ("m", "rn"), ("l", "1"), ("e", "c"), ("h", "b"), ("cl", "d"), ("ii", "n"), ("vv", "w"))
_SPOKEN = ("speech", "phone-transcript")
_EDGE = '.,;:!?"“”«»„()[]…*•–—'


def restyle(row: Row, rng: Random) -> Row:
    """The row in one of the styles, drawn with `rng`; nobody quotes what was spoken."""
    possible = [style for style in STYLES if style is not quoted or row.get("style") not in _SPOKEN]
    return rng.choice(possible)(row, rng)


def transcript(row: Row, rng: Random) -> Row:
    """Lower case on one line without punctuation around words, as a speech engine may write."""
    return _mapped(row, _plain, style="speech")


def hesitating(row: Row, rng: Random) -> Row:
    """Fillers between words, outside values."""
    fillers = _FILLERS.get(row["lang"], _FILLERS["en"])
    gaps = re.compile(r"(?<=[^\W\d_]) (?=[^\W\d_])")

    def fill(match: re.Match[str]) -> str:
        return f" {rng.choice(fillers)} " if rng.random() < FILLED else " "

    return row | {"text": _outside(row, lambda text: gaps.sub(fill, text))}


def shouted(row: Row, rng: Random) -> Row:
    """Capitals throughout."""
    return _mapped(row, str.upper)


def scanned(row: Row, rng: Random) -> Row:
    """Letters that a scanner takes for others, outside values."""

    def misread(word: str) -> str:
        possible = [(old, new) for old, new in _SCANS if old in word]
        return word.replace(*rng.choice(possible), 1) if possible else word

    return row | {"text": _outside(row, lambda text: _some_words(text, misread, rng))}


def mistyped(row: Row, rng: Random) -> Row:
    """Letters exchanged, dropped and doubled, outside values."""

    def mistype(word: str) -> str:
        at = rng.randrange(1, len(word) - 1)
        slips = (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
        )
        return rng.choice(slips)

    return row | {"text": _outside(row, lambda text: _some_words(text, mistype, rng))}


def quoted(row: Row, rng: Random) -> Row:
    """An older mail of a thread, each line marked as quoted."""
    lines = "\n".join(f"> {line}".rstrip() for line in row["text"].splitlines())
    return row | {"text": f"{_FORWARDED.get(row['lang'], _FORWARDED['en'])}\n\n{lines}", "style": "email"}


def wrapped(row: Row, rng: Random) -> Row:
    """Titles and other short texts broken into lines of another width, or into one line."""
    text = row["text"]
    words = {
        tuple(data["value"].split())
        for data in row["form_fields"]
        if data["type"] in (FieldType.TEXT, FieldType.LONGTEXT) and data.get("value")
    }
    for value in sorted(own for own in words if WRAPPED[0] <= len(own) <= WRAPPED[1]):
        width = rng.randint(*_WIDTHS)
        lines = textwrap.wrap(" ".join(value), width, break_long_words=False, break_on_hyphens=False)
        text = re.sub(r"\s+".join(map(re.escape, value)), lambda _, own=lines: "\n".join(own), text)
    return row | {"text": text}


STYLES = (transcript, hesitating, shouted, scanned, mistyped, quoted)


def _plain(text: str) -> str:
    return " ".join(word for word in (w.strip(_EDGE) for w in text.lower().split()) if word)


def _mapped(row: Row, change: Callable[[str], str], **more: str) -> Row:
    """Text and copied values under one change that does the same to a part as to the whole."""
    fields = []
    for data in row["form_fields"]:
        value = data.get("value")
        if value and FieldType(data["type"]) in VERBATIM:
            value = [change(item) for item in value] if isinstance(value, list) else change(value)
        fields.append(data | {"value": value})
    return row | {"text": change(row["text"]), "form_fields": fields} | more


def _some_words(text: str, spoil: Callable[[str], str], rng: Random) -> str:
    return re.sub(r"[^\W\d_]{5,}", lambda m: spoil(m[0]) if rng.random() < NOISE else m[0], text)


def _outside(row: Row, change: Callable[[str], str]) -> str:
    """The text with `change` done to what lies between the values."""
    text, pieces, at = row["text"], [], 0
    for start, end in sorted(_protected(row)):
        if start >= at:
            pieces += [change(text[at:start]), text[start:end]]
        elif end > at:
            pieces.append(text[at:end])
        at = max(at, end)
    return "".join([*pieces, change(text[at:])])


def _protected(row: Row) -> list[tuple[int, int]]:
    """Where values stand, typed expressions and every word with an @ or a digit included."""
    text = row["text"]
    spans = [match.span() for match in re.finditer(r"\S*[\d@]\S*", text)]
    for data in row["form_fields"]:
        kind, value = FieldType(data["type"]), data.get("value")
        if value and kind in SPOTTED:
            spans += [
                (c.start, c.end)
                for c in find_candidates(kind, text, languages_of(text), today_of(row))
                if same_value(kind, c.value, value)
            ]
        elif value and kind in VERBATIM:
            for item in value if isinstance(value, list) else [value]:
                pattern = r"\s+".join(map(re.escape, item.split()))
                spans += [match.span() for match in re.finditer(pattern, text)]
    return spans
