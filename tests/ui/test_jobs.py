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
    with jobs.running("a") as mine, jobs.running("b") as other:
        jobs.cancel("a")
        jobs.cancel("nobody")
        assert (mine.is_set(), other.is_set()) == (True, False)


def test_a_new_job_ends_the_old_one_of_its_session() -> None:
    jobs = Jobs()
    with jobs.running("a") as first, jobs.running("a") as second:
        assert first.is_set()
        assert not second.is_set()


def test_a_job_whose_reader_goes_away_stops() -> None:
    stopped = threading.Event()
    jobs = Jobs()

    def work(emit, cancel):  # type: ignore[no-untyped-def]
        emit(1)
        while not cancel():
            time.sleep(0.01)
        stopped.set()
        raise Cancelled("Cancelled.")

    def reader():  # type: ignore[no-untyped-def]
        with jobs.running("a") as flag:
            yield from streamed(work, flag)

    reading = reader()
    next(reading)
    reading.close()
    assert stopped.wait(5)
