"""Resumes through the command line, REST and the tools of assistants."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from smartform.cli import main
from smartform.rest import build_router
from smartform.tools import make_tools
from tests.test_resume import TEXT
from tests.test_resume_jobs import service

LETTER = "Dear Ms Lund, the heating in flat 12 is cold again. Please send somebody. Ida"


def resume(tmp_path: Path, *arguments: str) -> int:
    """Run the command on a scripted model."""
    return main(["resume", *arguments], service())


def test_one_file_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv = tmp_path / "cv.txt"
    cv.write_text(TEXT, encoding="utf-8")
    assert resume(tmp_path, str(cv), "--schema", "jsonresume") == 0
    assert json.loads(capsys.readouterr().out)["basics"]["name"] == "Ben Aqua"


def test_what_is_no_resume_ends_with_a_hint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text(LETTER, encoding="utf-8")
    assert resume(tmp_path, str(letter)) == 2
    assert "does not look like a resume" in capsys.readouterr().err
    assert resume(tmp_path, str(letter), "--force") == 0
    assert json.loads(capsys.readouterr().out)["resumes"]
    assert resume(tmp_path, str(tmp_path / "none.txt")) == 2


def test_a_folder_of_results(tmp_path: Path) -> None:
    cvs = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for cv in cvs:
        cv.write_text(f"{TEXT}\n{cv.name}", encoding="utf-8")
    out = tmp_path / "out"
    assert resume(tmp_path, *map(str, cvs), "--out", str(out)) == 0
    assert len((out / "resumes.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    own = sorted(path.name for path in out.glob("*.json"))
    assert [name.split(".")[0] for name in own] == ["a", "b"]
    assert json.loads((out / own[0]).read_text(encoding="utf-8"))["resumes"][0]["name"] == "Ben Aqua"
    assert "Goldfish Breeder, Aqua Garden" in (out / "resumes.csv").read_text(encoding="utf-8-sig")


def test_lines_in_and_out(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps({"id": 7, "text": TEXT}) + "\n", encoding="utf-8")
    assert resume(tmp_path, "--jsonl", str(source), "--out", str(out)) == 0
    row = json.loads(out.read_text(encoding="utf-8"))
    assert row["id"] == 7 and row["is_resume"] and row["seconds"] >= 0 and row["fields"]
    assert resume(tmp_path, "--jsonl", str(source), "--out", str(source)) == 2


@pytest.mark.parametrize("arguments", [[], ["a.txt", "b.txt"], ["--jsonl", "x"], ["a.txt", "--jsonl", "x"]])
def test_arguments_that_do_not_go_together(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["resume", *arguments], service())
    assert ended.value.code == 2


@pytest.fixture(scope="module")
def client() -> TestClient:
    """A client of the routes."""
    app = FastAPI()
    app.include_router(build_router(service()))
    return TestClient(app)


def check(answer: Any) -> dict[str, Any]:
    """A good answer's body."""
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert body["is_resume"] and body["schema"] in ("simple", "jsonresume")
    assert body["fields"][-2]["rows"][0][0]["value"] == "Goldfish Breeder"
    return body


def test_rest(client: TestClient) -> None:
    address = "/api/v1/resume"
    body = check(client.get(address, params={"input": TEXT}))
    assert body["json"]["resumes"][0]["email"] == "ben.aqua@ponds.example"
    assert body["trace"]["/resumes/0/name"] == [[0, 8]]
    body = check(client.post(address, json={"input": TEXT, "schema": "jsonresume"}))
    assert body["json"]["work"][1]["endDate"] == "2019-03"
    upload = {"file": ("cv.txt", TEXT.encode(), "text/plain")}
    check(client.post(address, files=upload, data={"schema": "jsonresume"}))


def test_rest_says_what_is_wrong(client: TestClient) -> None:
    address = "/api/v1/resume"
    answers = [
        (client.get(address), 422),
        (client.get(address, params={"input": TEXT, "schema": "xml"}), 422),
        (client.post(address, content=b"{", headers={"content-type": "application/json"}), 400),
        (client.post(address, json={"text": TEXT}), 422),
        (client.post(address, json={"input": LETTER}), 422),
        (client.post(address, files={"other": ("a", b"b")}), 422),
        (client.post(address, files={"file": ("a.png", b"\x89PNG\r\n")}), 422),
    ]
    for answer, status in answers:
        assert answer.status_code == status, answer.text
        assert answer.json()["error"] and answer.json()["hint"]
    forced = client.post(address, json={"input": LETTER, "force": True})
    assert forced.status_code == 200 and forced.json()["is_resume"] is False


def test_the_tool_of_assistants() -> None:
    tool = {tool.__name__: tool for tool in make_tools(service())}["read_resume"]
    answer = json.loads(tool(TEXT, "jsonresume"))
    assert answer["json"]["basics"]["name"] == "Ben Aqua" and answer["trace"]
    assert json.loads(tool(LETTER))["hint"]
