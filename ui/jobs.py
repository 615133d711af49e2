"""Long jobs behind the screen: streamed from a worker thread, cancelled by browser session."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import gradio as gr

from smartform.engines.base import Cancel

Item = TypeVar("Item")
Result = TypeVar("Result")

CORES = "cores"
"""The concurrency group of all jobs that use the processor's cores."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Listeners of the screen are no part of the API, and our notices stand for Gradio's spinners."""

PACE_SECONDS = 0.08
"""Items that arrive within this time are shown together."""


class Jobs:
    """The jobs that run now, one for each browser session; a new job ends the session's old one."""

    def __init__(self) -> None:
        self._flags: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    @contextmanager
    def running(self, session: str) -> Iterator[threading.Event]:
        """A job of the session, while the block lasts; the flag tells it to stop."""
        flag = threading.Event()
        with self._lock:
            old = self._flags.get(session)
            self._flags[session] = flag
        if old:
            old.set()
        try:
            yield flag
        finally:
            # The browser may have gone, and nobody waits for the job any more.
            flag.set()
            with self._lock:
                if self._flags.get(session) is flag:
                    del self._flags[session]

    def cancel(self, session: str) -> None:
        """Tell the session's job, if any, to stop."""
        with self._lock:
            flag = self._flags.get(session)
        if flag:
            flag.set()


def wire_cancel(button: gr.Button, jobs: Jobs) -> None:
    """Let a button tell the job of the session in which it is pressed to stop."""

    def cancel(request: gr.Request) -> None:
        jobs.cancel(request.session_hash or "")

    button.click(cancel, None, None, queue=False, **QUIET)


def settled() -> gr.Button:
    """The update of a cancel button whose job is over."""
    return gr.Button(interactive=False)


def streamed(
    work: Callable[[Callable[[Item], None], Cancel], Result], flag: threading.Event
) -> Generator[list[Item], None, Result]:
    """Run `work(emit, cancel)` in a thread; yield what it emits, in batches; return its result.

    Args:
        flag: makes `cancel` true; when the caller goes before the end, `Jobs.running` sets it.

    Raises:
        Exception: whatever `work` raised.
    """
    items: queue.Queue[Item | None] = queue.Queue()
    result: list[Result] = []
    failure: list[Exception] = []

    def run() -> None:
        try:
            result.append(work(items.put, flag.is_set))
        except Exception as error:
            failure.append(error)
        finally:
            items.put(None)

    threading.Thread(target=run, daemon=True).start()
    over = False
    while not over:
        batch, over = _batch(items)
        if batch:
            yield batch
    if failure:
        raise failure[0]
    return result[0]


def _batch(items: queue.Queue[Item | None]) -> tuple[list[Item], bool]:
    batch: list[Item] = []
    item = items.get()
    while item is not None:
        batch.append(item)
        try:
            item = items.get(timeout=PACE_SECONDS)
        except queue.Empty:
            return batch, False
    return batch, True
