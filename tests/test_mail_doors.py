"""Proofreading and tone by service, JSONL job and command line: answers, errors, turns, resuming."""

from __future__ import annotations

import inspect
import io
import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from smartform import batch, cli
from smartform.errors import Cancelled, EngineError, InputError, TextError
from smartform.proofread import Proofreader
from smartform.revision import Amount, ProofreadOptions, Register
from smartform.service import MAX_TONE_CHARS, Service
from smartform.tone import Politeness, ToneScorer
from tests.doors import (
    ScriptedFiller,
    ScriptedProofreader,
    ScriptedScorer,
    ScriptedTranscriber,
    mail_service,
)

DRAFT = "Hi Tom,\n\nSend teh invoice 4711. At once!\n"
REVISED = "Hi Tom,\n\nSend the invoice 4711. Thank you.\n"
OPTIONS = ProofreadOptions()


def run(*arguments: str) -> int:
    return cli.main(["proofread", *arguments], mail_service()[0])


def read(out: Path) -> list[dict[str, Any]]:
    return [json.loads(row) for row in out.read_text(encoding="utf-8").splitlines()]


def line(key: Any, draft: Any = DRAFT) -> bytes:
    return json.dumps({"id": key, "draft": draft}).encode() + b"\n"


def test_the_fakes_have_the_real_interfaces() -> None:
    real, fake = (
        [(p.name, p.kind) for p in inspect.signature(kind.proofread).parameters.values()]
        for kind in (Proofreader, ScriptedProofreader)
    )
    assert fake == real
    assert isinstance(ScriptedScorer(), ToneScorer)


def test_service_proofreads_and_streams() -> None:
    service, reader = mail_service()
    said: list[str] = []
    options = ProofreadOptions(Amount.ERRORS, Register.WARM, temperature=0.5)
    revision = service.proofread(DRAFT, options, on_text=said.append)
    assert revision.text == REVISED == said[-1]
    assert reader.calls == [(DRAFT, options)]
    assert service.proofread("half \ud800").draft == "half \ufffd"


def test_service_reads_tone() -> None:
    service, _ = mail_service()
    report = service.tone("Send it at once. Thank you for Monday.")
    assert [part.tone.manner for part in report.sentences] == [Politeness.IMPOLITE, Politeness.POLITE]
    assert report.weights == ()
    assert service.tone("Thank you.", weights=True).weights
    assert service.tone("").whole.manner is Politeness.NEUTRAL
    with pytest.raises(TextError) as caught:
        service.tone("x" * (MAX_TONE_CHARS + 1))
    assert caught.value.hint


def test_mail_jobs_take_turns_and_waiting_ones_can_be_cancelled() -> None:
    gate = threading.Event()
    service, reader = mail_service(gate)
    first = threading.Thread(target=service.proofread, args=("WAIT",))
    first.start()
    assert reader.waiting.wait(5)
    with pytest.raises(Cancelled):
        service.tone("Hello.", cancel=lambda: True)
    with pytest.raises(Cancelled):
        service.proofread(DRAFT, cancel=lambda: True)
    assert len(reader.calls) == 1
    gate.set()
    first.join(5)
    assert service.proofread(DRAFT).text == REVISED


def test_mail_models_load_once_and_only_when_asked_for() -> None:
    made: list[str] = []

    def make(name: str, value: Any) -> Any:
        def factory() -> Any:
            made.append(name)
            return value

        return factory

    service = Service.lazy(
        make("filler", ScriptedFiller()), make("speech", ScriptedTranscriber()),
        make("reader", ScriptedProofreader()), make("scorer", ScriptedScorer()),
    )  # fmt: skip
    service.warm()
    assert made == ["filler", "speech"]
    service.warm(forms=False, speech=False, mail=True)
    service.proofread(DRAFT)
    service.tone(DRAFT)
    assert made == ["filler", "speech", "reader", "scorer"]


def test_a_service_without_models_for_mails_says_so() -> None:
    service = Service(ScriptedFiller(), ScriptedTranscriber())
    for job in (service.proofread, service.tone):
        with pytest.raises(EngineError) as caught:
            job(DRAFT)
        assert caught.value.hint


def test_each_line_has_its_revision(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    job = batch.proofreading(mail_service()[0], OPTIONS)
    count = batch.run(job, [line("a"), line(7, "Fine."), line("c", "‹4711›")], out)
    assert count == batch.Count(filled=3)
    first, second, third = read(out)
    assert first["id"] == "a" and first["revision"] == REVISED and first["changed"] is True
    assert [edit["kind"] for edit in first["edits"]] == ["spelling", "tone"]
    assert first["tone_before"]["politeness"] == "impolite" and first["tone_after"]["politeness"] == "polite"
    assert set(second) == {"id", "revision", "changed", "edits", "tone_before", "tone_after", "seconds"}
    assert second["revision"] == "Fine." and second["changed"] is False
    assert third["refused"] == [{"span": [0, 6], "reason": "A number was lost."}]


BAD = [
    b"{not json\n",
    line(None),
    line("none", None),
    line("empty", " "),
    line("b", "BROKEN"),
    line("c", "CRASH"),
]


def test_bad_drafts_never_stop_the_rest_and_are_tried_again(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    job = batch.proofreading(mail_service()[0], OPTIONS)
    assert batch.run(job, [*BAD, line("last")], out) == batch.Count(filled=1, failed=len(BAD))
    rows = read(out)
    assert all(row["error"] and row["hint"] and "secret" not in row["error"] for row in rows[:-1])
    assert rows[-1]["revision"] == REVISED
    again = batch.run(job, [line("b"), line("last")], out)
    assert again == batch.Count(filled=1, skipped=1)
    assert [row["id"] for row in read(out)] == ["last", "b"]


def test_results_of_another_job_are_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text('{"id": "a", "values": {}}\n')
    with pytest.raises(InputError):
        batch.run(batch.proofreading(mail_service()[0], OPTIONS), [line("a")], out)
    assert out.read_text() == '{"id": "a", "values": {}}\n'


def test_the_revision_alone_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--text", DRAFT + "‹4711›") == 0
    out, err = capsys.readouterr()
    assert out == REVISED + "‹4711›\n"
    assert "spelling: 'teh' → 'the'" in err and "tone: 'At once!' → 'Thank you.'" in err
    assert "A number was lost." in err
    assert "before: impolite (" in err and "after: polite (" in err
    assert run("--text", REVISED) == 0
    out, err = capsys.readouterr()
    assert out == REVISED
    assert "Nothing needs to be changed." in err and "after" not in err


def test_options_reach_the_proofreader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service, reader = mail_service()
    (tmp_path / "d.txt").write_text(DRAFT)
    file = ["proofread", "--text-file", str(tmp_path / "d.txt"), "--amount", "rewrite", "--tone", "firm"]
    assert cli.main(file, service) == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Fine.")))
    assert cli.main(["proofread", "--text-file", "-"], service) == 0
    assert reader.calls == [
        (DRAFT, ProofreadOptions(Amount.REWRITE, Register.FIRM)),
        ("Fine.", ProofreadOptions()),
    ]


def test_json_is_the_revision_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--text", DRAFT, "--json") == 0
    out, err = capsys.readouterr()
    data = json.loads(out)
    assert data["revision"] == REVISED and data["edits"][0]["span"] == [14, 17]
    assert err == ""


def test_many_drafts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(line("a") + BAD[0] + line("b", "Fine."))
    assert run("--jsonl", str(source), "--out", str(out)) == 0
    shown = capsys.readouterr()
    assert shown.out == "" and "2 proofread, 0 there already, 1 with an error." in shown.err
    assert [row["id"] for row in read(out)] == ["a", None, "b"]
    assert run("--jsonl", str(source), "--out", str(out)) == 0
    assert "0 proofread, 2 there already, 1 with an error." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--text", " "], 2, "no e-mail"),
        (["--text-file", "/no/such/file"], 2, "cannot be read"),
        (["--text", "BROKEN"], 3, "The model failed"),
        (["--jsonl", "/no/such/file", "--out", "/tmp/x"], 2, "cannot be read"),
    ],
)
def test_errors_are_a_message_and_a_hint(
    arguments: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == status
    out, err = capsys.readouterr()
    message, hint = err.strip().splitlines()[-2:]
    assert said in message and hint and out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--text", "x", "--text-file", "y"],
        ["--text", "x", "--out", "y"],
        ["--jsonl", "x"],
        ["--text", "x", "--amount", "everything"],
        ["--text", "x", "--tone", "rude"],
    ],
)
def test_misuse_prints_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err
