"""What a person may choose before the start, read from environment variables.

| variable | meaning | default |
|---|---|---|
| SMARTFORM_ENGINE | `local`, or `remote` for an OpenAI-compatible server | local |
| SMARTFORM_ADAPTER | a GGUF LoRA file, a name from `models list`, or `none` | the bundled one |
| SMARTFORM_EMAIL_ADAPTER | the same for the adapter that proofreads e-mails | the bundled one |
| SMARTFORM_RESUME_ADAPTER | the same for resumes; with `none` the forms' one reads them | the bundled one |
| SMARTFORM_PAGES_ADAPTER | the same for first pages of papers, theses and books | the bundled one |
| SMARTFORM_MODELS | a TOML file whose models are added to `models list`, or replace those in it | none |
| SMARTFORM_REMOTE_URL | base address of the server, `http://localhost:8080/v1` for instance | none |
| SMARTFORM_REMOTE_MODEL | what the server calls the model | none |
| SMARTFORM_REMOTE_KEY | key for the server; never shown | none |
| SMARTFORM_REMOTE_MODE | `protocol` (FIELD lines) or `schema` (JSON schema) | protocol |
| SMARTFORM_TRANSCRIBER | `faster-whisper` or `openai-whisper` | faster-whisper |
| SMARTFORM_THREADS | CPU threads the models may use | all cores |
| PORT | port of the app; on a Space it is always 7860 | 7860 |
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from smartform.errors import InputError

ENGINES = ("local", "remote")
MODES = ("protocol", "schema")
TRANSCRIBERS = ("faster-whisper", "openai-whisper")
NO_ADAPTER = "none"
"""The adapter setting that asks for the bare base model."""
SPACE_PORT = 7860
"""Where a Space looks for its app; the PORT that it sets may be that of a proxy of its own."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one process.

    Args:
        engine: one of `ENGINES`.
        adapter: path or manifest name of a LoRA, `NO_ADAPTER`, or None for the bundled one.
        email_adapter: the same for the LoRA that proofreads e-mails.
        resume_adapter: the same for the LoRA that reads resumes; without one the forms' LoRA does.
        pages_adapter: the same for the LoRA that reads first pages.
        remote_url: base address of an OpenAI-compatible server; needed by the remote engine.
        remote_model: the server's name for the model; needed by the remote engine.
        remote_key: secret; left out of `repr`.
        remote_mode: one of `MODES`.
        transcriber: one of `TRANSCRIBERS`.
        threads: CPU threads; None for all cores.
        port: TCP port of the app.
    """

    engine: str = "local"
    adapter: str | None = None
    email_adapter: str | None = None
    resume_adapter: str | None = None
    pages_adapter: str | None = None
    remote_url: str = ""
    remote_model: str = ""
    remote_key: str = field(default="", repr=False)
    remote_mode: str = "protocol"
    transcriber: str = "faster-whisper"
    threads: int | None = None
    port: int = 7860

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; variables that are unset or empty keep their defaults.

        Raises:
            InputError: a value that is not among the choices, or a remote engine without
                address or model.
        """
        env = os.environ if environment is None else environment
        settings = cls(
            engine=_choice(env, "SMARTFORM_ENGINE", ENGINES),
            adapter=env.get("SMARTFORM_ADAPTER", "").strip() or None,
            email_adapter=env.get("SMARTFORM_EMAIL_ADAPTER", "").strip() or None,
            resume_adapter=env.get("SMARTFORM_RESUME_ADAPTER", "").strip() or None,
            pages_adapter=env.get("SMARTFORM_PAGES_ADAPTER", "").strip() or None,
            remote_url=env.get("SMARTFORM_REMOTE_URL", "").strip(),
            remote_model=env.get("SMARTFORM_REMOTE_MODEL", "").strip(),
            remote_key=env.get("SMARTFORM_REMOTE_KEY", "").strip(),
            remote_mode=_choice(env, "SMARTFORM_REMOTE_MODE", MODES),
            transcriber=_choice(env, "SMARTFORM_TRANSCRIBER", TRANSCRIBERS),
            threads=_number(env, "SMARTFORM_THREADS", 1, 1024, None),
            port=SPACE_PORT if env.get("SPACE_ID") else _number(env, "PORT", 1, 65535, 7860) or 7860,
        )
        if settings.engine == "remote":
            _need_remote(settings)
        return settings


def _need_remote(settings: Settings) -> None:
    for value, variable, example in (
        (settings.remote_url, "SMARTFORM_REMOTE_URL", "http://localhost:8080/v1"),
        (settings.remote_model, "SMARTFORM_REMOTE_MODEL", "the model's name on that server"),
    ):
        if not value:
            raise InputError(f"The remote engine needs {variable}.", f"Set it to {example}.")
    if not settings.remote_url.startswith(("http://", "https://")):
        raise InputError("SMARTFORM_REMOTE_URL is not a web address.", "Begin it with http:// or https://.")


def _choice(env: Mapping[str, str], variable: str, choices: tuple[str, ...]) -> str:
    value = env.get(variable, "").strip() or choices[0]
    if value not in choices:
        raise InputError(f"{variable} is '{value}'.", f"Set it to one of: {', '.join(choices)}.")
    return value


def _number(env: Mapping[str, str], variable: str, least: int, most: int, default: int | None) -> int | None:
    written = env.get(variable, "").strip()
    if not written:
        return default
    if not written.isascii() or not written.isdigit() or not least <= int(written) <= most:
        raise InputError(f"{variable} is '{written}'.", f"Set it to a number from {least} to {most}.")
    return int(written)
