"""The service: one job at a time, models loaded once, waiting that can be cancelled."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from smartform.engines.base import Dictation, Transcriber
from smartform.errors import Cancelled, WeightsError
from smartform.schema import Field, FieldType, FormSpec
from smartform.service import Service
from tests.doors import ScriptedFiller, ScriptedTranscriber, scripted_service

FORM = FormSpec(
    (
        Field("firstName"),
        Field(
            "plan",
            FieldType.CHOICE,
            label="Your plan",
            options=("m", "y"),
            option_labels=("Monthly", "Yearly"),
        ),
    )
)


def test_fill_and_transcribe(tmp_path: Path) -> None:
    heard = ScriptedTranscriber()
    service = Service(ScriptedFiller(), heard)
    assert isinstance(heard, Transcriber)
    assert service.fill(FORM, "firstName: Jane").values == {"firstName": "Jane", "plan": None}
    (tmp_path / "a.wav").write_bytes(b"hello")
    assert service.transcribe(tmp_path / "a.wav", language="en", form=FORM).text == "hello"
    assert heard.vocabulary == ("First name", "Your plan", "Monthly", "Yearly")


def test_jobs_take_turns_and_waiting_ones_can_be_cancelled() -> None:
    gate = threading.Event()
    service, filler = scripted_service(gate)
    first = threading.Thread(target=service.fill, args=(FORM, "WAIT"))
    first.start()
    assert filler.waiting.wait(5)
    with pytest.raises(Cancelled):
        service.fill(FORM, "firstName: Jane", cancel=lambda: True)
    assert len(filler.calls) == 1
    gate.set()
    first.join(5)
    assert service.fill(FORM, "firstName: Jane")["firstName"].value == "Jane"


def test_a_failed_job_gives_its_turn_back() -> None:
    service, _ = scripted_service()
    with pytest.raises(RuntimeError):
        service.fill(FORM, "CRASH")
    assert service.fill(FORM, "firstName: Jane")["firstName"].value == "Jane"


def test_models_load_once_on_first_use_and_failures_are_tried_again() -> None:
    made: list[str] = []

    def filler() -> ScriptedFiller:
        made.append("filler")
        if len(made) == 1:
            raise WeightsError("The weights are missing.", "Fetch them.")
        return ScriptedFiller()

    service = Service.lazy(filler, ScriptedTranscriber)
    assert made == []
    with pytest.raises(WeightsError):
        service.warm()
    assert not service.ready
    threads = [threading.Thread(target=service.fill, args=(FORM, "a")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert made == ["filler", "filler"]
    assert service.ready


def test_dictation_takes_turns() -> None:
    service, _ = scripted_service()
    listener = service.dictation(language="it", form=FORM)
    assert isinstance(listener, Dictation)
    assert listener.feed(16_000, b"") == "word "
    assert listener.finish().text == "word"
