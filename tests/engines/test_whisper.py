"""Speech to text with the real Whisper weights on real recordings."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from smartform.engines import models
from smartform.engines.audio import RATE, load
from smartform.engines.base import Transcriber
from smartform.engines.whisper import FasterWhisper, OpenAIWhisper
from smartform.errors import AudioError, Cancelled, EngineError, InputError, WeightsError

SPEECH = Path(__file__).parents[1] / "data" / "speech"
SAID = {
    "en_jfk.flac": "And so, my fellow Americans, ask not what your country can do for you, "
    "ask what you can do for your country.",
    "en_quilter.wav": "Mr. Quilter is the apostle of the middle classes, "
    "and we are glad to welcome his gospel.",
    "de_werkzeuge.wav": "Bei den Reparaturen stehen ihm seine sowohl sprechenden als auch eigenwilligen "
    "Werkzeuge zur Verfügung.",
    "it_gioco.flac": "Il gioco rimase sostanzialmente invariato rispetto all'anno precedente, "
    "ma vennero apportate comunque delle modifiche.",
}
HOTEL = ("Check-in date", "Check-out date", "Room type", "Single room", "Junior suite", "Special requests")


@pytest.fixture(scope="module")
def whisper() -> FasterWhisper:
    return FasterWhisper(models.locate("whisper-base"))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def word_errors(said: str, heard: str) -> float:
    """Word error rate: edits for each word said."""
    reference, hypothesis = words(said), words(heard)
    row = list(range(len(hypothesis) + 1))
    for i, expected in enumerate(reference, start=1):
        diagonal, row[0] = row[0], i
        for j, got in enumerate(hypothesis, start=1):
            cost = diagonal + (expected != got)
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, cost)
    return row[-1] / len(reference)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(int(seconds * RATE), np.float32)


def noise(seconds: float, loudness: float = 0.1) -> np.ndarray:
    return np.random.default_rng(3).normal(0, loudness, int(seconds * RATE)).astype(np.float32)


def hum(seconds: float) -> np.ndarray:
    time_axis = np.arange(int(seconds * RATE)) / RATE
    return sum(0.1 * np.sin(2 * np.pi * f * time_axis) for f in (50, 100, 150)).astype(np.float32)


def test_it_is_a_transcriber(whisper):
    assert isinstance(whisper, Transcriber)


@pytest.mark.parametrize("name", SAID)
def test_recordings_are_understood_word_for_word_and_their_language_detected(whisper, name):
    began = time.perf_counter()
    heard = whisper.transcribe(SPEECH / name)
    took = time.perf_counter() - began
    print(f"{name}: {took:.1f} s for {heard.seconds:.1f} s, real-time factor {took / heard.seconds:.2f}")
    assert heard.language == name[:2]
    assert heard.language_probability > 0.9
    assert word_errors(SAID[name], heard.text) <= 0.08, heard.text


def test_segments_lie_within_the_recording_and_make_up_the_text(whisper):
    heard = whisper.transcribe(SPEECH / "en_jfk.flac", language="en")
    assert heard.language_probability == 1
    assert heard.seconds == pytest.approx(11.0, abs=0.1)
    assert words(" ".join(text for _, _, text in heard.segments)) == words(heard.text)
    for start, end, _ in heard.segments:
        assert 0 <= start <= end <= heard.seconds


def test_a_long_recording_is_heard_in_windows_with_true_times(whisper):
    """Two speeches with a minute of silence between them: more than one window of Whisper."""
    speech = load(SPEECH / "en_jfk.flac")
    other = load(SPEECH / "en_quilter.wav")
    told: list[str] = []
    recording = np.concatenate([speech, speech, silence(60), other])
    heard = whisper.transcribe((RATE, recording), on_text=told.append)
    assert word_errors(" ".join([SAID["en_jfk.flac"]] * 2 + [SAID["en_quilter.wav"]]), heard.text) <= 0.08
    assert heard.segments[-1][1] == pytest.approx(len(recording) / RATE, abs=1.5)
    assert heard.segments[-1][0] > 80
    assert len(told) > 1
    assert told[-1] == heard.text
    assert heard.text.startswith(told[0])


@pytest.mark.parametrize("vocabulary", [(), HOTEL])
@pytest.mark.parametrize("sound", [silence(4), noise(4), hum(4), noise(0.05)], ids=str)
def test_where_nobody_speaks_there_is_no_text(whisper, sound, vocabulary):
    with pytest.raises(AudioError, match="No speech was heard") as caught:
        whisper.transcribe((RATE, sound), vocabulary=vocabulary)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["en_quilter.wav", "it_gioco.flac"])
def test_a_vocabulary_that_was_not_said_does_not_leak(whisper, name):
    heard = whisper.transcribe(SPEECH / name, vocabulary=HOTEL)
    assert word_errors(SAID[name], heard.text) <= 0.08, heard.text


def test_speech_cut_off_within_a_word_does_not_bring_the_vocabulary_back(whisper):
    piece = load(SPEECH / "en_quilter.wav")[: int(0.9 * RATE)]
    try:
        heard = whisper.transcribe((RATE, np.concatenate([piece, noise(3, 0.002)])), vocabulary=HOTEL).text
    except AudioError:
        heard = ""  # nothing understood: right as well
    assert not set(words(heard)) & set(words(" ".join(HOTEL)))


def test_words_that_the_vocabulary_names_are_spelt_as_it_spells_them(whisper):
    """Whisper spells names as they sound unless it is shown them."""
    heard = whisper.transcribe(SPEECH / "en_quilter.wav", vocabulary=["Mr. Kwilter"])
    assert "Kwilter" in heard.text


def test_the_telephone_is_understood(whisper):
    eight_kilohertz = load(SPEECH / "en_quilter.wav")[::2]
    heard = whisper.transcribe((RATE // 2, eight_kilohertz))
    assert word_errors(SAID["en_quilter.wav"], heard.text) <= 0.15, heard.text


def test_it_can_be_cancelled(whisper):
    with pytest.raises(Cancelled):
        whisper.transcribe(SPEECH / "en_quilter.wav", cancel=lambda: True)


def test_an_unknown_language_is_told(whisper):
    for begin in (whisper.dictation, lambda language: whisper.transcribe(SPEECH, language=language)):
        with pytest.raises(InputError, match="klingon"):
            begin(language="klingon")


def test_a_text_file_named_wav_is_told(whisper, tmp_path):
    (tmp_path / "a.wav").write_text("Dear Sir or Madam")
    with pytest.raises(AudioError, match="not a sound file"):
        whisper.transcribe(tmp_path / "a.wav")


def test_a_folder_without_a_model_is_told(tmp_path):
    with pytest.raises(WeightsError) as caught:
        FasterWhisper(tmp_path)
    assert str(tmp_path) not in str(caught.value) + caught.value.hint


def test_the_original_engine_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "whisper", None)
    with pytest.raises(EngineError) as caught:
        OpenAIWhisper()
    assert "pip install openai-whisper" in caught.value.hint


class TestDictation:
    """Sound fed as a microphone gives it, half a second at a time."""

    def test_words_appear_while_one_speaks_and_committed_ones_stay(self, whisper):
        speech = np.concatenate(
            [load(SPEECH / "en_jfk.flac"), silence(1), load(SPEECH / "en_quilter.wav"), silence(1)]
        )
        dictation = whisper.dictation()
        first_words = None
        committed = ""
        began = time.perf_counter()
        for start in range(0, len(speech), RATE // 2):
            text = dictation.feed(RATE, speech[start : start + RATE // 2])
            if text and first_words is None:
                first_words = start / RATE
            assert dictation.committed.startswith(committed)
            assert text.startswith(dictation.committed)
            committed = dictation.committed
        assert first_words is not None
        assert first_words <= 4
        assert committed, "nothing was committed although there was a pause"
        heard = dictation.finish()
        took = time.perf_counter() - began
        print(f"dictation: {took:.1f} s for {heard.seconds:.1f} s, factor {took / heard.seconds:.2f}")
        assert heard.text.startswith(committed)
        assert heard.language == "en"
        assert heard.seconds == pytest.approx(len(speech) / RATE, abs=0.1)
        assert word_errors(SAID["en_jfk.flac"] + " " + SAID["en_quilter.wav"], heard.text) <= 0.08, heard.text
        assert heard.segments[-1][0] > 10

    def test_the_sound_it_keeps_is_bounded(self, whisper):
        dictation = whisper.dictation(language="en")
        for _ in range(120):
            assert dictation.feed(44_100, np.zeros(44_100 // 2, np.int16)) == ""
        assert dictation.pending_seconds < 5
        with pytest.raises(AudioError, match="No speech"):
            dictation.finish()

    def test_nothing_is_invented_on_noise(self, whisper):
        dictation = whisper.dictation(vocabulary=HOTEL)
        for start in range(0, 4 * RATE, RATE // 2):
            assert dictation.feed(RATE, noise(4)[start : start + RATE // 2]) == ""

    def test_sound_that_is_not_sound_is_told(self, whisper):
        with pytest.raises(AudioError):
            whisper.dictation().feed(RATE, np.full(100, np.nan, np.float32))
