"""First pages of papers, theses and books → rows in our written format (`training/data/FORMAT.md`).

    python -m training.public metadata training/data/metadata/train.jsonl --rows 3

They are asked with the app's own form of scholarly metadata.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from smartform.schema import Field, FieldType, Value
from smartform.sources.preset_forms import presets

Record = Mapping[str, Any]
Row = dict[str, Any]

KINDS = {
    "article": "article",
    "conference": "conference paper",
    "thesis": "thesis",
    "report": "report",
    "preprint": "preprint",
    "chapter": "book chapter",
}
"""Kind of document → option of the form; a whole book is none of them."""

MAX_ABSTRACT = 600
"""Characters; what a longer abstract says is more than one answer of the app holds."""

_KNOWN = {
    "title": "title",
    "authors": "authors",
    "abstract": "abstract",
    "keywords": "keywords",
    "journal": "publication_venue",
    "published": "date",
    "doi": "doi",
    "advisors": "advisors",
    "institution": "institution",
    "isbn": "isbn",
    "issn": "issn",
}
"""Field of the form → member of a record's `metadata`; the form's other fields are not annotated."""


def metadata(records: Sequence[Record], order: Sequence[int], part: str) -> Iterator[Row]:
    """First pages with what they say of themselves, silence included.

    Written for this product, Apache-2.0. Records: id, lang, doc_type, text, metadata (name → value
    or null). A value that the text does not hold as it is written is not asked, nor is an abstract
    of more than `MAX_ABSTRACT` characters.
    """
    form = {field.name: field for field in presets()["scholarly_metadata"].fields}
    asked = [(form[name], member) for name, member in _KNOWN.items()]
    for record in (records[number] for number in order):
        fields = [
            field.to_dict() | {"value": value}
            for field, member in asked
            if _holds(record["text"], field, value := record["metadata"][member] or None)
        ]
        if record["doc_type"] in KINDS:
            fields.append(form["kind"].to_dict() | {"value": KINDS[record["doc_type"]]})
        yield {
            "id": record["id"], "lang": record["lang"], "style": "document", "scenario": record["doc_type"],
            "today": None, "text": record["text"], "form_fields": fields,
        }  # fmt: skip


def _holds(text: str, field: Field, value: Value) -> bool:
    """Whether a value can be asked: it stands in the text, is a date, or the text has none."""
    if value is None or field.type is FieldType.DATE:
        return True
    flat = " ".join(text.split())
    items = value if isinstance(value, list) else [value]
    short = field.type is not FieldType.LONGTEXT or len(value) <= MAX_ABSTRACT
    return short and all(isinstance(item, str) and item in flat for item in items)
