"""The Smart form tab in a real browser, with the real language model and the real Whisper."""

from __future__ import annotations

import re
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from smartform.engines.audio import RATE, load
from smartform.engines.load import service
from smartform.settings import Settings
from tests.browser.conftest import Server, box, row, settle, text_box

SPEECH = Path(__file__).parents[1] / "data" / "speech" / "en_jfk.flac"
MICROPHONE_RATE = 48_000
FILL_MILLISECONDS = 180_000
"""The first fill waits for the model to load."""
HEAR_MILLISECONDS = 60_000
CLIP_MILLISECONDS = 13_000


@pytest.fixture(scope="module")
def real() -> Iterator[Server]:
    with Server(service(Settings.from_environment())) as server:
        yield server


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """What the microphone hears, once: the recording with a second of silence at each end."""
    silence = np.zeros(RATE, np.float32)
    samples = np.concatenate([silence, load(SPEECH), silence])
    times = np.arange(len(samples) * MICROPHONE_RATE // RATE) * (RATE / MICROPHONE_RATE)
    played = np.interp(times, np.arange(len(samples)), samples)
    path = tmp_path / "microphone.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(MICROPHONE_RATE)
        sound.writeframes((np.clip(played, -1, 1) * 32_767).astype("<i2").tobytes())
    return path


def opened(browser: Browser, server: Server) -> Page:
    page = browser.new_context(locale="en-GB").new_page()
    page.goto(server.url)
    expect(page.locator(".sf-row").first).to_be_visible(timeout=30_000)
    return page


def test_the_first_form_fills_from_its_example(browser: Browser, real: Server) -> None:
    page = opened(browser, real)
    page.locator("#fill").click()
    expect(page.locator("#status")).to_contain_text("Done:", timeout=FILL_MILLISECONDS)
    expect(box(page, "guestName")).to_have_value("Daniel Okafor")
    expect(box(page, "email")).to_have_value("daniel.okafor@example.org")
    expect(box(page, "checkIn")).to_have_value("2026-08-08")
    expect(row(page, "guestName").locator(".sf-chip")).to_contain_text("found")
    expect(row(page, "email").locator(".sf-chip")).to_contain_text("normalised")
    box(page, "guestName").focus()
    expect(page.locator("#source-view mark[data-active]")).to_have_text("Daniel Okafor")
    box(page, "email").focus()
    expect(page.locator("#source-view mark[data-active]")).to_have_text(
        "daniel dot okafor at example dot org"
    )
    page.context.close()


def test_words_said_into_the_microphone_appear_and_are_added_to_the_text(
    chromium: Callable[..., Browser], spoken: Path, real: Server
) -> None:
    page = opened(chromium(f"--use-file-for-fake-audio-capture={spoken}"), real)
    text_box(page).fill("A quotation:")
    settle(page)
    page.locator("#microphone .record-button").click()
    heard = page.locator("#heard textarea")
    expect(heard).to_have_value(re.compile(r"[a-z]{2}"), timeout=HEAR_MILLISECONDS)
    page.wait_for_timeout(CLIP_MILLISECONDS)
    page.locator("#microphone .stop-button").click()
    expect(page.locator("#status")).to_contain_text("Added to your text.", timeout=HEAR_MILLISECONDS)
    lines = text_box(page).input_value().split("\n", 1)
    assert lines[0] == "A quotation:"
    # The clip plays over and over from the moment the device opens; a busy machine drops pieces of it.
    words = set(re.findall(r"[a-z]+", lines[1].lower()))
    said = set("and so my fellow americans ask not what your country can do for you".split())
    assert len(words & said) >= 4, lines[1]
    page.context.close()
