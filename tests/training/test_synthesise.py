"""A teacher's texts become training data: resumable, malformed ones dropped and counted, copies removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from smartform.prompts import parse_answer
from smartform.schema import FormSpec
from training import postprocess, synthesise
from training.chat_rows import messages_of, read_rows
from training.check_data import require

ROOT = Path(__file__).parents[2]
FIELDS = [
    {"name": "name", "type": "text"},
    {"name": "vip", "type": "boolean"},
    {"name": "day", "type": "date"},
]
PLAN = {
    "instruction": "Write {count} texts in {lang}: {scenario}, {feature}, {writer}, {fields}",
    "scenarios": [{"name": "a booking", "lang": "en", "fields": FIELDS}],
    "features": ["short", "long"],
    "writers": ["Ann", "Bob"],
    "per_call": 2,
}

TEXTS = (
    ("Ada Rossi", "Please put down Ada Rossi for us, as agreed by telephone."),
    ("Bob Lee", "My name is Bob Lee and I would like a table at the window."),
    ("Cleo Dan", "cleo wants nothing to do with it, Cleo Dan has never been here"),
    ("Dora Fey", "To whom it may concern: Dora Fey arrives with two dogs and a cat."),
)


class Teacher(BaseHTTPRequestHandler):
    """An OpenAI-compatible server that writes two texts a call, until it is told to fail."""

    asked: list[dict[str, Any]]
    fail_after: int
    first: int

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if len(self.asked) >= self.fail_after:
            return self._send({"error": {"message": "no credit"}}, 402)
        self.asked.append(asked)
        return self._send(
            {
                "id": "1", "object": "chat.completion", "created": 0, "model": asked["model"],
                "choices": [
                    {"index": 0, "finish_reason": "stop",
                     "message": {"role": "assistant", "content": self._texts(len(self.asked))}}
                ],
                "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
            }
        )  # fmt: skip

    def _texts(self, number: int) -> str:
        name, text = TEXTS[self.first + number - 1]
        good = {"text": text, "values": {"name": name, "vip": name == "Ada Rossi", "day": None}}
        return (
            f"Here you are:\n{json.dumps([good, good | {'text': 'Somebody came, nobody said who.'}])}\nEnjoy!"
        )

    def _send(self, answer: dict[str, Any], status: int = 200) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tests print enough."""


@contextmanager
def teaching(fail_after: int, first: int = 0) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A teacher's address and what it was asked."""
    asked: list[dict[str, Any]] = []
    handler = type("Handler", (Teacher,), {"asked": asked, "fail_after": fail_after, "first": first})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_job_goes_on_where_it_stopped_and_its_texts_become_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, out = tmp_path / "plan.yaml", tmp_path / "runs" / "texts.jsonl"
    plan.write_text(yaml.safe_dump(PLAN))
    words = ["--plan", str(plan), "--model", "m", "--price-out", "10", "--out", str(out)]
    with teaching(fail_after=3) as (url, _), pytest.raises(SystemExit, match=r"no credit.*to go on"):
        synthesise.main([*words, "--url", url])
    assert "4 calls for 8 texts: about" in capsys.readouterr().err
    out.write_text(out.read_text() + '{"call": 3, "answ')
    with teaching(fail_after=9, first=3) as (url, asked):
        synthesise.main([*words, "--url", url])
    said = capsys.readouterr().err
    assert len(asked) == 1
    assert "1 calls for 2 texts" in said
    assert "1 calls, 10 + 20 tokens" in said
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["call"] for line in lines] == [0, 1, 2, 3]
    assert {(line["feature"], line["writer"]) for line in lines} == {
        (feature, writer) for feature in PLAN["features"] for writer in PLAN["writers"]
    }

    forms, talks = tmp_path / "forms.jsonl", tmp_path / "talks.jsonl"
    postprocess.main([str(out), "--forms", str(forms), "--messages", str(talks)])
    assert "4 dropped: a value does not stand in the text" in capsys.readouterr().out
    rows = read_rows([forms])
    require(rows)
    assert [row.data["form_fields"][0]["value"] for row in rows] == [name for name, _ in TEXTS]
    assert rows[0].data["form_fields"][1]["value"] == "true"
    (_, user, answer), *_ = (messages_of(row) for row in read_rows([talks]))
    assert user.content == f"USER_DATA: {rows[0].data['text']}"
    form = FormSpec.from_dict({"form_fields": FIELDS})
    assert parse_answer(answer.content, form) == {"name": "Ada Rossi", "vip": "true", "day": None}


def test_malformed_answers_and_copies_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "Ada Rossi comes on Monday with three friends and a very small dog."
    good = {"text": text, "values": {"name": "Ada Rossi"}}
    answers = (
        json.dumps([good, good | {"text": text + " Thanks!"}, {"text": "no values"}, "?"]),
        "I cannot do that.",
        "[not json]",
        json.dumps([{"text": " ", "values": {}}, {"text": "Bob", "values": {"vip": "yes"}}]),
    )
    about = {"scenario": "s", "lang": "en", "feature": "f", "writer": "w", "fields": FIELDS}
    file = tmp_path / "raw.jsonl"
    lines = [json.dumps(about | {"call": n, "answer": a}) for n, a in enumerate(answers)]
    file.write_text("\n".join(lines))
    postprocess.main([str(file), "--forms", str(tmp_path / "forms.jsonl")])
    said = capsys.readouterr().out.splitlines()
    assert set(said) == {
        "1 rows kept",
        "2 dropped: the answer is no JSON list",
        "2 dropped: a text without values",
        "1 dropped: nearly the same as an earlier one",
        "1 dropped: its text is empty",
        "1 dropped: the value … is no boolean",
    }


def test_a_sheet_of_pairs_becomes_messages(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("prompt,completion\nCorrect: he go,he goes\n")
    postprocess.main([str(tmp_path / "pairs.csv"), "--messages", str(tmp_path / "talks.jsonl")])
    (row,) = read_rows([tmp_path / "talks.jsonl"])
    assert [m.content for m in messages_of(row)] == ["Correct: he go", "he goes"]
    with pytest.raises(SystemExit):
        postprocess.main([str(tmp_path / "pairs.csv")])


def test_the_shipped_plan_can_be_asked() -> None:
    plan = synthesise.read_plan(ROOT / "training/configs/synthesis.yaml")
    asked = synthesise.calls(plan)
    assert len(asked) == len(plan.scenarios) * len(plan.features) * len(plan.writers)
    assert '[{"text"' in asked[0].prompt(plan)
    for scenario in plan.scenarios:
        FormSpec.from_dict({"form_fields": scenario.fields})
