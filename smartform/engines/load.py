"""Settings → engines. The only place that decides between local and remote.

Engines are imported where they are made: their libraries are heavy, and only the chosen one may
cost start-up time.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from smartform.engines import models
from smartform.engines.base import TextEngine, Transcriber
from smartform.errors import WeightsError
from smartform.service import Service
from smartform.settings import NO_ADAPTER, Settings

if TYPE_CHECKING:
    from smartform.fill import Filler

BASE_MODEL = "gemma-3-270m-latin"
SPEECH_MODEL = "whisper-base"
REMOTE_LANES = 8
"""Texts that a server is asked about at once; it has cores of its own."""

BUNDLED_ADAPTER = Path(__file__).resolve().parents[2] / "models" / "forms.gguf"


def service(settings: Settings) -> Service:
    """The service for `settings`; models load on first use or by `Service.warm`."""

    def filler() -> Filler:
        from smartform.fill import Filler

        return Filler(text_engine(settings))

    lanes = REMOTE_LANES if settings.engine == "remote" else 1
    return Service.lazy(filler, lambda: transcriber(settings), lanes=lanes)


def text_engine(settings: Settings) -> TextEngine:
    """The language model that `settings` name.

    Raises:
        WeightsError: the base model or the adapter is missing or damaged.
    """
    if settings.engine == "remote":
        from smartform.engines.remote import RemoteEngine

        return RemoteEngine(
            settings.remote_url, settings.remote_model, settings.remote_key, settings.remote_mode
        )
    from smartform.engines.llama import LlamaEngine

    return LlamaEngine(models.locate(BASE_MODEL), adapter_path(settings), threads=settings.threads)


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


def needed(settings: Settings) -> tuple[str, ...]:
    """Manifest names of the weights that `settings` use."""
    names = []
    if settings.engine == "local":
        names.append(BASE_MODEL)
        if settings.adapter and settings.adapter != NO_ADAPTER and not _is_file(settings.adapter):
            names.append(settings.adapter)
    if settings.transcriber == "faster-whisper":
        names.append(SPEECH_MODEL)
    return tuple(names)


def adapter_path(settings: Settings) -> Path | None:
    """The LoRA file to load over the base model; None where the bare base is asked for.

    Raises:
        WeightsError: there is no such file or manifest entry.
    """
    if settings.adapter == NO_ADAPTER:
        return None
    if settings.adapter is None:
        return _existing(BUNDLED_ADAPTER, "The bundled forms adapter is missing.")
    if _is_file(settings.adapter):
        return _existing(
            Path(settings.adapter).expanduser(), "The adapter file of SMARTFORM_ADAPTER does not exist."
        )
    return models.locate(settings.adapter)


def _is_file(adapter: str) -> bool:
    return adapter.endswith(".gguf")


def _existing(path: Path, message: str) -> Path:
    if not path.is_file():
        raise WeightsError(
            message,
            f"Put a GGUF LoRA there, or set SMARTFORM_ADAPTER to a file or to '{NO_ADAPTER}'.",
        )
    return path
