"""Speech on the screen: a microphone, and recordings as files.

Of all microphones of a page, Gradio (6.31) lets only the first one drawn stream: every further one
fails to register its encoder. The others are `live=False` and are heard when the recording ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr
from gradio.processing_utils import audio_from_file

from smartform.engines.base import Cancel
from smartform.schema import FormSpec
from smartform.service import Service
from ui.boundary import Answer, guarded
from ui.components import busy, notice
from ui.dictation import Dictations
from ui.jobs import CORES, QUIET, Jobs, streamed
from ui.strings import i18n as t

TRAILING_SECONDS = 0.4
"""The browser sends the end of a recording after it says that the recording ended."""

LANGUAGES = {
    "en": "English", "it": "Italiano", "de": "Deutsch", "fr": "Français",
    "es": "Español", "pt": "Português", "nl": "Nederlands", "sv": "Svenska",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Speech:
    """The components that take speech.

    Args:
        live: whether the microphone is heard while one speaks.
    """

    microphone: gr.Audio
    language: gr.Dropdown
    upload: gr.UploadButton
    heard: gr.Textbox
    live: bool


@dataclass(frozen=True, slots=True)
class Listener:
    """What stands around the speech components of a tab.

    Args:
        status: where notices appear.
        cancel: the button that ends the session's job; switched on while a file is heard.
        text: takes what was heard.
        add: value of `text`, words heard → its new value.
        hint: component whose value tells which words are likely.
        form: value of `hint` → the form whose words are likely, or None.
    """

    status: gr.HTML
    cancel: gr.Button
    text: gr.Component
    add: Callable[[Any, str], Any]
    hint: gr.Component
    form: Callable[[Any], FormSpec | None]


def draw_speech(prefix: str = "", *, live: bool = True) -> Speech:
    """Draw the components.

    Args:
        prefix: begins their element ids, so that two tabs can have them.
        live: as of `Speech`.
    """
    microphone = gr.Audio(
        sources=["microphone"],
        streaming=live,
        type="filepath",
        label=t("microphone"),
        elem_id=f"{prefix}microphone",
        elem_classes=["sf-microphone"],
    )
    heard = gr.Textbox(
        label=t("heard"),
        placeholder=t("heard_placeholder"),
        interactive=False,
        visible=False,
        lines=2,
        elem_id=f"{prefix}heard",
    )
    with gr.Row(elem_classes=["sf-speech"]):
        language = gr.Dropdown(
            [(t("detect"), ""), *((name, code) for code, name in LANGUAGES.items())],
            value="",
            label=t("language"),
            elem_id=f"{prefix}language",
            min_width=160,
        )
        upload = gr.UploadButton(
            t("sound_file"), file_types=["audio"], elem_id=f"{prefix}sound-file", min_width=160
        )
    return Speech(microphone, language, upload, heard, live)


def wire_speech(service: Service, jobs: Jobs, speech: Speech, listener: Listener) -> None:
    """Let the components hear with `service` and add to the listener's text."""
    _wire_recording(service, jobs, speech, listener, speech.upload, speech.upload.upload)
    if speech.live:
        _wire_dictation(service, speech, listener)
    else:
        recorded = speech.microphone.stop_recording
        _wire_recording(service, jobs, speech, listener, speech.microphone, recorded)


def _wire_dictation(service: Service, speech: Speech, listener: Listener) -> None:
    dictations = Dictations(service)

    @guarded(listener.status)
    def start(language: str, hint: Any, request: gr.Request) -> Answer:
        dictations.start(request.session_hash or "", language or None, listener.form(hint))
        return {speech.heard: gr.Textbox("", visible=True)}

    @guarded(listener.status)
    def hear(path: str, request: gr.Request) -> Answer:
        own = Path(path).with_name(f"{uuid4().hex}{Path(path).suffix}")
        try:
            Path(path).rename(own)
        except FileNotFoundError:  # pieces of the same bytes, such as silence, share a file: one is enough
            return gr.skip()
        try:
            chunk = audio_from_file(str(own))
        finally:
            own.unlink(missing_ok=True)
        return {speech.heard: dictations.hear(request.session_hash or "", chunk)}

    @guarded(listener.status)
    def stop(text: Any, request: gr.Request) -> Iterator[Answer]:
        yield {listener.status: busy("busy_listen")}
        time.sleep(TRAILING_SECONDS)
        heard = dictations.finish(request.session_hash or "")
        yield {
            listener.text: listener.add(text, heard),
            speech.heard: gr.Textbox("", visible=False),
            listener.status: notice("done_transcribed"),
        }

    outputs = [speech.heard, listener.status]
    speech.microphone.start_recording(start, [speech.language, listener.hint], outputs, queue=False, **QUIET)
    speech.microphone.stream(
        hear,
        speech.microphone,
        outputs,
        stream_every=0.3,
        time_limit=None,
        concurrency_limit=8,
        **QUIET,
    )
    speech.microphone.stop_recording(
        stop, listener.text, [listener.text, *outputs], concurrency_limit=8, **QUIET
    )


def _wire_recording(
    service: Service,
    jobs: Jobs,
    speech: Speech,
    listener: Listener,
    source: gr.Component,
    arrived: Callable[..., Any],
) -> None:
    @guarded(listener.status)
    def listen(path: str, language: str, text: Any, hint: Any, request: gr.Request) -> Iterator[Answer]:
        yield {
            listener.status: busy("busy_listen"),
            speech.heard: gr.Textbox("", visible=True),
            listener.cancel: gr.Button(interactive=True),
        }
        form = listener.form(hint)

        def work(emit: Callable[[str], None], cancel: Cancel) -> str:
            return service.transcribe(
                Path(path), language=language or None, form=form, on_text=emit, cancel=cancel
            ).text

        with jobs.running(request.session_hash or "") as flag:
            stream = streamed(work, flag)
            try:
                while True:
                    yield {speech.heard: next(stream)[-1]}
            except StopIteration as finished:
                heard = finished.value
            finally:
                Path(path).unlink(missing_ok=True)
        yield {listener.text: listener.add(text, heard), listener.status: notice("done_transcribed")}

    def settle() -> Answer:
        answer = {speech.heard: gr.Textbox("", visible=False), listener.cancel: gr.Button(interactive=False)}
        return answer if speech.live else {**answer, speech.microphone: None}

    arrived(
        listen,
        [source, speech.language, listener.text, listener.hint],
        [listener.text, speech.heard, listener.status, listener.cancel],
        concurrency_id=CORES,
        concurrency_limit=1,
        **QUIET,
    ).then(settle, None, [speech.heard, listener.cancel, speech.microphone], queue=False, **QUIET)


def appended(text: str, heard: str) -> str:
    """`text` with what was heard after it, on a line of its own."""
    return "\n".join(part for part in (text.rstrip(), heard.strip()) if part)
