"""Settings → engines. The only place that decides between local and remote.

Engines are imported where they are made: their libraries are heavy, and only the chosen one may
cost start-up time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from smartform.engines import models
from smartform.engines.base import TextEngine, Transcriber
from smartform.errors import WeightsError
from smartform.results import FieldResult
from smartform.schema import Field, FormSpec
from smartform.service import Once, Service
from smartform.settings import NO_ADAPTER, Settings
from smartform.tasks import Task
from smartform.tone import ToneScorer

if TYPE_CHECKING:
    from smartform.checker import Checker
    from smartform.engines.llama import LlamaEngine
    from smartform.engines.remote import RemoteEngine
    from smartform.fill import Filler
    from smartform.proofread import Proofreader

BASE_MODEL = "gemma-3-270m-latin"
SPEECH_MODEL = "whisper-base"
REMOTE_LANES = 8
"""Texts that a server is asked about at once; it has cores of its own."""

FORMS_ADAPTER = "forms"
EMAIL_ADAPTER = "email"
RESUME_ADAPTER = "resume"
PAGES_ADAPTER = "pages"

VARIABLES: dict[str, str] = {
    Task.FORMS: "SMARTFORM_ADAPTER",
    Task.EMAIL: "SMARTFORM_EMAIL_ADAPTER",
    Task.RESUME: "SMARTFORM_RESUME_ADAPTER",
    Task.PAGES: "SMARTFORM_PAGES_ADAPTER",
}
"""The setting that names each task's adapter."""

TRIAL_FORM = FormSpec(
    (Field("name", description="Who is writing"), Field("city", description="Where they live"))
)
TRIAL_TEXT = "Hello, my name is Ada Rossi and I live in Turin."
TRIAL_MAIL = "Hi Tom, I has not recieved the invoice."
TRIAL_RESUME = "Ada Rossi\nTurin · ada.rossi@example.org\n\nWork\n2019 - 2023: baker, Forno Bianco\n"
TRIAL_PAGE = (
    "Journal of Alpine Hydrology, vol. 18 (2019)\n\nSmall lakes delay summer floods\n\n"
    "Helena Vrba and Aiko Tanemura\nInstitute of Mountain Research, University of Brennfeld\n\n"
    "Abstract. We followed eleven lakes for six years.\n"
)


def service(settings: Settings) -> Service:
    """The service for `settings`; models load on first use or by `Service.warm`.

    All jobs share one language model, each with its adapter.
    """
    engine = Once(lambda: text_engine(settings))
    scorer = Once(lambda: tone_scorer(settings))

    def filler() -> Filler:
        adapters = adapter_paths(settings) if settings.engine == "local" else {}
        return tried(engine.get(), adapters.get(Task.FORMS))

    def proofreader() -> Proofreader:
        from smartform.proofread import Proofreader

        if settings.engine == "local":
            _need_email_adapter(settings)
        return Proofreader(engine.get(), scorer.get(), checker=checker())

    lanes = REMOTE_LANES if settings.engine == "remote" else 1
    return Service.lazy(filler, lambda: transcriber(settings), proofreader, scorer.get, lanes=lanes)


def checker() -> Checker:
    """What proposes corrections of English mails; it loads when it is first asked."""
    from smartform.checker import Checkers, Harper
    from smartform.mistakes import Mistakes

    return Checkers(Harper(), Mistakes())


def text_engine(settings: Settings) -> LlamaEngine | RemoteEngine:
    """The language model that `settings` name; it fills forms and revises e-mails.

    Raises:
        WeightsError: the base model or the adapter is missing or damaged.
    """
    if settings.engine == "remote":
        from smartform.engines.remote import RemoteEngine

        return RemoteEngine(
            settings.remote_url, settings.remote_model, settings.remote_key, settings.remote_mode
        )
    from smartform.engines.llama import LlamaEngine
    from smartform.engines.merging import prepared

    adapters = adapter_paths(settings)
    files = prepared(models.locate(base_model(settings)), adapters, Task.FORMS)
    merged = Task.FORMS in adapters and Task.FORMS not in files.adapters
    return LlamaEngine(
        files.base,
        files.adapters,
        threads=settings.threads,
        merged=adapters[Task.FORMS].stem if merged else "",
    )


def transcriber(settings: Settings) -> Transcriber:
    """The speech model that `settings` name.

    Raises:
        WeightsError: the model is missing or damaged.
        EngineError: its library is not installed.
    """
    from smartform.engines.whisper import FasterWhisper, OpenAIWhisper

    if settings.transcriber == "openai-whisper":
        return OpenAIWhisper()
    return FasterWhisper(models.locate(SPEECH_MODEL), threads=settings.threads or os.cpu_count() or 1)


def tone_scorer(settings: Settings) -> ToneScorer:
    """The bundled tone model; more than two threads gain nothing on a mail.

    Raises:
        WeightsError: the model is missing or damaged.
    """
    from smartform.engines.tone import OnnxTone

    return OnnxTone.bundled(threads=min(2, settings.threads or os.cpu_count() or 1))


def needed(settings: Settings) -> tuple[str, ...]:
    """Manifest names of the weights that `settings` use."""
    names = []
    if settings.engine == "local":
        names.append(base_model(settings))
        names += [a for a in _adapters(settings).values() if not _is_file(a)]
    if settings.transcriber == "faster-whisper":
        names.append(SPEECH_MODEL)
    return tuple(names)


def base_model(settings: Settings) -> str:
    """Manifest name of the base model: the one that the manifest's adapter was trained on."""
    adapter = models.manifest().get(settings.adapter or FORMS_ADAPTER)
    return adapter.base if adapter and adapter.base else BASE_MODEL


def adapter_paths(settings: Settings) -> dict[Task, Path]:
    """The LoRA file of each task; left out are tasks with none that fits, or for which none is asked for.

    Raises:
        WeightsError: there is no such file or manifest entry.
    """
    return {task: _located(adapter, VARIABLES[task]) for task, adapter in _adapters(settings).items()}


def _adapters(settings: Settings) -> dict[Task, str]:
    """Manifest name or file of each task's adapter."""
    chosen = {
        Task.FORMS: settings.adapter or FORMS_ADAPTER,
        Task.EMAIL: settings.email_adapter or _fitting(EMAIL_ADAPTER, settings),
        Task.RESUME: settings.resume_adapter or _fitting(RESUME_ADAPTER, settings),
        Task.PAGES: settings.pages_adapter or _fitting(PAGES_ADAPTER, settings),
    }
    return {task: adapter for task, adapter in chosen.items() if adapter and adapter != NO_ADAPTER}


def _fitting(adapter: str, settings: Settings) -> str | None:
    """A bundled adapter, where forms are filled on the base that it was trained on."""
    known = models.manifest().get(adapter)
    return adapter if known and known.base == base_model(settings) else None


def _need_email_adapter(settings: Settings) -> None:
    """Refuse to let the bare base revise e-mails unless that is asked for: it rambles."""
    if settings.email_adapter is None and _fitting(EMAIL_ADAPTER, settings) is None:
        raise WeightsError(
            "There is no adapter for e-mails on this base model.",
            "Set SMARTFORM_EMAIL_ADAPTER to a GGUF LoRA, or SMARTFORM_ENGINE to remote.",
        )


def tried(engine: TextEngine, adapter: Path | None) -> Filler:
    """A filler with `engine`; an adapter that did not come with the product is tried out first.

    Raises:
        EngineError: as `try_out`.
    """
    from smartform.fill import Filler

    filler = Filler(engine)
    if adapter is not None and not adapter.is_relative_to(models.ROOT):
        try_out(filler)
    return filler


def try_out(filler: Filler) -> None:
    """Fill a form of two fields from a text that answers both.

    Raises:
        EngineError: the model fails.
        WeightsError: it finds nothing where everything is said.
    """
    found = filler.fill(TRIAL_FORM, TRIAL_TEXT)
    if all(field.value is None for field in found.fields):
        raise WeightsError(
            f"'{filler.engine.name}' loads, but finds nothing in a text that answers every field.",
            "Check that the adapter was trained for forms, and on this very base model.",
        )


def try_adapter(artifact_id: str) -> None:
    """Load an adapter of the manifest onto its base and let it do its job once.

    Raises:
        EngineError: the model fails.
        WeightsError: it is missing, does not fit its base, or finds nothing.
    """
    job = models.named(artifact_id).job
    trial = _TRIALS.get(job)
    if trial:
        trial(artifact_id)
    else:
        text_engine(Settings(adapter=artifact_id))


def _try_forms(artifact_id: str) -> None:
    from smartform.fill import Filler

    try_out(Filler(text_engine(Settings(adapter=artifact_id))))


def _try_mails(artifact_id: str) -> None:
    from smartform.proofread import Proofreader

    settings = Settings(email_adapter=artifact_id)
    Proofreader(text_engine(settings), tone_scorer(settings)).proofread(TRIAL_MAIL)


def _try_resume(artifact_id: str) -> None:
    from smartform.resume import ResumeReader

    engine = text_engine(Settings(resume_adapter=artifact_id))
    name = ResumeReader(engine).read(TRIAL_RESUME, force=True).filled["name"]
    _need(name, artifact_id, "the name on a resume", "resumes")


def _try_page(artifact_id: str) -> None:
    from smartform.fill import Filler
    from smartform.sources import presets

    filler = Filler(text_engine(Settings(pages_adapter=artifact_id)))
    title = filler.fill(presets()["scholarly_metadata"].subset(["title"]), TRIAL_PAGE)["title"]
    _need(title, artifact_id, "the title on a first page", "first pages")


def _need(answer: FieldResult, artifact_id: str, what: str, texts: str) -> None:
    if answer.value is None:
        raise WeightsError(
            f"'{artifact_id}' loads, but does not find {what}.",
            f"Check that the adapter was trained for {texts}, and on this very base model.",
        )


_TRIALS: dict[str, Callable[[str], None]] = {
    Task.FORMS: _try_forms,
    Task.EMAIL: _try_mails,
    Task.RESUME: _try_resume,
    Task.PAGES: _try_page,
}
"""What tries an adapter out, by its job."""


def _located(adapter: str, variable: str) -> Path:
    if not _is_file(adapter):
        return models.locate(adapter)
    path = Path(adapter).expanduser()
    if not path.is_file():
        raise WeightsError(
            f"The adapter file of {variable} does not exist.",
            f"Put a GGUF LoRA there, or set {variable} to a file or to '{NO_ADAPTER}'.",
        )
    return path


def _is_file(adapter: str) -> bool:
    return adapter.endswith(".gguf")
