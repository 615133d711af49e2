"""Streaming from a worker thread, and cancelling it."""

from __future__ import annotations

import threading
import time

import pytest

from smartform.errors import Cancelled, TextError
from ui.jobs import Jobs, streamed


def drain(job):  # type: ignore[no-untyped-def]
    items = []
    try:
        while True:
            items += next(job)
    except StopIteration as finished:
        return items, finished.value


def test_items_arrive_in_order_and_the_result_comes_last() -> None:
    def work(emit, cancel):  # type: ignore[no-untyped-def]
        for number in range(5):
            emit(number)
        return "done"

    assert drain(streamed(work, threading.Event())) == ([0, 1, 2, 3, 4], "done")


def test_an_error_is_raised_after_what_was_emitted() -> None:
    def work(emit, cancel):  # type: ignore[no-untyped-def]
        emit(1)
        raise TextError("empty")

    job = streamed(work, threading.Event())
    assert next(job) == [1]
    with pytest.raises(TextError):
        next(job)


def test_cancel_reaches_the_session_alone() -> None:
    jobs = Jobs()
    mine, other = jobs.begin("a"), jobs.begin("b")
    jobs.cancel("a")
    assert (mine.is_set(), other.is_set()) == (True, False)
    jobs.cancel("nobody")


def test_a_new_job_ends_the_old_one_of_its_session() -> None:
    jobs = Jobs()
    first = jobs.begin("a")
    second = jobs.begin("a")
    assert first.is_set()
    assert not second.is_set()


def test_closing_the_stream_stops_the_work() -> None:
    stopped = threading.Event()

    def work(emit, cancel):  # type: ignore[no-untyped-def]
        emit(1)
        while not cancel():
            time.sleep(0.01)
        stopped.set()
        raise Cancelled("Cancelled.")

    job = streamed(work, threading.Event())
    next(job)
    job.close()
    assert stopped.wait(5)
