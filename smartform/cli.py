"""The command line: `python -m smartform fill | resume | proofread | transcribe | models`.

Exit status: 0 done, 2 something given cannot be used, 3 a model or a server failed, 130 stopped
by the person. A JSONL job that came to its end exits 0 even where single lines failed, since
each of those has its own line with the error in the output; standard error says how many.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from tqdm import tqdm

from smartform import batch
from smartform.cli_files import STDIN, binary, document, each_line
from smartform.cli_proofread import proofread_parser
from smartform.cli_resume import resume_parser
from smartform.engines import load, models
from smartform.errors import Cancelled, FormError, InputError, SmartFormError
from smartform.inputs import parse_day
from smartform.results import FieldResult, FillResult
from smartform.schema import FormSpec, Value, items_of, rows_of
from smartform.service import Service
from smartform.settings import Settings
from smartform.sources import load_form

OK, BAD_INPUT, ENGINE_FAILED, STOPPED = 0, 2, 3, 130

_LANGUAGE_HELP = "what is spoken, 'it' for instance; detected if left out"
_EPILOG = "Exit status: 0 done, 2 input cannot be used, 3 a model or a server failed."


def main(arguments: Sequence[str] | None = None, service: Service | None = None) -> int:
    """Run one command and return its exit status.

    Args:
        arguments: the words after the program's name; None for those of the process.
        service: what fills and transcribes; None for the one that the environment names.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an 8-bit terminal must not end the job
    try:
        _check(parser, options)
        status: int = options.run(options, service)
        sys.stdout.flush()
    except InputError as problem:
        return _complain(problem, BAD_INPUT)
    except Cancelled as problem:
        return _complain(problem, STOPPED)
    except SmartFormError as problem:
        return _complain(problem, ENGINE_FAILED)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        # The reader of our output has left (`… | head`); Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="smartform",
        description="Fill forms, read resumes and proofread e-mails, on this machine.",
        epilog=_EPILOG,
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _fill_parser(commands.add_parser("fill", help="fill a form from text or speech", epilog=_EPILOG))
    resume_parser(commands.add_parser("resume", help="read resumes as JSON", epilog=_EPILOG))
    proofread_parser(commands.add_parser("proofread", help="proofread an e-mail", epilog=_EPILOG))
    _transcribe_parser(commands.add_parser("transcribe", help="turn speech into text", epilog=_EPILOG))
    _models_parser(commands.add_parser("models", help="list, fetch or verify weights", epilog=_EPILOG))
    return parser


def _fill_parser(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Fill one form (--form with --text, --text-file or --audio), or many (--jsonl with --out). "
        "'-' as a file reads standard input."
    )
    parser.add_argument(
        "--form",
        metavar="FILE_OR_PRESET",
        help="a preset's name, or a JSON Schema, form, HTML or fillable PDF file",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--text", metavar="T", help="the text to read")
    source.add_argument("--text-file", metavar="F", help="a document to read: PDF, DOCX, ODT, HTML or text")
    source.add_argument("--audio", metavar="A", help="a recording to read")
    source.add_argument("--jsonl", metavar="IN", help="a file with id, text and form_fields on each line")
    parser.add_argument("--out", metavar="OUT", help="where --jsonl writes; goes on with an unfinished file")
    parser.add_argument("--language", metavar="CODE", help=_LANGUAGE_HELP)
    parser.add_argument(
        "--today",
        metavar="YYYY-MM-DD",
        help="the date that 'tomorrow' counts from: this machine's for one text; for --jsonl, of the "
        "lines without one of their own, whose relative dates are else left unresolved",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=_fill)


def _transcribe_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("audio", metavar="A", help="a recording; '-' reads standard input")
    parser.add_argument("--language", metavar="CODE", help=_LANGUAGE_HELP)
    parser.add_argument("--json", action="store_true", help="print JSON: text, language, seconds, segments")
    parser.set_defaults(run=_transcribe)


def _models_parser(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    actions.add_parser("list", help="every known model and how it stands here").set_defaults(run=_list)
    fetch = actions.add_parser("fetch", help="fetch models that are missing")
    fetch.set_defaults(run=_fetch)
    verify = actions.add_parser("verify", help="compare models with their sha256, and try adapters")
    verify.set_defaults(run=_verify)
    for action in (fetch, verify):
        action.add_argument("ids", nargs="*", metavar="ID", help="those the settings need if left out")


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Refuse combinations that argparse cannot express; exits with usage."""
    if options.run is not _fill:
        return
    if options.jsonl is not None:
        if options.out is None or options.form is not None:
            parser.error("--jsonl needs --out, and no --form: each line has its own form_fields")
        return
    if options.out is not None:
        parser.error("--out goes with --jsonl")
    if options.form is None or all(v is None for v in (options.text, options.text_file, options.audio)):
        parser.error("fill needs --form and one of --text, --text-file, --audio; or --jsonl and --out")
    if [options.form, options.text_file, options.audio].count(STDIN) > 1:
        parser.error("only one of the inputs can be standard input")


def _fill(options: argparse.Namespace, service: Service | None) -> int:
    today = parse_day(options.today) if options.today else None
    if options.jsonl is not None:
        return _fill_lines(options, service, today)
    form = _form(options.form)
    with _text_source(options) as (text, recording):
        service = service or load.service(Settings.from_environment())
        if recording is not None:
            text = service.transcribe(recording, language=options.language, form=form).text
            if not options.json:
                print(f"Heard: {text}\n")
    result = service.fill(form, text, today=today or date.today())
    if options.json:
        print(json.dumps(result.to_dict(), ensure_ascii=False, indent=2))
    else:
        print(_table(result))
    return OK


def _fill_lines(options: argparse.Namespace, service: Service | None, today: date | None) -> int:
    def job() -> batch.Job:
        ready = service
        if ready is None:
            ready = load.service(Settings.from_environment())
            ready.warm(speech=False)
        return batch.filling(ready, today)

    count = each_line(options.jsonl, Path(options.out), "values", job)
    print(
        f"{count.filled} filled, {count.skipped} there already, {count.failed} with an error.",
        file=sys.stderr,
    )
    return OK


def _transcribe(options: argparse.Namespace, service: Service | None) -> int:
    with _recording(options.audio) as path:
        service = service or load.service(Settings.from_environment())
        heard = service.transcribe(path, language=options.language)
    if options.json:
        print(json.dumps(heard.to_dict(), ensure_ascii=False, indent=2))
    else:
        print(heard.text)
    return OK


def _list(options: argparse.Namespace, service: Service | None) -> int:
    for standing in models.status():
        artifact = standing.artifact
        size = f"{artifact.size / 1e6:.0f} MB"
        print(f"{artifact.id:<24}{artifact.task:<11}{standing.state.value:<9}{size:>8}  {artifact.licence}")
    return OK


def _fetch(options: argparse.Namespace, service: Service | None) -> int:
    for name in options.ids or load.needed(Settings.from_environment()):
        with tqdm(unit="B", unit_scale=True, desc=name, file=sys.stderr, disable=None) as bar:

            def show(done: int, total: int, message: str) -> None:
                bar.total = total
                bar.set_postfix_str(message, refresh=False)
                bar.update(done - bar.n)

            models.locate(name, show)
        print(f"{name}: ready")
    return OK


def _verify(options: argparse.Namespace, service: Service | None) -> int:
    worst = OK
    for name in options.ids or load.needed(Settings.from_environment()):
        standing = models.verify(name)
        print(f"{name}: {standing.state.value}" + (f" ({standing.detail})" if standing.detail else ""))
        if standing.state is not models.State.READY:
            worst = ENGINE_FAILED
        elif standing.artifact.task == "adapter":
            load.try_adapter(name)
            print(f"{name}: works on {standing.artifact.base}")
    if worst:
        print("Fetch them with: python -m smartform models fetch", file=sys.stderr)
    return worst


def _form(source: str) -> FormSpec:
    if source == STDIN:
        return load_form(sys.stdin.buffer.read())
    if os.path.isfile(source):
        return load_form(Path(source))
    try:
        return load_form(source)
    except FormError as problem:
        if source.lstrip()[:1] in ("{", "[", "<"):
            raise
        raise FormError(f"There is no file or preset called '{source}'.", problem.hint) from problem


@contextmanager
def _text_source(options: argparse.Namespace) -> Iterator[tuple[str, Path | None]]:
    """The text to read, or a recording in its place."""
    if options.audio is not None:
        with _recording(options.audio) as path:
            yield "", path
        return
    if options.text is not None:
        yield options.text, None
        return
    yield document(options.text_file), None


@contextmanager
def _recording(source: str) -> Iterator[Path]:
    with binary(source) as file:
        if source != STDIN:
            yield Path(source)
            return
        with tempfile.NamedTemporaryFile(prefix="smartform-", suffix=".audio") as copy:
            shutil.copyfileobj(file, copy)
            copy.flush()
            yield Path(copy.name)


def _table(result: FillResult) -> str:
    """The result for people: field, value, state, confidence; then remarks."""
    head = ("Field", "Value", "State", "Confidence")
    rows = [
        (result.form[f.name].title, _value(f), f.state.value, f"{f.confidence:.0%}") for f in result.fields
    ]
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(4)]
    spare = shutil.get_terminal_size((110, 40)).columns - sum(widths) - 6
    widths[1] = max(20, widths[1] + min(0, spare))
    lines = [*_cells(head, widths), "  ".join("-" * w for w in widths)]
    for row in rows:
        lines += _cells(row, widths)
    if result.missing:
        lines += ["", f"Still missing: {', '.join(result.form[n].title for n in result.missing)}."]
    return "\n".join([*lines, *result.warnings])


def _cells(row: tuple[str, ...], widths: list[int]) -> list[str]:
    wrapped = textwrap.wrap(row[1], widths[1]) or [""]
    first = [row[0], wrapped[0], *row[2:]]
    lines = ["  ".join(c.ljust(w) for c, w in zip(first, widths, strict=True)).rstrip()]
    return lines + [" " * (widths[0] + 2) + more for more in wrapped[1:]]


def _value(answer: FieldResult) -> str:
    return f"(perhaps {_shown(answer.suggestion.value)})" if answer.suggestion else _shown(answer.value)


def _shown(value: Value) -> str:
    if not isinstance(value, list):
        return value or ""
    if value and isinstance(value[0], dict):
        return "; ".join(", ".join(filter(None, map(_shown, row.values()))) for row in rows_of(value))
    return ", ".join(items_of(value))


def _complain(problem: SmartFormError, status: int) -> int:
    print(problem, file=sys.stderr)
    if problem.hint:
        print(problem.hint, file=sys.stderr)
    return status
