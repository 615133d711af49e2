"""The teacher path, against a server that answers as a teacher would."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from training import resume_dataset
from training.resume_dataset import EXAMPLE_JSON, main, valid


class Teacher(BaseHTTPRequestHandler):
    """Labels a resume by its first line; the odd one gets chatter, another one nonsense."""

    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append(body)
        text = body["messages"][-1]["content"]
        resume = EXAMPLE_JSON["resumes"][0] | {"name": text.splitlines()[0]}
        answer = json.dumps({"resumes": [resume]})
        if "chatty" in text:
            answer = f"Here it is:\n```json\n{answer}\n```"
        if "nonsense" in text:
            answer = '{"name": "nobody"}'
        reply = {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": answer}}]}  # fmt: skip  # noqa: E501
        data = json.dumps(
            reply | {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
        ).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """The address of a teacher."""
    Teacher.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Teacher)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def test_resumes_become_rows_and_a_second_run_asks_only_for_what_is_missing(url: str, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("plain", "chatty", "nonsense"):
        (folder / f"{name}.txt").write_text(f"Ann {name}\nCook, The Inn", encoding="utf-8")
    (folder / "scan.png").write_bytes(b"\x89PNG\r\n")
    command = [str(folder), "--url", url, "--model", "m", "--out", str(out)]
    main(command)
    assert len(Teacher.asked) == 4, "the nonsense was asked for twice"
    assert Teacher.asked[0]["messages"][1]["content"] == resume_dataset.EXAMPLE_TEXT
    with (out / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = [row["text"] for row in csv.DictReader(file)]
    assert len(rows) == 2
    first = next(row for row in rows if "plain" in row)
    assert first.startswith("###resume: Ann plain Cook, The Inn ###json: {")
    assert json.loads(first.split("###json: ")[1])["resumes"][0]["name"] == "Ann plain"
    main(command)
    assert len(Teacher.asked) == 6, "only the nonsense again"


@pytest.mark.parametrize("answer", ["", "no", "{}", '{"resumes": [{}]}', "{" * 9, "[1]"])
def test_answers_that_are_none(answer: str) -> None:
    assert valid(answer) is None
