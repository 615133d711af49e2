"""The command line: what it prints, where, and its exit status."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from smartform import cli
from smartform.documents import read_document
from smartform.engines import models
from smartform.service import Service
from tests import papers
from tests.doors import ScriptedFiller, ScriptedTranscriber, scripted_service

FORM = {
    "title": "People",
    "fields": [
        {"name": "name", "label": "Full name", "required": True},
        {"name": "city", "required": True},
        {"name": "notes", "type": "longtext"},
    ],
}
TEXT = "name: Jane Doe\nnotes: " + "very long " * 30


@pytest.fixture
def form(tmp_path: Path) -> str:
    path = tmp_path / "form.json"
    path.write_text(json.dumps(FORM))
    return str(path)


def run(*arguments: str) -> int:
    return cli.main(arguments, scripted_service()[0])


def test_table_shows_field_value_state_and_confidence(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fill", "--form", form, "--text", TEXT) == 0
    out, err = capsys.readouterr()
    head, _, first = out.splitlines()[:3]
    assert head.split() == ["Field", "Value", "State", "Confidence"]
    assert first.split() == ["Full", "name", "Jane", "Doe", "found", "90%"]
    assert "Still missing: City." in out
    assert max(map(len, out.splitlines())) <= 110
    assert err == ""


def test_the_table_tells_a_suggestion_from_a_value(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fill", "--form", form, "--text", "name? Jane Doe") == 0
    out = capsys.readouterr().out
    assert re.search(r"^Full name +\(perhaps Jane Doe\) +not found ", out, re.MULTILINE)
    assert "Still missing: Full name, City." in out


def test_json_is_the_result_and_nothing_else(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fill", "--form", form, "--text", TEXT, "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert data["values"]["name"] == "Jane Doe"
    assert data["missing"] == ["city"]


def test_presets_are_known_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fill", "--form", "contact", "--text", "hello", "--json") == 0
    assert json.loads(capsys.readouterr().out)["values"]


def test_today_is_the_day_of_the_machine_unless_given(form: str) -> None:
    service, filler = scripted_service()
    assert cli.main(["fill", "--form", form, "--text", "x"], service) == 0
    assert cli.main(["fill", "--form", form, "--text", "x", "--today", "2026-03-14"], service) == 0
    assert [call[2] for call in filler.calls] == [date.today(), date(2026, 3, 14)]


def test_text_from_a_file_with_a_byte_order_mark(form: str, tmp_path: Path) -> None:
    service, filler = scripted_service()
    (tmp_path / "t.txt").write_bytes(b"\xef\xbb\xbfname: Jane")
    assert cli.main(["fill", "--form", form, "--text-file", str(tmp_path / "t.txt")], service) == 0
    assert filler.calls[0][1] == "name: Jane"


@pytest.mark.parametrize("name", ["cv.pdf", "cv.docx", "-"])
def test_text_from_a_document(form: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = papers.docx() if name == "cv.docx" else papers.two_column_pdf()
    (tmp_path / name).write_bytes(made)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(made)))
    service, filler = scripted_service()
    source = name if name == "-" else str(tmp_path / name)
    assert cli.main(["fill", "--form", form, "--text-file", source], service) == 0
    assert filler.calls[0][1] == read_document(made)


def test_dash_reads_standard_input(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service, filler = scripted_service()
    for option, content in (("--text-file", b"name: A"), ("--audio", b"name: B")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert cli.main(["fill", "--form", form, option, "-"], service) == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(FORM).encode())))
    assert cli.main(["fill", "--form", "-", "--text", "name: C"], service) == 0
    assert [call[1] for call in filler.calls] == ["name: A", "name: B", "name: C"]


def test_audio_is_heard_with_the_words_of_the_form(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.wav").write_bytes(b"name: Jane")
    ears = ScriptedTranscriber()
    command = ["fill", "--form", form, "--audio", str(tmp_path / "a.wav"), "--language", "it"]
    assert cli.main(command, Service(ScriptedFiller(), ears)) == 0
    assert "Heard: name: Jane" in capsys.readouterr().out
    assert ears.vocabulary == ("Full name", "City", "Notes")
    assert ears.language == "it"


def test_transcribe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.wav").write_bytes(b"hello there")
    assert run("transcribe", str(tmp_path / "a.wav")) == 0
    assert capsys.readouterr().out == "hello there\n"
    assert run("transcribe", str(tmp_path / "a.wav"), "--json", "--language", "en") == 0
    assert json.loads(capsys.readouterr().out) == {
        "text": "hello there",
        "language": "en",
        "language_probability": 1.0,
        "seconds": 2.5,
        "segments": [{"start": 0.0, "end": 2.5, "text": "hello there"}],
    }


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["fill", "--form", "no-such-form", "--text", "x"], 2, "no file or preset called 'no-such-form'"),
        (["fill", "--form", "x" * 5_000, "--text", "x"], 2, "no file or preset"),
        (["fill", "--form", '{"type": ', "--text", "x"], 2, "JSON"),
        (["fill", "--form", "FORM", "--text", " "], 2, "no text"),
        (["fill", "--form", "FORM", "--text-file", "/no/such/file"], 2, "cannot be read"),
        (["fill", "--form", "FORM", "--text-file", "NOISE"], 2, "neither text nor a document"),
        (["fill", "--form", "FORM", "--audio", "NOISE"], 2, "Nothing was said"),
        (["fill", "--form", "FORM", "--text", "x", "--today", "14/3/2026"], 2, "not a date"),
        (["fill", "--form", "FORM", "--text", "BROKEN"], 3, "The model failed"),
        (["transcribe", "/no/such/file"], 2, "cannot be read"),
        (["transcribe", "NOISE"], 2, "Nothing was said"),
        (["fill", "--jsonl", "/no/such/file", "--out", "out.jsonl"], 2, "cannot be read"),
        (["fill", "--jsonl", "FORM", "--out", "FORM"], 2, "same file"),
        (["fill", "--jsonl", "FORM", "--out", "/no/such/folder/out"], 2, "cannot be used"),
        (["models", "fetch", "no-such-model"], 3, "no weights called"),
        (["models", "verify", "no-such-model"], 3, "no weights called"),
    ],
)
def test_errors_are_a_message_and_a_hint(
    arguments: list[str],
    status: int,
    said: str,
    form: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    noise = tmp_path / "noise.wav"
    noise.write_bytes(b"NOISE\x00\xff")
    named = {"FORM": form, "NOISE": str(noise)}
    assert run(*(named.get(a, a) for a in arguments)) == status
    out, err = capsys.readouterr()
    message, hint = err.strip().splitlines()[-2:]
    assert said in message
    assert hint and "Traceback" not in err and out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fill"],
        ["fill", "--form", "contact"],
        ["fill", "--text", "x"],
        ["fill", "--form", "contact", "--text", "x", "--text-file", "y"],
        ["fill", "--form", "-", "--text-file", "-"],
        ["fill", "--jsonl", "in.jsonl"],
        ["fill", "--jsonl", "in.jsonl", "--out", "o", "--form", "contact"],
        ["fill", "--form", "contact", "--text", "x", "--out", "o"],
        ["models"],
        ["models", "burn"],
    ],
)
def test_misuse_prints_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def jsonl(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_many_texts_with_one_bad_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fields = [{"name": "name", "type": "text"}]
    rows = [{"id": n, "text": f"name: Jane {n}", "form_fields": fields} for n in range(3)]
    source = jsonl(tmp_path / "in.jsonl", *rows, {"id": "bad"})
    out = tmp_path / "out.jsonl"
    assert run("fill", "--jsonl", str(source), "--out", str(out)) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "3 filled, 0 there already, 1 with an error." in shown.err
    results = [json.loads(row) for row in out.read_text().splitlines()]
    assert [r["values"]["name"] for r in results[:3]] == ["Jane 0", "Jane 1", "Jane 2"]
    assert results[3]["id"] == "bad" and results[3]["hint"]
    assert run("fill", "--jsonl", str(source), "--out", str(out)) == 0
    assert "0 filled, 3 there already, 1 with an error." in capsys.readouterr().err


def test_many_texts_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"id": 1, "text": "name: Jane", "form_fields": [{"name": "name"}]}
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(row).encode())))
    assert run("fill", "--jsonl", "-", "--out", str(tmp_path / "out.jsonl")) == 0
    assert json.loads((tmp_path / "out.jsonl").read_text())["values"] == {"name": "Jane"}


def test_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "list") == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in models.manifest())
    assert run("models", "fetch", "smollm2-135m-instruct") == 0
    assert run("models", "verify", "smollm2-135m-instruct", "forms") == 0
    assert capsys.readouterr().out.count("smollm2-135m-instruct: ready") == 2


def test_as_a_process_without_models_for_what_needs_none() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "smartform", "models", "list"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0
    assert "gemma-3-270m" in done.stdout
    heavy = ("llama_cpp", "faster_whisper", "gradio", "torch")
    assert not any(f" {library}\n" in done.stderr for library in heavy)


def test_reader_that_leaves_early_is_no_error() -> None:
    piped = f"{sys.executable} -m smartform models list | true"
    done = subprocess.run(piped, shell=True, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr
