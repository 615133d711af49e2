"""Evaluate what the app does, through its own pipeline and the shipped weights.

    python -m training.evaluate forms --data training/data/forms/dev.jsonl
    python -m training.evaluate forms --data FILE --adapter none          # the untrained base
    python -m training.evaluate forms --data FILE --compare none models/forms.gguf --report DIR
    python -m training.evaluate resume --data training/data/resume/dev.jsonl
    python -m training.evaluate forms --set sgd --data dev.jsonl --limit 150      # a public set
    python -m training.evaluate metadata --data training/data/metadata/dev.jsonl
    python -m training.evaluate metadata --set grobid --data corpus.jsonl --limit 60
    python -m training.evaluate email --data FILE                         # see training.evaluate_email
    python -m training.evaluate tone                                      # see training.tone_evaluation

Forms: prints F1 with a bootstrap interval, invented values, calibration and seconds, and the same by
field type, language and style. `--report` writes an HTML page with every error in its text.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from smartform.engines.load import text_engine
from smartform.errors import SmartFormError
from smartform.fill import Filler
from smartform.results import State
from smartform.resume import ResumeReader
from smartform.schema import FormSpec
from smartform.settings import NO_ADAPTER, Settings
from smartform.tasks import Task
from training import evaluate_email, evaluate_metadata, evaluate_resume, tone_evaluation
from training.metrics import (
    Outcome,
    calibration_error,
    f1_interval,
    mistake,
    review_rates,
    score,
    suggestions,
)
from training.public import LOADERS, load_public
from training.report import write_report
from training.targets import read_rows


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    tasks = parser.add_subparsers(dest="task", required=True)
    forms = tasks.add_parser("forms", help="field values")
    _add_arguments(forms)
    forms.add_argument("--set", choices=sorted(LOADERS), help="what --data is; FORMAT.md rows if left out")
    forms.add_argument("--report", type=Path, help="folder for the HTML report and outcomes.json")
    forms.set_defaults(run=evaluate_forms)
    resume = tasks.add_parser("resume", help="resumes read")
    _add_arguments(resume)
    resume.set_defaults(run=evaluate_resumes)
    pages = tasks.add_parser("metadata", help="first pages of papers read")
    _add_arguments(pages)
    pages.add_argument("--set", choices=("grobid", "metadata"), default="metadata", help="what --data is")
    pages.set_defaults(run=evaluate_pages)
    email = tasks.add_parser("email", help="e-mails proofread")
    evaluate_email.add_arguments(email)
    email.set_defaults(run=evaluate_email.run)
    tone = tasks.add_parser("tone", help="sentiment and politeness")
    tone_evaluation.add_arguments(tone)
    tone.set_defaults(run=tone_evaluation.run)
    arguments = parser.parse_args(argv)
    arguments.run(arguments)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, required=True, help="JSONL in the format of training/data/FORMAT.md"
    )
    parser.add_argument("--adapter", help="GGUF LoRA, manifest id, or 'none'; the shipped one if left out")
    parser.add_argument("--engine", choices=["local", "remote"], help="as SMARTFORM_ENGINE")
    parser.add_argument("--compare", nargs="+", metavar="ADAPTER", help="several adapters, one table")
    parser.add_argument("--limit", type=int, help="only the first N examples")


def _fillers(arguments: argparse.Namespace) -> Iterator[tuple[str | None, Filler]]:
    """Each adapter asked for, and what fills forms with it."""
    for adapter in arguments.compare or [arguments.adapter]:
        settings = Settings.from_environment()
        settings = replace(settings, engine=arguments.engine or settings.engine)
        if adapter:  # which reads resumes and first pages, too
            settings = replace(settings, adapter=adapter, resume_adapter=NO_ADAPTER, pages_adapter=NO_ADAPTER)
        yield adapter, Filler(text_engine(settings))


def evaluate_resumes(arguments: argparse.Namespace) -> None:
    """Print the measures of each adapter asked for."""
    rows = read_rows([arguments.data])[: arguments.limit]
    for _, filler in _fillers(arguments):
        measures = evaluate_resume.evaluate(ResumeReader(filler.engine), rows)
        print(f"\n{filler.engine.name}: {len(rows)} texts of {arguments.data}", measures.table(), sep="\n")


def evaluate_pages(arguments: argparse.Namespace) -> None:
    """Print what each adapter asked for reads of first pages."""
    rows = load_public(arguments.set, str(arguments.data), arguments.limit, held=True)
    for _, filler in _fillers(arguments):
        outcomes, seconds = evaluate(filler, [row | {"task": str(Task.PAGES)} for row in rows])
        print(f"\n{filler.engine.name}: {len(rows)} texts of {arguments.data}, {seconds:.2f} s a text")
        print(evaluate_metadata.table(outcomes))


def evaluate_forms(arguments: argparse.Namespace) -> None:
    """Print the table of each adapter asked for."""
    if arguments.set:
        rows = load_public(arguments.set, str(arguments.data), arguments.limit, held=True)
    else:
        rows = read_rows([arguments.data])[: arguments.limit]
    for adapter, filler in _fillers(arguments):
        outcomes, seconds = evaluate(filler, rows)
        print(f"\n{filler.engine.name}: {len(rows)} texts of {arguments.data}, {seconds:.2f} s a text")
        print(table(outcomes))
        if arguments.report:
            folder = arguments.report / (Path(adapter).stem if adapter and arguments.compare else "")
            write_report(folder, filler.engine.name, rows, outcomes)
            print(f"report: {folder / 'index.html'}")


def evaluate(
    filler: Filler, rows: Sequence[dict[str, Any]], progress: Callable[[int], None] | None = None
) -> tuple[list[Outcome], float]:
    """Fill every row's form from its text.

    Returns:
        One outcome for each field, and the mean seconds a text.
    """
    outcomes: list[Outcome] = []
    started = time.perf_counter()
    for number, row in enumerate(rows, 1):
        outcomes += fill_row(filler, row)
        if progress:
            progress(number)
    return outcomes, (time.perf_counter() - started) / max(1, len(rows))


def fill_row(filler: Filler, row: dict[str, Any]) -> list[Outcome]:
    """Fill one row; a refused text counts as all fields empty."""
    form = FormSpec.from_dict({"form_fields": row["form_fields"], "task": row.get("task")})
    today = date.fromisoformat(row["today"]) if row.get("today") else None
    try:
        results = {r.name: r for r in filler.fill(form, row["text"], today=today).fields}
    except SmartFormError as error:
        print(f"{row['id']}: {error}")
        results = {}
    outcomes = []
    for field, data in zip(form.fields, row["form_fields"], strict=True):
        result = results.get(field.name)
        outcomes.append(
            Outcome(
                row["id"], field.name, field.type,
                row.get("lang", ""), row.get("style", ""), data.get("value"),
                result.value if result else None,
                result.confidence if result else 0.0,
                bool(result and result.state is State.REVIEW),
                result.suggestion.value if result and result.suggestion else None,
            )
        )  # fmt: skip
    return outcomes


def table(outcomes: Sequence[Outcome]) -> str:
    """The measures, over all and by type, language and style."""
    low, high = f1_interval(outcomes)
    caught, flagged = review_rates(outcomes)
    count, right, share = suggestions(outcomes)
    lines = [
        f"F1 {score(outcomes).f1:.3f} [{low:.3f}, {high:.3f}]"
        f"  calibration error {calibration_error(outcomes):.3f}"
        f"  review catches {caught:.2f} of wrong, flags {flagged:.2f} of right",
        f"{count} suggestions for fields that were not found, {right:.2f} of them right:"
        f" {share:.2f} of the {score(outcomes).missed} values that were missed",
        f"{'':18}{'fields':>7}{'F1':>7}{'prec':>7}{'rec':>7}{'invent':>8}{'acc':>7}",
        _line("all", outcomes),
    ]
    lines += _mistakes(outcomes)
    for title, key in (("type", "kind"), ("lang", "lang"), ("style", "style")):
        for value in sorted({str(getattr(o, key)) for o in outcomes}):
            lines.append(_line(f"{title} {value}", (o for o in outcomes if str(getattr(o, key)) == value)))
    return "\n".join(lines)


def _mistakes(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A line for each kind of mistake: how many there are, and of which types of fields."""
    found = [(kind, outcome.kind) for outcome in outcomes if (kind := mistake(outcome))]
    for kind, count in Counter(kind for kind, _ in found).most_common():
        types = Counter(of for one, of in found if one is kind).most_common()
        yield f"  {count:4d} {kind}: " + ", ".join(f"{of} {number}" for of, number in types)


def _line(title: str, outcomes: Iterable[Outcome]) -> str:
    listed = list(outcomes)
    s = score(listed)
    return (
        f"{title:18}{len(listed):7d}{s.f1:7.3f}{s.precision:7.3f}{s.recall:7.3f}"
        f"{s.invented_rate:8.3f}{s.accuracy:7.3f}"
    )


if __name__ == "__main__":
    main()
