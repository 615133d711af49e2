"""The e-mail tab's handlers that need no browser."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from smartform.errors import InputError
from smartform.fill import Filler
from smartform.results import Span
from smartform.revision import (
    DEFAULT_OPTIONS,
    Amount,
    Edit,
    EditKind,
    ProofreadOptions,
    Refused,
    Register,
    Revision,
)
from smartform.service import Service
from tests.fakes import FakeTranscriber, ScriptedEngine
from tests.mail import EXAMPLE, SYSTEM_PROMPT, ScriptedMail, mail_desk
from ui.components import revised
from ui.email_tab import OPTIONS, MailDesk, options, toned


@pytest.fixture
def desk() -> MailDesk:
    return mail_desk(Service(Filler(ScriptedEngine({})), FakeTranscriber()), ScriptedMail())


def chosen(**changed: Any) -> dict[str, Any]:
    untouched = {name: getattr(DEFAULT_OPTIONS, name) for name in OPTIONS}
    return {**untouched, "system_prompt": SYSTEM_PROMPT, **changed}


def test_untouched_settings_are_the_defaults_and_send_no_prompt() -> None:
    assert options(chosen(), SYSTEM_PROMPT) == DEFAULT_OPTIONS


def test_what_a_person_chooses_reaches_the_options() -> None:
    own = {"amount": "rewrite", "register": "firm", "temperature": 1, "max_tokens": 64.0, "seed": 7}
    wanted = options(chosen(**own, system_prompt=" Be brief. "), SYSTEM_PROMPT)
    assert wanted == ProofreadOptions(
        Amount.REWRITE, Register.FIRM, "Be brief.", temperature=1.0, max_tokens=64, seed=7
    )
    assert options(chosen(seed=None), SYSTEM_PROMPT).seed == 0


def test_a_negative_seed_is_explained() -> None:
    with pytest.raises(InputError) as refused:
        options(chosen(seed=-1), SYSTEM_PROMPT)
    assert refused.value.hint


def test_tone_tells_whether_its_scores_hold_for_the_language(desk: MailDesk) -> None:
    report = toned(desk, {"text": EXAMPLE, "weights": True})
    assert (report["politeness"], report["language"], report["applies"]) == ("impolite", "en", True)
    assert EXAMPLE[slice(*report["words"][0]["span"])] == "useless"
    assert toned(desk, {"text": "Buongiorno Tom."})["applies"] is False
    assert toned(desk, {"text": EXAMPLE, "weights": False})["words"] == []


def test_a_tone_that_fails_is_a_notice_and_logs_no_text(
    desk: MailDesk, caplog: pytest.LogCaptureFixture
) -> None:
    assert toned(desk, {"text": "UNSCORED"})["problem"]["message"] == "The tone model failed."
    with caplog.at_level(logging.ERROR):
        assert toned(desk, {})["problem"] == {"kind": "problem", "key": "unexpected"}
    assert "KeyError at toned@email_tab.py" in caplog.text


def test_the_view_gets_the_draft_with_each_edit_and_refusal() -> None:
    edit = Edit(Span(0, 3), "The", EditKind.SPELLING, 0.9)
    shown = revised(Revision("Teh end", (edit,), refused=(Refused(Span(4, 7), "It lost a name."),)))
    assert (shown["state"], shown["draft"], shown["tone_before"]) == ("done", "Teh end", None)
    assert shown["edits"] == [
        {"span": [0, 3], "original": "Teh", "replacement": "The", "kind": "spelling", "probability": 0.9}
    ]
    assert shown["refused"] == [{"span": [4, 7], "reason": "It lost a name."}]
