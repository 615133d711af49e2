"""Augmentation alters text and gold together, the same way each time, and never loses a value."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.training import tiny
from training.augment import Augmenter, Donors, Rates, sound
from training.config import TrainConfig
from training.examples import Example
from training.restyle import hesitating, mistyped, quoted, scanned, shouted, transcript, wrapped
from training.swap import faker_of, swap_figures, swap_words
from training.targets import example_of, read_rows
from training.train_forms import Encoder, epoch_steps, train

DATA = Path(__file__).parents[2] / "training" / "data" / "forms"
ROW: dict[str, Any] = {
    "id": "a-1",
    "lang": "it",
    "style": "email",
    "scenario": "palestra",
    "today": "2026-03-14",
    "text": (
        "Buongiorno, sono Ottavia Brandolini e abito a Faenza, in via dei Vasai 18.\n"
        "Vorrei iscrivermi dal 3 maggio 2026, tessera KX-4471. Ottavia ha 41 anni.\n"
        "Scrivete a ottavia@cartapesta.it o chiamate il 347 5510982."
    ),
    "form_fields": [
        {"name": "firstName", "type": "text", "value": "Ottavia"},
        {"name": "memberName", "type": "text", "value": "Ottavia Brandolini"},
        {"name": "city", "type": "text", "value": "Faenza"},
        {"name": "start", "type": "date", "value": "2026-05-03"},
        {"name": "cardNumber", "type": "text", "value": "KX-4471"},
        {"name": "age", "type": "integer", "value": "41"},
        {"name": "email", "type": "email", "value": "ottavia@cartapesta.it"},
        {"name": "phone", "type": "phone", "value": "347 5510982"},
        {"name": "plan", "type": "choice", "options": ["monthly", "yearly"], "value": None},
    ],
}


def values(row: dict[str, Any]) -> dict[str, Any]:
    return {field["name"]: field["value"] for field in row["form_fields"]}


def surnames(language: str) -> set[str]:
    people = (p for p in faker_of(language).factories[0].providers if hasattr(p, "last_names"))
    return set(next(people).last_names)


def with_text(text: str, **fields: Any) -> dict[str, Any]:
    asked = [{"name": name, "type": "text", "value": value} for name, value in fields.items()]
    return {"id": "x", "lang": "en", "style": "email", "scenario": "s", "today": None, "text": text} | {
        "form_fields": asked
    }


def test_a_name_changes_wherever_it_stands() -> None:
    swapped = swap_words(ROW, Random(1))
    assert swapped is not None
    gold = values(swapped)
    assert "ottavia" not in swapped["text"].lower()
    assert gold["firstName"] != "Ottavia"
    assert gold["memberName"].split()[0] == gold["firstName"]
    assert swapped["text"].count(gold["firstName"]) == 2
    assert gold["city"] != "Faenza"
    assert gold["city"] in swapped["text"]
    assert gold["email"] in swapped["text"]
    assert gold["email"].endswith("@cartapesta.it")
    assert sound(ROW, swapped)


@pytest.mark.parametrize(
    "text",
    [
        "It is Zadie Quillfeather, Q-U-I-L-L, and the Quillfeathers' dog.",
        "Zadie Quillfeather, zadiequillfeather9",
    ],
)
def test_a_name_that_stands_inside_other_words_stays(text: str) -> None:
    swapped = swap_words(with_text(text, owner="Zadie Quillfeather"), Random(1))
    gold = None if swapped is None else values(swapped)["owner"]
    assert gold is None or gold.endswith("Quillfeather")


def test_after_a_title_stands_a_surname() -> None:
    row = with_text("Ask for Mrs Quillfeather.", contact="Quillfeather")
    row["lang"] = "sv"
    swapped = swap_words(row, Random(1))
    assert swapped is not None
    assert values(swapped)["contact"] in surnames("sv")


def test_a_name_among_the_options_stays() -> None:
    row = with_text("Book me with Nerys Tollow.", customer="Nerys Tollow")
    row["form_fields"].append(
        {"name": "who", "type": "choice", "options": ["Nerys", "Tollow"], "value": None}
    )
    assert swap_words(row, Random(1)) is None


def test_figures_keep_their_shape_and_dates_are_read_from_their_words() -> None:
    swapped = swap_figures(ROW, Random(3))
    assert swapped is not None
    gold, old = values(swapped), values(ROW)
    assert gold["start"] != old["start"]
    assert gold["start"].startswith("2026-")
    assert gold["cardNumber"] != old["cardNumber"]
    assert gold["cardNumber"] in swapped["text"]
    assert gold["phone"] != old["phone"]
    assert gold["phone"].startswith("347 5")
    assert gold["phone"] in swapped["text"]
    assert gold["age"][0] == "4"
    assert sound(ROW, swapped)
    targets = example_of(swapped).targets
    assert set(targets) == set(gold)
    assert targets["start"] != "3 maggio 2026"


def test_a_value_in_other_words_is_not_exchanged() -> None:
    row = with_text("We are twelve, and we come next Friday.")
    row["today"] = "2026-03-14"
    row["form_fields"] = [
        {"name": "guests", "type": "integer", "value": "12"},
        {"name": "day", "type": "date", "value": "2026-03-20"},
    ]
    assert swap_figures(row, Random(0)) is None


def test_sound_tells_a_lost_value() -> None:
    lost = ROW | {"text": ROW["text"].replace("3 maggio 2026", "domani")}
    assert sound(ROW, ROW)
    assert not sound(ROW, lost)


def test_a_transcript_is_one_plain_line_and_so_are_its_values() -> None:
    row = transcript(ROW, Random(0))
    assert row["text"].startswith(
        "buongiorno sono ottavia brandolini e abito a faenza in via dei vasai 18 vorrei"
    )
    assert values(row)["memberName"] == "ottavia brandolini"
    assert sound(ROW, row)


def test_capitals_reach_the_values() -> None:
    assert values(shouted(ROW, Random(0)))["city"] == "FAENZA"


@pytest.mark.parametrize("style", [hesitating, scanned, mistyped])
def test_noise_spares_the_values(style: Any) -> None:
    long = ROW | {"text": ROW["text"] + " Cordialmente attendo vostra risposta" * 20}
    row = style(long, Random(0))
    assert row["text"] != long["text"]
    assert values(row) == values(long)
    assert sound(long, row)


def test_a_quoted_mail_is_quoted_line_by_line() -> None:
    lines = quoted(ROW, Random(0))["text"].splitlines()
    assert lines[0] == "Vedi sotto."
    assert sum(line.startswith("> ") for line in lines) == 3


def test_fields_are_asked_in_vain_only_where_the_text_does_not_speak_of_them() -> None:
    asked = {"name": "wheelFlange", "type": "number", "value": "3"}
    spoken = {"name": "tesseraScaduta", "type": "boolean", "value": "true"}
    other = {"id": "b", "lang": "it", "scenario": "officina", "text": "", "form_fields": [asked, spoken]}
    donors = Donors([ROW, other])
    added = {
        field["name"]: field["value"]
        for seed in range(20)
        for field in (donors.reask(ROW, Random(seed)) or ROW)["form_fields"]
        if field["name"] not in values(ROW)
    }
    assert added == {"wheelFlange": None}


def test_options_move_with_their_gold() -> None:
    chosen = {
        "name": "plan",
        "type": "choice",
        "options": ["bed_only", "half_board", "full"],
        "value": "half_board",
    }
    row = with_text("Half board, please.") | {"form_fields": [chosen]}
    donors = Donors([row])
    seen = set()
    for seed in range(30):
        altered = donors.reask(row, Random(seed))
        assert altered is not None
        field = altered["form_fields"][0]
        assert field["value"] in field["options"]
        seen.add((field["value"], field["options"].index(field["value"])))
    assert len(seen) > 4


def test_the_same_epoch_gives_the_same_row_and_another_gives_another() -> None:
    rates = Rates(1.0, 1.0, 1.0)
    first, second = Augmenter([ROW], rates, 5), Augmenter([ROW], rates, 5)
    assert first.row("a-1", 2) == second.row("a-1", 2)
    assert len({first.row("a-1", epoch)["text"] for epoch in range(4)}) == 4


def test_titles_are_broken_into_other_lines() -> None:
    title = "A study of the wind in the Po valley, with a note on fog"
    row: dict[str, Any] = {
        "id": "b-1",
        "text": f"Annals of Wind 12\n{title.replace(' with', chr(10) + 'with')}\nAda Stone",
        "form_fields": [
            {"name": "title", "type": "text", "value": title},
            {"name": "journal", "type": "text", "value": "Annals of Wind"},
            {"name": "authors", "type": "list", "value": ["Ada Stone"]},
        ],
    }
    texts = {wrapped(row, Random(seed))["text"] for seed in range(20)}
    assert len(texts) > 5
    assert any(title in text for text in texts)
    for text in texts:
        first, *lines, last = text.split("\n")
        assert (first, " ".join(lines), last) == ("Annals of Wind 12", title, "Ada Stone")
        assert sound(row, row | {"text": text})
    augmenter = Augmenter([row], Rates(lines=1.0))
    assert {augmenter.row("b-1", epoch)["text"] for epoch in range(9)} <= texts | {
        row["text"]
    } and augmenter.counts["lines"]


def test_without_rates_nothing_changes() -> None:
    example = example_of(ROW)
    again: Example = Augmenter([ROW], Rates())(example, 0)
    assert again == example
    assert not Rates()


def test_training_reads_other_texts_each_epoch() -> None:
    config = TrainConfig("a", "none", (), examples_per_step=1, max_tokens=10_000)
    encoder = Encoder(config, tiny.byte_tokenizer())
    augment = Augmenter([ROW], Rates(values=1.0))
    first, again, other, plain = (
        next(epoch_steps(config, encoder, [example_of(ROW)], epoch, alter))[0].ids
        for epoch, alter in ((0, augment), (0, augment), (1, augment), (1, None))
    )
    assert first == again
    assert first != other != plain


def test_augmentation_needs_the_full_head() -> None:
    with pytest.raises(ValueError, match="head: full"):
        train(TrainConfig("a", "none", ()), [example_of(ROW)], augment=Augmenter([ROW], Rates(1.0)))


def test_no_written_value_is_lost() -> None:
    rows = read_rows([DATA / "en_e.jsonl", DATA / "xx.jsonl"])[::12]
    augmenter = Augmenter(rows, Rates(1.0, 1.0, 1.0))
    for row in rows:
        before, after = example_of(row), example_of(augmenter.row(row["id"], 0))
        kept = set(before.targets) & set(after.form.names)
        assert kept <= set(after.targets)
    assert all(augmenter.counts[step] for step in ("words", "figures", "fields", "style"))
