"""`Example`: one text with a form and what each branch must write. All data sets are read into it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from smartform.schema import FormSpec


@dataclass(frozen=True)
class Example:
    """One training or held-out example.

    Args:
        id: unique over all data sets.
        lang: ISO 639-1 code of the text.
        style: kind of text (email, speech, document, …).
        form: the fields that are asked.
        text: what a person would paste or dictate.
        today: the day the text is read on; None where unknown.
        targets: field name → the one line its branch must write; NO_DATA where the text is silent.
    """

    id: str
    lang: str
    style: str
    form: FormSpec
    text: str
    today: date | None
    targets: dict[str, str]
