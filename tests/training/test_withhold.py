"""A sentence is left out, and what it alone answered is silent then."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from smartform.prompts import NO_DATA
from training.augment import Augmenter, Rates, sound
from training.targets import example_of, read_rows
from training.withhold import withhold

DATA = Path(__file__).parents[2] / "training" / "data" / "forms"
TEXT = (
    "Hello, I'm Ottoline Fairbrass from Whitby. I ordered two lamps on 3 May.\n"
    "One is broken. Please call 0770 900 142 or write to lamps@fairbrass.example.\n"
    "The order is KX-4471. I paid 89.95 each, so 179.90. I live in Whitby since 2019."
)


def row(**values: Any) -> dict[str, Any]:
    """`TEXT` with fields whose type their name begins with."""
    fields = [{"name": name, "type": name.split("_")[0], "value": value} for name, value in values.items()]
    data = {"id": "w-1", "lang": "en", "style": "email", "scenario": "returns", "today": "2026-06-01"}
    return data | {"text": TEXT, "form_fields": fields}


def draws(of: dict[str, Any]) -> list[dict[str, Any]]:
    """What many draws make of a row."""
    return [made for seed in range(60) if (made := withhold(of, Random(seed)))]


def values(of: dict[str, Any]) -> dict[str, Any]:
    return {data["name"]: data["value"] for data in of["form_fields"]}


def test_what_a_sentence_alone_answered_is_silent_and_the_rest_is_as_it_was() -> None:
    before = row(
        text_name="Ottoline Fairbrass", phone="0770 900 142", text_order="KX-4471", date="2026-05-03"
    )
    made = draws(before)
    silent = {name for one in made for name, value in values(one).items() if value is None}
    assert silent == {"text_name", "phone", "text_order", "date"}
    for one in made:
        assert one["text"] != TEXT
        answered = {name: value for name, value in values(one).items() if value is not None}
        assert len(answered) >= 2
        assert answered.items() <= values(before).items()
        targets = example_of(one).targets
        assert {name for name, line in targets.items() if line == NO_DATA} == {
            name for name, value in values(one).items() if value is None
        }
        assert sound(before, one)


def test_a_field_is_not_asked_where_the_rest_may_answer_it() -> None:
    before = row(
        text_name="Ottoline Fairbrass",
        text_town="Whitby",
        text_company="Fairbrass",
        number="89.95",
        phone="0770 900 142",
        boolean_broken="true",
    )
    for one in draws(before):
        asked = values(one)
        assert asked.get("text_town", "Whitby") == "Whitby"  # it stands in two sentences
        assert asked.get("text_company", "Fairbrass") == "Fairbrass"  # and in an address
        assert asked.get("text_name", "Ottoline Fairbrass")  # its surname does
        assert "boolean_broken" not in asked  # nobody knows what told it


def test_fields_that_were_silent_stay_so_and_a_text_without_answers_is_left() -> None:
    before = row(text_name=None, phone="0770 900 142", text_order="KX-4471", number="179.90")
    assert all(values(one)["text_name"] is None for one in draws(before))
    assert not draws(row(text_name=None, boolean="true"))
    assert not draws(row(phone="0770 900 142", text_order="KX-4471"))  # two answers must be left


def test_a_line_goes_with_its_only_sentence_and_clauses_serve_where_sentences_are_few() -> None:
    lines = row(text_a="Arnold", text_b="Benson", text_c="Carter", text_d="Dalton")
    lines["text"] = "a: Arnold\nb: Benson\nc: Carter\nd: Dalton"
    assert "b: Benson\nc: Carter\nd: Dalton" in {one["text"] for one in draws(lines)}
    clauses = lines | {"text": "it is arnold, then Benson, then Carter, then Dalton"}
    assert "it is arnold, then Benson, then Carter, " in {one["text"] for one in draws(clauses)}


@pytest.mark.parametrize("name", ["en_b.jsonl", "it.jsonl", "xx_c.jsonl"])
def test_most_written_rows_can_be_altered_and_stay_sound(name: str) -> None:
    rows = read_rows([DATA / name])[:40]
    augmenter = Augmenter(rows, Rates(withheld=1.0))
    altered = [augmenter.row(one["id"], 0) for one in rows]
    assert augmenter.counts["withheld"] > 0.6 * len(rows)
    assert augmenter.counts["withheld undone"] < 0.1 * len(rows)
    for before, after in zip(rows, altered, strict=True):
        assert len(after["text"]) <= len(before["text"])
