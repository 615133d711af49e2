"""Resumes in common layouts: what belongs together stays together, in the order in which people read."""

from __future__ import annotations

import pytest

from smartform.documents import read_document
from smartform.resume import shipped_gate
from tests.layouts import CONTACT, JOBS, LANGUAGES, LAYOUTS, NAME, SCHOOL, SKILLS


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_belongs_together_stays_together(name: str) -> None:
    text = read_document(LAYOUTS[name](), name)
    flat = " ".join(text.split())
    assert NAME in text and shipped_gate().is_resume(text)
    assert all(said in flat for said in (*CONTACT, *SCHOOL, *SKILLS))
    assert LANGUAGES[1] in flat or name == "dated.pdf"

    # A job's company, dates and tasks stand by its position, before the next one or right after its dates.
    first, second = (flat.index(f"{position}, {company}") for position, company, *_ in JOBS)
    assert first < flat.index(JOBS[0][3]) < second < flat.index(JOBS[1][3])
    for position, company, when, what in JOBS:
        together = flat[: flat.index(what) + len(what)].rindex(f"{position}, {company}")
        assert together - 30 < flat.index(when) < flat.index(what)

    # No skill stands among the jobs, and no job among the skills.
    places = [flat.rindex(skill) for skill in SKILLS]
    assert places == sorted(places)
    assert not any(min(places) < flat.index(company) < max(places) for _, company, *_ in JOBS)
