"""Resumes: both schemas valid whatever comes, every value with its place, refusal, the trained gate.

`python -m tests.test_resume 2000` reads so many strange inputs, where the test reads 240.
"""

from __future__ import annotations

import json
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from smartform.documents import read_document
from smartform.engines.base import Branch, Decoded
from smartform.errors import FormError, NotAResume, SmartFormError
from smartform.results import FieldResult, State
from smartform.resume import SCHEMAS, ResumeReader, document, resume_form, shipped_gate, validate
from smartform.tasks import Task
from tests.fakes import Cue, ScriptedEngine
from tests.odd import OddEngine, odd_text

TEXT = """Ben Aqua, goldfish breeder in Boston
ben.aqua@ponds.example | 07700 900 333

WORK
Goldfish Breeder, Aqua Garden, May 2019 - present
Aquarium Keeper, Sea House, 2015 - March 2019

EDUCATION
BSc Marine Biology, Harbour College, 2014

SKILLS
water chemistry, breeding records, first aid
LANGUAGES: English, Dutch"""

SCRIPT: dict[str, str | Cue] = {
    "name": "Ben Aqua",
    "email": Cue("ben.aqua@ponds.example"),
    "phone": Cue("07700 900 333"),
    "location": "Boston",
    "skills": Cue("water", ("water chemistry", "breeding records", "first aid")),
    "languages": Cue("English", ("English", "Dutch")),
    "work": Cue("Goldfish Breeder", ("Goldfish Breeder", "Aquarium Keeper")),
    "work[Goldfish Breeder].company": "Aqua Garden",
    "work[Goldfish Breeder].startDate": Cue("May 2019"),
    "work[Aquarium Keeper].company": "Sea House",
    "work[Aquarium Keeper].startDate": Cue("2015"),
    "work[Aquarium Keeper].endDate": Cue("March 2019"),
    "education": "Harbour College",
    "education[Harbour College].studyType": "BSc",
    "education[Harbour College].area": "Marine Biology",
    "education[Harbour College].endDate": Cue("2014"),
}

DATA = Path("training/data/resume/dev.jsonl")


def reader(engine: ScriptedEngine | OddEngine) -> ResumeReader:
    """A reader that asks `engine`."""
    return ResumeReader(engine)


def test_the_simple_schema() -> None:
    engine = ScriptedEngine(SCRIPT)
    read = reader(engine).read(TEXT)
    assert {prompt.task for prompt in engine.prompts} == {Task.RESUME}
    assert read.is_resume and read.warnings == ()
    assert read.document.json == {
        "resumes": [
            {
                "name": "Ben Aqua",
                "email": "ben.aqua@ponds.example",
                "phone": "07700 900 333",
                "experience": "Goldfish Breeder, Aqua Garden, May 2019; "
                "Aquarium Keeper, Sea House, 2015 – March 2019",
                "education": "BSc, Marine Biology, Harbour College, 2014",
                "skills": ["water chemistry", "breeding records", "first aid"],
            }
        ]
    }


def test_json_resume() -> None:
    read = reader(ScriptedEngine(SCRIPT)).read(TEXT, schema="jsonresume")
    assert read.document.json == {
        "basics": {
            "name": "Ben Aqua",
            "email": "ben.aqua@ponds.example",
            "phone": "07700 900 333",
            "location": {"city": "Boston"},
        },
        "work": [
            {"name": "Aqua Garden", "position": "Goldfish Breeder", "startDate": "2019-05"},
            {"name": "Sea House", "position": "Aquarium Keeper", "startDate": "2015", "endDate": "2019-03"},
        ],
        "education": [
            {
                "institution": "Harbour College",
                "area": "Marine Biology",
                "studyType": "BSc",
                "endDate": "2014",
            }
        ],
        "skills": [{"name": "water chemistry"}, {"name": "breeding records"}, {"name": "first aid"}],
        "languages": [{"language": "English"}, {"language": "Dutch"}],
    }


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_text_of_the_json_has_its_place(schema: str) -> None:
    data = reader(ScriptedEngine(SCRIPT)).read(TEXT, schema=schema).to_dict()
    assert set(data["trace"]) == set(pointers(data["json"]))
    assert all(TEXT[start:end].strip() for spans in data["trace"].values() for start, end in spans)
    place = "/work/1/startDate" if schema == "jsonresume" else "/resumes/0/skills/1"
    said = [TEXT[start:end] for start, end in data["trace"][place]]
    assert said == (["2015"] if schema == "jsonresume" else ["breeding records"])
    json.dumps(data)


def pointers(node: object, place: str = "") -> list[str]:
    """JSON pointers of all texts."""
    if isinstance(node, str):
        return [place]
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [found for key, value in members for found in pointers(value, f"{place}/{key}")]


def mutilated(rng: random.Random, text: str) -> str:
    """A resume with pieces cut out, doubled, exchanged for others or for anything at all."""
    pieces = text.split(rng.choice(("\n", " ", "\n\n")))
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(pieces))
        pieces[at : at + rng.randint(0, 9)] = rng.choice(
            ([], [odd_text(rng)], rng.sample(pieces, min(3, len(pieces))))
        )
        pieces = pieces or [odd_text(rng)]
    return rng.choice(("\n", " ", "")).join(pieces)


def strange(rng: random.Random, texts: list[str], number: int) -> str:
    """Of eight: a resume as it is, bytes as a file and as text, and five mutilated resumes.

    Raises:
        DocumentError: the bytes are no document.
    """
    if number % 8 == 0:
        return rng.choice(texts)
    if number % 8 == 1:
        return read_document(rng.randbytes(rng.randrange(600)), "cv")
    if number % 8 == 2:
        return rng.randbytes(300).decode("latin-1")
    return mutilated(rng, rng.choice(texts))


def attempts(count: int) -> int:
    """Read so many strange inputs; how many became JSON, the others being clear errors."""
    rng = random.Random(1)
    texts = [json.loads(line)["text"] for line in DATA.read_text(encoding="utf-8").splitlines()]
    read = 0
    for number in range(count):
        schema = rng.choice(SCHEMAS)
        try:
            text = strange(rng, texts, number)
            result = reader(OddEngine(rng)).read(text, schema=schema, force=True)
        except SmartFormError as problem:
            assert str(problem) and problem.hint
            continue
        read += 1
        validate(result.document.json, schema)
        data = result.to_dict()
        json.dumps(data, allow_nan=False)
        assert set(data["trace"]) == set(pointers(data["json"]))
        assert all(0 <= start < end <= len(text) for spans in data["trace"].values() for start, end in spans)
    return read


def test_whatever_comes_the_json_is_valid_or_the_error_is_clear() -> None:
    assert attempts(240) > 190


def test_what_is_not_in_the_text_is_left_out() -> None:
    class Inventing(ScriptedEngine):
        """A server that makes up what it does not find."""

        def _answer(self, branch: Branch, text: str) -> Decoded:
            invented = {
                "name": ("Ben Aqua",),
                "email": ("ben@gmail.com",),
                "phone": ("555 0100 100",),
                "skills": ("first aid", "juggling"),
                "work": ("Goldfish Breeder", "Astronaut"),
                "work[Goldfish Breeder].company": ("NASA",),
            }
            return Decoded(branch.name, invented.get(branch.name, ()), None, None)

    read = reader(Inventing({})).read(TEXT)
    resume = read.document.json["resumes"][0]
    assert (resume["name"], resume["email"], resume["phone"]) == ("Ben Aqua", None, None)
    assert resume["skills"] == ["first aid"]
    assert resume["experience"] == "Goldfish Breeder"
    assert any("left out: E-mail, Phone" in warning for warning in read.warnings)


def test_a_row_of_one_word_beside_fuller_ones_is_left_out_unless_it_is_sure() -> None:
    rows = Cue("Goldfish Breeder", ("Goldfish Breeder", "Aquarium Keeper", "first aid"))
    [sure] = reader(ScriptedEngine(SCRIPT | {"work": rows})).read(TEXT).document.json["resumes"]
    assert sure["experience"].endswith("; first aid")
    again = Cue("Goldfish Breeder", ("Goldfish Breeder", "Aquarium Keeper", "Goldfish Breeder"))
    [once] = reader(ScriptedEngine(SCRIPT | {"work": again})).read(TEXT).document.json["resumes"]
    assert once["experience"].count("Goldfish Breeder") == 1
    stray = SCRIPT | {"work": replace(rows, sure=0.7)}
    assert (
        reader(ScriptedEngine(stray)).read(TEXT).document
        == reader(ScriptedEngine(SCRIPT)).read(TEXT).document
    )
    bare = {name: cue for name, cue in SCRIPT.items() if not name.startswith("work[")}
    [resume] = reader(ScriptedEngine(bare)).read(TEXT).document.json["resumes"]
    assert resume["experience"] == "Goldfish Breeder; Aquarium Keeper"


def test_a_job_that_ends_before_it_begins_is_told() -> None:
    script = SCRIPT | {"work[Aquarium Keeper].endDate": Cue("2014")}
    text = TEXT.replace("2015 - March 2019", "2015 - 2014")
    warnings = reader(ScriptedEngine(script)).read(text).warnings
    assert warnings == ("A job ends before it begins: Aquarium Keeper.",)


def test_another_text_is_refused_kindly_and_read_when_asked() -> None:
    letter = (
        "Dear Ms Lund,\n\nthe heating in flat 12 is cold again. Please send somebody.\n\nKind regards\nIda"
    )
    with pytest.raises(NotAResume) as refused:
        reader(ScriptedEngine({})).read(letter)
    assert "all the same" in refused.value.hint
    read = reader(ScriptedEngine({"name": "Ida"})).read(letter, force=True)
    assert not read.is_resume and read.document.json["resumes"][0]["name"] == "Ida"
    with pytest.raises(FormError):
        reader(ScriptedEngine({})).read(TEXT, schema="xml")


@pytest.mark.parametrize(
    "text",
    [
        "I'm Ray Voss, I repair TVs. Since 2011 I work at Volt & Sons in Leeds, before that I was an "
        "apprentice with Screenfix, 2008 to 2011. I know soldering, fault finding and old tubes. "
        "City & Guilds, 2010. Call 07700 900 126.",
        "ANNA KELLER\nanna@keller.example\n\nBERUFSERFAHRUNG\n2018 - heute Filialleiterin, Kaufland\n"
        "2012 - 2018 Verkäuferin, Edeka\n\nAUSBILDUNG\nRealschule, 2010\n\nKENNTNISSE\nKasse, Excel",
    ],
)  # fmt: skip
def test_the_gate_lets_resumes_in(text: str) -> None:
    assert shipped_gate().is_resume(text)


@pytest.mark.parametrize(
    "text",
    [
        "Good evening, a table for four tomorrow at half past eight, one child. Rossi, 333 1234567.",
        "INVOICE 2026-014\nKestrel Films Ltd\nRental of panels 4 days: 960.00\nTotal 2,495.00",
        "Abstract. We study the growth of goldfish in small ponds from 2010 to 2019. Keywords: fish, growth.",
        "",
        "\ud800 \x00",
    ],
)
def test_the_gate_keeps_others_out(text: str) -> None:
    assert not shipped_gate().is_resume(text)


def test_what_a_person_edits_becomes_a_document_too() -> None:
    typed = {"name": FieldResult("name", "Ida Lund", State.FOUND, 1.0, 0.0)}
    edited = document(typed, "jsonresume")
    assert edited.json["basics"] == {"name": "Ida Lund"} and edited.trace == {}
    with pytest.raises(SmartFormError):
        document({"email": FieldResult("email", "nobody", State.FOUND, 1.0, 0.0)}, "simple")


def test_a_form_that_can_be_asked() -> None:
    form = resume_form()
    assert [f.name for f in form.fields if f.fields] == ["work", "education"]
    assert form["work"].fields[0].name == "position"


if __name__ == "__main__":
    print(f"{attempts(int(sys.argv[1]))} of {sys.argv[1]} became valid JSON, the others clear errors")
