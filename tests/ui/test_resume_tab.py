"""The Resume tab's handlers that need no browser."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from typing import Any

import pytest

from smartform import resume_jobs
from smartform.errors import InputError
from smartform.resume import ResumeReader, document, resume_form
from smartform.resume_jobs import Item, Wish
from smartform.sources import localise
from tests.fakes import ScriptedEngine
from tests.test_resume import SCRIPT, TEXT
from tests.test_resume_jobs import service
from ui.resume_batch import MOST_KEPT, Batch, Batches
from ui.resume_tab import EXPORTS, compose, exported, latest, opened_sheet, sheet_for
from ui.sheet import YOURS, Answer, Entry, Sheet, source_key


@pytest.fixture
def sheet() -> Sheet:
    """The goldfish breeder's resume, as it was read."""
    read = ResumeReader(ScriptedEngine(SCRIPT)).read(TEXT)
    sheet = sheet_for(Sheet(resume_form()), TEXT)
    source = sheet.begin_fill(TEXT)
    for field in read.filled.fields:
        sheet.merge(field, source)
    return sheet


def edited(sheet: Sheet, name: str, **changed: Any) -> dict[str, Any]:
    """The sheet as the browser sends it after an edit of one field."""
    data: dict[str, Any] = json.loads(json.dumps(sheet.to_dict()))
    entry = data["entries"][name]
    entry["answer"] |= {"state": YOURS} | changed
    entry |= {"by_person": True, "revision": 1}
    return data


@pytest.mark.parametrize("schema", ["simple", "jsonresume"])
def test_what_was_read_makes_the_same_document_as_the_reader(sheet: Sheet, schema: str) -> None:
    read = ResumeReader(ScriptedEngine(SCRIPT)).read(TEXT, schema=schema).to_dict()
    made = compose({"sheet": edited(sheet, "name"), "schema": schema})
    assert (made["json"], made["trace"], made["wrong"]) == (read["json"], read["trace"], [])


def test_an_edited_cell_loses_its_place_and_the_others_keep_theirs(sheet: Sheet) -> None:
    rows = sheet.to_dict()["entries"]["work"]["answer"]["value"]
    changed = [rows[0] | {"company": "Fish & Co"}, rows[1]]
    made = compose({"sheet": edited(sheet, "work", value=changed), "schema": "jsonresume"})
    assert made["json"]["work"][0]["name"] == "Fish & Co"
    assert "/work/0/name" not in made["trace"]
    ((start, end),) = made["trace"]["/work/1/name"]
    assert TEXT[start:end] == "Sea House"


def test_an_edited_list_keeps_the_places_of_what_stands_in_the_text(sheet: Sheet) -> None:
    skills = ["first aid", "diving"]
    made = compose({"sheet": edited(sheet, "skills", value=skills, spans=[]), "schema": "simple"})
    assert made["json"]["resumes"][0]["skills"] == skills
    assert "/resumes/0/skills/0" in made["trace"] and "/resumes/0/skills/1" not in made["trace"]


def test_what_does_not_fit_is_left_out_and_told(sheet: Sheet) -> None:
    data = edited(sheet, "email", value="nobody")
    data["entries"]["email"]["problem"] = "'nobody' is not an e-mail address."
    made = compose({"sheet": data, "schema": "simple"})
    assert made["json"]["resumes"][0]["email"] is None and made["wrong"] == ["E-mail"]


@pytest.mark.parametrize(
    "damage",
    [{"schema": "xml"}, {"sheet": None}, {"sheet": {"form": {"fields": [{"name": "x"}]}, "entries": []}}],
)
def test_nonsense_becomes_a_notice(sheet: Sheet, damage: dict[str, Any]) -> None:
    made = compose({"sheet": sheet.to_dict(), "schema": "simple"} | damage)
    assert made.get("problem") or made["json"]


def test_an_invalid_value_is_explained(sheet: Sheet) -> None:
    made = compose({"sheet": edited(sheet, "email", value="nobody"), "schema": "simple"})
    assert "email" in made["problem"]["message"] and made["problem"]["hint"]


def test_another_text_has_a_sheet_of_its_own(sheet: Sheet) -> None:
    assert sheet_for(sheet, TEXT) is sheet
    other = sheet_for(sheet, "Ida Lund")
    assert other.generation == sheet.generation + 1
    assert set(other.values.values()) == {None}


def test_every_field_and_cell_has_an_italian_label() -> None:
    form, italian = resume_form(), localise(resume_form(), "it")
    assert italian.title == "Curriculum" and italian.names == form.names
    for field, own in zip(form.fields, italian.fields, strict=True):
        assert own.label and (own.label != field.label or own.label == "E-mail")
        assert [sub.name for sub in own.fields] == [sub.name for sub in field.fields]
        assert all(new.label != old.label for old, new in zip(field.fields, own.fields, strict=True))


# ---- many ------------------------------------------------------------------------------------


def item(name: str, text: str) -> Item:
    return Item({"file": name}, source_key(text), lambda: text)


@pytest.fixture
def batch() -> Batch:
    """A resume, a letter and a file that cannot be read."""

    def broken() -> str:
        raise InputError("The file is damaged.", "Save it anew.")

    batch = Batch("jsonresume")
    items = [
        item("ben.txt", TEXT),
        item("letter.txt", "The heating is cold."),
        Item({"file": "x"}, None, broken),
    ]
    for one in map(batch.remembering, items):
        batch.add(resume_jobs.answer(service(), one, Wish("jsonresume")))
    return batch


def test_news_come_once_and_tell_how_each_file_fared(batch: Batch) -> None:
    news = batch.news(0)
    assert [(row["index"], row["file"], row["state"]) for row in news] == [
        (0, "ben.txt", "read"), (1, "letter.txt", "refused"), (2, "x", "failed")
    ]  # fmt: skip
    assert news[2]["warnings"] == "The file is damaged." and news[2]["hint"] == "Save it anew."
    assert batch.news(3) == [] and batch.shown(running=True)["count"] == 3


def test_a_row_opens_as_it_was_read_and_goes_back_as_approved(batch: Batch) -> None:
    line, text = batch.opened(0)
    assert text == TEXT
    sheet = opened_sheet(Sheet(resume_form()), line, text)
    made = document({field.name: field for field in sheet.results()}, "jsonresume")
    assert made.json == line["json"]
    sheet.entries["name"] = Entry(Answer("Benjamin Aqua", YOURS), by_person=True)
    fields = sheet.results()
    batch.approve(0, document({field.name: field for field in fields}, "jsonresume"), fields)
    assert batch.opened(0)[0]["json"]["basics"]["name"] == "Benjamin Aqua"
    (news,) = batch.news(3)
    assert (news["index"], news["state"], news["name"]) == (0, "approved", "Benjamin Aqua")
    for index in (-1, 2, 3):
        with pytest.raises(InputError):
            batch.opened(index)


def test_what_is_taken_away(batch: Batch) -> None:
    files = {kind: exported(batch, kind) for kind in EXPORTS}
    lines = [json.loads(line) for line in files["jsonl"].splitlines()]
    assert [line["file"] for line in lines] == ["ben.txt", "letter.txt", "x"]
    assert files["csv"].decode("utf-8-sig").startswith("file,name,email")
    with zipfile.ZipFile(BytesIO(files["zip"])) as packed:
        (name,) = packed.namelist()
        assert json.loads(packed.read(name)) == lines[0]["json"]


def test_results_are_kept_for_their_session_and_no_longer() -> None:
    batches = Batches()
    first = batches.start("a", "simple")
    assert batches.get(first.key) is first
    second = batches.start("a", "simple")
    assert latest(batches, {"job": first.key, "since": 0})["problem"]["hint"]
    assert latest(batches, {"job": second.key, "since": 0}) == {"news": []}
    batches.drop("a")
    batches.drop("nobody")
    with pytest.raises(InputError):
        batches.get(second.key)
    kept = [batches.start(str(number), "simple") for number in range(MOST_KEPT + 1)]
    with pytest.raises(InputError):
        batches.get(kept[0].key)
    assert batches.get(kept[-1].key) is kept[-1]
