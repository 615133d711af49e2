"""Chromium and a running app with scripted engines, for the tests of the screen."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Locator, Page, Playwright, expect, sync_playwright

from app import build
from smartform.fill import Filler
from smartform.policy import Curve, Policy, TypePolicy
from smartform.schema import FieldType
from smartform.service import Service
from tests.fakes import Cue, FakeTranscriber, ScriptedEngine
from tests.layouts import SCRIPT as RAY
from tests.mail import ScriptedMail, mail_desk
from tests.resumes import MAREN, together
from tests.test_resume import SCRIPT as BEN
from ui.email_tab import MailDesk

expect.set_options(timeout=15_000)

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

FAKE_MICROPHONE = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]

SCRIPT: dict[str, str | Cue | tuple[Cue, ...]] = {
    "guestName": (Cue("Daniel Okafor"), Cue("Ada Byron")),
    "email": (Cue("daniel dot okafor at example dot org"), Cue("ada@example.org")),
    "phone": (Cue("oh seven seven double oh, nine double oh, one four two"), Cue("0770 900 142")),
    "checkIn": Cue("eighth of August twenty twenty-six"),
    "adults": Cue("two adults", "two", sure=0.5),
    "roomType": Cue("family room", "Family"),
    "arrivalTime": Cue("quarter past four", sure=0.6),
    "parking": Cue("parking space", "true"),
    "extras": Cue("baby cot", ("Baby cot", "Sea view")),
    "city": Cue("Turin"),
    "tags": Cue("red", ("red", "blue")),
}
"""Answers for the first preset's example text and for the forms of the tests."""


def row(page: Page, name: str) -> Locator:
    """The row of the field `name`: label, state and control."""
    return page.locator(f'.sf-row[data-field="{name}"]')


def box(page: Page, name: str) -> Locator:
    """The control of the field `name`."""
    return row(page, name).locator("input, textarea, select").first


def text_box(page: Page) -> Locator:
    """The text that the form is filled from."""
    return page.locator("#text textarea")


def settle(page: Page) -> None:
    """Wait until the page has fetched all its code: Gradio's recorder is deaf when it is started sooner."""
    count = -1
    while count != (count := page.evaluate("performance.getEntriesByType('resource').length")):
        page.wait_for_timeout(1_000)


class Server:
    """An app on a free port of this machine, in a thread of its own."""

    def __init__(self, service: Service, mail: MailDesk | None = None, *, local: bool = True) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        app = build(service, mail, local=local)
        config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self.url = f"http://127.0.0.1:{port}/"

    def __enter__(self) -> Server:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def chromium(playwright: Playwright) -> Iterator[Callable[..., Browser]]:
    """Starts Chromium with further flags; all are closed at the end."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    started: list[Browser] = []

    def start(*flags: str) -> Browser:
        started.append(
            playwright.chromium.launch(executable_path=path, args=[*FLAGS, *FAKE_MICROPHONE, *flags])
        )
        return started[-1]

    yield start
    for browser in started:
        browser.close()


@pytest.fixture(scope="package")
def browser(chromium: Callable[..., Browser]) -> Browser:
    return chromium()


@pytest.fixture(scope="package")
def engine() -> ScriptedEngine:
    return ScriptedEngine(together(SCRIPT, BEN, MAREN, RAY), pause=0.03)


@pytest.fixture(scope="package")
def mail() -> ScriptedMail:
    return ScriptedMail(pause=0.02)


@pytest.fixture(scope="package")
def larger_mail() -> ScriptedMail:
    return ScriptedMail()


@pytest.fixture(scope="package")
def scripted(engine: ScriptedEngine, mail: ScriptedMail, larger_mail: ScriptedMail) -> Iterator[Server]:
    wary = TypePolicy(silent=Curve(0.0, 0.0, 0.0), price=1.0)
    service = Service(Filler(engine, Policy({FieldType.TIME: wary})), FakeTranscriber())
    with Server(service, mail_desk(service, mail, larger_mail)) as server:
        yield server


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, scripted: Server) -> Iterator[OpenPage]:
    """Opens the app in a fresh context made with the keyword arguments; errors in a page fail the test."""
    contexts = []
    faults: list[str] = []

    def opened(url: str = scripted.url, **options: object) -> Page:
        context = browser.new_context(**{"locale": "en-GB", **options})  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(url)
        expect(page.locator(".sf-row").first).to_be_visible(timeout=30_000)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page()


@pytest.fixture
def speech_file(tmp_path: Path) -> Path:
    """One second of silence, as a WAV file: the scripted transcriber does not listen."""
    import wave

    path = tmp_path / "note.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(b"\0\0" * 16_000)
    return path


@pytest.fixture
def fillable_pdf() -> bytes:
    """A page with two text fields, guestName and city."""
    import io

    from pypdf import PdfWriter
    from pypdf.generic import (
        ArrayObject,
        DictionaryObject,
        FloatObject,
        NameObject,
        NumberObject,
        TextStringObject,
    )

    writer = PdfWriter()
    page = writer.add_blank_page(width=300, height=200)
    fields = ArrayObject()
    for number, name in enumerate(["guestName", "city"]):
        widget = DictionaryObject({
            NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject("/Widget"),
            NameObject("/FT"): NameObject("/Tx"), NameObject("/T"): TextStringObject(name),
            NameObject("/Ff"): NumberObject(0), NameObject("/DA"): TextStringObject("/Helv 12 Tf 0 g"),
            NameObject("/Rect"): ArrayObject(FloatObject(v) for v in (20, 150 - 40 * number, 220, 175)),
        })  # fmt: skip
        fields.append(writer._add_object(widget))
    page[NameObject("/Annots")] = ArrayObject(fields)
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/Fields"): fields})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.fixture
def read_pdf() -> Callable[[bytes], dict[str, str]]:
    """Field name → value of a PDF."""
    import io

    from pypdf import PdfReader

    def read(content: bytes) -> dict[str, str]:
        fields = PdfReader(io.BytesIO(content)).get_fields() or {}
        return {name: str(field.get("/V", "")) for name, field in fields.items()}

    return read
