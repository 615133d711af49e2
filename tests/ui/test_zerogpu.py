"""The start of the app is reported to ZeroGPU by its own package, to a stand-in for its scheduler."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).parents[2]

# The app's own environment has no torch; `spaces` refuses the tests' build of it, which knows no CUDA.
START = "import sys; sys.modules['torch'] = None; from ui.zerogpu import report; report()"


class Scheduler(ThreadingHTTPServer):
    """Answers a report with 200 and keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), Reports)


class Reports(BaseHTTPRequestHandler):
    """The one request that a start makes."""

    server: Scheduler

    def do_POST(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    server = Scheduler()
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("hardware", "asked"), [("true", ["/startup-report"]), ("", [])])
def test_only_zerogpu_is_told_of_a_function(scheduler: Scheduler, hardware: str, asked: list[str]) -> None:
    variables = {
        "SPACES_ZERO_GPU": hardware,
        "SPACES_ZERO_DEVICE_API_URL": f"http://127.0.0.1:{scheduler.server_port}",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", START],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, scheduler.asked) == (0, asked), done.stderr
