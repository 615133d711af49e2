"""Speech → text by Whisper: whole recordings, and dictation while one speaks.

Whisper invents text where nobody speaks and repeats its prompt where it hears little. So it only
ever hears what the voice-activity detector took for speech, in windows cut at pauses; what it is
not sure of is dropped; and where it gives back the vocabulary it was shown, the window is heard
again without it.

`FasterWhisper` (CTranslate2, 8-bit) serves; `OpenAIWhisper` is the original, for comparison.
"""

from __future__ import annotations

import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from smartform.engines.audio import RATE, Resampler, Samples, check_length, load
from smartform.engines.base import Cancel, Transcript, never
from smartform.errors import AudioError, Cancelled, EngineError, InputError, WeightsError

WINDOW_SECONDS = 28
"""Whisper hears 30 seconds at a time; a window leaves room for its own padding."""

PAUSE_SECONDS = 0.5
"""A silence of this length ends a stretch of speech."""

WINDOW_PAUSE_SECONDS = 8
"""Speech on both sides of a silence of this length is not heard together."""

SCAN_SECONDS = 240
"""The voice-activity detector reads so much at a time: it needs several times the memory of its input."""

SURE_LANGUAGE = 0.8
"""Detection at least this sure is kept for the rest of a dictation."""

LEAST_LOG_PROBABILITY = -1.0
MOST_COMPRESSION = 2.4
MOST_NO_SPEECH = 0.6
"""Whisper's own thresholds for text that is improbable, repeats itself, or stands for silence."""

LOOP_COMPRESSION = 4.0
"""A person who says a sentence twice comes to 2.5; Whisper caught in a loop goes on until it is stopped."""

MOST_LIMITED_TOKENS = 200
"""A limit and the longest prompt must fit Whisper's context of 448 tokens together."""

VOCABULARY_CHARACTERS = 300
ECHO_WORDS = 3
"""So many words in a row as they stand in the vocabulary may be its echo."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What was heard between two times, in seconds; `text` begins with a space where words do."""

    start: float
    end: float
    text: str
    log_probability: float
    compression: float
    no_speech: float

    def believable(self) -> bool:
        """Whether the text is likely to have been said."""
        return (
            self.log_probability > LEAST_LOG_PROBABILITY
            and self.compression < LOOP_COMPRESSION
            and (self.no_speech < MOST_NO_SPEECH or self.log_probability > LEAST_LOG_PROBABILITY / 2)
        )


@dataclass(frozen=True, slots=True)
class _Window:
    """Stretches of speech set end to end: each is (start in the recording, length), in samples."""

    samples: Samples
    stretches: tuple[tuple[int, int], ...]

    def original(self, seconds: float) -> float:
        """A time in the window as a time in the recording."""
        left = round(seconds * RATE)
        for start, length in self.stretches:
            if left <= length:
                return (start + max(left, 0)) / RATE
            left -= length
        start, length = self.stretches[-1]
        return (start + length) / RATE


class Whisper(ABC):
    """What both engines share; implements `smartform.engines.base.Transcriber`.

    Safe to use from several threads, which take turns window by window.
    """

    languages: frozenset[str]

    def __init__(self) -> None:
        self._turn = threading.Lock()

    @property
    @abstractmethod
    def name(self) -> str:
        """What people call this model."""

    @abstractmethod
    def _detect(self, samples: Samples, *, draft: bool) -> tuple[str, float]:
        """The language of up to 30 seconds of speech and its probability."""

    @abstractmethod
    def _hear(self, samples: Samples, language: str, vocabulary: str | None, *, draft: bool) -> list[Piece]:
        """Transcribe up to 30 seconds of speech; a draft is quick, and said again later."""

    def transcribe(
        self,
        audio: Path | tuple[int, object],
        *,
        language: str | None = None,
        vocabulary: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
        cancel: Cancel = never,
    ) -> Transcript:
        """Transcribe a recording; see `smartform.engines.base.Transcriber.transcribe`.

        Raises:
            AudioError: not sound, too long, damaged, or no speech in it.
            InputError: `language` is not one that Whisper knows.
            Cancelled: `cancel` said so.
        """
        self.check_language(language)
        samples = load(audio)
        windows = list(_windows(samples, speech(samples)))
        if not windows:
            raise _no_speech()
        tongue, sure = (language, 1.0) if language else self.detect(windows[0].samples)
        pieces: list[Piece] = []
        for window in windows:
            if cancel():
                raise Cancelled("The transcription was cancelled.")
            heard = self.hear(window.samples, tongue, vocabulary)
            pieces += [_moved(piece, window) for piece in heard]
            if on_text and heard:
                on_text(_text(pieces))
        return _transcript(pieces, tongue, sure, len(samples))

    def dictation(self, *, language: str | None = None, vocabulary: Sequence[str] = ()) -> Dictation:
        """Begin to listen; see `Dictation`.

        Raises:
            InputError: `language` is not one that Whisper knows.
        """
        self.check_language(language)
        return Dictation(self, language, vocabulary)

    def check_language(self, language: str | None) -> None:
        """Refuse a language that Whisper does not know.

        Raises:
            InputError: it does not.
        """
        if language is not None and language not in self.languages:
            raise InputError(
                f"The language '{language}' is not known to {self.name}.",
                "Choose one by its two-letter code, such as 'en', or have it detected.",
            )

    def detect(self, samples: Samples, *, draft: bool = False) -> tuple[str, float]:
        """The language spoken (ISO 639-1) and how sure that is, 0 to 1.

        Args:
            draft: prefer speed.
        """
        with self._turn:
            return self._detect(samples, draft=draft)

    def hear(
        self, samples: Samples, language: str, vocabulary: Sequence[str] = (), *, draft: bool = False
    ) -> list[Piece]:
        """Transcribe one window of speech, at most WINDOW_SECONDS; unbelievable pieces are left out.

        Args:
            draft: prefer speed: for text that will be replaced.
        """
        prompt = ", ".join(dict.fromkeys(vocabulary))[:VOCABULARY_CHARACTERS]
        with self._turn:
            pieces = self._hear(samples, language, prompt or None, draft=draft)
            if prompt and (_echoes(_text(pieces), prompt) or not all(p.believable() for p in pieces)):
                pieces = self._hear(samples, language, None, draft=draft)
        return [piece for piece in pieces if piece.believable()]


class FasterWhisper(Whisper):
    """Whisper in CTranslate2's 8-bit arithmetic, kept loaded.

    Args:
        folder: model.bin with its config, tokenizer and vocabulary.
        threads: CPU threads.

    Raises:
        WeightsError: the folder does not hold a model.
    """

    def __init__(self, folder: Path, *, threads: int = 2) -> None:
        super().__init__()
        try:
            self._model = _Model(
                str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise WeightsError(
                "The speech model cannot be loaded.", "Run 'python -m smartform models verify'."
            ) from error
        self.languages = frozenset(self._model.supported_languages)

    @property
    def name(self) -> str:
        """What people call this model."""
        return "Whisper (faster-whisper)"

    def _detect(self, samples: Samples, *, draft: bool) -> tuple[str, float]:
        with self._model.cut_to(samples):
            language, probability, _ = self._model.detect_language(samples)
        if probability < SURE_LANGUAGE and not draft:
            language, probability, _ = self._model.detect_language(samples)
        return language, float(probability)

    def _hear(self, samples: Samples, language: str, vocabulary: str | None, *, draft: bool) -> list[Piece]:
        # Nobody says more; without a limit, a loop is only noticed when it has filled the context,
        # which long speech may rightly need.
        longest = 16 + 12 * len(samples) // RATE
        limit = longest if longest <= MOST_LIMITED_TOKENS else None
        if not draft:
            return self._decode(
                samples, language, vocabulary, beam_size=5, temperature=[0.0, 0.6], max_new_tokens=limit
            )
        with self._model.cut_to(samples):
            return self._decode(
                samples, language, vocabulary, beam_size=1, temperature=0.0, max_new_tokens=limit
            )

    def _decode(
        self, samples: Samples, language: str, vocabulary: str | None, **options: object
    ) -> list[Piece]:
        segments, _ = self._model.transcribe(
            samples,
            language=language,
            hotwords=vocabulary,
            best_of=2,
            condition_on_previous_text=False,
            no_speech_threshold=MOST_NO_SPEECH,
            log_prob_threshold=LEAST_LOG_PROBABILITY,
            compression_ratio_threshold=MOST_COMPRESSION,
            **options,
        )
        return [
            Piece(s.start, s.end, s.text, s.avg_logprob, s.compression_ratio, s.no_speech_prob)
            for s in segments
        ]


class _Model(WhisperModel):  # type: ignore[misc]
    """A WhisperModel whose encoder can be spared the silence that fills a window up to 30 seconds.

    Most of the cost of a short piece is encoding that silence: 4 seconds are heard three to four
    times as fast without it, at the price of an occasional word.
    """

    PADDING_SECONDS = 3
    _frames: int | None = None

    @contextmanager
    def cut_to(self, samples: Samples) -> Iterator[None]:
        """Within this context, encode the length of `samples` and a little silence only."""
        seconds = len(samples) / RATE + self.PADDING_SECONDS
        self._frames = int(seconds * self.frames_per_second) // 2 * 2
        try:
            yield
        finally:
            self._frames = None

    def encode(self, features: NDArray[np.float32]) -> object:
        """Encode mel features of (bands, frames), cut where asked."""
        return super().encode(np.ascontiguousarray(features[..., : self._frames]))


class OpenAIWhisper(Whisper):
    """The original Whisper on PyTorch, which brings and keeps its own weights.

    Args:
        model: a size of its own ('base', 'small', …) or the path of a checkpoint.

    Raises:
        EngineError: openai-whisper is not installed.
        WeightsError: its weights cannot be had.
    """

    def __init__(self, model: str = "base") -> None:
        super().__init__()
        try:
            import whisper
        except ImportError as error:
            raise EngineError(
                "The speech engine openai-whisper is not installed.",
                "Install it with 'pip install openai-whisper', or choose faster-whisper.",
            ) from error
        self._library = whisper
        try:
            self._model = whisper.load_model(model, device="cpu")
        except (RuntimeError, OSError) as error:
            raise WeightsError(
                f"The speech model '{model}' cannot be loaded.",
                "Check the network, or choose faster-whisper.",
            ) from error
        self.languages = frozenset(whisper.tokenizer.LANGUAGES)

    @property
    def name(self) -> str:
        """What people call this model."""
        return "Whisper (openai-whisper)"

    def _detect(self, samples: Samples, *, draft: bool) -> tuple[str, float]:
        mel = self._library.log_mel_spectrogram(
            self._library.pad_or_trim(samples), n_mels=self._model.dims.n_mels
        )
        _, probabilities = self._model.detect_language(mel)
        language = max(probabilities, key=probabilities.__getitem__)
        return language, float(probabilities[language])

    def _hear(self, samples: Samples, language: str, vocabulary: str | None, *, draft: bool) -> list[Piece]:
        result = self._model.transcribe(
            samples,
            language=language,
            initial_prompt=vocabulary,
            temperature=0.0 if draft else (0.0, 0.6),
            condition_on_previous_text=False,
            no_speech_threshold=MOST_NO_SPEECH,
            logprob_threshold=LEAST_LOG_PROBABILITY,
            compression_ratio_threshold=MOST_COMPRESSION,
            fp16=False,
        )
        return [
            Piece(
                *(s["start"], s["end"], s["text"]),
                *(s["avg_logprob"], s["compression_ratio"], s["no_speech_prob"]),
            )
            for s in result["segments"]
        ]


class Dictation:
    """One person speaking: feed it sound as it comes, and read the words so far.

    Speech followed by a pause is heard once more with care and committed; committed text never
    changes and its sound is forgotten. Only the tail after it is heard again and again, and only
    when there is new sound and time for it: a pass that took long is followed by a longer rest.
    """

    COMMIT_SECONDS = 5.0
    """Speech of this length is committed at any pause; shorter speech waits for a long one."""
    LONG_PAUSE_SECONDS = 1.5
    REST_SECONDS = 1.0
    LONGEST_REST_SECONDS = 3.0
    KEPT_SILENCE_SECONDS = 1.0
    LANGUAGE_SECONDS = 2.0

    def __init__(self, engine: Whisper, language: str | None, vocabulary: Sequence[str]) -> None:
        self._engine = engine
        self._vocabulary = tuple(vocabulary)
        self._language = (language, 1.0) if language else None
        self._settled = language is not None
        self._resampler = Resampler()
        self._tail: Samples = np.zeros(0, np.float32)
        self._tail_start = 0
        self._unheard = 0
        self._spoken = False
        self._cost = 0.0
        self._committed: list[Piece] = []
        self._volatile: list[Piece] = []

    @property
    def committed(self) -> str:
        """The words that will not change any more."""
        return _text(self._committed)

    @property
    def text(self) -> str:
        """The words so far, the last of which may still change."""
        return _text([*self._committed, *self._volatile])

    @property
    def pending_seconds(self) -> float:
        """How much sound is kept because its words may still change."""
        return len(self._tail) / RATE

    def feed(self, rate: int, samples: object) -> str:
        """Take the next sound (rate in Hz; array as `audio.load` takes it); returns `text`.

        Raises:
            AudioError: not sound, or longer than the limit in all.
        """
        self._take(self._resampler.feed(rate, samples))
        rest = min(max(self.REST_SECONDS, 2 * self._cost), self.LONGEST_REST_SECONDS)
        if self._unheard >= rest * RATE:
            self._unheard = 0
            self._listen(final=False)
        return self.text

    def finish(self) -> Transcript:
        """Commit what is left and give the whole.

        Raises:
            AudioError: nothing was said.
        """
        self._take(self._resampler.flush())
        self._listen(final=True)
        if self._language is None or not self._spoken:
            raise _no_speech()
        language, sure = self._language
        return _transcript(self._committed, language, sure, self._tail_start + len(self._tail))

    def _take(self, samples: Samples) -> None:
        check_length(self._tail_start + len(self._tail) + len(samples))
        self._tail = np.concatenate([self._tail, samples])
        self._unheard += len(samples)

    def _listen(self, *, final: bool) -> None:
        self._volatile = []
        stretches = speech(self._tail)
        self._spoken |= bool(stretches)
        ready = len(stretches) if final else self._finished(stretches)
        if ready:
            self._commit(stretches[:ready])
            cut = stretches[ready - 1][1]
            self._forget(cut)
            stretches = [(start - cut, end - cut) for start, end in stretches[ready:]]
        if not stretches:
            # Keep the last moment: a word may be beginning in it.
            self._forget(max(0, len(self._tail) - int(self.KEPT_SILENCE_SECONDS * RATE)))
            return
        began = time.monotonic()
        for window in _windows(self._tail, stretches):
            self._volatile += self._hear(window, draft=True)
        self._cost = time.monotonic() - began

    def _finished(self, stretches: list[tuple[int, int]]) -> int:
        """How many of the stretches, counted from the first, end in a pause worth committing at."""
        ready = 0
        for count, (_, end) in enumerate(stretches, start=1):
            last = count == len(stretches)
            pause = ((len(self._tail) if last else stretches[count][0]) - end) / RATE
            spoken = (end - stretches[0][0]) / RATE
            # The detector ends every stretch but the last one at a pause of PAUSE_SECONDS.
            paused = not last or pause >= PAUSE_SECONDS
            if pause >= self.LONG_PAUSE_SECONDS or (paused and spoken >= self.COMMIT_SECONDS):
                ready = count
        return ready

    def _commit(self, stretches: list[tuple[int, int]]) -> None:
        for window in _windows(self._tail, stretches):
            for piece in self._hear(window, draft=False):
                moved = _moved(piece, window)
                offset = self._tail_start / RATE
                self._committed.append(replace(moved, start=moved.start + offset, end=moved.end + offset))

    def _hear(self, window: _Window, *, draft: bool) -> list[Piece]:
        if not self._settled:
            self._language = self._engine.detect(window.samples, draft=draft)
            enough = len(window.samples) >= self.LANGUAGE_SECONDS * RATE
            self._settled = enough and self._language[1] >= SURE_LANGUAGE
        assert self._language is not None
        return self._engine.hear(window.samples, self._language[0], self._vocabulary, draft=draft)

    def _forget(self, samples: int) -> None:
        self._tail = self._tail[samples:]
        self._tail_start += samples


def speech(samples: Samples) -> list[tuple[int, int]]:
    """Where somebody speaks: (start, end) in samples, in order, none longer than WINDOW_SECONDS."""
    found: list[tuple[int, int]] = []
    begin = 0
    while begin < len(samples):
        end = min(begin + SCAN_SECONDS * RATE, len(samples))
        stretches = [(begin + start, begin + stop) for start, stop in _scan(samples[begin:end])]
        begin = end
        if end < len(samples) and stretches and end - stretches[-1][1] < RATE:
            # Somebody was still speaking: that stretch is scanned again with what follows.
            begin = stretches.pop()[0]
        found += stretches
    return found


def _scan(samples: Samples) -> list[tuple[int, int]]:
    options = VadOptions(
        min_speech_duration_ms=120,
        max_speech_duration_s=WINDOW_SECONDS,
        min_silence_duration_ms=int(PAUSE_SECONDS * 1000),
        speech_pad_ms=200,
    )
    return [(stretch["start"], stretch["end"]) for stretch in get_speech_timestamps(samples, options)]


def _no_speech() -> AudioError:
    return AudioError(
        "No speech was heard in the recording.", "Check the microphone, speak closer to it, and try again."
    )


def _windows(samples: Samples, stretches: list[tuple[int, int]]) -> Iterator[_Window]:
    """Pack stretches of speech into windows of at most WINDOW_SECONDS, in order."""
    packed: list[tuple[int, int]] = []
    length = 0
    for start, end in stretches:
        full = length + end - start > WINDOW_SECONDS * RATE
        if packed and (full or start - packed[-1][1] > WINDOW_PAUSE_SECONDS * RATE):
            yield _window(samples, packed)
            packed, length = [], 0
        packed.append((start, end))
        length += end - start
    if packed:
        yield _window(samples, packed)


def _window(samples: Samples, stretches: list[tuple[int, int]]) -> _Window:
    return _Window(
        np.concatenate([samples[start:end] for start, end in stretches]),
        tuple((start, end - start) for start, end in stretches),
    )


def _moved(piece: Piece, window: _Window) -> Piece:
    return replace(piece, start=window.original(piece.start), end=window.original(piece.end))


def _text(pieces: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in pieces).strip()


def _transcript(pieces: list[Piece], language: str, sure: float, samples: int) -> Transcript:
    text = _text(pieces)
    if not text:
        raise AudioError(
            "The speech in the recording could not be understood.",
            "Choose the language, speak closer to the microphone, and try again.",
        )
    return Transcript(
        text=text,
        language=language,
        language_probability=sure,
        seconds=samples / RATE,
        segments=tuple((round(p.start, 2), round(p.end, 2), p.text.strip()) for p in pieces),
    )


def _echoes(text: str, vocabulary: str) -> bool:
    """Whether the text has ECHO_WORDS words in a row, or all of its words, as the vocabulary has them."""
    heard, shown = _words(text), _words(vocabulary)
    length = min(ECHO_WORDS, len(heard))
    if not length:
        return False
    runs = {tuple(shown[i : i + length]) for i in range(len(shown) - length + 1)}
    return any(tuple(heard[i : i + length]) in runs for i in range(len(heard) - length + 1))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
