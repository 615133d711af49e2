"""Settings from the environment, and the engines they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from smartform.engines import load
from smartform.engines.remote import RemoteEngine
from smartform.errors import EngineError, InputError, WeightsError
from smartform.settings import Settings

REMOTE = {
    "SMARTFORM_ENGINE": "remote",
    "SMARTFORM_REMOTE_URL": "http://127.0.0.1:9/v1",
    "SMARTFORM_REMOTE_MODEL": "some-model",
    "SMARTFORM_REMOTE_KEY": "sk-secret",
}


def test_defaults() -> None:
    settings = Settings.from_environment({"SMARTFORM_ADAPTER": "", "PORT": " "})
    assert settings == Settings()
    assert load.needed(settings) == ("gemma-3-270m-latin", "whisper-base")


def test_remote_needs_no_local_text_model_and_never_shows_its_key() -> None:
    settings = Settings.from_environment(REMOTE)
    assert "sk-secret" not in f"{settings} {settings!r}"
    assert load.needed(settings) == ("whisper-base",)
    engine = load.text_engine(settings)
    assert isinstance(engine, RemoteEngine)
    assert engine.name == "some-model"


@pytest.mark.parametrize(
    "environment",
    [
        {"SMARTFORM_ENGINE": "cloud"},
        {"SMARTFORM_TRANSCRIBER": "ears"},
        {"SMARTFORM_THREADS": "many"},
        {"SMARTFORM_THREADS": "0"},
        {"PORT": "70000"},
        {"PORT": "²"},
        REMOTE | {"SMARTFORM_REMOTE_URL": ""},
        REMOTE | {"SMARTFORM_REMOTE_URL": "localhost:80"},
        REMOTE | {"SMARTFORM_REMOTE_MODEL": ""},
        REMOTE | {"SMARTFORM_REMOTE_MODE": "guess"},
    ],
)
def test_wrong_settings_are_told_with_a_hint(environment: dict[str, str]) -> None:
    with pytest.raises(InputError) as caught:
        Settings.from_environment(environment)
    assert caught.value.hint
    assert "sk-secret" not in str(caught.value)


def test_adapters(tmp_path: Path) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(b"GGUF")
    assert load.adapter_path(Settings(adapter=str(file))) == file
    assert load.adapter_path(Settings(adapter="none")) is None
    for wrong in (str(tmp_path / "none.gguf"), "no-such-weights"):
        with pytest.raises(WeightsError) as caught:
            load.adapter_path(Settings(adapter=wrong))
        assert caught.value.hint
    assert load.needed(
        Settings(adapter="my-forms", email_adapter="my-mails", transcriber="openai-whisper")
    ) == ("gemma-3-270m-latin", "my-forms", "my-mails")


def test_email_adapters(tmp_path: Path) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(b"GGUF")
    chosen = Settings.from_environment({"SMARTFORM_EMAIL_ADAPTER": str(file)})
    assert load.email_adapter_path(chosen) == file
    assert load.email_adapter_path(Settings(email_adapter="none")) is None
    with pytest.raises(WeightsError) as caught:
        load.email_adapter_path(Settings(email_adapter=str(tmp_path / "none.gguf")))
    assert "SMARTFORM_EMAIL_ADAPTER" in f"{caught.value} {caught.value.hint}"


def test_without_an_email_adapter_proofreading_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "EMAIL_ADAPTER", "no-such-adapter")
    assert load.email_adapter_path(Settings()) is None, "forms are filled all the same"
    with pytest.raises(EngineError, match="no adapter for e-mails") as caught:
        load.service(Settings()).proofread("Hello.")
    assert "SMARTFORM_EMAIL_ADAPTER" in caught.value.hint
