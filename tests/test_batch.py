"""The JSONL job: resuming, repairing, and lines that cannot be answered."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from smartform import batch
from smartform.errors import InputError
from tests.doors import scripted_service

FIELDS = [{"name": "name", "type": "text", "value": "never read"}, {"name": "age", "type": "integer"}]


def line(key: Any, text: Any = "name: Jane", **more: Any) -> bytes:
    return json.dumps({"id": key, "text": text, "form_fields": FIELDS, **more}).encode() + b"\n"


def read(out: Path) -> list[dict[str, Any]]:
    return [json.loads(row) for row in out.read_text(encoding="utf-8").splitlines()]


def test_each_line_is_answered_as_documented(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    service, filler = scripted_service()
    lines = [line("a", today="2026-03-14"), b"\n", line(7, "name: Zoë Ünal 🌱")]
    count = batch.run(batch.filling(service, date(2020, 1, 1)), lines, out)
    assert count == batch.Count(filled=2)
    first, second = read(out)
    assert first == {
        "id": "a",
        "values": {"name": "Jane", "age": None},
        "fields": [
            {
                "name": "name",
                "value": "Jane",
                "confidence": 0.9,
                "p_no_data": 0.05,
                "spans": [[6, 10]],
                "state": "found",
            },
            {
                "name": "age",
                "value": None,
                "confidence": 1.0,
                "p_no_data": 1.0,
                "spans": [],
                "state": "not found",
            },
        ],
        "seconds": 0.25,
    }
    assert second["id"] == 7
    assert second["values"]["name"] == "Zoë Ünal 🌱"
    assert [call[2] for call in filler.calls] == [date(2026, 3, 14), date(2020, 1, 1)]
    assert filler.calls[0][0].names == ("name", "age")


BAD = [
    b"{not json\n",
    b"[1, 2]\n",
    b"\xff\xfe{}\n",
    b"[" * 100_000 + b"\n",
    json.dumps({"text": "x", "form_fields": FIELDS}).encode(),
    line(True),
    line({"a": 1}),
    line(""),
    line("no text", None),
    line("empty text", "  "),
    json.dumps({"id": "no form", "text": "x"}).encode(),
    json.dumps({"id": "odd form", "text": "x", "form_fields": ["name"]}).encode(),
    json.dumps({"id": "no fields", "text": "x", "form_fields": []}).encode(),
    line("bad day", today="tomorrow"),
    line("bad day 2", today=20260314),
    line("engine", "BROKEN"),
    line("fault", "CRASH"),
]


def test_bad_lines_never_stop_the_rest(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    service, _ = scripted_service()
    count = batch.run(batch.filling(service), [*BAD, line("last")], out)
    assert count == batch.Count(filled=1, failed=len(BAD))
    *problems, last = read(out)
    assert last["id"] == "last" and last["values"]["name"] == "Jane"
    assert len(problems) == len(BAD) and all("error" in problem for problem in problems)


def test_errors_name_the_line_and_the_remedy(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    service, _ = scripted_service()
    batch.run(batch.filling(service), BAD, out)
    rows = read(out)
    assert [row["line"] for row in rows] == list(range(1, len(BAD) + 1))
    assert all(row["error"] and row["hint"] for row in rows)
    assert rows[-1]["id"] == "fault"
    assert "/secret/path" not in rows[-1]["error"]


def test_a_repeated_id_is_told_and_the_first_answer_stands(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    service, _ = scripted_service()
    lines = [line("a"), line("b"), line("a", "name: Other")]
    assert batch.run(batch.filling(service), lines, out) == batch.Count(filled=2, failed=1)
    assert [row["id"] for row in read(out)] == ["a", "b", None]
    assert read(out)[2]["line"] == 3
    assert "line 1" in read(out)[2]["error"]


def test_resume_skips_what_is_there_and_tries_failed_lines_again(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    service, filler = scripted_service()
    batch.run(batch.filling(service), [line("a"), line("b", "BROKEN")], out)
    before = read(out)[0]
    filler.calls.clear()
    count = batch.run(batch.filling(service), [line("a"), line("b"), line("c")], out)
    assert count == batch.Count(filled=2, skipped=1)
    assert len(filler.calls) == 2
    assert [row["id"] for row in read(out)] == ["a", "b", "c"]
    assert read(out)[0] == before
    content = out.read_bytes()
    assert batch.run(batch.filling(service), [line("a"), line("b"), line("c")], out) == batch.Count(skipped=3)
    assert out.read_bytes() == content


@pytest.mark.parametrize("cut", [1, 2, 20, 60])
def test_a_half_written_last_line_is_repaired(tmp_path: Path, cut: int) -> None:
    out = tmp_path / "out.jsonl"
    service, _ = scripted_service()
    batch.run(batch.filling(service), [line("a"), line("b")], out)
    whole = out.read_bytes()
    out.write_bytes(whole[:-cut])
    batch.run(batch.filling(service), [line("a"), line("b")], out)
    assert out.read_bytes() == whole


def test_what_was_answered_is_on_disk_when_the_job_dies(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    service, _ = scripted_service()

    def dying() -> Any:
        yield line("a")
        yield line("b")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch.run(batch.filling(service), dying(), out)
    assert [row["id"] for row in read(out)] == ["a", "b"]


@pytest.mark.parametrize(
    "content", [b"precious notes\n", b"precious notes", b'{"my": "data"}\n', b'{"id": 1, "text": "in"}\n{"id']
)
def test_a_file_that_is_not_ours_is_left_alone(tmp_path: Path, content: bytes) -> None:
    out = tmp_path / "out.jsonl"
    out.write_bytes(content)
    service, _ = scripted_service()
    with pytest.raises(InputError) as caught:
        batch.run(batch.filling(service), [line("a")], out)
    assert caught.value.hint
    assert out.read_bytes() == content


def test_an_output_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    service, _ = scripted_service()
    for out in (tmp_path / "no" / "folder.jsonl", tmp_path):
        with pytest.raises(InputError):
            batch.run(batch.filling(service), [line("a")], out)


def test_progress_counts_every_line(tmp_path: Path) -> None:
    service, _ = scripted_service()
    seen: list[batch.Count] = []
    lines = [line("a"), b"junk\n", line("b")]
    batch.run(batch.filling(service), lines, tmp_path / "out.jsonl", on_line=seen.append)
    assert seen == [batch.Count(1), batch.Count(1, 0, 1), batch.Count(2, 0, 1)]
