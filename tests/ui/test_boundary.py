"""Errors become notices; nothing of what a person typed is logged."""

from __future__ import annotations

import logging

import pytest

from smartform.errors import Cancelled, FormError
from ui.boundary import explain, guarded
from ui.components import notice_box


def test_expected_errors_tell_message_and_hint() -> None:
    told = explain(FormError("Broken.", "Mend it."))
    assert (told["kind"], told["message"], told["hint"]) == ("problem", "Broken.", "Mend it.")


def test_cancelling_is_no_problem() -> None:
    assert explain(Cancelled("Cancelled."))["kind"] == "done"


def test_a_tab_may_say_in_its_own_words_what_became_of_a_cancelled_job() -> None:
    box = notice_box("box")

    @guarded(box, cancelled="mail_cancelled")
    def handler() -> dict:
        raise Cancelled("Cancelled.")

    assert handler()[box]["key"] == "mail_cancelled"


def test_unexpected_errors_are_logged_by_place_without_content(caplog: pytest.LogCaptureFixture) -> None:
    box = notice_box("box")

    @guarded(box)
    def handler(text: str) -> dict:
        raise RuntimeError(text)

    with caplog.at_level(logging.ERROR):
        answer = handler("my secret")
    assert answer == {box: {"kind": "problem", "key": "unexpected"}}
    assert "RuntimeError at handler@test_boundary.py" in caplog.text
    assert "my secret" not in caplog.text


def test_a_stream_that_fails_keeps_what_it_answered() -> None:
    box = notice_box("box")

    @guarded(box)
    def handler():  # type: ignore[no-untyped-def]
        yield {box: {"kind": "busy"}}
        raise FormError("Broken.")

    assert [answer[box]["kind"] for answer in handler()] == ["busy", "problem"]
