"""The Resume tab: a resume on the left, its form and its JSON on the right, many of them in a table below.

What is read stays in the page until a person approves it; only then can it be taken away.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from smartform import resume_jobs
from smartform.documents import MAX_BYTES, read_document
from smartform.engines.base import Cancel
from smartform.errors import InputError, NotAResume, TextError
from smartform.results import FieldResult
from smartform.resume import SCHEMAS, Resume, document, resume_form
from smartform.resume_jobs import Answer as Line
from smartform.resume_jobs import Wish
from smartform.service import Service
from smartform.sources import localise
from ui.boundary import Answer, answering, guarded
from ui.components import (
    busy,
    courier,
    form_view,
    notice,
    notice_box,
    parcel,
    resume_json,
    resume_table,
    source_view,
)
from ui.form_tab import check
from ui.jobs import CORES, QUIET, Jobs, settled, streamed, wire_cancel
from ui.resume_batch import Batch, Batches
from ui.sheet import Sheet, source_key
from ui.speech import Listener, Speech, appended, draw_speech, wire_speech
from ui.strings import i18n as t
from ui.strings import language_of

CHANNEL = "resume"

BATCHES = "batches"
"""The concurrency group of jobs with many resumes: between two of them, other jobs have their turn."""

MOST_BATCHES = 4

MOST_FILES = 2_000
"""More files in one job are left to the command line."""

EXPORTS = {
    "jsonl": ("resumes.jsonl", "application/x-ndjson"),
    "csv": ("resumes.csv", "text/csv"),
    "zip": ("resumes.zip", "application/zip"),
}
"""What the table can be taken away as: name of the file, MIME type."""


@dataclass(frozen=True, slots=True)
class ResumeDesk:
    """What the tab works with.

    Args:
        service: reads and transcribes.
        example: the resume at first sight.
    """

    service: Service
    example: str


@dataclass(frozen=True, slots=True)
class _Left:
    text: gr.Textbox
    files: gr.File
    schema: gr.Radio
    read: gr.Button
    cancel: gr.Button
    status: gr.HTML
    force: gr.Button
    speech: Speech


@dataclass(frozen=True, slots=True)
class _Right:
    form: gr.HTML
    json: gr.HTML


@dataclass(frozen=True, slots=True)
class _Many:
    status: gr.HTML
    cancel: gr.Button
    table: gr.HTML
    courier: gr.HTML


def resume_tab(page: gr.Blocks, desk: ResumeDesk) -> None:
    """Draw the tab into `page`, which is open, and wire it."""
    jobs, runs, batches = Jobs(), Jobs(), Batches()

    def news(asked: dict[str, Any]) -> dict[str, Any]:
        return latest(batches, asked)

    with gr.Row(elem_classes=["sf-columns"], equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_classes=["sf-left"]):
            left = _draw_left(desk.example)
        with gr.Column(scale=6, min_width=320, elem_classes=["sf-right"]):
            right = _Right(
                form_view(Sheet(resume_form()).to_dict(), check, CHANNEL),
                resume_json({"schema": SCHEMAS[0]}, compose, CHANNEL),
            )
    many = _draw_many(news)
    _wire_greeting(page, left, right)
    _wire_reading(desk, jobs, left, right)
    _wire_files(desk, jobs, runs, batches, left, right, many)
    _wire_rows(batches, left, right, many)
    _wire_exports(batches, many)
    wire_speech(
        desk.service,
        jobs,
        left.speech,
        Listener(left.status, left.cancel, left.text, appended, left.text, lambda _: None),
    )

    def forget(request: gr.Request) -> None:
        runs.cancel(request.session_hash or "")
        batches.drop(request.session_hash or "")

    page.unload(forget)


# ---- drawing ---------------------------------------------------------------------------------


def _draw_left(example: str) -> _Left:
    text = gr.Textbox(
        example,
        label=t("resume_text"),
        info=t("resume_text_info"),
        placeholder=t("resume_text_placeholder"),
        lines=8,
        max_lines=12,
        elem_id="resume-text",
    )
    schema = gr.Radio(
        [(t("schema_simple"), "simple"), (t("schema_jsonresume"), "jsonresume")],
        value=SCHEMAS[0],
        label=t("schema"),
        elem_id="resume-schema",
    )
    with gr.Row(elem_classes=["sf-actions"]):
        read = gr.Button(t("resume_read"), variant="primary", elem_id="resume-read", scale=3)
        cancel = gr.Button(t("cancel"), interactive=False, elem_id="resume-cancel", scale=1, min_width=96)
    status = notice_box("resume-status")
    force = gr.Button(t("resume_force"), visible=False, elem_id="resume-force")
    source_view(CHANNEL)
    files = gr.File(label=t("resume_files"), file_count="multiple", height=132, elem_id="resume-files")
    gr.Markdown(t("resume_files_info"), elem_classes=["sf-fine"])
    return _Left(text, files, schema, read, cancel, status, force, draw_speech("resume-", live=False))


def _draw_many(news: Callable[..., dict[str, Any]]) -> _Many:
    with gr.Column(elem_id="resume-many"):
        with gr.Row(elem_classes=["sf-actions", "sf-progress"]):
            with gr.Column(scale=6, min_width=240):
                status = notice_box("resume-many-status")
            cancel = gr.Button(
                t("cancel"), interactive=False, elem_id="resume-many-cancel", scale=1, min_width=96
            )
        table = resume_table(news, CHANNEL)
        gr.Markdown(t("resume_many_info"), elem_classes=["sf-fine"])
        return _Many(status, cancel, table, courier("resume-courier"))


def _wire_greeting(page: gr.Blocks, left: _Left, right: _Right) -> None:
    @guarded(left.status)
    def greet(request: gr.Request) -> Answer:
        return {right.form: Sheet(localise(resume_form(), language_of(request))).to_dict()}

    page.load(greet, None, [right.form, left.status], queue=False, **QUIET)
    left.schema.change(lambda schema: {"schema": schema}, left.schema, right.json, queue=False, **QUIET)


# ---- the JSON --------------------------------------------------------------------------------


@answering
def compose(asked: dict[str, Any]) -> dict[str, Any]:
    """The JSON of a sheet. Called by the browser after each edit.

    Args:
        asked: {"sheet": `Sheet.to_dict()`, "schema": name of the schema}.

    Returns:
        {"json": data, valid for the schema; "trace": JSON pointer → [start, end] pairs; "wrong": titles of
        the fields whose value does not fit and is left out}, or {"problem": notice}.
    """
    sheet = Sheet.from_dict(asked["sheet"])
    made = document({field.name: field for field in sheet.results()}, asked["schema"])
    trace = {place: [[s.start, s.end] for s in spans] for place, spans in made.trace.items()}
    return {"json": made.json, "trace": trace, "wrong": [sheet.form[name].title for name in sheet.problems]}


# ---- reading one -----------------------------------------------------------------------------


def _wire_reading(desk: ResumeDesk, jobs: Jobs, left: _Left, right: _Right) -> None:
    def reading(force: bool) -> Callable[..., Iterator[Answer]]:
        @guarded(left.status)
        def read(text: str, data: dict[str, Any], request: gr.Request) -> Iterator[Answer]:
            yield from _read(desk.service, jobs, left, right, text, data, force, request)

        return read

    asked = ((reading(False), [left.read.click, left.text.submit]), (reading(True), [left.force.click]))
    for handler, triggers in asked:
        gr.on(
            triggers,
            handler,
            [left.text, right.form],
            [right.form, left.status, left.cancel, left.force],
            concurrency_id=CORES,
            concurrency_limit=1,
            trigger_mode="once",
            **QUIET,
        ).then(settled, None, left.cancel, queue=False, **QUIET)

    wire_cancel(left.cancel, jobs)


def _read(
    service: Service,
    jobs: Jobs,
    left: _Left,
    right: _Right,
    text: str,
    data: dict[str, Any],
    force: bool,
    request: gr.Request,
) -> Iterator[Answer]:
    """Read the text into the form, as the answers come."""
    if not text.strip():
        raise TextError("There is no resume to read.", "Paste one, dictate it or give a file.")
    sheet = sheet_for(Sheet.from_dict(data), text)
    source = sheet.begin_fill(text)
    yield {left.status: busy("busy_wait"), left.cancel: gr.Button(interactive=True),
           left.force: gr.Button(visible=False)}  # fmt: skip

    def work(emit: Callable[[FieldResult], None], cancel: Cancel) -> Resume:
        return service.read_resume(text, force=force, today=sheet.today, on_field=emit, cancel=cancel)

    total, answered = len(sheet.form.fields), set[str]()
    with jobs.running(request.session_hash or "") as flag:
        stream = streamed(work, flag)
        try:
            while True:
                for field in next(stream):
                    sheet.merge(field, source)
                    answered.add(field.name)
                done = len(answered)
                status = busy("busy_fill", done / total, done=done, total=total)
                yield {right.form: sheet.to_dict(), left.status: status}
        except StopIteration as finished:
            result: Resume = finished.value
        except NotAResume:
            yield {left.status: notice("not_a_resume"), left.force: gr.Button(visible=True)}
            return
    for field in result.filled.fields:
        sheet.merge(field, source)
    yield {right.form: sheet.to_dict(), left.status: _summary(result)}


def sheet_for(old: Sheet, text: str) -> Sheet:
    """The sheet to read `text` into: `old` where it holds that text's answers already, else a fresh one."""
    key = source_key(text)
    if old.origin == key:
        return old
    return Sheet(old.form, old.generation + 1, key, today=old.today)


def _summary(result: Resume) -> dict[str, Any]:
    fields = result.filled.fields
    filled = sum(field.value is not None for field in fields)
    told = notice("done_resume", filled=filled, total=len(fields), seconds=f"{result.seconds:.1f}")
    return {**told, "hint": " ".join(result.warnings)}


# ---- files -----------------------------------------------------------------------------------


def _wire_files(
    desk: ResumeDesk, jobs: Jobs, runs: Jobs, batches: Batches, left: _Left, right: _Right, many: _Many
) -> None:
    arrived = gr.State("")

    @guarded(left.status)
    def receive(paths: list[str]) -> Iterator[Answer]:
        (path, *more) = map(Path, paths)
        if more or resume_jobs.is_archive(path):
            yield {arrived: "many"}
            return
        yield {arrived: "", left.files: None, left.status: busy("busy_wait")}
        try:
            text = read_document(_bytes(path), path.name)
        finally:
            path.unlink(missing_ok=True)
        yield {left.text: text, left.status: None, arrived: "one"}

    @guarded(left.status)
    def read(what: str, text: str, data: dict[str, Any], request: gr.Request) -> Iterator[Answer]:
        yield gr.skip()  # without an answer, Gradio would blank the components
        if what == "one":
            yield from _read(desk.service, jobs, left, right, text, data, False, request)

    @guarded(many.status, cancelled="batch_cancelled")
    def read_many(what: str, paths: list[str] | None, schema: str, request: gr.Request) -> Iterator[Answer]:
        yield gr.skip()
        if what == "many" and paths:
            yield {left.files: None, many.status: busy("busy_wait")}
            yield from _read_many(desk.service, runs, batches, many, paths, schema, request)

    received = left.files.upload(receive, left.files, [left.text, left.files, left.status, arrived], **QUIET)
    received.then(
        read,
        [arrived, left.text, right.form],
        [right.form, left.status, left.cancel, left.force],
        concurrency_id=CORES,
        concurrency_limit=1,
        **QUIET,
    ).then(settled, None, left.cancel, queue=False, **QUIET)
    received.then(
        read_many,
        [arrived, left.files, left.schema],
        [left.files, many.status, many.cancel, many.table],
        concurrency_id=BATCHES,
        concurrency_limit=MOST_BATCHES,
        **QUIET,
    ).then(_stopped, many.table, [many.table, many.cancel], queue=False, **QUIET)

    wire_cancel(many.cancel, runs)


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _stopped(shown: dict[str, Any] | None) -> tuple[Any, Any]:
    return {**shown, "running": False} if shown else shown, settled()


def _read_many(
    service: Service,
    runs: Jobs,
    batches: Batches,
    many: _Many,
    paths: list[str],
    schema: str,
    request: gr.Request,
) -> Iterator[Answer]:
    """Read the files into the table, as they come."""
    session = request.session_hash or ""
    with tempfile.TemporaryDirectory(prefix="smartform-") as folder, runs.running(session) as flag:
        files = _moved(paths, Path(folder))
        total = resume_jobs.count_files(files)
        if total > MOST_FILES:
            raise InputError(
                f"These are {total:,} files; {MOST_FILES:,} is the most here.",
                "Give them to the command line: python -m smartform resume FOLDER --out RESULTS.",
            )
        batch = batches.start(session, schema)
        yield {
            many.status: busy("busy_many", 0.0, done=0, total=total),
            many.cancel: gr.Button(interactive=True),
            many.table: batch.shown(running=True),
        }
        stream = streamed(_work(service, batch, files), flag)
        done = 0
        try:
            while True:
                done += len(next(stream))
                share = done / max(total, 1)
                yield {
                    many.table: batch.shown(running=True),
                    many.status: busy("busy_many", share, done=done, total=total),
                }
        except StopIteration as finished:
            skipped: int = finished.value
    fared = batch.fared()
    told = notice("done_many_same", same=skipped, **fared) if skipped else notice("done_many", **fared)
    yield {many.table: batch.shown(running=False), many.status: told}


def _moved(paths: list[str], folder: Path) -> list[Path]:
    """The files, out of the upload cache, where files that get old are deleted while a job may still run."""
    moved = []
    for number, path in enumerate(map(Path, paths)):
        own = folder / str(number)
        own.mkdir()
        moved.append(path.rename(own / path.name) if path.exists() else own / path.name)
    return moved


def _work(
    service: Service, batch: Batch, files: list[Path]
) -> Callable[[Callable[[Line | None], None], Cancel], int]:
    def work(emit: Callable[[Line | None], None], cancel: Cancel) -> int:
        """Read all; how many were the same as another."""
        items = map(batch.remembering, resume_jobs.file_items(files))
        skipped = 0
        with ThreadPoolExecutor(service.lanes, thread_name_prefix="resume") as pool:
            for line in resume_jobs.answers(
                service, items, Wish(batch.schema), set(), pool, workers=service.lanes, cancel=cancel
            ):
                if line is None:
                    skipped += 1
                else:
                    batch.add(line)
                emit(line)
        return skipped

    return work


# ---- the table -------------------------------------------------------------------------------


@answering
def latest(batches: Batches, asked: dict[str, Any]) -> dict[str, Any]:
    """What the table does not have yet. Called by the browser.

    Args:
        asked: {"job": key of the job, "since": number of news that it has}.

    Returns:
        {"news": rows}, or {"problem": notice}.
    """
    return {"news": batches.get(asked["job"]).news(int(asked["since"]))}


def _wire_rows(batches: Batches, left: _Left, right: _Right, many: _Many) -> None:
    row = gr.State(None)
    """The row that was opened last: key of the job, index, key of the text."""

    @guarded(many.status)
    def choose(shown: dict[str, Any], data: dict[str, Any]) -> Answer:
        batch, index = batches.get(shown["job"]), int(shown["open"])
        line, text = batch.opened(index)
        answer = {left.text: text, left.schema: batch.schema, row: (batch.key, index, source_key(text))}
        if line["json"] is None:
            refused = {left.status: notice("not_a_resume"), left.force: gr.Button(visible=True)}
            return answer | refused
        return answer | {
            left.status: {**notice("done_open", file=line["file"]), "hint": " ".join(line["warnings"])},
            left.force: gr.Button(visible=False),
            right.form: opened_sheet(Sheet.from_dict(data), line, text).to_dict(),
        }

    many.table.select(
        choose,
        [many.table, right.form],
        [left.text, left.schema, left.status, left.force, right.form, row, many.status],
        **QUIET,
    )

    @guarded(left.status)
    def approve(opened: tuple[str, int, str] | None, data: dict[str, Any], shown: dict[str, Any]) -> Answer:
        sheet = Sheet.from_dict(data)
        if opened is None or opened[2] != sheet.origin:  # another resume was read since
            return gr.skip()
        key, index, _ = opened
        batch, fields = batches.get(key), sheet.results()
        batch.approve(index, document({field.name: field for field in fields}, batch.schema), fields)
        return {many.table: {**shown, **batch.shown(running=bool(shown["running"]))}}

    right.json.apply(approve, [row, right.form, many.table], [many.table, left.status], queue=False, **QUIET)


def opened_sheet(old: Sheet, line: Line, text: str) -> Sheet:
    """A sheet with the answers of a result."""
    sheet = Sheet(old.form, old.generation + 1, source_key(text), today=old.today)
    source = sheet.begin_fill(text)
    for field in line["fields"]:
        sheet.merge(FieldResult.from_dict(field), source)
    return sheet


def _wire_exports(batches: Batches, many: _Many) -> None:
    @guarded(many.status)
    def export(shown: dict[str, Any]) -> Answer:
        batch, kind = batches.get(shown["job"]), shown["export"]
        name, mime = EXPORTS[kind]
        return {many.courier: parcel(name, mime, exported(batch, kind))}

    many.table.download(export, many.table, [many.courier, many.status], **QUIET)


def exported(batch: Batch, kind: str) -> bytes:
    """The results as a file of a kind of `EXPORTS`."""
    if kind == "zip":
        return resume_jobs.to_zip(batch.results())
    if kind == "csv":
        return resume_jobs.to_csv(batch.results()).encode("utf-8-sig")
    return resume_jobs.to_jsonl(batch.results()).encode("utf-8", "replace")
