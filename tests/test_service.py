"""The service: one job at a time, models loaded once, waiting that can be cancelled."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from smartform.engines.base import Cancel, Dictation, Transcriber, never
from smartform.errors import Cancelled, WeightsError
from smartform.fill import Filler
from smartform.prompts import Prompt
from smartform.schema import Field, FieldType, FormSpec
from smartform.service import Service
from tests.doors import ScriptedFiller, ScriptedTranscriber, scripted_service
from tests.fakes import ScriptedEngine

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


def test_reading_ahead_gives_way_to_every_job() -> None:
    reading, waited = threading.Event(), threading.Event()

    class Slow(ScriptedEngine):
        def read_ahead(self, prompt: Prompt, *, cancel: Cancel = never) -> None:
            reading.set()
            while not cancel():
                waited.wait(0.01)
            super().read_ahead(prompt, cancel=cancel)

    engine = Slow({"firstName": "Jane"})
    service = Service(Filler(engine), ScriptedTranscriber())
    service.read_ahead(FORM, "Jane")
    assert not reading.is_set()  # the model is not loaded for it
    service.warm(speech=False)
    reader = threading.Thread(target=service.read_ahead, args=(FORM, "Jane"))
    reader.start()
    assert reading.wait(5)
    assert service.fill(FORM, "Jane").values["firstName"] == "Jane"
    reader.join(5)
    assert engine.ahead == []


def test_nothing_is_read_ahead_while_a_job_runs_nor_of_what_a_fill_refuses() -> None:
    engine, gate = ScriptedEngine({}), threading.Event()
    began = threading.Event()

    def hold() -> bool:
        began.set()
        gate.wait(5)
        return False

    service = Service(Filler(engine), ScriptedTranscriber())
    service.warm(speech=False)
    running = threading.Thread(target=lambda: service.fill(FORM, "Jane", cancel=hold))
    running.start()
    assert began.wait(5)
    service.read_ahead(FORM, "Jane")
    assert engine.ahead == []
    gate.set()
    running.join(5)
    for text in ("", " ", "x" * 300_000):
        service.read_ahead(FORM, text)
    assert engine.ahead == []
    service.read_ahead(FORM, "Jane")
    assert [prompt.user for prompt in engine.ahead] == ["Jane"]


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
