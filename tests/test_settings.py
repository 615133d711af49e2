"""Settings from the environment, and the engines they name."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from smartform.engines import load
from smartform.engines.remote import RemoteEngine
from smartform.errors import EngineError, InputError, WeightsError
from smartform.fill import Filler
from smartform.settings import Settings
from smartform.tasks import Task
from tests.fakes import ScriptedEngine

REMOTE = {
    "SMARTFORM_ENGINE": "remote",
    "SMARTFORM_REMOTE_URL": "http://127.0.0.1:9/v1",
    "SMARTFORM_REMOTE_MODEL": "some-model",
    "SMARTFORM_REMOTE_KEY": "sk-secret",
}


def test_defaults() -> None:
    settings = Settings.from_environment({"SMARTFORM_ADAPTER": "", "PORT": " "})
    assert settings == Settings()
    adapters = ("forms", "email", "resume", "pages")
    assert load.needed(settings) == ("gemma-3-270m-latin", *adapters, "whisper-base")


def test_a_space_is_served_where_it_looks_whatever_port_it_names() -> None:
    assert Settings.from_environment({"SPACE_ID": "me/forms", "PORT": "7861"}).port == 7860


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


@pytest.mark.parametrize(("task", "variable"), load.VARIABLES.items())
def test_adapters(task: str, variable: str, tmp_path: Path) -> None:
    def path(chosen: str) -> Path | None:
        return load.adapter_paths(Settings.from_environment({variable: chosen})).get(Task(task))

    file = tmp_path / "mine.gguf"
    file.write_bytes(b"GGUF")
    assert path(str(file)) == file
    assert path("none") is None
    for wrong, named in ((str(tmp_path / "none.gguf"), variable), ("no-such-weights", "no-such-weights")):
        with pytest.raises(WeightsError) as caught:
            path(wrong)
        assert caught.value.hint
        assert named in f"{caught.value} {caught.value.hint}"


def test_chosen_adapters_are_needed() -> None:
    own = Settings(
        adapter="my-forms", email_adapter="my-mails", resume_adapter="none", pages_adapter="none",
        transcriber="openai-whisper",
    )  # fmt: skip
    assert load.needed(own) == ("gemma-3-270m-latin", "my-forms", "my-mails")


def test_without_an_email_adapter_proofreading_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "EMAIL_ADAPTER", "no-such-adapter")
    assert set(load.adapter_paths(Settings())) == {Task.FORMS, Task.RESUME, Task.PAGES}
    with pytest.raises(EngineError, match="no adapter for e-mails") as caught:
        load.service(Settings()).proofread("Hello.")
    assert "SMARTFORM_EMAIL_ADAPTER" in caught.value.hint


ADDED = """
[{id}]
task = "adapter"
title = "Mine"
licence = "Apache-2.0"
licence_url = "https://example.org"
base = "smollm2-135m-instruct"
files = [{{ name = "mine.gguf", size = 4, sha256 = "{digest}" }}]
sources = [{{ kind = "bundled", path = "mine.gguf" }}]
"""


@pytest.mark.parametrize("name", ["forms", "mine"])
def test_an_added_adapter_is_used_with_its_own_base(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.gguf").write_bytes(b"GGUF")
    digest = hashlib.sha256(b"GGUF").hexdigest()
    (tmp_path / "added.toml").write_text(ADDED.format(id=name, digest=digest))
    monkeypatch.setenv("SMARTFORM_MODELS", str(tmp_path / "added.toml"))
    settings = Settings(adapter=None if name == "forms" else name)
    assert load.adapter_paths(settings) == {Task.FORMS: tmp_path / "mine.gguf"}, "others do not fit its base"
    assert load.needed(settings)[:2] == ("smollm2-135m-instruct", name)


def test_an_adapter_that_finds_nothing_is_not_offered() -> None:
    load.try_out(Filler(ScriptedEngine({"name": "Ada Rossi"})))
    with pytest.raises(WeightsError, match="'scripted' loads, but finds nothing") as caught:
        load.try_out(Filler(ScriptedEngine({})))
    assert "trained for forms" in caught.value.hint


def test_only_adapters_that_did_not_come_with_the_product_are_tried(tmp_path: Path) -> None:
    ours = load.adapter_paths(Settings())[Task.FORMS]
    for adapter, prompts in ((None, 0), (ours, 0), (tmp_path / "mine.gguf", 1)):
        engine = ScriptedEngine({"name": "Ada Rossi"})
        load.tried(engine, adapter)
        assert len(engine.prompts) == prompts
