"""What an adapter takes for rows of resumes and is none, written for the next run to learn from.

    SMARTFORM_ADAPTER=models/resume.gguf python -m training.strays training/data/resume/resume_n.jsonl

An adapter makes few mistakes in what it was trained on: one that has not read the texts tells more. They are
read as other forms are, without the check that is learnt from the strays. Ids that the file has are left
out, so that a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from smartform.engines.load import text_engine
from smartform.fill import Filler
from smartform.results import FillResult
from smartform.resume import resume_form
from smartform.schema import Value, rows_of
from smartform.settings import Settings
from smartform.tasks import Task
from training.resume_data import STRAYS, gold
from training.row_checks import meets
from training.targets import read_rows

GROUPS = {"work": "position", "education": "institution"}
"""Group → the sub-field that names its rows."""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write what an adapter takes for rows and is none.")
    parser.add_argument("data", nargs="+", help="resumes, JSONL files")
    parser.add_argument("--out", type=Path, default=STRAYS)
    arguments = parser.parse_args(argv)
    done = {row["id"] for row in read_rows([arguments.out])} if arguments.out.exists() else set()
    filler, form = Filler(text_engine(Settings.from_environment())), replace(resume_form(), task=Task.FORMS)
    with arguments.out.open("a", encoding="utf-8") as out:
        for row in read_rows(arguments.data):
            if row["id"] not in done:
                told = found(filler.fill(form, row["text"]), gold(row))
                print(json.dumps({"id": row["id"], "strays": told}, ensure_ascii=False), file=out, flush=True)


def found(filled: FillResult, values: dict[str, Value]) -> dict[str, list[str]]:
    """Group → the names of its rows that neither are those of gold rows nor parts of them, nor hold them."""
    strays = {}
    for group, naming in GROUPS.items():
        true = [str(row.get(naming) or "") for row in rows_of(values[group])]
        names = [" ".join(str(row[0].value).split()) for row in filled[group].rows]
        if own := [name for name in names if not meets(name, filter(None, true))]:
            strays[group] = own
    return strays


if __name__ == "__main__":
    main()
