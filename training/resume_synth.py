"""Resumes made up, with what they say: eight languages, headings, employers over positions, tables and prose.

    python -m training.resume_synth --show 3

The words are in `training/data/resume/words.yaml`; names, towns and numbers come from Faker. A row
is as in `training/data/resume/resume.jsonl`. Every value stands in the text as it is written there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

import yaml
from babel.dates import get_month_names
from faker import Faker

from training.swap import LOCALES

WORDS = Path(__file__).parent / "data" / "resume" / "words.yaml"

Row = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """One job, as the text writes it; dates as (written, ISO), the end of a present one as (word, None)."""

    position: str
    company: str
    start: tuple[str, str]
    end: tuple[str, str | None]
    task: str


@dataclass(frozen=True)
class School:
    """One education."""

    institution: str
    degree: str
    subject: str
    year: str


@dataclass(frozen=True)
class Person:
    """All that one resume says."""

    lang: str
    name: str
    email: str | None
    phone: str | None
    town: str
    jobs: tuple[Job, ...]
    schools: tuple[School, ...]
    skills: tuple[str, ...]
    languages: tuple[str, ...]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Show resumes that are made up.")
    parser.add_argument("--show", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    for row in made_resumes(arguments.show, arguments.seed):
        print(row["id"], row["lang"], row["layout"], row["text"], sep="\n")
        print(json.dumps({k: row[k] for k in ("work", "education_items")}, ensure_ascii=False), end="\n\n")


def made_resumes(count: int, seed: int = 0) -> list[Row]:
    """`count` rows, half of them in English; the same for the same seed."""
    rows = []
    for number in range(count):
        rng = Random(f"{seed} {number}")
        lang = "en" if rng.random() < 0.5 else rng.choice(sorted(LOCALES))
        person = make_person(lang, rng)
        layout = rng.choice(sorted(LAYOUTS))
        person = promoted(person, rng) if layout == "employers" else person
        rows.append(row_of(f"made-{seed}-{number}", person, layout, LAYOUTS[layout](person, rng)))
    return rows


def make_person(lang: str, rng: Random) -> Person:
    """Somebody with one to five jobs, newest first."""
    words, fake = vocabulary()[lang], faker(lang, rng)
    name = fake.name_nonbinary() if rng.random() < 0.2 else f"{fake.first_name()} {fake.last_name()}"
    handle = ".".join(part for part in name.lower().split() if part.isascii()) or "post"
    reach = rng.random()
    return Person(
        lang,
        name.upper() if rng.random() < 0.2 else name,
        f"{handle}@{fake.free_email_domain()}" if reach < 0.9 else None,
        fake.phone_number() if reach > 0.12 else None,
        fake.city(),
        make_jobs(words, fake, lang, rng),
        make_schools(words, fake, rng),
        tuple(rng.sample(words["skills"], rng.randint(3, 9))),
        tuple(rng.sample(words["tongues"], rng.randint(0, 3))),
    )


def make_jobs(words: Row, fake: Faker, lang: str, rng: Random) -> tuple[Job, ...]:
    """Jobs, newest first, one after the other; the last one may still run."""
    write = rng.choice(DATES)
    year, jobs = rng.randint(2019, 2025), []
    positions = rng.sample(words["positions"], rng.randint(1, 5))
    company = ""
    for number, position in enumerate(positions):
        now = number == 0 and rng.random() < 0.6
        end_year, year = year, year - rng.randint(1, 5)
        if not company or rng.random() > 0.15:  # at times two jobs in one firm
            company = firm(words, fake, rng)
        end = (rng.choice(words["present"]), None) if now else write(end_year, rng.randint(1, 12), lang)
        start = write(year, rng.randint(1, 12), lang)
        jobs.append(Job(position, company, start, end, rng.choice(words["tasks"])))
    return tuple(jobs)


def promoted(person: Person, rng: Random) -> Person:
    """The same person, who held several positions with most employers."""
    jobs: list[Job] = []
    for job in person.jobs:
        stayed = jobs and rng.random() < 0.6
        jobs.append(replace(job, company=jobs[-1].company) if stayed else job)
    return replace(person, jobs=tuple(jobs))


def make_schools(words: Row, fake: Faker, rng: Random) -> tuple[School, ...]:
    """One to three educations of different degrees."""
    degrees = rng.sample(words["degrees"], rng.randint(1, 3))
    year = rng.randint(2000, 2022)
    return tuple(
        School(
            rng.choice(words["schools"]).format(fake.city()),
            degree, rng.choice(words["subjects"]), str(year - 3 * number),
        )
        for number, degree in enumerate(degrees)
    )  # fmt: skip


def firm(words: Row, fake: Faker, rng: Random) -> str:
    """A company, an office or a shop."""
    if rng.random() < 0.4:
        return str(fake.company())
    return str(rng.choice(words["firms"]).format(rng.choice((fake.last_name(), fake.city()))))


def _year(year: int, month: int, lang: str) -> tuple[str, str]:
    return str(year), str(year)


def _month_name(year: int, month: int, lang: str) -> tuple[str, str]:
    name = get_month_names("wide", locale=LOCALES[lang])[month]
    return f"{name} {year}", f"{year}-{month:02}"


def _short_month(year: int, month: int, lang: str) -> tuple[str, str]:
    name = get_month_names("abbreviated", locale=LOCALES[lang])[month]
    return f"{name.capitalize()} {year}", f"{year}-{month:02}"


def _figures(year: int, month: int, lang: str) -> tuple[str, str]:
    return f"{month:02}/{year}", f"{year}-{month:02}"


DATES: tuple[Callable[[int, int, str], tuple[str, str]], ...] = (_year, _month_name, _short_month, _figures)
"""Ways to write year and month in a language, with the ISO date."""


def headed(person: Person, rng: Random) -> str:
    """Headings, a line or two a job, tasks under it; position or company first."""
    heads, dash = (
        vocabulary()[person.lang]["head"],
        rng.choice((" – ", " - ", "–", " to " if person.lang == "en" else " / ")),
    )
    order = rng.choice(
        (
            "{p}, {c}, {d}",
            "{c}\n{p}\n{d}",
            "{p}\n{c}\n{d}",
            "{d}: {p}, {c}",
            "{p} | {c} | {d}",
            "{c} — {p} ({d})",
        )
    )
    bullet = rng.choice(("- ", "• ", "", "* "))
    jobs = [
        order.format(p=j.position, c=j.company, d=j.start[0] + dash + j.end[0])
        + (f"\n{bullet}{j.task}" if rng.random() < 0.6 else "")
        for j in person.jobs
    ]
    study = rng.choice(("{d} {a}, {i}, {y}", "{i}, {d}, {a}, {y}", "{i}\n{d} {a}\n{y}", "{y} {d} {a}, {i}"))
    schools = [study.format(d=s.degree, a=s.subject, i=s.institution, y=s.year) for s in person.schools]
    return _sections(person, rng, "\n\n".join([rng.choice(heads["work"]), *jobs]), schools)


def employers(person: Person, rng: Random) -> str:
    """Each employer's name once, over the positions held there; with things beside it that are no jobs."""
    words = vocabulary()[person.lang]
    dash, tab = rng.choice((" – ", " - ", "–", " — ")), " " * rng.randint(2, 9)
    head = rng.choice(
        ("{c}", "{c}", "{c}, {t}", "{c} | {t}", "{c} ({s}{b}{e})", "{c}:", "* {c} *", "{c} · {t}")
    )
    flat = ("{p}, {d}", "{d}  {p}", "{p} ({d})", "{p} | {d}", "- {p}, {d}", "{p}" + tab + "{d}")
    line = rng.choice((*flat, "{p}\n{d}", "{d}\n{p}"))
    indent = rng.choice(("", "", "  ", "    "))
    loose, told = rng.random() < 0.4, rng.random() < 0.5
    blocks = []
    for company, group in groupby(person.jobs, key=lambda job: job.company):
        jobs = list(group)
        opening = head.format_map(
            {"c": company, "t": person.town,
             "s": jobs[-1].start[0], "e": jobs[0].end[0], "b": dash}
        )  # fmt: skip
        lines = [line.format(p=j.position, d=j.start[0] + dash + j.end[0]) for j in jobs]
        lines = [
            _indented(one + (f"\n{j.task}" if told else ""), indent)
            for one, j in zip(lines, jobs, strict=True)
        ]
        blocks.append(("\n\n" if loose else "\n").join([opening, *lines]))
    study = rng.choice(("{d} {a}, {i}, {y}", "{i}\n{d} {a}, {y}", "{i}\n{d} {a}\n{y}"))
    schools = [study.format(d=s.degree, a=s.subject, i=s.institution, y=s.year) for s in person.schools]
    text = _sections(person, rng, "\n\n".join([rng.choice(words["head"]["work"]), *blocks]), schools)
    return text + "".join("\n\n" + _aside(person, rng) for _ in range(rng.choice((0, 0, 1, 1, 2))))


def _indented(lines: str, indent: str) -> str:
    return "\n".join(indent + line for line in lines.split("\n"))


def _aside(person: Person, rng: Random) -> str:
    """A line on something that is neither job nor school."""
    words, fake = vocabulary()[person.lang], faker(person.lang, rng)
    year = rng.randint(1978, 1988)  # before any job
    free = [p for p in words["positions"] if p not in {job.position for job in person.jobs}]
    return str(rng.choice(words["aside"])).format(
        n=f"{fake.first_name()} {fake.last_name()}", p=rng.choice(free), c=firm(words, fake, rng),
        k=firm(words, fake, rng), y=year, z=year + rng.randint(1, 3),
    )  # fmt: skip


def _sections(person: Person, rng: Random, work: str, schools: Sequence[str]) -> str:
    """A resume of sections, in most cases with the jobs first."""
    heads = vocabulary()[person.lang]["head"]
    comma = rng.choice((", ", " • ", "\n- ", " | ", "; "))
    blocks = [
        work,
        "\n".join([rng.choice(heads["education"]), *schools]),
        rng.choice(heads["skills"]) + rng.choice(("\n", ": ")) + comma.join(person.skills),
    ]
    if person.languages:
        blocks.append(rng.choice(heads["languages"]) + rng.choice(("\n", ": ")) + ", ".join(person.languages))
    if rng.random() < 0.3:
        rng.shuffle(blocks)
    return "\n\n".join([_top(person, rng), *blocks])


def spoken(person: Person, rng: Random) -> str:
    """Sentences, as somebody writes or says them who has no template."""
    words = vocabulary()[person.lang]
    now, past = [t for t in words["prose"] if "{e}" not in t], [t for t in words["prose"] if "{e}" in t]
    said = [
        rng.choice(past if j.end[1] else now).format(p=j.position, c=j.company, s=j.start[0], e=j.end[0])
        for j in person.jobs
    ]
    said = [
        f"{line} {j.task}." if rng.random() < 0.3 else line for line, j in zip(said, person.jobs, strict=True)
    ]
    study = [
        rng.choice(words["study"]).format(d=s.degree, a=s.subject, i=s.institution, y=s.year)
        for s in person.schools
    ]
    opening = rng.choice(words["intro"]).format(n=person.name, l=person.town)
    skills = rng.choice(words["can"]).format(k=", ".join(person.skills))
    reach = [part for part in (person.email, person.phone) if part]
    contact = (
        rng.choice(words["contact"]).format(m=person.email, t=person.phone)
        if len(reach) == 2
        else ", ".join(reach)
    )
    tongues = [", ".join(person.languages) + "."] if person.languages else []
    return rng.choice((" ", "\n", "\n\n")).join([opening, *said, *study, skills, *tongues, contact])


def letter(person: Person, rng: Random) -> str:
    """The same sentences in a letter of application."""
    words = vocabulary()[person.lang]["letter"]
    opening, why, close = (rng.choice(words[part]) for part in ("open", "why", "close"))
    return f"{opening}\n\n{why} {spoken(person, rng)}\n\n{close}\n{person.name}"


LAYOUTS: dict[str, Callable[[Person, Random], str]] = {
    "employers": employers,
    "headed": headed,
    "letter": letter,
    "prose": spoken,
    "sections": headed,
}
"""Ways to write a resume, drawn alike; headings are most of them."""


def _top(person: Person, rng: Random) -> str:
    glue = rng.choice(("\n", " | ", " · ", ", "))
    return "\n".join([person.name, glue.join(filter(None, [person.town, person.phone, person.email]))])


def row_of(name: str, person: Person, layout: str, text: str) -> Row:
    """The resume as a row of the written format."""
    return {
        "id": name,
        "lang": person.lang,
        "layout": layout,
        "text": text,
        "json": {
            "resumes": [
                {
                    "name": person.name,
                    "email": person.email,
                    "phone": person.phone,
                    "skills": list(person.skills),
                }
            ]
        },
        "work": [
            {"position": j.position, "company": j.company, "startDate": j.start[1], "endDate": j.end[1]}
            for j in person.jobs
        ],
        "education_items": [
            {"institution": s.institution, "studyType": s.degree, "area": s.subject, "endDate": s.year}
            for s in person.schools
        ],
        "languages": list(person.languages),
        "location": person.town,
    }


@cache
def vocabulary() -> dict[str, Row]:
    """Language → the words that resumes are made of."""
    words: dict[str, Row] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return words


def faker(lang: str, rng: Random) -> Faker:
    """A source of names in a language, drawing from `rng`."""
    fake = _fakers(lang)
    fake.seed_instance(rng.getrandbits(32))
    return fake


@cache
def _fakers(lang: str) -> Faker:
    return Faker(LOCALES[lang])


if __name__ == "__main__":
    main()
