"""Answers of scripted models to resumes: the example of the Resume tab, and several people at once."""

from __future__ import annotations

from collections.abc import Mapping

from app import EXAMPLE_RESUME
from tests.fakes import Cue

EXAMPLE = EXAMPLE_RESUME.read_text(encoding="utf-8").rstrip()

Script = Mapping[str, str | Cue | tuple[Cue, ...]]

MAREN: Script = {
    "name": "MAREN OLDFIELD",
    "email": "maren.oldfield@example.org",
    "phone": "+353 87 555 0142",
    "location": "Galway",
    "skills": Cue("anaesthesia, equine", ("anaesthesia", "equine dentistry", "rota planning", "bookkeeping")),
    "languages": Cue("Irish", ("English", "Irish", "German")),
    "work": Cue("Stable Manager", ("Stable Manager", "Veterinary Nurse", "Groom")),
    "work[Stable Manager].company": "Claddagh Riding School",
    "work[Stable Manager].startDate": "March 2021",
    "work[Veterinary Nurse].company": "Corrib Animal Clinic",
    "work[Veterinary Nurse].startDate": Cue("2017 - February", "2017"),
    "work[Veterinary Nurse].endDate": "February 2021",
    "work[Groom].company": "Moorgate Stud",
    "work[Groom].startDate": "June 2015",
    "work[Groom].endDate": Cue("June 2015 - 2017", "2017"),
    "education": Cue("University of Connemara", ("University of Connemara", "Kildare College")),
    "education[University of Connemara].studyType": "BSc",
    "education[University of Connemara].area": "Veterinary Nursing",
    "education[Kildare College].studyType": "Certificate",
    "education[Kildare College].area": "Equine Dentistry",
    "education[Kildare College].endDate": "2019",
}
"""What the example tells."""


def together(*scripts: Script) -> dict[str, tuple[Cue, ...]]:
    """One script that knows what each of them knows."""
    merged: dict[str, tuple[Cue, ...]] = {}
    for script in scripts:
        for name, said in script.items():
            cues = (Cue(said),) if isinstance(said, str) else (said,) if isinstance(said, Cue) else said
            merged[name] = (*merged.get(name, ()), *cues)
    return merged
