"""Groups: rows found by what names them, cells by row, windows, engines without places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import pytest

from smartform.constraints import plan, within
from smartform.engines.base import Branch, Cancel, Constraint, Copy, Decoded, OneOf, never
from smartform.errors import FormError
from smartform.fill import Filler
from smartform.policy import Policy, TypePolicy
from smartform.prompts import Prompt, branch_header, describe, parse_answer, row_names
from smartform.results import Span, State
from smartform.schema import Field, FieldType, FormSpec
from smartform.tasks import Task
from tests.fakes import Cue, ScriptedEngine
from tests.odd import check_result

TODAY = date(2026, 3, 14)
WORK = Field(
    "work",
    FieldType.GROUP,
    "Jobs held",
    fields=(
        Field("position", description="Position"),
        Field("company", description="Employer"),
        Field("start date", FieldType.DATE),
        Field("kind", FieldType.CHOICE, options=("full time", "part time")),
    ),
)
FORM = FormSpec((Field("name"), WORK))
TEXT = """Jane Doe
Nurse, St Mary's, since May 2019, full time
Cleaner, Shine Ltd, 2015
Nurse, Hill House, 2012"""
JOBS = {2010: "cleaner", 2012: "porter", 2013: "driver"}
SCRIPT = {
    "name": "Jane Doe",
    "work": Cue("Nurse", ("Nurse", "Cleaner", "Nurse")),
    "work[Nurse].company": "St Mary's",
    "work[Nurse].start_date": Cue("May 2019", "May 2019"),
    "work[Nurse].kind": Cue("full time"),
    "work[Cleaner].company": "Shine Ltd",
    "work[Cleaner].start_date": Cue("2015"),
    "work[Nurse 2].company": "Hill House",
    "work[Nurse 2].start_date": Cue("2012"),
}


class Placing(ScriptedEngine):
    """Answers by script, with each name of a list after the one before, as copying does."""

    def __init__(self, script: dict[str, str | Cue]) -> None:
        super().__init__(script)
        self.rounds: list[Sequence[Branch]] = []

    def decode(
        self, prompt: Prompt, branches: Sequence[Branch], *, cancel: Cancel = never
    ) -> Iterator[Decoded]:
        self.rounds.append(branches)
        for decoded in super().decode(prompt, branches, cancel=cancel):
            if len(decoded.texts) < 2:
                yield decoded
                continue
            places, start = [], 0
            for text in decoded.texts:
                start = prompt.user.index(text, start)
                places.append(Span(start, start + len(text)))
                start += len(text)
            yield Decoded(decoded.name, decoded.texts, 0.97, 0.03, tuple(places))


def parts(asked: Constraint, text: str) -> list[str]:
    """What of the text a copied cell is taken from."""
    assert isinstance(asked, Copy)
    return [text[part.start : part.end] for part in asked.within]


def test_rows_and_their_cells() -> None:
    engine = Placing(SCRIPT)
    result = Filler(engine, Policy({})).fill(FORM, TEXT, today=TODAY)
    check_result(result, FORM, TEXT)
    assert result.values["work"] == [
        {"position": "Nurse", "company": "St Mary's", "start date": "2019-05", "kind": "full time"},
        {"position": "Cleaner", "company": "Shine Ltd", "start date": "2015", "kind": None},
        {"position": "Nurse", "company": "Hill House", "start date": "2012", "kind": None},
    ]
    rows = result["work"].rows
    assert [TEXT[row[1].spans[0].start : row[1].spans[0].end] for row in rows] == [
        "St Mary's",
        "Shine Ltd",
        "Hill House",
    ]
    assert rows[2][0].spans == (Span(TEXT.rindex("Nurse"), TEXT.rindex("Nurse") + 5),)
    assert rows[0][2].state is State.NORMALISED
    assert result["work"].state is State.FOUND
    assert len(engine.rounds) == 2 and engine.prompts[0] == engine.prompts[1]


def test_fields_compete_for_a_piece_of_the_text_and_rows_do_not() -> None:
    form = FormSpec((Field("employer"), Field("friend"), WORK))
    claims = {"employer": Cue("St Mary's", sure=0.9), "friend": Cue("St Mary's", sure=0.6)}
    told: list[tuple[str, object]] = []
    result = Filler(Placing(SCRIPT | claims), Policy({})).fill(
        form, TEXT, today=TODAY, on_field=lambda answer: told.append((answer.name, answer.value))
    )
    assert (result.values["employer"], result.values["friend"]) == ("St Mary's", None)
    assert [row[1].value for row in result["work"].rows] == ["St Mary's", "Shine Ltd", "Hill House"]
    assert [name for name, _ in told] == ["employer", "friend", "work"]


def test_no_two_cells_of_a_row_have_one_piece_of_the_text() -> None:
    fields = (Field("position"), Field("company"), Field("branch"))
    form = FormSpec((Field("work", FieldType.GROUP, fields=fields),))
    script = {"work": Cue("Cleaner", ("Cleaner",)), "work[Cleaner].company": Cue("Shine Ltd", sure=0.9)}
    script["work[Cleaner].branch"] = Cue("Shine Ltd", sure=0.7)
    filled = Filler(Placing(script), Policy({})).fill(form, TEXT, today=TODAY)
    assert filled.values["work"] == [{"position": "Cleaner", "company": "Shine Ltd", "branch": None}]


def test_no_cell_has_what_names_its_row() -> None:
    form = FormSpec((Field("work", FieldType.GROUP, fields=(Field("position"), Field("company"))),))
    script = {"work": Cue("Cleaner", ("Cleaner",)), "work[Cleaner].company": Cue("Cleaner", sure=0.9)}
    filled = Filler(Placing(script), Policy({})).fill(form, TEXT, today=TODAY)
    assert filled.values["work"] == [{"position": "Cleaner", "company": None}]
    text = "The Baker, baker, 2012"
    script = {"work": Cue("Baker", ("Baker",)), "work[Baker].company": Cue("Baker", sure=0.9)}
    filled = Filler(Placing(script), Policy({})).fill(form, text, today=TODAY)
    assert filled.values["work"] == [{"position": "Baker", "company": "Baker"}]  # it stands there twice


def test_rows_that_the_list_skips_are_found_by_their_dates() -> None:
    script = {key: cue for key, cue in SCRIPT.items() if "2" not in key} | {
        "work": Cue("Nurse", ("Nurse",)),
        "work[May 2019].position": Cue("Nurse"),
        "work[2015].position": Cue("Cleaner"),
    }
    engine = Placing(script)
    result = Filler(engine, Policy({})).fill(FORM, TEXT, today=TODAY)
    check_result(result, FORM, TEXT)
    assert result.values["work"] == [
        {"position": "Nurse", "company": "St Mary's", "start date": "2019-05", "kind": "full time"},
        {"position": "Cleaner", "company": "Shine Ltd", "start date": "2015", "kind": None},
    ]
    near = {b.name: b.constraint for b in engine.rounds[0]}["work[2015].position"]
    assert parts(near, TEXT) == [TEXT[TEXT.index(", full") : TEXT.index("2012")]]


def test_rows_are_found_by_their_dates_where_there_is_no_list() -> None:
    script = {"work[2015].position": Cue("Cleaner"), "work[Cleaner].company": "Shine Ltd"}
    result = Filler(Placing(script), Policy({})).fill(FORM, TEXT, today=TODAY)
    check_result(result, FORM, TEXT)
    assert [row["company"] for row in result.values["work"]] == ["Shine Ltd"]


def test_of_two_names_in_one_place_a_row_has_the_one_beside_its_dates() -> None:
    text = "Senior Nurse, Hill House, 2012"
    script = {"work": Cue("Nurse", ("Nurse",)), "work[2012].position": Cue("Senior Nurse")}
    result = Filler(Placing(script), Policy({})).fill(FORM, text, today=TODAY)
    assert [row["position"] for row in result.values["work"]] == ["Senior Nurse"]


def test_of_two_periods_names_in_one_place_the_surer_one_names_the_row() -> None:
    text = "2012, Senior Nurse, Hill House, since 2014"
    script = {"work[2012].position": Cue("Senior Nurse"), "work[2014].position": Cue("Nurse", sure=0.6)}
    result = Filler(Placing(script), Policy({})).fill(FORM, text, today=TODAY)
    assert [row["position"] for row in result.values["work"]] == ["Senior Nurse"]


def test_a_period_names_its_row_at_the_nearest_place_of_the_name() -> None:
    text = "2016: Hill House - Nurse\n2012: Lane House - Nurse"
    script = {
        "work[2016].position": Cue("Nurse"),
        "work[2012].position": Cue("Nurse"),
        "work[Nurse].company": Cue("Hill House"),
        "work[Nurse 2].company": Cue("Lane House"),
    }
    result = Filler(Placing(script), Policy({})).fill(FORM, text, today=TODAY)
    check_result(result, FORM, text)
    assert [row["company"] for row in result.values["work"]] == ["Hill House", "Lane House"]


SCHOOL = Field(
    "school", FieldType.GROUP, fields=(Field("at"), Field("degree"), Field("year", FieldType.DATE))
)


@pytest.mark.parametrize(("sure", "work", "school"), [(0.9, None, 1), (0.5, 1, None)])
def test_what_was_at_one_time_is_told_by_one_group(sure: float, work: int | None, school: int | None) -> None:
    text = "Shine Ltd, cleaner, 2010\nDiploma in nursing, Lane College, 2012"
    script = {
        "work[2010].position": Cue("cleaner"),
        "work[cleaner].start_date": Cue("2010"),
        "work[2012].position": Cue("Diploma", sure=0.7),
        "work[Diploma].company": Cue("Lane College"),
        "work[Diploma].start_date": Cue("2012"),
        "school[2012].at": Cue("Lane College", sure=sure),
        "school[Lane College].degree": Cue("Diploma in nursing"),
        "school[Lane College].year": Cue("2012"),
    }
    form = FormSpec((WORK, SCHOOL))
    result = Filler(Placing(script), Policy({})).fill(form, text, today=TODAY)
    check_result(result, form, text)
    assert len(result.values["work"]) == 1 + (work or 0)
    assert len(result.values["school"] or []) == (school or 0)
    assert (result["school"].state is State.NOT_FOUND) == (school is None)


def test_rows_of_two_groups_may_share_a_year_or_a_name() -> None:
    text = "Lane College, diploma, 2012\nLane College, cleaner, 2013"
    script = {
        "work[2013].position": Cue("cleaner"),
        "work[cleaner].company": Cue("Lane College"),
        "work[cleaner].start_date": Cue("2013"),
        "school[2012].at": Cue("Lane College"),
        "school[Lane College].year": Cue("2012"),
    }
    form = FormSpec((WORK, SCHOOL))
    result = Filler(Placing(script), Policy({})).fill(form, text, today=TODAY)
    assert (len(result.values["work"]), len(result.values["school"])) == (1, 1)


def test_what_a_record_lacks_is_taken_from_the_whole_text_where_that_is_sure() -> None:
    text = "Shine Ltd, two jobs:\n\ncleaner, 2010\n\nporter, 2012\n\ndriver, 2013"

    class Apart(Placing):
        """Has nothing for a cell as long as the record is all that may be copied."""

        def decode(
            self, prompt: Prompt, branches: Sequence[Branch], *, cancel: Cancel = never
        ) -> Iterator[Decoded]:
            for branch, answer in zip(branches, super().decode(prompt, branches, cancel=cancel), strict=True):
                allowed = branch.constraint.within if isinstance(branch.constraint, Copy) else ()
                inside = any(part.start <= text.index("Shine") < part.end for part in allowed)
                cell = branch.name.endswith(".company")
                yield answer if inside or not cell else Decoded(branch.name, (), 0.9, 0.9)

    script = {f"work[{year}].position": Cue(name) for year, name in JOBS.items()}
    script |= {f"work[{name}].start_date": Cue(str(year)) for year, name in JOBS.items()} | {
        "work[porter].company": Cue("Shine Ltd", sure=0.95),
        "work[driver].company": Cue("Shine Ltd", sure=0.4),
    }
    policy = Policy({FieldType.TEXT: TypePolicy(review=0.6)})
    result = Filler(Apart(script), policy).fill(FORM, text, today=TODAY)
    check_result(result, FORM, text)
    rows = {row["position"]: row["company"] for row in result.values["work"]}
    assert rows == {"cleaner": None, "porter": "Shine Ltd", "driver": None}


def test_rows_may_be_named_by_their_dates() -> None:
    log = Field("log", FieldType.GROUP, fields=(Field("day", FieldType.DATE), Field("work")))
    text = "2026-03-02 planted beans\n2026-03-05 mowed"
    script = {"log": Cue("planted", ("2026-03-02", "2026-03-05")), "log[2026-03-02].work": "planted beans"}
    result = Filler(Placing(script), Policy({})).fill(FormSpec((log,)), text, today=TODAY)
    assert [row["day"] for row in result.values["log"]] == ["2026-03-02", "2026-03-05"]


def test_what_may_be_copied_is_told_once() -> None:
    asked = plan(Field("company"), TEXT, ["en"], TODAY)
    parts_of = [Span(8, 12), Span(0, 3), Span(2, 5), Span(9, 10)]
    told = within(asked, *parts_of).constraint
    assert isinstance(told, Copy) and told.within == (Span(0, 5), Span(8, 12))


def test_dates_are_no_names() -> None:
    text = "Nurse, Hill House, 2012\nMay 2000 to August 2003: greenhouses"
    script = {
        "work": Cue("Nurse", ("Nurse", "May 2000")), "work[2012].position": Cue("Nurse"),
        "work[May 2000 to August 2003].position": Cue("May 2000 to August 2003"),
    }  # fmt: skip
    result = Filler(Placing(script), Policy({})).fill(FORM, text, today=TODAY)
    assert [row["position"] for row in result.values["work"]] == ["Nurse"]


def test_a_period_whose_name_another_one_holds_is_asked_again_between_the_names_that_hold() -> None:
    text = "2010 - 2012 Nurse at Hill House\n2013 - 2014 Cook\n2015 - 2019 Baker"

    class SecondThoughts(Placing):
        """Says at first that the cook was a nurse, too."""

        def _answer(self, branch: Branch, user: str) -> Decoded:
            if branch.name == "work[2013 - 2014].position":
                again = len(self.rounds) > 1
                said = "Cook" if again else "Nurse"
                place = Span(user.index(said), user.index(said) + len(said))
                return Decoded(branch.name, (said,), 0.6, 0.1, (place,))
            return super()._answer(branch, user)

    engine = SecondThoughts(
        {"work[2010 - 2012].position": Cue("Nurse"), "work[2015 - 2019].position": Cue("Baker")}
    )
    result = Filler(engine, Policy({})).fill(FORM, text, today=TODAY)
    assert [row["position"] for row in result.values["work"]] == ["Nurse", "Cook", "Baker"]
    [again] = engine.rounds[1]
    assert parts(again.constraint, text) == [" at Hill House\n2013 - 2014 Cook\n"]


def test_no_period_is_asked_again_where_no_words_are_left() -> None:
    text = "2012, 2014 Nurse"
    engine = Placing({"work[2012].position": Cue("Nurse"), "work[2014].position": Cue("Nurse", sure=0.6)})
    Filler(engine, Policy({})).fill(FORM, text, today=TODAY)
    assert not any(".position" in branch.name for branch in engine.rounds[1])


def test_the_dates_of_a_row_are_those_of_its_period() -> None:
    ends = Field("end date", FieldType.DATE)
    group = Field("work", FieldType.GROUP, fields=(*WORK.fields[:3], ends))
    text = "2010 - 2012 Nurse\n2013 - 2014 Cook\nsince 2015 Baker"
    script = {
        "work[2010 - 2012].position": Cue("Nurse"),
        "work[2013 - 2014].position": Cue("Cook"),
        "work[2015].position": Cue("Baker"),
    }
    engine = Placing(script)
    Filler(engine, Policy({})).fill(FormSpec((group,)), text, today=TODAY)
    asked = {branch.name: branch.constraint for branch in engine.rounds[1]}

    def dates(branch: str) -> tuple[str, ...]:
        constraint = asked[branch]
        assert isinstance(constraint, OneOf)
        return constraint.texts

    assert dates("work[Nurse].end_date") == ("2010", "2012")
    assert dates("work[Cook].start_date") == ("2013", "2014")
    assert "2015" in dates("work[Baker].start_date")  # one date: its end may stand elsewhere


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, ("2010", "2012")),  # the model says nothing, but the row has both
        (Cue("2010"), Cue("2010"), ("2010", "2012")),
        (Cue("2012"), Cue("2010"), ("2012", "2010")),  # a form that asks for the end first
        (Cue("2010", sure=0.6), Cue("2012", sure=0.2), ("2010", "2012")),
    ],
)
def test_a_row_has_both_dates_of_its_period(
    start: Cue | None, end: Cue | None, expected: tuple[str, str]
) -> None:
    dates = Field("one", FieldType.DATE), Field("other", FieldType.DATE)
    form = FormSpec((Field("work", FieldType.GROUP, fields=(WORK.fields[0], *dates)),))
    script: dict[str, str | Cue] = {"work[2010 - 2012].position": Cue("Nurse")}
    script |= {
        f"work[Nurse].{name}": cue for name, cue in (("one", start), ("other", end)) if cue is not None
    }
    result = Filler(Placing(script), Policy({})).fill(form, "2010 - 2012 Nurse, since then 2015", today=TODAY)
    [row] = result.values["work"]
    assert (row["one"], row["other"]) == expected


def test_which_date_begins_a_period_is_asked_of_the_first_rows_and_is_so_in_all() -> None:
    dates = Field("left", FieldType.DATE), Field("began", FieldType.DATE)
    form = FormSpec((Field("work", FieldType.GROUP, fields=(WORK.fields[0], *dates)),))
    text = "2010 - 2012 Nurse\n2012 - 2013 Cook\n2014 - 2015 Baker\n2016 - 2018 Driver\nsince 2019 Porter"
    script: dict[str, str | Cue] = {
        "work[2010 - 2012].position": Cue("Nurse"),
        "work[2012 - 2013].position": Cue("Cook"),
        "work[2014 - 2015].position": Cue("Baker"),
        "work[2016 - 2018].position": Cue("Driver"),
        "work[2019].position": Cue("Porter"),
        "work[Nurse].left": Cue("2012", sure=0.9),
        "work[Nurse].began": Cue("2010", sure=0.9),
        "work[Cook].left": Cue("2012", sure=0.4),
        "work[Cook].began": Cue("2013", sure=0.4),
        "work[Baker].left": Cue("2014"),
        "work[Porter].began": Cue("2019"),
    }
    engine = Placing(script)
    rows = Filler(engine, Policy({})).fill(form, text, today=TODAY).values["work"]
    assert [(row["began"], row["left"]) for row in rows] == [
        ("2010", "2012"),
        ("2012", "2013"),
        ("2014", "2015"),
        ("2016", "2018"),
        ("2019", None),
    ]
    asked = {branch.name for branch in engine.rounds[1]}
    assert {name for name in asked if name.endswith((".left", ".began"))} == {
        *("work[Nurse].left", "work[Nurse].began", "work[Cook].left", "work[Cook].began"),
        *("work[Porter].left", "work[Porter].began"),
    }


def test_a_cell_is_looked_for_between_the_rows_before_and_after() -> None:
    engine = Placing(SCRIPT)
    Filler(engine, Policy({})).fill(FORM, TEXT, today=TODAY)
    asked = {branch.name: branch.constraint for branch in engine.rounds[1]}
    assert list(asked)[:4] == [
        "work[Nurse].company", "work[Nurse].start_date", "work[Nurse].kind", "work[Cleaner].company",
    ]  # fmt: skip
    near = asked["work[Cleaner].company"]
    assert parts(near, TEXT) == [
        TEXT[TEXT.index(", St") : TEXT.index("Cleaner")], TEXT[TEXT.index(", Shine") : TEXT.rindex("Nurse")],
    ], "not what names the row"  # fmt: skip
    dates = asked["work[Cleaner].start_date"]
    assert isinstance(dates, OneOf)
    assert "2015" in dates.texts and "2012" not in dates.texts
    assert asked["work[Cleaner].kind"] == OneOf(("full time", "part time"))


def test_an_engine_without_places_is_read_all_the_same() -> None:
    class Remote(Placing):
        def decode(
            self, prompt: Prompt, branches: Sequence[Branch], *, cancel: Cancel = never
        ) -> Iterator[Decoded]:
            for decoded in super().decode(prompt, branches, cancel=cancel):
                yield Decoded(decoded.name, decoded.texts, None, None)

    result = Filler(Remote(SCRIPT), Policy({})).fill(FORM, TEXT, today=TODAY)
    check_result(result, FORM, TEXT)
    rows = result["work"].rows
    assert [row[0].spans[0].start for row in rows] == [
        TEXT.index("Nurse"),
        TEXT.index("Cleaner"),
        TEXT.rindex("Nurse"),
    ]
    assert [row[1].value for row in rows] == ["St Mary's", "Shine Ltd", "Hill House"]


def test_no_rows_and_no_second_round() -> None:
    engine = Placing({"name": "Jane Doe"})
    result = Filler(engine, Policy({})).fill(FORM, TEXT, today=TODAY)
    check_result(result, FORM, TEXT)
    assert result.values["work"] is None and result["work"].state is State.NOT_FOUND
    assert len(engine.rounds) == 1


def test_rows_of_overlapping_windows_are_joined_once() -> None:
    lines = [f"Job{n:03}, Firm{n:03} Ltd, {1950 + n}" for n in range(60)]
    text = "\n".join(lines)
    form = FormSpec((Field("work", FieldType.GROUP, fields=(Field("position"), Field("company"))),))

    class Reading(Placing):
        window_tokens = 330

        def _cue(self, name: str, text: str) -> Cue | None:
            if name == "work":
                jobs = tuple(w.strip(",") for w in text.split() if w.startswith("Job") and w.endswith(","))
                return Cue(jobs[0], jobs)
            return Cue(f"Firm{name[8:11]} Ltd")

    result = Filler(Reading({}), Policy({})).fill(form, text)
    check_result(result, form, text)
    assert result.stats["passes"] > 1
    expected = [{"position": f"Job{n:03}", "company": f"Firm{n:03} Ltd"} for n in range(60)]
    assert result.values["work"] == expected
    for row in result["work"].rows:
        assert all(text[c.spans[0].start : c.spans[0].end] == c.value for c in row)


def test_how_the_protocol_writes_a_group() -> None:
    assert describe(WORK).split("\n") == [
        "FIELD work^^^Jobs held: Position (list)",
        "FIELD work[].company^^^Employer (text)",
        "FIELD work[].start_date^^^(date)",
        "FIELD work[].kind^^^(choice: full time | part time)",
    ]
    assert row_names("work", ["Head\nnurse", "Head nurse", "a]^b", ""]) == [
        "work[Head nurse]", "work[Head nurse 2]", "work[ab]", "work[]",
    ]  # fmt: skip
    assert branch_header("work[Head nurse].start_date") == " work[Head nurse].start_date^^^"
    cell = "work[Head nurse].company"
    assert parse_answer(f"FIELD {cell}^^^Shine Ltd", FormSpec((Field(cell),))) == {cell: "Shine Ltd"}


def test_a_server_is_told_which_cells_are_asked() -> None:
    prompt = Prompt("FIELD name^^^(text)", "text")
    assert prompt.messages(["name"]) == prompt.messages()
    told = prompt.messages(["work[Nurse].company"])[0]["content"]
    assert told.endswith("\nFIELD work[Nurse].company^^^")


@pytest.mark.parametrize(
    "data",
    [
        {"name": "g", "type": "group"},
        {"name": "g", "type": "group", "fields": []},
        {"name": "g", "type": "group", "fields": [{"name": "a"}, {"name": "a"}]},
        {"name": "g", "type": "group", "fields": [{"name": "a", "type": "group", "fields": [{"name": "b"}]}]},
        {"name": "g", "type": "group", "fields": ["a"]},
    ],
)
def test_groups_that_are_none(data: dict[str, object]) -> None:
    with pytest.raises(FormError) as problem:
        Field.from_dict(data)
    assert problem.value.hint


def test_a_group_survives_being_written_down() -> None:
    assert FormSpec.from_dict(FORM.to_dict()) == FORM


CHECKED = replace(FORM, task=Task.RESUME)
"""The form for a model that is asked once more what names a row."""


def checked(script: dict[str, str | Cue], text: str = TEXT) -> list[dict[str, object]]:
    """The jobs of a text, each asked once more."""
    result = Filler(Placing(script), Policy({})).fill(CHECKED, text, today=TODAY)
    check_result(result, CHECKED, text)
    return list(result.values["work"] or ())


def test_what_names_no_row_is_none_and_a_name_that_was_cut_is_whole() -> None:
    again: dict[str, str | Cue] = {
        "work[Nurse].position": "Nurse",
        "work[Nurse 2].position": Cue("Nurse, Hill"),
    }
    again["work[Cleaner].position"] = Cue("what the text does not say")
    jobs = checked(SCRIPT | again)
    assert [job["position"] for job in jobs] == ["Nurse", "Nurse, Hill"]
    assert jobs[0]["company"] == "St Mary's"
    nothing = {f"work[{name}].position": Cue("what the text does not say") for name in ("Nurse", "Cleaner")}
    alone = SCRIPT | nothing | {"work": Cue("Nurse", ("Nurse", "Cleaner"))}
    assert checked(alone) == []


def test_another_name_is_taken_where_it_is_sure_and_no_other_rows() -> None:
    script = SCRIPT | {f"work[{name}].position": name for name in ("Nurse", "Cleaner")}
    for cue, named in (
        (Cue("Hill House"), "Hill House"),
        (Cue("Hill House", sure=0.6), "Nurse"),
        (Cue("Cleaner"), "Nurse"),
    ):
        jobs = checked(script | {"work[Nurse 2].position": cue})
        assert [job["position"] for job in jobs] == ["Nurse", "Cleaner", named]
        assert (jobs[2]["company"] == "Hill House") is (named == "Nurse")  # nothing is said twice


def test_what_names_one_row_names_it_once() -> None:
    text = "Jane Doe\nStaff Nurse, St Mary's, since May 2019"
    rows = {"work": Cue("Staff", ("Staff", "Nurse")), "work[Nurse].company": "St Mary's"}
    both = {f"work[{name}].position": "Staff Nurse" for name in ("Staff", "Nurse")}
    assert [job["position"] for job in checked(rows | both, text)] == ["Staff Nurse"]


def test_names_are_asked_once_more_near_their_place_and_of_models_that_were_taught_it() -> None:
    engine = Placing(SCRIPT)
    Filler(engine, Policy({})).fill(FORM, TEXT, today=TODAY)
    assert not any(branch.name.endswith("].position") for round in engine.rounds[1:] for branch in round)
    engine = Placing(SCRIPT)
    Filler(engine, Policy({})).fill(CHECKED, TEXT + "\n" + "far away " * 40, today=TODAY)
    asked = {branch.name: branch.constraint for round in engine.rounds[1:] for branch in round}
    [part] = parts(asked["work[Cleaner].position"], TEXT + "\n" + "far away " * 40)
    assert "Cleaner, Shine Ltd" in part and "Jane Doe" in part and len(part) < 140


def test_a_model_that_gives_no_probabilities_names_rows_once() -> None:
    class Plain(Placing):
        def decode(
            self, prompt: Prompt, branches: Sequence[Branch], *, cancel: Cancel = never
        ) -> Iterator[Decoded]:
            for decoded in super().decode(prompt, branches, cancel=cancel):
                yield replace(decoded, probability=None, p_no_data=None)

    engine = Plain(SCRIPT)
    result = Filler(engine, Policy({})).fill(CHECKED, TEXT, today=TODAY)
    assert not any(branch.name.endswith("].position") for round in engine.rounds[1:] for branch in round)
    assert [job["position"] for job in result.values["work"] or ()] == ["Nurse", "Cleaner", "Nurse"]
