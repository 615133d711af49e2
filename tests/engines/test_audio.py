"""Reading recordings: real containers made in the test, and files that lie about themselves."""

from __future__ import annotations

import random
import struct
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from smartform.engines.audio import RATE, Resampler, load
from smartform.errors import AudioError

SPEECH = Path(__file__).parents[1] / "data" / "speech"


def tone(seconds: float = 1.0, rate: int = RATE, hertz: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate).astype(np.float32)


def as_int16(samples: np.ndarray) -> np.ndarray:
    return (samples * 32767).astype(np.int16)


def write_wav(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """16-bit PCM; samples of n or n × channels."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(as_int16(samples).tobytes())
    return path


def encode(path: Path, codec: str, samples: np.ndarray, rate: int, layout: str = "mono") -> Path:
    """A file of the container that `path` names, encoded by FFmpeg."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=rate, layout=layout)
        planar = np.ascontiguousarray(samples.reshape(len(samples), -1).T)
        frame = av.AudioFrame.from_ndarray(planar, format="fltp", layout=layout)
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    return path


def pitch(samples: np.ndarray) -> float:
    """The strongest frequency, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.fft.rfftfreq(len(samples), 1 / RATE)[spectrum.argmax()])


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.wav", "pcm_s16le", 44_100),
        ("a24.wav", "pcm_s24le", 48_000),
        ("float.wav", "pcm_f32le", 48_000),
        ("phone.wav", "pcm_mulaw", 8_000),
        ("a.aiff", "pcm_s16be", 44_100),
        ("a.flac", "flac", 44_100),
        ("a.mp3", "mp3", 44_100),
        ("a.ogg", "libopus", 48_000),
        ("browser.webm", "libopus", 48_000),
        ("a.m4a", "aac", 44_100),
    ],
)
def test_every_usual_container_gives_the_same_sound(tmp_path, name, codec, rate):
    samples = load(encode(tmp_path / name, codec, tone(1.0, rate), rate))
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(RATE, rel=0.1)
    assert pitch(samples) == pytest.approx(440, abs=5)
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(0.5 / np.sqrt(2), abs=0.05)


def test_the_extension_does_not_matter(tmp_path):
    path = encode(tmp_path / "a.mp3", "mp3", tone(), RATE)
    assert pitch(load(path.rename(tmp_path / "a.wav"))) == pytest.approx(440, abs=5)


def test_eight_channels_are_mixed_down(tmp_path):
    eight = np.repeat(tone(1.0, 48_000)[:, np.newaxis], 8, axis=1)
    samples = load(write_wav(tmp_path / "8.wav", eight, 48_000))
    assert len(samples) == pytest.approx(RATE, rel=0.01)
    assert pitch(samples) == pytest.approx(440, abs=5)


@pytest.mark.parametrize(
    "samples",
    [
        as_int16(tone()),
        as_int16(tone()).astype(np.int32) * 2**16,
        (tone() * 127 + 128).astype(np.uint8),
        tone().astype(np.float64),
        np.stack([tone(), tone()], axis=1),
    ],
)
def test_arrays_of_any_sample_type_mean_the_same(samples):
    heard = load((RATE, samples))
    assert len(heard) == pytest.approx(RATE, abs=20)
    assert np.abs(heard).max() == pytest.approx(0.5, abs=0.02)


def test_blocks_join_without_a_seam():
    sound = tone(2.0, 44_100)
    resampler = Resampler()
    parts = [resampler.feed(44_100, sound[i : i + 4000]) for i in range(0, len(sound), 4000)]
    joined = np.concatenate([*parts, resampler.flush()])
    whole = load((44_100, sound))
    assert len(joined) == len(whole)
    assert np.allclose(joined, whole, atol=1e-4)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.array([0.0, np.nan, 0.1], np.float32), "not sound"),
        (np.array([0.0, np.inf], np.float32), "not sound"),
        (np.zeros(0, np.float32), "empty"),
        (np.zeros((0, 2), np.int16), "empty"),
        (np.zeros((5, 0), np.float32), "empty"),
        (np.zeros((10, 99), np.float32), "99 channels"),
        (np.zeros((2, 2, 2), np.float32), "not an array"),
        (np.array(["a"]), "not an array"),
        (None, "not an array"),
        (np.zeros(10, np.complex64), "not an array"),
    ],
)
def test_arrays_that_are_not_sound_are_told(samples, message):
    with pytest.raises(AudioError, match=message):
        load((RATE, samples))


@pytest.mark.parametrize("rate", [-1, 0, 1, 10**9])
def test_a_rate_no_recorder_has_is_told(rate):
    with pytest.raises(AudioError, match="sample rate"):
        load((rate, tone()))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"This is a shopping list: eggs, milk.\n" * 50, "not a sound file"),
        (b"RIFF\x00\x00\x00\x00WAVE", "not a sound file"),
        (b"RIFF", "not a sound file"),
        (b"FORM\x00\x00\x00\x04AIFF", "not a sound file"),
        (b"\x00" * 4096, "not a sound file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "not a sound file"),
        (b"fLaC" + bytes(500), "not a sound file"),
        (b"OggS" + bytes(500), "not a sound file"),
    ],
)
def test_files_that_are_not_sound_are_told(tmp_path, content, message):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=message) as caught:
        load(path)
    assert caught.value.hint


def test_a_missing_file_or_a_folder_is_told(tmp_path):
    for path in (tmp_path / "none.wav", tmp_path):
        with pytest.raises(AudioError, match="cannot be opened"):
            load(path)


def test_a_playlist_cannot_make_the_server_open_other_files(tmp_path):
    write_wav(tmp_path / "secret.wav", tone())
    (tmp_path / "list.wav").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:1,\nsecret.wav\n#EXT-X-ENDLIST\n"
    )
    (tmp_path / "concat.wav").write_text("ffconcat version 1.0\nfile secret.wav\n")
    for name in ("list.wav", "concat.wav"):
        with pytest.raises(AudioError, match="not a sound file"):
            load(tmp_path / name)


def test_a_header_without_samples_is_empty(tmp_path):
    with pytest.raises(AudioError, match="empty"):
        load(write_wav(tmp_path / "0.wav", np.zeros(0)))


def test_a_header_that_claims_ten_hours_gives_what_is_there(tmp_path):
    path = write_wav(tmp_path / "lie.wav", tone())
    data = bytearray(path.read_bytes())
    data[40:44] = struct.pack("<I", 10 * 3600 * RATE * 2)
    path.write_bytes(data)
    assert len(load(path)) == RATE


def test_float_files_with_nan_are_told(tmp_path):
    broken = tone()
    broken[100:200] = np.nan
    with pytest.raises(AudioError):
        load(encode(tmp_path / "nan.wav", "pcm_f32le", broken, RATE))


def test_more_than_the_limit_is_told_whatever_the_size_of_the_file(tmp_path):
    silence = np.zeros(31 * 60 * 8000, np.float32)
    flac = encode(tmp_path / "long.flac", "flac", silence, 8000)
    assert flac.stat().st_size < 2_000_000
    for path in (flac, write_wav(tmp_path / "long.wav", silence, 8000)):
        with pytest.raises(AudioError, match="longer than 30 minutes"):
            load(path)


def test_a_film_without_sound_is_told(tmp_path):
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    with pytest.raises(AudioError, match="no sound"):
        load(path)


@pytest.mark.parametrize("name", ["de_werkzeuge.wav", "en_jfk.flac"])
def test_damaged_files_give_sound_or_a_clear_error(tmp_path, name):
    original = (SPEECH / name).read_bytes()
    chance = random.Random(5)
    readable = 0
    for _ in range(25):
        data = bytearray(original[: chance.randrange(1, len(original))])
        for _ in range(chance.randrange(20)):
            data[chance.randrange(min(len(data), 400))] = chance.randrange(256)
        path = tmp_path / "damaged"
        path.write_bytes(data)
        try:
            samples = load(path)
        except AudioError as error:
            assert error.hint
        else:
            readable += 1
            assert np.isfinite(samples).all()
    assert readable
