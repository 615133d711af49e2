"""Which models the screen offers, and what it says of them."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from smartform.engines import choices, load, models
from smartform.engines.figures import figures
from smartform.errors import WeightsError
from smartform.fill import Filler
from smartform.service import Service
from smartform.settings import Settings
from tests.fakes import FakeTranscriber, ScriptedEngine

ADDED = """
[{id}]
task = "adapter"
job = "{job}"
title = "Mine"
figures = "F1 0.9"
licence = "Apache-2.0"
licence_url = "https://example.org"
base = "gemma-3-270m-latin"
files = [{{ name = "mine.gguf", size = 4, sha256 = "{digest}" }}]
sources = [{{ kind = "bundled", path = "mine.gguf" }}]
"""


@pytest.fixture
def service() -> Service:
    return Service(Filler(ScriptedEngine({})), FakeTranscriber())


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more adapter for forms and one more for e-mails, of four bytes."""
    (tmp_path / "mine.gguf").write_bytes(b"GGUF")
    rows = (ADDED.format(id=f"my-{job}", job=job, digest="0" * 64) for job in ("forms", "email"))
    (tmp_path / "added.toml").write_text("".join(rows))
    monkeypatch.setenv("SMARTFORM_MODELS", str(tmp_path / "added.toml"))


def test_the_figures_of_the_bundled_models_are_those_of_their_cards() -> None:
    for name in ("forms", "email"):
        told = models.named(name).figures
        assert told and told == figures((models.ROOT / f"models/{name}.md").read_text())
    assert models.named("forms").figures.startswith("F1 0.")
    assert figures("# a card without a table\n") == ""


def test_an_adapter_that_works_is_offered_after_the_one_in_use(
    service: Service, added: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    monkeypatch.setattr(load, "try_adapter", tried.append)
    offered = choices.for_forms(Settings(), service)
    assert list(offered) == [choices.shown("forms"), "Mine · F1 0.9"]
    assert offered[choices.shown("forms")] is service
    assert list(choices.for_mail(Settings(), service)) == [choices.shown("email"), "Mine · F1 0.9"]
    assert tried == ["my-forms", "my-email"], "what came with the product is not tried"
    # The other way round: the added one in use, the bundled one to choose.
    assert list(choices.for_forms(Settings(adapter="my-forms"), service))[1:] == [choices.shown("forms")]


def test_an_adapter_that_fails_its_trial_is_left_out_and_named(
    service: Service, added: None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert list(choices.for_forms(Settings(), service)) == [choices.shown("forms")]
    assert "my-forms is not offered" in caplog.text


def test_a_server_stands_alone_or_beside_the_models_of_this_machine(service: Service) -> None:
    where = {"remote_url": "http://127.0.0.1:9/v1", "remote_model": "m"}
    assert choices.for_forms(Settings(engine="remote", **where), service) == {choices.REMOTE: service}
    assert list(choices.for_forms(Settings(**where), service))[-1] == choices.REMOTE


def test_files_and_the_bare_base_are_named_too() -> None:
    assert choices.shown("/somewhere/mine.gguf") == "mine"
    assert choices.shown("none") == choices.BARE


def test_a_broken_file_is_told_as_weights_that_are_wrong(added: None) -> None:
    with pytest.raises(WeightsError):
        load.try_adapter("my-forms")
