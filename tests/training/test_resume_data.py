"""Resumes as forms with groups: what is asked, what each branch must write, resumes made up."""

from __future__ import annotations

import json
import random
from pathlib import Path

from smartform.prompts import ChatFormat
from smartform.resume import resume_form
from tests.training.tiny import byte_tokenizer
from training.objective import encode, shuffled
from training.public import load_public
from training.resume_data import pairs
from training.resume_synth import made_resumes
from training.targets import example_of

SEED = Path("training/data/resume/resume.jsonl")


def test_the_branches_of_a_resume_are_those_that_the_app_decodes() -> None:
    rows = load_public("resume", str(SEED))
    row = next(r for r in rows if r["id"] == "rs-01")
    branches = dict(example_of(row).branches())
    assert branches["work"] == "Senior Staff Nurse | Staff Nurse"
    assert branches["work[Senior Staff Nurse].company"] == "Brackenfield General Hospital"
    assert branches["work[Senior Staff Nurse].startDate"] == "May 2019"
    assert branches["work[Senior Staff Nurse].endDate"] == "NO_DATA"
    assert branches["work[Staff Nurse].endDate"] == "April 2019"
    assert branches["education[Sheffield Hallam University].area"] == "Adult Nursing"
    assert branches["languages"] == "English | Yoruba"


def test_rows_named_alike_are_told_apart_by_their_place() -> None:
    text = "Nurse at Hill House, 2012.\nCook at The Inn, 2015.\nNurse at St Mary's, 2019."
    fields = [{"name": "position", "type": "text"}, {"name": "company", "type": "text"}]
    jobs = [("Nurse", "St Mary's"), ("Nurse", "Hill House"), ("Cook", "The Inn")]
    value = [{"position": p, "company": c} for p, c in jobs]
    asked = {"name": "work", "type": "group", "fields": fields, "value": value}
    example = example_of({"id": "a", "text": text, "form_fields": [asked]})
    assert dict(example.branches()) == {
        "work": "Nurse | Cook | Nurse",
        "work[Nurse].company": "Hill House",
        "work[Cook].company": "The Inn",
        "work[Nurse 2].company": "St Mary's",
    }


def test_periods_are_taught_as_far_as_dates_tell() -> None:
    text = """Ada Stone, born 1980
    Nurse, Hill House, 2015 - 2019
    Cook, The Inn, 2012 - 2015; prize 2015
    career break 2010 - 2012
    Porter, 2009, Guide, 2009"""
    names = ("position", "from", "to")
    fields = [{"name": n, "type": "text" if n == "position" else "date"} for n in names]
    jobs = [
        ("Nurse", "2015", "2019"),
        ("Cook", "2012", "2015"),
        ("Porter", "2009", None),
        ("Guide", "2009", None),
    ]
    value = [dict(zip(names, job, strict=True)) for job in jobs]
    asked = {"name": "work", "type": "group", "fields": fields, "value": value}
    example = example_of({"id": "a", "lang": "en", "text": text, "form_fields": [asked]})
    assert [(row.naming, row.targets.get("position")) for row in example.periods["work"]] == [
        ("1980", "NO_DATA"),
        ("2015 - 2019", "Nurse"),
        ("2012 - 2015", "Cook"),
        ("2015", None),  # two rows', and no name stands near
        ("2010 - 2012", None),  # one of its dates is the cook's
        ("2009", None),  # both names stand near
        ("2009", "Guide"),
    ]
    assert dict(example.branches())["work[2015 - 2019].position"] == "Nurse"
    [drawn] = shuffled(example, random.Random(3), 2).periods.values()
    assert len(drawn) == len(example.periods["work"]) and sum(len(row.targets) for row in drawn) == 2


def test_what_cannot_be_named_is_not_taught_as_a_list() -> None:
    fields = [{"name": "position", "type": "text"}, {"name": "company", "type": "text"}]
    value = [{"position": "Nurse", "company": "Inn"}, {"position": "Chef", "company": "Inn"}]
    asked = {"name": "work", "type": "group", "fields": fields, "value": value}
    example = example_of({"id": "a", "text": "Nurse at Inn", "form_fields": [asked]})
    assert dict(example.branches()) == {"work[Nurse].company": "Inn"}
    silent = example_of({"id": "a", "text": "Hello", "form_fields": [asked | {"value": None}]})
    assert dict(silent.branches()) == {"work": "NO_DATA"}


def test_shuffling_keeps_rows_and_their_names() -> None:
    example = example_of(load_public("resume", str(SEED), 1)[0])
    before = sorted(line for _, line in example.branches())
    for seed in range(20):
        drawn = shuffled(example, random.Random(seed), 40)
        assert sorted(line for _, line in drawn.branches()) == before
        group = next(f for f in drawn.form.fields if f.fields and drawn.rows[f.name])
        assert {name for row in drawn.rows[group.name] for name in row.targets} <= {
            sub.name for sub in group.fields[1:]
        }
    few = shuffled(example, random.Random(0), 3)
    assert all(sum(len(r.targets) for r in rows) <= 3 for rows in few.rows.values())


def test_every_branch_is_encoded() -> None:
    example = example_of(load_public("resume", str(SEED), 1)[0])
    encoded = encode(example, byte_tokenizer(), ChatFormat.GEMMA, 0.5)
    assert max(encoded.branches) + 1 == len(example.branches())
    silent = [line for _, line in example.branches() if line == "NO_DATA"]
    assert len(encoded.silent) == len(silent)


def test_resumes_made_up_say_what_they_are_said_to_say() -> None:
    rows = load_public("resume", "made:40")
    assert len({row["lang"] for row in rows}) > 3
    assert made_resumes(3) == made_resumes(3) != made_resumes(3, seed=1)
    for row in rows:
        example = example_of(row)
        assert set(example.targets) == set(resume_form().names)
        for group in ("work", "education"):
            gold = next(f["value"] for f in row["form_fields"] if f["name"] == group)
            assert len(example.rows[group]) == len(gold)


def test_labelled_words_become_pairs_where_every_company_has_a_position(tmp_path: Path) -> None:
    text = "Ann Lee\nClerk\nAcme Ltd\n\nDriver - Bingo"
    spans = [("Name", "Ann Lee"), ("Designation", "Clerk"), ("Companies worked at", "Acme Ltd"),
             ("Designation", "Driver"), ("Companies worked at", "Bingo")]  # fmt: skip
    labelled = [
        {"label": label, "start": text.index(t), "end": text.index(t) + len(t), "text": t}
        for label, t in spans
    ]
    assert pairs(labelled) == [("Clerk", "Acme Ltd"), ("Driver", "Bingo")]
    assert (
        pairs([*labelled, {"label": "Companies worked at", "start": 900, "end": 904, "text": "Firm"}]) == []
    )
    path = tmp_path / "labelled.jsonl"
    path.write_text(json.dumps({"id": "1", "text": text, "entities": labelled}))
    row = load_public("dotin", str(path))[0]
    assert [f["name"] for f in row["form_fields"]] == ["name", "work"]
    assert dict(example_of(row).branches())["work[Driver].company"] == "Bingo"
