"""Copying from a part of the text: where values may begin and end."""

from __future__ import annotations

import re

from smartform.engines.lines import CopyLines, Source
from smartform.results import Span

TEXT = "Nurse at  Hill House,\n2012. Cook at The Inn, 2015."


def source(text: str) -> Source:
    """A source whose tokens are words with the space before them, digits and marks."""
    known: list[str] = []

    def tokenise(piece: str) -> list[int]:
        found = re.findall(r" ?[^\W\d²]+| ?[\d²]| ?[^\w\s]", piece)
        known.extend(token for token in found if token not in known)
        return [known.index(token) for token in found]

    return Source(text, tokenise, lambda token: known[token].encode())


def values(lines: CopyLines) -> set[str]:
    """Everything that may be copied."""
    keys = [key for found in lines.first_tokens().values() for key in found]
    return {lines.text(key, end) for key in keys for end in lines.line(key).ends.values()}


def test_a_part_of_the_text() -> None:
    part = Span(TEXT.index("Cook"), TEXT.index(", 2015"))
    copied = values(CopyLines(source(TEXT), 240, (part,)))
    assert {"Cook", "The Inn", "Cook at The Inn"} <= copied
    assert all(value in TEXT[part.start : part.end] for value in copied)


def test_places_count_in_the_text_with_its_white_space() -> None:
    part = Span(TEXT.index("Hill"), TEXT.index(",\n"))
    lines = CopyLines(source(TEXT), 240, (part,))
    assert values(lines) == {"Hill", "House", "Hill House"}
    key = min(key for found in lines.first_tokens().values() for key in found)
    assert lines.span(key, max(lines.line(key).ends.values())) == part


def test_the_whole_text_where_no_part_is_named() -> None:
    assert {"Nurse", "Hill House, 2012. Cook", "2015"} <= values(CopyLines(source(TEXT), 240))


def test_a_part_without_words_holds_no_value() -> None:
    assert values(CopyLines(source(TEXT), 240, (Span(8, 9),))) == set()


def test_a_word_that_follows_no_space_is_copied_as_the_text_has_it_too() -> None:
    pieces = [" Maple", " Map", "Map", "le", "grid", " Energy", " ", "\n"]

    def tokenise(text: str) -> list[int]:
        """The longest pieces, which differ by whether a space stands before."""
        found = []
        while text:
            piece = max((p for p in pieces if text.startswith(p)), key=len)
            found.append(pieces.index(piece))
            text = text[len(piece) :]
        return found

    def written(text: str) -> set[tuple[str, ...]]:
        source = Source(text, tokenise, lambda token: pieces[token].encode())
        lines = CopyLines(source, 40)
        keys = [key for keys in lines.first_tokens().values() for key in keys]
        assert {lines.text(key, lines.line(key).last_end and len(source.flat)) for key in keys} >= {"Energy"}
        assert all(lines.span(key, len(source.flat)).end == len(text) for key in keys)
        return {tuple(pieces[token] for token in lines.line(key).tokens) for key in keys}

    canonical, seen = (" Maple", "grid", " Energy"), (" Map", "le", "grid", " Energy")
    assert written("\nMaplegrid Energy") == {canonical, seen, (" Energy",)}
    assert written("  Maplegrid Energy") == {canonical, seen, (" Energy",)}
    assert written(" Maplegrid Energy") == {canonical, (" Energy",)}
    assert written("Maplegrid Energy") == {canonical, (" Energy",)}, "a prompt has a space before its text"


def test_a_value_may_end_before_a_footnotes_mark() -> None:
    found = values(CopyLines(source("Ada Toure1,2 and B2B of Lund²"), 240))
    assert {"Ada Toure", "Ada Toure1", "Lund", "Lund²"} <= found
    assert not {"B", "B2"} & found, "a figure within a word is none"


def test_values_go_over_lines_as_the_prompt_has_them() -> None:
    text = "A Title\n  Over Lines\n\nAda"
    known = [" A", " Title", " Over", "Over", " Lines", " Ada", "Ada", "\n\n", " "]

    def tokenise(words: str) -> list[int]:
        found = []
        while words:
            piece = max((p for p in known if words.startswith(p)), key=len)
            found.append(known.index(piece))
            words = words[len(piece) :]
        return found

    lines = CopyLines(Source(text, tokenise, lambda token: known[token].encode(), "\n\n"), 240)
    ((key,),) = [keys for token, keys in lines.first_tokens().items() if known[token] == " A"]
    line = lines.line(key)
    assert [known[token] for token in line.tokens] == [
        " A", " Title", "\n\n", "Over", " Lines", "\n\n", "Ada",
    ]  # fmt: skip
    written = {lines.text(key, end): lines.span(key, end) for end in line.ends.values()}
    assert set(written) == {"A Title", "A Title Over", "A Title Over Lines", "A Title Over Lines Ada"} | {"A"}
    assert written["A Title Over Lines"] == Span(0, text.index("\n\n"))
