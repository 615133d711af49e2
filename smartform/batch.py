"""Many texts in one go: a JSONL file of texts and forms, or of drafts → a JSONL file of results.

A line of the input has an `id` (text or number). To fill forms it has `text`, `form_fields` and
maybe `today`, and its line of the output has `id`, `values`, `fields`, `seconds`, and `warnings`
where there are any. To proofread it has `draft`, and its line of the output has `id`, `revision`,
`changed`, `edits`, `tone_before`, `tone_after`, `seconds`, and `refused` where there is any. What
else a line has is ignored. A line that cannot be answered never stops the rest: it becomes
`{"id": …, "line": number, "error": what is wrong, "hint": what to do}`, with `id` null where
the line has no id of its own (none given, or one that an earlier line has).

A job that was stopped goes on where it stopped: texts whose id the output has already are
skipped, lines with errors are tried again, and a last line that was half written is dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from smartform.errors import Cancelled, FormError, InputError, SmartFormError, TextError
from smartform.inputs import parse_day
from smartform.revision import ProofreadOptions
from smartform.schema import FormSpec
from smartform.service import Service

Key = str | int | float


@dataclass(frozen=True, slots=True)
class Count:
    """How far a job is: lines read so far, by outcome."""

    filled: int = 0
    skipped: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """What is done with each line.

    Args:
        answer: a line of the input → the members of its line of the output besides `id`.
        member: one that all its results have, by which a file of them is known.
    """

    answer: Callable[[dict[str, Any]], dict[str, Any]]
    member: str


def filling(service: Service, today: date | None = None) -> Job:
    """Fill each line's form.

    Args:
        today: date for lines that have none; None leaves their relative dates unresolved.
    """
    return Job(lambda data: _filled(service, data, today), "values")


def proofreading(service: Service, options: ProofreadOptions) -> Job:
    """Proofread each line's draft."""
    return Job(lambda data: _proofread(service, data, options), "revision")


def run(
    job: Job, lines: Iterable[bytes], out: Path, *, on_line: Callable[[Count], None] | None = None
) -> Count:
    """Answer every line that `out` does not have yet and append the results to it.

    Args:
        lines: lines of the input, UTF-8; empty ones are passed over.
        out: output file; made where missing, gone on with where it holds results.
        on_line: called after each line.

    Raises:
        InputError: `out` holds something else than results of this job, or cannot be written.
    """
    done = resume(out, job.member)
    seen: dict[Key, int] = {}
    answers = (_answer(job, line, number, done, seen) for number, line in numbered(lines))
    return append(out, answers, on_line)


def append(
    out: Path,
    answers: Iterable[dict[str, Any] | None],
    on_line: Callable[[Count], None] | None = None,
) -> Count:
    """Append a line to `out` for each answer as it comes.

    Args:
        answers: None for what `out` has already.
        on_line: called after each answer.

    Raises:
        InputError: `out` cannot be written.
    """
    filled = skipped = failed = 0
    with opened(out) as file:
        for answer in answers:
            if answer is None:
                skipped += 1
            else:
                failed += "error" in answer
                filled += "error" not in answer
                file.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
                file.flush()
            if on_line:
                on_line(Count(filled, skipped, failed))
    return Count(filled, skipped, failed)


def failure(problem: Exception, what: str) -> dict[str, str]:
    """What the output says of an input that cannot be answered.

    Args:
        what: the input to send along with a report of a fault that is ours.
    """
    if isinstance(problem, SmartFormError):
        return {"error": str(problem), "hint": problem.hint}
    return {
        "error": f"Unexpected fault: {type(problem).__name__}.",
        "hint": f"Please report it together with {what}.",
    }


def resume(
    out: Path, member: str, again: Callable[[dict[str, Any]], bool] = lambda result: False
) -> set[Key]:
    """Ids that `out` has results for; drops its lines with errors and a half-written last line.

    Args:
        member: what tells a result of this job from other JSON.
        again: whether a result is to be made anew; its line is then dropped.

    Raises:
        InputError: a line that no run of this job has written, so that nobody's file is harmed.
    """
    if not out.exists():
        return set()
    done: set[Key] = set()
    beside, changed = out.with_name(out.name + ".part"), False
    try:
        with out.open("rb") as lines, beside.open("wb") as kept:
            for number, line in enumerate(lines, 1):
                result = _result(line, member)
                whole = line.endswith(b"\n")
                if result is None and (whole or not line.startswith(b"{")):
                    raise InputError(
                        f"Line {number} of {out.name} is not a result of this job.",
                        "Name another --out file, or move this one away.",
                    )
                if result is None or "error" in result or again(result):
                    changed = True
                    continue
                done.add(result["id"])
                changed = changed or not whole
                kept.write(line if whole else line + b"\n")
        if changed:
            os.replace(beside, out)
    except OSError as problem:
        raise unusable(out, problem) from problem
    finally:
        beside.unlink(missing_ok=True)
    return done


def _answer(
    job: Job, line: bytes, number: int, done: set[Key], seen: dict[Key, int]
) -> dict[str, Any] | None:
    """The output line for one input line; None where `done` has it."""
    key: Key | None = None
    try:
        data = json_object(line)
        key = key_of(data)
        if key in seen:
            first, key = key, None
            raise InputError(
                f"The id {json.dumps(first)} stands on line {seen[first]} already.",
                "Give every line an id of its own.",
            )
        seen[key] = number
        if key in done:
            return None
        return {"id": key} | job.answer(data)
    except Cancelled:
        raise
    except Exception as problem:  # one line must not cost the others, whatever it trips over
        return {"id": key, "line": number} | failure(problem, "this line of the input")


def numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers from 1 on; a byte order mark is dropped."""
    for number, line in enumerate(lines, 1):
        bare = (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).strip()
        if bare:
            yield number, bare


def json_object(line: bytes) -> dict[str, Any]:
    """The JSON object on a line.

    Raises:
        InputError: it holds anything else.
    """
    try:
        data = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as problem:
        raise InputError("The line is not UTF-8.", "Save the file as UTF-8.") from problem
    except (ValueError, RecursionError) as problem:
        raise InputError("The line is not JSON.", "Write one JSON object a line.") from problem
    if not isinstance(data, dict):
        raise InputError("The line is not a JSON object.", "Write one JSON object a line.")
    return data


def key_of(data: dict[str, Any]) -> Key:
    """The id of a line.

    Raises:
        InputError: it has none.
    """
    key = data.get("id")
    if isinstance(key, bool) or not isinstance(key, (str, int, float)) or key == "":
        raise InputError("The line has no id.", 'Give every line an "id": a text or a number.')
    return key


def _filled(service: Service, data: dict[str, Any], today: date | None) -> dict[str, Any]:
    text = data.get("text")
    if not isinstance(text, str):
        raise TextError("The line has no text.", 'Put the text to read under "text".')
    if not isinstance(data.get("form_fields"), list):
        raise FormError("The line has no form.", 'List the fields under "form_fields".')
    form = FormSpec.from_dict({"form_fields": data["form_fields"]})
    day = parse_day(data["today"]) if data.get("today") else today
    answer = service.fill(form, text, today=day).to_dict()
    members = {name: answer[name] for name in ("values", "fields", "seconds")}
    return members | ({"warnings": answer["warnings"]} if answer["warnings"] else {})


def _proofread(service: Service, data: dict[str, Any], options: ProofreadOptions) -> dict[str, Any]:
    draft = data.get("draft")
    if not isinstance(draft, str):
        raise TextError("The line has no draft.", 'Put the e-mail to proofread under "draft".')
    answer = service.proofread(draft, options).to_dict()
    if not answer["refused"]:
        del answer["refused"]
    return answer


def _result(line: bytes, member: str) -> dict[str, Any] | None:
    """A line of the output as data; None for anything that this job does not write."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return None
    known = isinstance(data, dict) and "id" in data and (member in data or "error" in data)
    return data if known else None


def opened(out: Path) -> BinaryIO:
    """`out`, to be appended to.

    Raises:
        InputError: it cannot be written.
    """
    try:
        return out.open("ab")
    except OSError as problem:
        raise unusable(out, problem) from problem


def unusable(out: Path, problem: OSError) -> InputError:
    """The error for an output file that the system refuses."""
    return InputError(
        f"{out.name} cannot be used for the results: {problem.strerror}.",
        "Name an --out file in a folder that exists and may be written to.",
    )
