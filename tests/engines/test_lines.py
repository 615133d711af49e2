"""Copying from a part of the text: where values may begin and end."""

from __future__ import annotations

import re

from smartform.engines.lines import CopyLines, Source
from smartform.results import Span

TEXT = "Nurse at  Hill House,\n2012. Cook at The Inn, 2015."


def source(text: str) -> Source:
    """A source whose tokens are words with the space before them, and marks."""
    known: list[str] = []

    def tokenise(piece: str) -> list[int]:
        found = re.findall(r" ?\w+| ?[^\w\s]", piece)
        known.extend(token for token in found if token not in known)
        return [known.index(token) for token in found]

    return Source(text, tokenise, lambda token: known[token].encode())


def values(lines: CopyLines) -> set[str]:
    """Everything that may be copied."""
    keys = [key for found in lines.first_tokens().values() for key in found]
    return {lines.text(key, end) for key in keys for end in lines.line(key).ends.values()}


def test_a_part_of_the_text() -> None:
    part = Span(TEXT.index("Cook"), TEXT.index(", 2015"))
    copied = values(CopyLines(source(TEXT), 240, part))
    assert {"Cook", "The Inn", "Cook at The Inn"} <= copied
    assert all(value in TEXT[part.start : part.end] for value in copied)


def test_places_count_in_the_text_with_its_white_space() -> None:
    part = Span(TEXT.index("Hill"), TEXT.index(",\n"))
    lines = CopyLines(source(TEXT), 240, part)
    assert values(lines) == {"Hill", "House", "Hill House"}
    key = min(key for found in lines.first_tokens().values() for key in found)
    assert lines.span(key, max(lines.line(key).ends.values())) == part


def test_the_whole_text_where_no_part_is_named() -> None:
    assert {"Nurse", "Hill House, 2012. Cook", "2015"} <= values(CopyLines(source(TEXT), 240))


def test_a_part_without_words_holds_no_value() -> None:
    assert values(CopyLines(source(TEXT), 240, Span(8, 9))) == set()
