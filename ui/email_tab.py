"""The E-mail tab: a draft with how it comes across on the left, its revision on the right.

The server scores and proofreads; which edits are taken, and the text that comes of them, is
decided in the browser (`static/revision_view.js`), so that nothing waits for the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol

import gradio as gr

from smartform.engines.base import Cancel, never
from smartform.errors import InputError, TextError
from smartform.revision import DEFAULT_OPTIONS, Amount, ProofreadOptions, Register, Revision
from smartform.service import Service
from smartform.tone import ToneReport
from ui.boundary import Answer, answering, guarded
from ui.components import busy, draft_box, notice, notice_box, revised, revision_view, spoken, writing
from ui.jobs import CORES, QUIET, Jobs, streamed, wire_cancel
from ui.speech import Listener, Speech, draw_speech, wire_speech
from ui.strings import i18n as t

OPTIONS = tuple(field.name for field in fields(ProofreadOptions))
"""What there is to choose beside the model; each has a component of its name."""


class ToneReader(Protocol):
    """Tells how a text comes across."""

    def tone(self, text: str, *, weights: bool = False, cancel: Cancel = never) -> ToneReport:
        """The tone of `text`, with the words that move it where `weights`."""
        ...


class Proofreader(Protocol):
    """Revises drafts."""

    def proofread(
        self,
        draft: str,
        options: ProofreadOptions = DEFAULT_OPTIONS,
        *,
        on_text: Callable[[str], None] | None = None,
        on_progress: Callable[[float, str], None] | None = None,
        cancel: Cancel = never,
    ) -> Revision:
        """The edits that mend `draft`; `on_text` hears the revision so far, `on_progress` its share."""
        ...


@dataclass(frozen=True, slots=True)
class MailDesk:
    """What the tab works with.

    Args:
        speech: hears dictation.
        tone: scores texts.
        models: name shown → what revises with that model; the first is chosen at first sight.
        system_prompt: what the models were trained with, to read and to edit.
        example: the draft at first sight.
        tone_languages: ISO 639-1 codes of the languages that the scores hold for.
    """

    speech: Service
    tone: ToneReader
    models: Mapping[str, Proofreader]
    system_prompt: str
    example: str
    tone_languages: frozenset[str] = frozenset({"en"})


@dataclass(frozen=True, slots=True)
class _Left:
    draft: gr.HTML
    proofread: gr.Button
    cancel: gr.Button
    status: gr.HTML
    speech: Speech


@dataclass(frozen=True, slots=True)
class _Settings:
    model: gr.Dropdown
    amount: gr.Radio
    register: gr.Radio
    temperature: gr.Slider
    top_p: gr.Slider
    max_tokens: gr.Slider
    repetition_penalty: gr.Slider
    seed: gr.Number
    system_prompt: gr.Textbox
    reset: gr.Button

    def options(self, given: Mapping[Any, Any], trained: str) -> ProofreadOptions:
        """What a person chose; see `options`.

        Args:
            given: component → value.
        """
        return options({name: given[getattr(self, name)] for name in OPTIONS}, trained)


def email_tab(desk: MailDesk) -> None:
    """Draw the tab into the open page and wire it."""

    def tone(asked: dict[str, Any]) -> dict[str, Any]:
        return toned(desk, asked)

    with gr.Row(elem_classes=["sf-columns"], equal_height=False):
        with gr.Column(scale=1, min_width=320, elem_classes=["sf-left", "sf-flowing"]):
            left, settings = _draw_left(desk, tone)
        with gr.Column(scale=1, min_width=320, elem_classes=["sf-right"]):
            revision = revision_view(tone)
    jobs = Jobs()
    _wire_proofreading(desk, jobs, left, settings, revision)
    _wire_reset(desk, settings)
    wire_speech(
        desk.speech,
        jobs,
        left.speech,
        Listener(
            left.status, left.cancel, left.draft, lambda _, heard: spoken(heard), left.draft, lambda _: None
        ),
    )


# ---- drawing ---------------------------------------------------------------------------------


def _draw_left(desk: MailDesk, tone: Callable[..., dict[str, Any]]) -> tuple[_Left, _Settings]:
    draft = draft_box({"text": desk.example}, tone)
    with gr.Row(elem_classes=["sf-actions"]):
        proofread = gr.Button(t("proofread"), variant="primary", elem_id="proofread", scale=3)
        cancel = gr.Button(t("cancel"), interactive=False, elem_id="mail-cancel", scale=1, min_width=96)
    status = notice_box("mail-status")
    with gr.Accordion(t("settings"), open=False, elem_id="mail-settings"):
        settings = _draw_settings(desk)
    return _Left(draft, proofread, cancel, status, draw_speech("mail-", live=False)), settings


def _draw_settings(desk: MailDesk) -> _Settings:
    names = list(desk.models)
    return _Settings(
        model=gr.Dropdown(names, value=names[0], label=t("set_model"), elem_id="set-model"),
        amount=gr.Radio(
            [(t("amount_errors"), Amount.ERRORS), (t("amount_tone"), Amount.TONE),
             (t("amount_rewrite"), Amount.REWRITE)],
            value=DEFAULT_OPTIONS.amount, label=t("set_amount"), elem_id="set-amount",
        ),
        register=gr.Radio(
            [(t("register_neutral"), Register.NEUTRAL), (t("register_warm"), Register.WARM),
             (t("register_firm"), Register.FIRM)],
            value=DEFAULT_OPTIONS.register, label=t("set_register"), elem_id="set-register",
        ),
        temperature=_slider("temperature", 0, 2, 0.05),
        top_p=_slider("top_p", 0.05, 1, 0.05),
        max_tokens=_slider("max_tokens", 16, 2048, 16),
        repetition_penalty=_slider("repetition_penalty", 1, 2, 0.05),
        seed=gr.Number(DEFAULT_OPTIONS.seed, precision=0, label=t("set_seed"), elem_id="set-seed"),
        system_prompt=gr.Textbox(
            desk.system_prompt, label=t("set_system_prompt"), info=t("set_system_prompt_info"),
            lines=4, max_lines=12, elem_id="set-system-prompt",
        ),
        reset=gr.Button(t("set_reset"), elem_id="set-reset", size="md"),
    )  # fmt: skip


def _slider(name: str, least: float, most: float, step: float) -> gr.Slider:
    return gr.Slider(
        least,
        most,
        value=getattr(DEFAULT_OPTIONS, name),
        step=step,
        label=t(f"set_{name}"),
        info=t(f"set_{name}_info"),
        buttons=[],
        elem_id=f"set-{name.replace('_', '-')}",
    )


# ---- tone ------------------------------------------------------------------------------------


@answering
def toned(desk: MailDesk, asked: Mapping[str, Any]) -> dict[str, Any]:
    """How a text comes across. Called by the browser while a person types.

    Args:
        asked: {"text": the text, "weights": whether the words that weigh most are wanted}.

    Returns:
        `ToneReport.to_dict()` with "applies": whether the scores hold for the language; or
        {"problem": notice} where the text could not be scored.
    """
    report = desk.tone.tone(asked["text"], weights=bool(asked.get("weights")))
    return {**report.to_dict(), "applies": report.language in desk.tone_languages}


# ---- proofreading ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Step:
    """News of a running job: the text so far, or the share that is done."""

    text: str | None = None
    share: float | None = None


def _wire_proofreading(
    desk: MailDesk, jobs: Jobs, left: _Left, settings: _Settings, revision: gr.HTML
) -> None:
    @guarded(left.status, cancelled="mail_cancelled")
    def proofread(given: dict[Any, Any], request: gr.Request) -> Iterator[Answer]:
        draft = given[left.draft]["text"]
        if not draft.strip():
            raise TextError("There is no draft to proofread.", "Write, paste or dictate one first.")
        wanted = settings.options(given, desk.system_prompt)
        model = desk.models[given[settings.model]]
        yield {
            left.status: busy("busy_wait"),
            left.cancel: gr.Button(interactive=True),
            revision: writing(""),
        }
        with jobs.running(request.session_hash or "") as flag:
            stream = streamed(_work(model, draft, wanted), flag)
            try:
                text, share = "", None
                while True:
                    text, share = _latest(next(stream), text, share)
                    yield {revision: writing(text), left.status: busy("busy_proofread", share)}
            except StopIteration as finished:
                result: Revision = finished.value
        yield {revision: revised(result), left.status: _summary(result)}

    def settle(shown: dict[str, Any] | None) -> Answer:
        answer: Answer = {left.cancel: gr.Button(interactive=False)}
        if shown and shown["state"] == "writing":
            answer[revision] = {"state": "stopped"}
        return answer

    gr.on(
        [left.proofread.click, left.draft.submit],
        proofread,
        {left.draft, settings.model, *(getattr(settings, name) for name in OPTIONS)},
        [revision, left.status, left.cancel],
        concurrency_id=CORES,
        concurrency_limit=1,
        trigger_mode="once",
        **QUIET,
    ).then(settle, revision, [left.cancel, revision], queue=False, **QUIET)

    wire_cancel(left.cancel, jobs)


def _work(
    reader: Proofreader, draft: str, wanted: ProofreadOptions
) -> Callable[[Callable[[_Step], None], Cancel], Revision]:
    def work(emit: Callable[[_Step], None], cancel: Cancel) -> Revision:
        return reader.proofread(
            draft,
            wanted,
            on_text=lambda text: emit(_Step(text=text)),
            on_progress=lambda share, _: emit(_Step(share=share)),
            cancel=cancel,
        )

    return work


def _latest(steps: list[_Step], text: str, share: float | None) -> tuple[str, float | None]:
    for step in steps:
        text = text if step.text is None else step.text
        share = share if step.share is None else step.share
    return text, share


def options(chosen: Mapping[str, Any], trained: str) -> ProofreadOptions:
    """What a person chose, as the screen's components give it.

    Args:
        chosen: a value for each of `OPTIONS`.
        trained: the system prompt that the models were trained with; left as it is, it is not sent.

    Raises:
        InputError: the seed is negative.
    """
    seed = int(chosen["seed"] or 0)
    if seed < 0:
        raise InputError("The seed is negative.", "Give a whole number from 0 up.")
    own = chosen["system_prompt"].strip()
    return ProofreadOptions(
        amount=Amount(chosen["amount"]),
        register=Register(chosen["register"]),
        system_prompt="" if own == trained.strip() else own,
        temperature=float(chosen["temperature"]),
        top_p=float(chosen["top_p"]),
        max_tokens=int(chosen["max_tokens"]),
        repetition_penalty=float(chosen["repetition_penalty"]),
        seed=seed,
    )


def _summary(revision: Revision) -> dict[str, Any]:
    seconds = f"{revision.seconds:.1f}"
    if revision.refused:
        return notice("done_refused", n=len(revision.edits), left=len(revision.refused), seconds=seconds)
    if not revision.changed:
        return notice("done_unchanged", seconds=seconds)
    return notice("done_proofread", n=len(revision.edits), seconds=seconds)


# ---- settings --------------------------------------------------------------------------------


def _wire_reset(desk: MailDesk, settings: _Settings) -> None:
    components = {name: getattr(settings, name) for name in OPTIONS}

    def reset() -> Answer:
        answer = {component: getattr(DEFAULT_OPTIONS, name) for name, component in components.items()}
        return {
            **answer,
            settings.system_prompt: desk.system_prompt,
            settings.model: next(iter(desk.models)),
        }

    settings.reset.click(reset, None, [settings.model, *components.values()], queue=False, **QUIET)
