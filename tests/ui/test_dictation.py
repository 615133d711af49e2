"""Recordings by session."""

from __future__ import annotations

import numpy as np
import pytest

from smartform.errors import AudioError
from smartform.fill import Filler
from smartform.schema import Field, FormSpec
from smartform.service import Service
from tests.fakes import FakeTranscriber, ScriptedEngine
from ui.dictation import MOST_RUNNING, Dictations

FORM = FormSpec((Field("city", label="Town"),))
SECOND = (16_000, np.zeros(16_000, np.int16))


@pytest.fixture
def transcriber() -> FakeTranscriber:
    return FakeTranscriber("one two three")


@pytest.fixture
def dictations(transcriber: FakeTranscriber) -> Dictations:
    return Dictations(Service(Filler(ScriptedEngine({})), transcriber))


def test_words_grow_and_the_whole_comes_last(dictations: Dictations, transcriber: FakeTranscriber) -> None:
    dictations.start("a", "it", FORM)
    assert [dictations.hear("a", SECOND), dictations.hear("a", SECOND)] == ["one", "one two"]
    assert dictations.finish("a") == "one two three"
    assert (transcriber.language, transcriber.vocabulary) == ("it", ("Town",))


def test_sound_without_a_recording_is_ignored_and_its_end_is_explained(dictations: Dictations) -> None:
    assert dictations.hear("a", SECOND) == ""
    with pytest.raises(AudioError):
        dictations.finish("a")


def test_forgotten_recordings_are_dropped(dictations: Dictations) -> None:
    for number in range(MOST_RUNNING + 1):
        dictations.start(str(number), None, FORM)
    assert dictations.hear("0", SECOND) == ""
    assert dictations.hear("1", SECOND) == "one"
