"""Our own HTML components: the drawn form, the source view, the field editor, the draft, the revision,
the resume's JSON, the table of resumes, the notice, the courier.

Each is a static element that a script of `ui/static` draws from the component's value; text of
the person is only ever set as text, never parsed as HTML. The scripts share `common.js`.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from smartform.revision import Revision

_STATIC = Path(__file__).parent / "static"

FORM_CHANNEL = "form"
"""The channel of the form tab's form."""


def form_view(
    value: dict[str, Any], check: Callable[..., dict[str, Any]], channel: str = FORM_CHANNEL
) -> gr.HTML:
    """The form with the right control for each field.

    Args:
        value: `ui.sheet.Sheet.to_dict()`; the browser writes edits back into it.
        check: called by the browser with {"field": field as JSON data, "typed": …, "today": ISO date};
            answers {"value": …} or {"problem": …, "hint": …}.
        channel: what it shares with its source view, and with no other form of the page.
    """
    return _component(
        "sf-form", ("form_view.js",), _own("form-view", channel), value,
        server_functions=[check], channel=channel,
    )  # fmt: skip


def source_view(channel: str = FORM_CHANNEL) -> gr.HTML:
    """The text that was read, with the place of each value marked; follows the channel's form."""
    return _component("sf-source-view", ("source_view.js",), _own("source-view", channel), channel=channel)


def _own(elem_id: str, channel: str) -> str:
    return elem_id if channel == FORM_CHANNEL else f"{channel}-{elem_id}"


def resume_json(value: dict[str, Any], compose: Callable[..., dict[str, Any]], channel: str) -> gr.HTML:
    """The JSON that the sheet of the channel's form makes, to be approved and then taken away.

    When it is approved, `apply` is triggered.

    Args:
        value: {"schema": name of the schema}; the browser adds "approved": the JSON text, or None.
        compose: called by the browser with {"sheet": …, "schema": …} after each edit; answers as
            `ui.resume_tab.compose`.
    """
    return _component(
        "sf-json", ("resume_json.js",), "resume-json", value, server_functions=[compose], channel=channel
    )


def resume_table(news: Callable[..., dict[str, Any]], channel: str) -> gr.HTML:
    """A table of the resumes of a job, to filter, open in the channel's form, approve and take away.

    A row's button triggers `select`, with "open": its index in the value; the export buttons, which
    need approval, trigger `download`, with "export": jsonl, csv or zip.

    Args:
        news: called by the browser with {"job": …, "since": number of news it has}; answers
            {"news": rows as `ui.resume_batch.Batch.news` gives them}, or {"problem": notice}.
    """
    return _component(
        "sf-table", ("resume_table.js",), "resume-table", server_functions=[news], channel=channel
    )


def field_editor(value: dict[str, Any], *, types: list[str], with_options: list[str]) -> gr.HTML:
    """Rows to add, rename, retype, reorder and delete fields; its button triggers `apply`.

    Args:
        value: {"fields": [field as JSON data, with "was": its former name]}; with "first": true it does not
            replace what was typed.
        types: the types to choose from.
        with_options: those of them that need options.
    """
    return _component(
        "sf-editor", ("field_editor.js",), "field-editor", value, types=types, with_options=with_options
    )


def draft_box(value: dict[str, Any], tone: Callable[..., dict[str, Any]]) -> gr.HTML:
    """A box to write an e-mail in, with how it comes across; Ctrl+Enter triggers `submit`.

    Args:
        value: {"text": the draft}; the browser writes edits back into it. what `spoken` makes adds words.
        tone: called by the browser with {"text": …, "weights": bool}; answers as `ui.email_tab.toned`.
    """
    scripts = ("spans.js", "tone.js", "draft_box.js")
    return _component("sf-draft", scripts, "draft", value, server_functions=[tone])


def revision_view(tone: Callable[..., dict[str, Any]]) -> gr.HTML:
    """A draft with its edits, each to be taken or left, and the text that comes of it.

    Its value is what `writing` and `revised` make, or None.

    Args:
        tone: as of `draft_box`; scores the text as edits are taken and left.
    """
    scripts = ("spans.js", "tone.js", "revision_view.js")
    return _component("sf-revision", scripts, "revision", server_functions=[tone])


def notice_box(elem_id: str) -> gr.HTML:
    """One line that tells how a job stands, read out by screen readers.

    Its value is what `notice`, `busy`, `problem` or `fault` make, or None for nothing.
    """
    return _component("sf-notice", ("notice.js",), elem_id)


def courier(elem_id: str = "courier") -> gr.HTML:
    """Hands files and clipboard text to the browser without leaving a file on the server.

    Its value is what `parcel` or `clipping` make; each arrival is delivered once.
    """
    return _component("sf-courier", ("courier.js",), elem_id)


def _component(
    css_class: str,
    scripts: tuple[str, ...],
    elem_id: str,
    value: Any = None,
    server_functions: list[Callable[..., dict[str, Any]]] | None = None,
    **constants: Any,
) -> gr.HTML:
    # Not as properties: a component of a tab that is not open yet can lose those when it is updated.
    known = f"const constants = {json.dumps(constants)};"
    code = "\n".join((known, *((_STATIC / part).read_text("utf-8") for part in ("common.js", *scripts))))
    return gr.HTML(
        value,
        html_template=f'<div class="{css_class}"></div>',
        js_on_load=code,
        apply_default_css=False,
        elem_id=elem_id,
        elem_classes=[f"{css_class}-block"],
        server_functions=server_functions,
    )


def notice(key: str, **words: object) -> dict[str, Any]:
    """A notice of a job that is over; `words` fill the braces of the string `key`."""
    return {"kind": "done", "key": key, "words": words}


def busy(key: str, share: float | None = None, **words: object) -> dict[str, Any]:
    """A notice of a job that runs, `share` of it done (0 to 1; None: not known)."""
    return {"kind": "busy", "key": key, "words": words, "share": share}


def problem(message: str, hint: str = "") -> dict[str, Any]:
    """A notice of something the person has to mend, in words of the product's core."""
    return {"kind": "problem", "message": message, "hint": hint}


def fault() -> dict[str, Any]:
    """A notice of a failure of ours."""
    return {"kind": "problem", "key": "unexpected"}


def parcel(name: str, kind: str, content: bytes) -> dict[str, Any]:
    """A file to download: its name, MIME type and bytes."""
    return {
        "name": name,
        "kind": kind,
        "content": base64.b64encode(content).decode(),
        "number": next(_numbers),
    }


def clipping(text: str) -> dict[str, Any]:
    """Text for the clipboard."""
    return {"text": text, "number": next(_numbers)}


def spoken(words: str) -> dict[str, Any]:
    """Words for the draft box to add to its text as it then stands: one may have typed meanwhile."""
    return {"heard": words, "number": next(_numbers)}


def writing(text: str) -> dict[str, Any]:
    """What the revision view shows while the revision comes in."""
    return {"state": "writing", "text": text}


def revised(revision: Revision) -> dict[str, Any]:
    """What the revision view shows of a finished job."""
    return {"state": "done", "number": next(_numbers), "draft": revision.draft, **revision.to_dict()}


_numbers = itertools.count(1)
"""Tells two equal values apart, so that a second click delivers again; Gradio sends the last value of a
job twice, which the number tells too."""
