"""The jobs behind the REST routes: in threads, a bounded number of them, each while its client waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import Request

from smartform.engines.base import Cancel
from smartform.errors import EngineError

Job = Callable[[Cancel], dict[str, Any]]
Run = Callable[[Request, Job], Awaitable[dict[str, Any]]]

MAX_JOBS = 8
"""Jobs at work and waiting; a further one is turned away with status 503."""

_LOOK_AFTER_SECONDS = 0.2


class Busy(EngineError):
    """Too many jobs wait."""


class Jobs:
    """Runs jobs, each cancelled when its client goes away."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MAX_JOBS, thread_name_prefix="rest")
        self._running = 0

    async def run(self, request: Request, job: Job) -> dict[str, Any]:
        """What the job answers.

        Raises:
            Busy: `MAX_JOBS` are there already.
        """
        if self._running >= MAX_JOBS:
            raise Busy("Too many jobs wait already.", "Try again in a few seconds.")
        gone = threading.Event()
        self._running += 1
        work = asyncio.get_running_loop().run_in_executor(self._threads, job, gone.is_set)
        work.add_done_callback(self._ended)
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=_LOOK_AFTER_SECONDS)
                if not work.done() and await request.is_disconnected():
                    gone.set()
            return work.result()
        finally:
            gone.set()

    def _ended(self, work: asyncio.Future[Any]) -> None:
        self._running -= 1
