"""Recordings that run now, one for each browser session."""

from __future__ import annotations

import threading
from typing import Any

from smartform.engines.base import Dictation
from smartform.errors import AudioError
from smartform.schema import FormSpec
from smartform.service import Service

MOST_RUNNING = 16
"""Recordings kept at once; the oldest, whose page was probably closed, is dropped for a new one."""


class Dictations:
    """Session → listener. Sound of a session is heard by one thread at a time, in order."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._running: dict[str, tuple[Dictation, threading.Lock]] = {}

    def start(self, session: str, language: str | None, form: FormSpec | None = None) -> None:
        """Begin a recording; an unfinished one of the same session is dropped."""
        listener = self._service.dictation(language=language, form=form)
        with self._lock:
            self._running.pop(session, None)
            self._running[session] = (listener, threading.Lock())
            while len(self._running) > MOST_RUNNING:
                del self._running[next(iter(self._running))]

    def hear(self, session: str, chunk: tuple[int, Any]) -> str:
        """Feed a piece of sound (rate in Hz, samples); the text so far, '' when no recording runs."""
        with self._lock:
            running = self._running.get(session)
        if running is None:
            return ""
        listener, turn = running
        with turn:
            return listener.feed(*chunk)

    def finish(self, session: str) -> str:
        """End the recording and return its text.

        Raises:
            AudioError: none was running, or it held no speech.
        """
        with self._lock:
            running = self._running.pop(session, None)
        if running is None:
            raise AudioError("No recording was running.", "Press record and speak.")
        listener, turn = running
        with turn:
            return listener.finish().text
