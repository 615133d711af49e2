"""The app as a process of its own: how long it takes to serve, how much memory it holds."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bench.inputs import Case

ROOT = Path(__file__).resolve().parents[1]

_PATIENCE_SECONDS = 300
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class AppFigures:
    """One start of the app.

    Args:
        seconds_to_page: from `python app.py` to the first page that is answered with status 200.
        seconds_to_ready: until the text model is loaded as well.
        mib_ready, mib_after_fill, mib_after_dictation: resident memory, in MiB.
    """

    seconds_to_page: float
    seconds_to_ready: float
    mib_ready: float
    mib_after_fill: float
    mib_after_dictation: float


def measure_app(case: Case, recording: Path) -> AppFigures:
    """Start the app, fill a form and transcribe a recording through its REST door, and stop it."""
    started = time.perf_counter()
    with _app() as (process, client):
        _until(lambda: client.get("/").status_code == 200)
        to_page = time.perf_counter() - started
        _until(lambda: client.get("/api/v1/health").json()["ready"])
        to_ready = time.perf_counter() - started
        resident = psutil.Process(process.pid).memory_info
        at_rest = resident().rss
        client.post("/api/v1/fill", json={"form": case.form.to_dict(), "text": case.text}).raise_for_status()
        filled = resident().rss
        files = {"file": (recording.name, recording.read_bytes())}
        client.post("/api/v1/transcribe", files=files).raise_for_status()
        heard = resident().rss
    return AppFigures(to_page, to_ready, at_rest / _MIB, filled / _MIB, heard / _MIB)


@contextmanager
def _app() -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    port = _free_port()
    process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env={**os.environ, "PORT": str(port)})
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=_PATIENCE_SECONDS) as client:
            yield process, client
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _until(done: object) -> None:
    """Ask every 20 ms until it is so.

    Raises:
        TimeoutError: it never was.
    """
    assert callable(done)
    end = time.perf_counter() + _PATIENCE_SECONDS
    while time.perf_counter() < end:
        try:
            if done():
                return
        except httpx.TransportError:
            pass  # nobody listens yet
        time.sleep(0.02)
    raise TimeoutError("the app did not answer")
