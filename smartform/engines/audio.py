"""Recordings → 16 kHz mono samples, whatever the container, with limits that no header can lie about.

Plain WAV and AIFF go through SpeechRecognition's reader. Everything else (FLAC, MP3, Ogg, WebM
from browsers, M4A, WAV of other kinds) goes through FFmpeg. Both are read block by block, so that
a small file that unpacks to hours stops at the limit, not at the end of memory.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from smartform.errors import AudioError

with warnings.catch_warnings():
    # It imports aifc and audioop, which leave the standard library in Python 3.13.
    warnings.simplefilter("ignore", DeprecationWarning)
    import aifc
    import audioop
    import wave

    import speech_recognition

Samples = NDArray[np.float32]
"""Mono, RATE samples a second, -1 to 1."""

RATE = 16_000
MAX_MINUTES = 30
BLOCK = 2**12
"""Frames read at a time."""

LOWEST_RATE, HIGHEST_RATE = 4_000, 384_000
MOST_CHANNELS = 16

# Containers that hold their sound themselves. A playlist (HLS, concat) would make FFmpeg open
# other files and addresses on behalf of whoever uploaded it.
CONTAINERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,asf,au,caf,flac,gsm,loas,matroska,webm,mov,mp4,m4a,"
    "mp3,mpeg,mpegts,ogg,opus,tta,voc,w64,wav,wv"
)

# What the standard library's readers raise on headers that are not right.
_HEADER_ERRORS = (wave.Error, aifc.Error, EOFError, RuntimeError, ValueError, struct.error, OverflowError)


def load(audio: Path | tuple[int, object]) -> Samples:
    """Read a whole recording.

    Args:
        audio: a sound file, or (sample rate in Hz, samples: array of n or n × channels, integer or float).

    Raises:
        AudioError: not sound, empty, damaged, or longer than MAX_MINUTES.
    """
    resampler = Resampler()
    kept: list[Samples] = []
    length = 0
    for rate, block in _blocks(audio):
        kept.append(resampler.feed(rate, block))
        length += len(kept[-1])
        check_length(length)
    kept.append(resampler.flush())
    samples = np.concatenate(kept)
    if not len(samples):
        raise AudioError("The recording is empty.", "Record again, or choose another file.")
    return samples


def check_length(samples: int) -> None:
    """Refuse more than MAX_MINUTES of samples at RATE.

    Raises:
        AudioError: too long.
    """
    if samples > MAX_MINUTES * 60 * RATE:
        raise AudioError(
            f"The recording is longer than {MAX_MINUTES} minutes.", "Split it into shorter parts."
        )


class Resampler:
    """Turns blocks of any rate into `Samples`, keeping its filter's state between blocks."""

    def __init__(self) -> None:
        self._rate = 0
        self._filter = _new_filter()

    def feed(self, rate: int, samples: object) -> Samples:
        """The next block; an array of n or n × channels. A new rate starts a new filter.

        Raises:
            AudioError: not an array of sound samples, or a rate no recorder has.
        """
        mono = _mono(samples)
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise AudioError(
                f"The recording has a sample rate of {rate} Hz.", "Save it as a usual WAV or MP3 file."
            )
        before = self.flush() if rate != self._rate else np.zeros(0, np.float32)
        self._rate = rate
        if not len(mono):
            return before
        frame = av.AudioFrame.from_ndarray(mono[np.newaxis], format="flt", layout="mono")
        frame.sample_rate = rate
        return np.concatenate([before, _joined(self._filter.resample(frame))])

    def flush(self) -> Samples:
        """What the filter still holds; it starts afresh after that."""
        rest = _joined(self._filter.resample(None)) if self._rate else np.zeros(0, np.float32)
        self._rate = 0
        self._filter = _new_filter()
        return rest


def _new_filter() -> av.AudioResampler:
    return av.AudioResampler(format="flt", layout="mono", rate=RATE)


def _joined(frames: list[av.AudioFrame]) -> Samples:
    parts = [frame.to_ndarray()[0].astype(np.float32) for frame in frames]
    return np.concatenate([np.zeros(0, np.float32), *parts])


def _mono(samples: object) -> Samples:
    """Any array of samples as one channel of floats, -1 to 1."""
    values = np.asarray(samples)
    if values.ndim not in (1, 2) or values.dtype.kind not in "iuf":
        raise AudioError("The recording is not an array of sound samples.", "Record again.")
    if values.ndim == 2 and values.shape[1] > MOST_CHANNELS:
        raise AudioError(f"The recording has {values.shape[1]} channels.", "Save it as mono or stereo.")
    floats = values.astype(np.float32)
    if values.dtype.kind == "u":
        middle = float(np.iinfo(values.dtype).max // 2 + 1)
        floats = (floats - middle) / middle
    elif values.dtype.kind == "i":
        floats /= float(np.iinfo(values.dtype).max) + 1
    if not np.isfinite(floats).all():
        raise AudioError("The recording is damaged: it holds values that are not sound.", "Record again.")
    if floats.ndim == 2:
        floats = floats.mean(axis=1, dtype=np.float32) if floats.shape[1] else np.zeros(0, np.float32)
    return np.ascontiguousarray(np.clip(floats, -1, 1))


def _blocks(audio: Path | tuple[int, object]) -> Iterator[tuple[int, object]]:
    if isinstance(audio, tuple):
        yield audio
        return
    try:
        with audio.open("rb") as stream:
            start = stream.read(4)
    except OSError as error:
        raise AudioError("The sound file cannot be opened.", "Choose another file.") from error
    if not start:
        raise AudioError("The sound file is empty.", "Record again, or choose another file.")
    yield from _pcm_blocks(audio) if _is_plain_pcm(audio) else _ffmpeg_blocks(audio)


def _is_plain_pcm(path: Path) -> bool:
    """Whether SpeechRecognition's reader takes the file without calling the flac program."""
    for opened in (wave.open, aifc.open):
        with suppress(*_HEADER_ERRORS), opened(str(path), "rb") as reader:
            return (
                reader.getnchannels() in (1, 2)
                and reader.getsampwidth() in (1, 2, 3, 4)
                and reader.getframerate() > 0
                and reader.getcomptype() in ("NONE", b"NONE")
            )
    return False


def _pcm_blocks(path: Path) -> Iterator[tuple[int, object]]:
    # A file that was cut off ends within a frame: what is left of it says nothing.
    with suppress(audioop.error, EOFError), speech_recognition.AudioFile(str(path)) as source:
        while block := source.stream.read(BLOCK):
            whole = block[: len(block) // source.SAMPLE_WIDTH * source.SAMPLE_WIDTH]
            data = speech_recognition.AudioData(whole, source.SAMPLE_RATE, source.SAMPLE_WIDTH)
            yield source.SAMPLE_RATE, np.frombuffer(data.get_raw_data(convert_width=2), np.int16)


def _ffmpeg_blocks(path: Path) -> Iterator[tuple[int, object]]:
    unreadable = AudioError(
        "This is not a sound file that can be read.", "Use WAV, FLAC, MP3, M4A, Ogg or WebM."
    )
    try:
        container = av.open(
            str(path),
            container_options={"format_whitelist": CONTAINERS, "protocol_whitelist": "file"},
            metadata_errors="ignore",
        )
    except (av.FFmpegError, ValueError) as error:
        raise unreadable from error
    with container:
        if not container.streams.audio:
            raise AudioError("There is no sound in this file.", "Choose a recording.")
        try:
            yield from _decoded(container, container.streams.audio[0])
        except (av.FFmpegError, ValueError) as error:
            raise unreadable from error


def _decoded(container: av.container.InputContainer, stream: av.AudioStream) -> Iterator[tuple[int, object]]:
    to_floats = None
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            continue  # a damaged packet costs its own sound, not the rest of the recording
        for frame in frames:
            # The layout may change midway; FFmpeg knows how to mix each down to one channel.
            key = (frame.format.name, frame.layout.name, frame.sample_rate)
            if to_floats is None or to_floats[0] != key:
                to_floats = (key, av.AudioResampler(format="flt", layout="mono", rate=frame.sample_rate))
            for mixed in to_floats[1].resample(frame):
                yield mixed.sample_rate, mixed.to_ndarray()[0]
