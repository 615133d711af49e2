"""The Smart form tab: text or speech on the left, the form it fills on the right.

`form_tab` draws the tab and wires it; the handlers below turn a browser's values into updates
of components and keep nothing of their own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import gradio as gr

from smartform import exports
from smartform.engines.base import Cancel
from smartform.errors import FormError, SmartFormError, TextError
from smartform.results import FieldResult, FillResult
from smartform.schema import PLAIN_TYPES, Field, FieldType, FormSpec
from smartform.service import Service
from smartform.sources import load_form, localise, parse_json
from smartform.values import normalise, normalise_rows
from ui.boundary import Answer, guarded
from ui.components import (
    busy,
    clipping,
    courier,
    field_editor,
    form_view,
    notice,
    notice_box,
    parcel,
    source_view,
)
from ui.jobs import CORES, QUIET, Jobs, settled, streamed, wire_cancel
from ui.sheet import Sheet
from ui.speech import Listener, Speech, appended, draw_speech, wire_speech
from ui.strings import i18n as t
from ui.strings import language_of

PAUSE_SECONDS = 0.4
"""Between two looks at a text that is being typed."""

Template = bytes | dict[str, Any] | None
"""What an export is made after: the PDF or the JSON Schema that the form was read from."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A form to choose, with a text that fills it."""

    form: FormSpec
    example: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What the tab works with.

    Args:
        speech: hears dictation.
        presets: name → preset, in the order shown.
        first: name of the preset drawn at first sight.
        models: name shown → what fills with that model; the first is chosen at first sight.
    """

    speech: Service
    presets: dict[str, Preset]
    first: str
    models: Mapping[str, Service]


@dataclass(frozen=True, slots=True)
class _Left:
    text: gr.Textbox
    fill: gr.Button
    cancel: gr.Button
    status: gr.HTML
    speech: Speech
    model: gr.Dropdown


@dataclass(frozen=True, slots=True)
class _Right:
    preset: gr.Dropdown
    pasted: gr.Textbox
    use_pasted: gr.Button
    pdf: gr.UploadButton
    editor: gr.HTML
    chooser_status: gr.HTML
    form: gr.HTML
    undo: gr.Button
    reset: gr.Button


@dataclass(frozen=True, slots=True)
class _Exports:
    copy_json: gr.Button
    json: gr.Button
    csv: gr.Button
    pdf: gr.Button
    snippet_panel: gr.Accordion
    snippet: gr.Textbox
    make_snippet: gr.Button
    status: gr.HTML
    courier: gr.HTML


def form_tab(page: gr.Blocks, desk: Desk) -> None:
    """Draw the tab into `page`, which is open, and wire it."""
    with gr.Row(elem_classes=["sf-columns"], equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_classes=["sf-left"]):
            left = _draw_left(desk)
        with gr.Column(scale=6, min_width=320, elem_classes=["sf-right"]):
            right = _draw_right(desk)
            out = _draw_exports()
    template = gr.State(None)
    jobs = Jobs()
    _wire_fill(desk, jobs, left, right)
    _wire_speech(desk, jobs, left, right)
    _wire_forms(page, desk, jobs, left, right, out, template)
    _wire_exports(right, out, template)


# ---- drawing ---------------------------------------------------------------------------------


def _draw_left(desk: Desk) -> _Left:
    text = gr.Textbox(
        desk.presets[desk.first].example,
        label=t("your_text"),
        info=t("your_text_info"),
        placeholder=t("your_text_placeholder"),
        lines=7,
        max_lines=9,
        elem_id="text",
    )
    with gr.Row(elem_classes=["sf-actions"]):
        fill = gr.Button(t("fill"), variant="primary", elem_id="fill", scale=3)
        cancel = gr.Button(t("cancel"), interactive=False, elem_id="cancel", scale=1, min_width=96)
    status = notice_box("status")
    source_view()
    speech = draw_speech()
    with gr.Accordion(t("settings"), open=False, elem_id="form-settings"):
        names = list(desk.models)
        model = gr.Dropdown(names, value=names[0], label=t("set_model"), elem_id="form-model")
    return _Left(text, fill, cancel, status, speech, model)


def _draw_right(desk: Desk) -> _Right:
    sheet = Sheet(desk.presets[desk.first].form)
    preset = gr.Dropdown(
        _choices(desk, "en"),
        value=desk.first,
        label=t("preset"),
        elem_id="preset",
    )
    with gr.Accordion(t("own_form"), open=False, elem_id="own-form"), gr.Tabs():
        with gr.Tab(t("tab_paste"), id="paste"):
            pasted = gr.Textbox(
                label=t("paste"), info=t("paste_info"), lines=6, max_lines=12, elem_id="paste"
            )
            use_pasted = gr.Button(t("paste_use"), elem_id="use-paste")
        with gr.Tab(t("tab_pdf"), id="pdf"):
            gr.Markdown(t("pdf_info"))
            pdf = gr.UploadButton(t("pdf"), file_types=[".pdf"], elem_id="pdf")
        with gr.Tab(t("tab_edit"), id="edit"):
            editor = field_editor(
                _editor_value(sheet),
                types=[kind.value for kind in PLAIN_TYPES],
                with_options=[kind.value for kind in FieldType if kind.has_options],
            )
    chooser_status = notice_box("form-status")
    form = form_view(sheet.to_dict(), check)
    with gr.Row(elem_classes=["sf-actions"]):
        undo = gr.Button(t("undo"), elem_id="undo")
        reset = gr.Button(t("reset"), elem_id="reset")
    return _Right(preset, pasted, use_pasted, pdf, editor, chooser_status, form, undo, reset)


def _draw_exports() -> _Exports:
    gr.Markdown(t("take_away"), elem_classes=["sf-heading"])
    with gr.Row(elem_classes=["sf-actions"]):
        copy_json = gr.Button(t("copy_json"), elem_id="copy-json", min_width=120)
        as_json = gr.Button(t("download_json"), elem_id="download-json", min_width=120)
        as_csv = gr.Button(t("download_csv"), elem_id="download-csv", min_width=120)
        as_pdf = gr.Button(t("download_pdf"), elem_id="download-pdf", min_width=120, visible=False)
    with gr.Accordion(t("snippet"), open=True, visible=False, elem_id="snippet-panel") as panel:
        gr.Markdown(t("snippet_info"))
        make_snippet = gr.Button(t("snippet"), elem_id="make-snippet")
        snippet = gr.Textbox(
            show_label=False,
            visible=False,
            lines=6,
            max_lines=10,
            buttons=["copy"],
            elem_id="snippet",
        )
    status = notice_box("export-status")
    return _Exports(copy_json, as_json, as_csv, as_pdf, panel, snippet, make_snippet, status, courier())


def check(edit: dict[str, Any]) -> dict[str, Any]:
    """Does what a person typed fit its field? Called by the browser after each edit.

    Args:
        edit: {"field": field as JSON data, "typed": text, list or None, "today": ISO date}.

    Returns:
        {"value": as written by the field's type}, or {"problem": what is wrong, "hint": remedy}.
    """
    try:
        today = date.fromisoformat(edit["today"])
        field = Field.from_dict(edit["field"])
        fitting = normalise_rows if field.type is FieldType.GROUP else normalise
        return {"value": fitting(field, edit["typed"], today=today)}
    except SmartFormError as error:
        return {"problem": str(error), "hint": error.hint}


# ---- filling ---------------------------------------------------------------------------------


def _wire_fill(desk: Desk, jobs: Jobs, left: _Left, right: _Right) -> None:
    @guarded(left.status)
    def fill(text: str, data: dict[str, Any], model: str, request: gr.Request) -> Iterator[Answer]:
        sheet = Sheet.from_dict(data)
        if not text.strip():
            raise TextError("There is no text to read.", "Paste some text or dictate it, then fill.")
        yield {left.status: busy("busy_wait"), left.cancel: gr.Button(interactive=True)}
        yield from _fill(desk.models[model], jobs, sheet, text, request.session_hash or "", left, right)

    started = gr.on(
        [left.fill.click, left.text.submit],
        fill,
        [left.text, right.form, left.model],
        [right.form, left.status, left.cancel],
        concurrency_id=CORES,
        concurrency_limit=1,
        trigger_mode="once",
        **QUIET,
    )
    started.then(settled, None, left.cancel, queue=False, **QUIET)

    wire_cancel(left.cancel, jobs)
    _read_ahead_on(left.text.change, desk, left, right)

    @guarded(left.status)
    def undo(data: dict[str, Any]) -> Answer:
        sheet = Sheet.from_dict(data)
        if not sheet.before:
            return {left.status: notice("nothing_to_undo")}
        sheet.undo()
        return {right.form: sheet.to_dict(), left.status: notice("done_undo")}

    @guarded(left.status)
    def reset(data: dict[str, Any]) -> Answer:
        sheet = Sheet.from_dict(data)
        sheet.reset()
        return {right.form: sheet.to_dict(), left.status: notice("done_reset")}

    for button, handler in ((right.undo, undo), (right.reset, reset)):
        button.click(handler, right.form, [right.form, left.status], queue=False, **QUIET)


def _read_ahead_on(event: Callable[..., Any], desk: Desk, left: _Left, right: _Right) -> None:
    """Let the model read the text at an event, while its writer has not yet asked to fill the form."""

    async def read_ahead(text: str, data: dict[str, Any], model: str) -> None:
        await asyncio.sleep(PAUSE_SECONDS)
        sheet = Sheet.from_dict(data)
        await asyncio.to_thread(desk.models[model].read_ahead, sheet.form, text, today=sheet.today)

    inputs = [left.text, right.form, left.model]
    event(read_ahead, inputs, None, queue=False, trigger_mode="always_last", **QUIET)


def _fill(
    service: Service, jobs: Jobs, sheet: Sheet, text: str, session: str, left: _Left, right: _Right
) -> Iterator[Answer]:
    source = sheet.begin_fill(text)
    total, answered = len(sheet.form.fields), set[str]()

    def work(emit: Callable[[FieldResult], None], cancel: Cancel) -> FillResult:
        return service.fill(sheet.form, text, today=sheet.today, on_field=emit, cancel=cancel)

    with jobs.running(session) as flag:
        stream = streamed(work, flag)
        try:
            while True:
                fields = next(stream)
                for field in fields:
                    sheet.merge(field, source)
                    answered.add(field.name)
                done = len(answered)
                status = busy("busy_fill", done / total, done=done, total=total)
                yield {right.form: sheet.to_dict(), left.status: status}
        except StopIteration as finished:
            result: FillResult = finished.value
    for field in result.fields:
        sheet.merge(field, source)
    yield {right.form: sheet.to_dict(), left.status: _summary(result)}


def _summary(result: FillResult) -> dict[str, Any]:
    filled = sum(value is not None for value in result.values.values())
    if not filled:
        return notice("done_nothing")
    told = notice("done_fill", filled=filled, total=len(result.fields), seconds=f"{result.seconds:.1f}")
    return {**told, "hint": " ".join(result.warnings)}


# ---- speech ----------------------------------------------------------------------------------


def _wire_speech(desk: Desk, jobs: Jobs, left: _Left, right: _Right) -> None:
    def form(data: dict[str, Any]) -> FormSpec:
        return Sheet.from_dict(data).form

    listener = Listener(left.status, left.cancel, left.text, appended, right.form, form)
    wire_speech(desk.speech, jobs, left.speech, listener)


# ---- choosing and editing the form -----------------------------------------------------------


def _wire_forms(
    page: gr.Blocks,
    desk: Desk,
    jobs: Jobs,
    left: _Left,
    right: _Right,
    out: _Exports,
    template: gr.State,
) -> None:
    outputs = [right.form, right.editor, right.chooser_status, out.pdf, out.snippet_panel,
               out.snippet, template, right.preset]  # fmt: skip

    def use(
        form: FormSpec, data: dict[str, Any], origin: str, source: Template, request: gr.Request
    ) -> Answer:
        jobs.cancel(request.session_hash or "")
        sheet = Sheet.from_dict(data).succeeded_by(form, origin=origin)
        return {
            right.form: sheet.to_dict(),
            right.editor: _editor_value(sheet),
            right.chooser_status: notice("done_form", n=len(form.fields)),
            out.pdf: gr.Button(visible=origin == "pdf"),
            out.snippet_panel: gr.Accordion(visible=origin == "html"),
            out.snippet: gr.Textbox("", visible=False),
            template: source,
            right.preset: gr.skip() if origin == "preset" else None,
        }

    @guarded(right.chooser_status)
    def greet(request: gr.Request) -> Answer:
        language = language_of(request)
        sheet = Sheet(localise(desk.presets[desk.first].form, language))
        answer = {
            right.form: sheet.to_dict(),
            right.editor: {**_editor_value(sheet), "first": True},
            right.chooser_status: None,
        }
        if language != "en":
            answer[right.preset] = gr.Dropdown(choices=_choices(desk, language), value=desk.first)
        return answer

    @guarded(right.chooser_status)
    def choose(name: str | None, data: dict[str, Any], request: gr.Request) -> Answer:
        if name is None:
            return {right.preset: gr.skip()}
        form = localise(desk.presets[name].form, language_of(request))
        return {**use(form, data, "preset", None, request), right.chooser_status: None}

    @guarded(right.chooser_status)
    def paste(source: str, data: dict[str, Any], request: gr.Request) -> Answer:
        if not source.strip():
            raise FormError("Nothing was pasted.", "Paste a JSON Schema or the HTML of a page.")
        if source.lstrip().startswith(("{", "[")):
            described = parse_json(source)
            schema = described if _is_schema(described) else None
            return use(load_form(source), data, "schema", schema, request)
        return use(load_form(source), data, "html", None, request)

    @guarded(right.chooser_status)
    def open_pdf(path: str, data: dict[str, Any], request: gr.Request) -> Answer:
        try:
            content = Path(path).read_bytes()
        finally:
            Path(path).unlink(missing_ok=True)
        return use(load_form(content), data, "pdf", content, request)

    @guarded(right.chooser_status)
    def edit(edited: dict[str, Any], data: dict[str, Any], request: gr.Request) -> Answer:
        sheet = edited_sheet(Sheet.from_dict(data), edited["fields"])
        jobs.cancel(request.session_hash or "")
        return {
            right.form: sheet.to_dict(),
            right.editor: _editor_value(sheet),
            right.chooser_status: notice("done_edited"),
            right.preset: None,
        }

    page.load(
        greet, None, [right.form, right.editor, right.preset, right.chooser_status], queue=False, **QUIET
    )
    # Not `input`, which a drop-down also sends when it is left without a choice. That no preset stands
    # there while the form is one's own lets the same preset be chosen again.
    right.preset.change(
        None, [right.preset, left.text], left.text, js=_example_bringer(desk), queue=False, **QUIET
    )
    chosen = right.preset.change(choose, [right.preset, right.form], outputs, queue=False, **QUIET)
    pasted = right.use_pasted.click(paste, [right.pasted, right.form], outputs, **QUIET)
    opened = right.pdf.upload(open_pdf, [right.pdf, right.form], outputs, **QUIET)
    edited = right.editor.apply(edit, [right.editor, right.form], outputs, **QUIET)
    for changed in (chosen, pasted, opened, edited):
        _read_ahead_on(changed.then, desk, left, right)


def _example_bringer(desk: Desk) -> str:
    """JavaScript (preset, text) → text: the preset's example where there are no words of one's own.

    It runs in the browser, so that nothing that is typed while the server answers is replaced.
    """
    examples = json.dumps({name: preset.example for name, preset in desk.presets.items()})
    return f"""(name, text) => {{
        const examples = {examples};
        const own = text.trim() && !Object.values(examples).includes(text.trim());
        return own ? text : examples[name] ?? text;
    }}"""


def _choices(desk: Desk, language: str) -> list[tuple[str, str]]:
    return [(localise(preset.form, language).title or name, name) for name, preset in desk.presets.items()]


def _is_schema(described: Any) -> bool:
    return isinstance(described, dict) and not {"fields", "form_fields"} & described.keys()


def _editor_value(sheet: Sheet) -> dict[str, Any]:
    return {"fields": [{**field.to_dict(), "was": field.name} for field in sheet.form.fields]}


def edited_sheet(old: Sheet, rows: list[dict[str, Any]]) -> Sheet:
    """`old` with the fields of the editor's rows; values of fields that remain stay.

    Raises:
        FormError: the rows do not make a form.
    """
    form = FormSpec.from_dict({**old.form.to_dict(), "fields": rows})
    renamed = {row["name"].strip(): row["was"] for row in rows if row.get("was")}
    return old.succeeded_by(form, origin=old.origin, renamed=renamed)


# ---- taking it away --------------------------------------------------------------------------


def _wire_exports(right: _Right, out: _Exports, template: gr.State) -> None:
    def told(sheet: Sheet) -> dict[str, Any] | None:
        names = ", ".join(sheet.form[name].title for name in sheet.problems)
        return notice("left_out", fields=names) if names else None

    def wire(button: gr.Button, make: Callable[[Sheet, Template], dict[str, Any]]) -> None:
        @guarded(out.status)
        def handler(data: dict[str, Any], source: Template) -> Answer:
            sheet = Sheet.from_dict(data)
            return {out.courier: make(sheet, source), out.status: told(sheet)}

        button.click(handler, [right.form, template], [out.courier, out.status], queue=False, **QUIET)

    wire(out.copy_json, lambda sheet, source: clipping(_json(sheet, source)))
    wire(
        out.json,
        lambda sheet, source: parcel(
            f"{_stem(sheet)}.json", "application/json", _json(sheet, source).encode()
        ),
    )
    wire(
        out.csv,
        lambda sheet, _: parcel(
            f"{_stem(sheet)}.csv", "text/csv", exports.to_csv(sheet.form, sheet.values).encode("utf-8-sig")
        ),
    )

    @guarded(out.status)
    def filled_pdf(data: dict[str, Any], source: Template) -> Answer:
        sheet = Sheet.from_dict(data)
        if not isinstance(source, bytes):
            raise FormError("The PDF is no longer here.", "Upload it again.")
        pdf = exports.fill_pdf(source, sheet.form, sheet.values)
        return {
            out.courier: parcel(f"{_stem(sheet)}-filled.pdf", "application/pdf", pdf),
            out.status: told(sheet),
        }

    out.pdf.click(filled_pdf, [right.form, template], [out.courier, out.status], **QUIET)

    @guarded(out.status)
    def snippet(data: dict[str, Any]) -> Answer:
        sheet = Sheet.from_dict(data)
        code = exports.console_snippet(sheet.form, sheet.values)
        return {out.snippet: gr.Textbox(code, visible=True), out.status: told(sheet)}

    out.make_snippet.click(snippet, right.form, [out.snippet, out.status], queue=False, **QUIET)


def _json(sheet: Sheet, source: Template) -> str:
    return exports.to_json(sheet.form, sheet.values, source if isinstance(source, dict) else None)


def _stem(sheet: Sheet) -> str:
    return sheet.form.name or "form"
