"""What names a row is asked once more: whole names, cut ones, and what names none."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from smartform.prompts import NO_DATA
from smartform.resume import resume_form
from smartform.tasks import Task
from tests.fakes import Cue, ScriptedEngine
from training import resume_data, strays
from training.examples import Example, RowTarget
from training.objective import shuffled
from training.row_checks import meets, row_checks
from training.targets import example_of

TEXT = """Mo Reed
SKILLS
ledger tidying, stock counts
WORK
FLT driver, Denton Cold Store, 2012 - 2015
night porter, The Larkspur Hotel, 2015 - 2019"""
JOBS = [
    {"position": "FLT driver", "company": "Denton Cold Store"},
    {"position": "night porter", "company": "The Larkspur Hotel"},
]


def example(jobs: list[dict[str, str]] = JOBS, taken: tuple[str, ...] = ()) -> Example:
    """A resume with these jobs, of which an adapter took others for jobs, too."""
    values = {"name": "Mo Reed", "skills": ["ledger tidying", "stock counts"], "work": jobs}
    return example_of(resume_data.row("a", "en", TEXT, values, {"work": taken}))


def drawn(of: Example, seeds: int = 60) -> list[RowTarget]:
    """What is asked of `work` in many epochs."""
    return [check for seed in range(seeds) for check in row_checks(of, "work", random.Random(seed))]


def test_rows_are_found_whole_and_cut_and_must_be_written_whole() -> None:
    asked = [(c.naming, c.targets["position"]) for c in drawn(example())]
    rows = [(found, name) for found, name in asked if name != NO_DATA]
    assert {name for _, name in rows} == {"FLT driver", "night porter"}
    assert {"driver", "FLT driver", "FLT"} <= {found for found, name in rows if name == "FLT driver"}
    assert any(found.startswith("FLT driver ,") for found, _ in rows)
    assert all(meets(found, [name]) for found, name in rows)
    whole = sum(found == name for found, name in rows) / len(rows)
    assert 0.5 < whole < 0.85


def test_what_else_the_text_says_names_no_row() -> None:
    asked = [(c.naming, c.targets["position"]) for c in drawn(example())]
    others = {found for found, name in asked if name == NO_DATA}
    assert {"Denton Cold Store", "stock counts", "Mo Reed"} <= others
    assert not any(meets(other, ["FLT driver", "night porter"]) for other in others)
    assert all(other in TEXT for other in others)


def test_what_an_adapter_took_for_a_row_is_asked_always() -> None:
    taken = example(taken=("ledger tidying", "porter"))
    for seed in range(20):
        checks = row_checks(taken, "work", random.Random(seed))
        assert RowTarget("ledger tidying", {"position": NO_DATA}) in checks
        assert RowTarget("porter", {"position": NO_DATA}) not in checks  # a part of a job's name


def test_where_rows_are_missing_nothing_of_the_text_is_called_a_stray() -> None:
    unknown = example([*JOBS, {"position": "lift man", "company": "Mill"}], ("ledger tidying",))
    assert "work" not in unknown.targets
    others = {c.naming for c in drawn(unknown) if c.targets["position"] == NO_DATA}
    assert others == {"ledger tidying"}


@pytest.mark.parametrize(("task", "asked"), [(Task.RESUME, True), (Task.FORMS, False)])
def test_only_the_adapter_of_resumes_is_taught_it(task: Task, asked: bool) -> None:
    one = example()
    one = replace(one, form=replace(one.form, task=task))
    epoch = shuffled(one, random.Random(1), 16)
    assert any(epoch.checks.values()) is asked
    names = {
        name.rsplit(".", 1)[1]
        for name, line in epoch.branches()
        if line in ("FLT driver", NO_DATA) and "." in name
    }
    assert bool({"position", "Position"} & names) is asked


def test_strays_are_what_a_reading_has_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = {
        "id": "x-1", "lang": "en", "text": TEXT, "work": JOBS, "education_items": [], "languages": [],
        "location": None,
        "json": {"resumes": [{"name": "Mo Reed", "email": None, "phone": None, "skills": ["stock counts"]}]},
    }  # fmt: skip
    (tmp_path / "data.jsonl").write_text(json.dumps(record) + "\n")
    script = {"work": Cue("FLT driver", ("ledger tidying", "driver", "night porter"))}
    monkeypatch.setattr(strays, "text_engine", lambda settings: ScriptedEngine(script))
    for _ in range(2):  # the second time nothing is left to read
        strays.main([str(tmp_path / "data.jsonl"), "--out", str(tmp_path / "strays.jsonl")])
    [line] = (tmp_path / "strays.jsonl").read_text().splitlines()
    assert json.loads(line) == {"id": "x-1", "strays": {"work": ["ledger tidying"]}}
    monkeypatch.setattr(resume_data, "STRAYS", tmp_path / "strays.jsonl")
    resume_data.strays.cache_clear()
    try:
        [row] = resume_data.resumes([record], [0], "train")
    finally:
        resume_data.strays.cache_clear()
    assert example_of(row).strays["work"] == ("ledger tidying",)


def test_the_shipped_strays_name_no_row_of_the_shipped_resumes() -> None:
    records = {
        record["id"]: record
        for file in Path("training/data/resume").glob("resume*.jsonl")
        for record in map(json.loads, file.read_text(encoding="utf-8").splitlines())
    }
    told = resume_data.strays()
    assert told.keys() <= records.keys()
    naming = {group.name: group.fields[0].name for group in resume_form().fields if group.fields}
    for name, groups in told.items():
        values = resume_data.gold(records[name])
        for group, names in groups.items():
            true = [row[naming[group]] for row in values[group] or () if row[naming[group]]]
            assert not any(meets(stray, true) for stray in names)
