"""Sentences keep their places, whatever the text looks like."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from smartform.sentences import sentences

MAIL = (
    "Dear Mr. Okafor,\n\nWe met on Friday at 3 p.m. in St. John's, e.g. about the heating of the rooms that\n"
    "face the yard. It would cost 3.50 EUR!! Would you pay? See www.example.com.\r\n\r\n"
    "- first item\n- second item. With two.\n1. one\n\nKind regards,\nDr. Helen Marsh\n \n"
)


def pieces(text: str, language: str = "en") -> list[str]:
    return [text[span.start : span.end] for span in sentences(text, language)]


def test_abbreviations_lists_and_wrapped_lines() -> None:
    assert pieces(MAIL) == [
        "Dear Mr. Okafor,",
        "We met on Friday at 3 p.m. in St. John's, e.g. about the heating of the rooms that\nface the yard.",
        "It would cost 3.50 EUR!!",
        "Would you pay?",
        "See www.example.com.",
        "- first item",
        "- second item.",
        "With two.",
        "1. one",
        "Kind regards,",
        "Dr. Helen Marsh",
    ]


def test_stops_but_not_titles_abbreviations_and_addresses_end_sentences() -> None:
    assert pieces("See Mr. Ionescu, ca. at 10 min. past. we waited. Why? ok!") == [
        "See Mr. Ionescu, ca. at 10 min. past. we waited.",
        "Why?",
        "ok!",
    ]
    assert pieces("Look at https://firm.example/r?id=7 or a.b!c first. then go. It is 3.50!") == [
        "Look at https://firm.example/r?id=7 or a.b!c first.",
        "then go.",
        "It is 3.50!",
    ]


@pytest.mark.parametrize("text", ["", " \n\t\r\n", "\u2003"])
def test_nothing_has_no_sentences(text: str) -> None:
    assert sentences(text) == ()


def test_other_languages_and_those_without_rules() -> None:
    assert pieces("Il dott. Rossi arriva alle 3. Va bene?", "it") == [
        "Il dott. Rossi arriva alle 3.",
        "Va bene?",
    ]
    assert pieces("你好。你明天来吗？来。", "zh") == ["你好。", "你明天来吗？", "来。"]
    assert pieces("Hej! Kommer du i morgon?", "sv") == ["Hej!", "Kommer du i morgon?"]


@pytest.mark.parametrize(
    "text",
    [
        MAIL,
        "no stop at all",
        "a" * 5_000,
        "word, " * 2_000,
        "\ud800 half a character. And more.",
        "(...) ??? !!! ... .",
        'He said: "Go. Now." She didn\'t.',
        "∯ and ȸ stand for stops in the rules. True.",
        "tab\there. non\u00a0breaking. line\u2028sep. form\x0cfeed.",
    ],
)
def test_every_character_is_in_one_sentence(text: str) -> None:
    spans = sentences(text)
    covered = [place for span in spans for place in range(span.start, span.end)]
    assert len(covered) == len(set(covered))
    assert {i for i, c in enumerate(text) if not c.isspace()} <= set(covered)
    assert all(text[s.start : s.end].strip() == text[s.start : s.end] != "" for s in spans)
    assert list(spans) == sorted(spans)


def test_written_mails_part_into_more_sentences_than_paragraphs() -> None:
    rows = Path("training/data/email/pairs.jsonl").read_text(encoding="utf-8").splitlines()
    drafts = [json.loads(row)["draft"] for row in rows]
    assert all(len(sentences(draft)) >= len(draft.split("\n\n")) for draft in drafts)
