"""What callers send → what the jobs take: dates, forms and recordings that come as text.

Shared by the command line, REST and MCP. Forms and recordings of remote callers are content:
nothing here opens a file of this machine or an address that a caller names.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import date
from typing import Any

from smartform.errors import AudioError, FormError, InputError
from smartform.revision import Amount, Register
from smartform.schema import FormSpec
from smartform.sources import load_form

MAX_AUDIO_BYTES = 50 * 2**20
MAX_FORM_CHARS = 8 * 2**20
"""A saved web page with a form in it may be this long."""


_HALF_CHARACTERS = re.compile("[\ud800-\udfff]")
"""Lone surrogates: JSON can hold them, UTF-8 and therefore models and files cannot."""


def clean(text: str) -> str:
    """`text` with half characters replaced by U+FFFD; all places in it stay where they are."""
    return _HALF_CHARACTERS.sub("\ufffd", text)


def check_form(form: FormSpec) -> None:
    """Refuse a form that cannot be written down.

    Raises:
        FormError: a name, label, option or description holds half a character.
    """
    for field in (part for whole in form.fields for part in (whole, *whole.fields)):
        words = (field.name, field.label, field.description, *field.options, *field.option_labels)
        if any(_HALF_CHARACTERS.search(word) for word in words):
            raise FormError(
                f"The field '{clean(field.name)}' holds broken characters.", "Write it in plain Unicode."
            )


AMOUNTS = tuple(amount.name.lower() for amount in Amount)
"""What callers write for an `Amount`: errors, tone (errors and tone), rewrite."""

TONES = tuple(register.value for register in Register)
"""What callers write for a `Register`."""


def amount_from(written: str) -> Amount:
    """One of `AMOUNTS` as what it stands for.

    Raises:
        InputError: anything else.
    """
    word = written.strip().lower()
    if word not in AMOUNTS:
        raise InputError(f"'{written[:40]}' is no amount of change.", f"Write one of: {', '.join(AMOUNTS)}.")
    return Amount[word.upper()]


def register_from(written: str) -> Register:
    """One of `TONES` as what it stands for.

    Raises:
        InputError: anything else.
    """
    word = written.strip().lower()
    if word not in TONES:
        raise InputError(f"'{written[:40]}' is no tone to ask for.", f"Write one of: {', '.join(TONES)}.")
    return Register(word)


def parse_day(written: object) -> date:
    """A date written YYYY-MM-DD.

    Raises:
        InputError: anything else.
    """
    try:
        if not isinstance(written, str) or len(written.strip()) != len("YYYY-MM-DD"):
            raise ValueError(written)
        return date.fromisoformat(written.strip())
    except ValueError as problem:
        raise InputError(
            f"'{str(written)[:40]}' is not a date.", "Write today's date as YYYY-MM-DD."
        ) from problem


def form_from(source: str | dict[str, Any]) -> FormSpec:
    """A form that a remote caller sent: a preset's name, JSON or HTML. Never a path.

    Raises:
        FormError: it is none of these, or longer than `MAX_FORM_CHARS`.
    """
    if isinstance(source, str) and len(source) > MAX_FORM_CHARS:
        raise FormError("The form is too long.", "Send only the part of the page that holds the form.")
    return load_form(source, files=False)


def recording_from(written: str) -> bytes:
    """The bytes of a recording sent as base64 or as a data URL.

    Raises:
        AudioError: not base64, empty, or larger than `MAX_AUDIO_BYTES`.
    """
    body = written.partition(",")[2] if written.startswith("data:") else written
    if len(body) > MAX_AUDIO_BYTES * 4 // 3 + 4:
        raise AudioError("The recording is too large.", f"Send at most {MAX_AUDIO_BYTES // 2**20} MB.")
    try:
        content = base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise AudioError("The recording is not base64.", "Send the file's bytes as base64.") from problem
    if not content:
        raise AudioError("The recording is empty.", "Send the file's bytes as base64.")
    return content
