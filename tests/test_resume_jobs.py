"""Many resumes at once: archives, bad files, going on after the worst, cancelling, tables."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from smartform import resume_jobs
from smartform.batch import Count
from smartform.errors import Cancelled, InputError
from smartform.fill import Filler
from smartform.policy import Policy
from smartform.resume_jobs import Wish
from smartform.service import Service
from tests.fakes import FakeTranscriber, ScriptedEngine
from tests.test_resume import SCRIPT, TEXT


def service(engine: ScriptedEngine | None = None) -> Service:
    """A service that reads the goldfish breeder's resume."""
    return Service(Filler(engine or ScriptedEngine(SCRIPT), Policy({})), FakeTranscriber())


def read(out: Path) -> list[dict[str, Any]]:
    return list(resume_jobs.results_of(out))


def files(folder: Path, count: int) -> list[Path]:
    """So many different resumes."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"cv{number}.txt" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_text(f"{TEXT}\nNumber {number}", encoding="utf-8")
    return paths


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return path


def test_files_and_archives_become_lines(tmp_path: Path) -> None:
    paths = [*files(tmp_path / "in", 2)]
    members = {
        "a/one.txt": f"{TEXT}\nA".encode(),
        "a/page.html": f"<html><body><pre>{TEXT}</pre></body></html>".encode(),
        "scan.png": b"\x89PNG\r\n\x1a\n",
        "letter.txt": b"Dear Ms Lund, the heating is cold again.",
        "__MACOSX/x": b"x",
    }
    packed = archive(tmp_path / "many.zip", members)
    out = tmp_path / "out.jsonl"
    items = resume_jobs.file_items([*paths, packed, tmp_path / "none.pdf"])
    seen: list[Count] = []
    count = resume_jobs.run(service(), items, out, Wish(), on_item=seen.append)
    assert count == Count(filled=5, failed=2) and len(seen) == 7
    assert resume_jobs.count_files([*paths, packed]) == 6
    rows = {row["file"]: row for row in read(out)}
    assert rows["a/one.txt"]["json"]["resumes"][0]["name"] == "Ben Aqua"
    assert len(rows["a/one.txt"]["id"]) == 64
    assert rows["letter.txt"]["is_resume"] is False and rows["letter.txt"]["json"] is None
    assert "picture" in rows["scan.png"]["error"] and rows["scan.png"]["hint"]
    assert rows["none.pdf"]["error"]


def test_a_second_run_reads_only_what_is_missing(tmp_path: Path) -> None:
    paths, out = files(tmp_path / "in", 3), tmp_path / "out.jsonl"
    resume_jobs.run(service(), resume_jobs.file_items(paths[:2]), out, Wish())
    whole = out.read_bytes()
    out.write_bytes(whole[:-40])  # half of the second line is lost
    paths[2].write_bytes(paths[0].read_bytes())
    count = resume_jobs.run(service(), resume_jobs.file_items(paths), out, Wish())
    assert count == Count(filled=1, skipped=2)
    assert len({row["id"] for row in read(out)}) == 2


def test_a_refused_text_is_read_again_when_forced(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    lines = [json.dumps({"id": 1, "text": "The heating is cold again."}).encode()]
    for wish, json_there in ((Wish(), False), (Wish(), False), (Wish(force=True), True)):
        resume_jobs.run(service(), resume_jobs.line_items(lines), out, wish)
        (row,) = read(out)
        assert row["is_resume"] is False and (row["json"] is not None) is json_there


def test_lines_with_texts(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    lines = [
        json.dumps({"id": "a", "text": TEXT}).encode(),
        b"no json\n",
        json.dumps({"id": "a", "text": TEXT}).encode(),
        json.dumps({"id": "b"}).encode(),
        json.dumps({"id": "c", "text": " "}).encode(),
        json.dumps({"id": "d", "text": TEXT}).encode(),
    ]
    count = resume_jobs.run(service(), resume_jobs.line_items(lines), out, Wish("jsonresume"))
    assert count == Count(filled=2, failed=4)
    bad = {row["line"]: row["id"] for row in read(out) if "error" in row}
    assert bad == {2: None, 3: None, 4: "b", 5: "c"}
    good = [row for row in read(out) if "error" not in row]
    assert [row["id"] for row in good] == ["a", "d"]
    assert {"id", "json", "is_resume", "fields", "seconds"} <= good[0].keys()
    assert good[0]["json"]["basics"]["name"] == "Ben Aqua"


def test_bombs_end_in_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = archive(tmp_path / "bomb.zip", {"zeros.txt": bytes(30_000_000), "cv.txt": TEXT.encode()})
    out = tmp_path / "out.jsonl"
    count = resume_jobs.run(service(), resume_jobs.file_items([bomb]), out, Wish())
    assert count == Count(filled=1, failed=1)
    monkeypatch.setattr(resume_jobs, "MAX_ARCHIVE_FILES", 1)
    (item,) = resume_jobs.file_items([bomb])
    with pytest.raises(InputError):
        item.text()
    broken = tmp_path / "broken.zip"
    broken.write_bytes(bomb.read_bytes()[:2000])
    (item,) = resume_jobs.file_items([broken])
    with pytest.raises(InputError):
        item.text()
    nested = io.BytesIO()
    with zipfile.ZipFile(nested, "w") as inner:
        inner.write(bomb)
    (item,) = resume_jobs.file_items([archive(tmp_path / "nested.zip", {"inner.zip": nested.getvalue()})])
    with pytest.raises(InputError):
        item.text()


def test_several_at_once_where_the_model_is_elsewhere(tmp_path: Path) -> None:
    class Watching(ScriptedEngine):
        def __init__(self) -> None:
            super().__init__(SCRIPT, pause=0.003)
            self.now = self.most = 0
            self.lock = threading.Lock()

        def decode(self, prompt: Any, branches: Any, *, cancel: Any) -> Any:
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            yield from super().decode(prompt, branches, cancel=cancel)
            with self.lock:
                self.now -= 1

    engine = Watching()
    filler = Filler(engine, Policy({}))
    remote = Service.lazy(lambda: filler, FakeTranscriber, lanes=3)
    items = resume_jobs.file_items(files(tmp_path / "in", 12))
    count = resume_jobs.run(remote, items, tmp_path / "out.jsonl", Wish(), workers=remote.lanes)
    assert count == Count(filled=12)
    assert 1 < engine.most <= 3
    assert len({row["id"] for row in read(tmp_path / "out.jsonl")}) == 12


def test_cancelling_keeps_what_was_read(tmp_path: Path) -> None:
    out, seen = tmp_path / "out.jsonl", list[Count]()
    items = resume_jobs.file_items(files(tmp_path / "in", 5))
    with pytest.raises(Cancelled):
        resume_jobs.run(service(), items, out, Wish(), on_item=seen.append, cancel=lambda: len(seen) >= 2)
    assert len(read(out)) == 2


JOB = """
import sys
from pathlib import Path
from smartform import resume_jobs
from smartform.resume_jobs import Wish
from tests.fakes import ScriptedEngine
from tests.test_resume import SCRIPT
from tests.test_resume_jobs import service
paths = sorted(Path(sys.argv[1]).iterdir())
items = resume_jobs.file_items(paths)
resume_jobs.run(service(ScriptedEngine(SCRIPT, pause=0.004)), items, Path(sys.argv[2]), Wish())
"""


def test_killed_in_the_middle_nothing_is_lost_and_nothing_twice(tmp_path: Path) -> None:
    files(tmp_path / "in", 30)
    out = tmp_path / "out.jsonl"
    command = [sys.executable, "-c", JOB, str(tmp_path / "in"), str(out)]
    job = subprocess.Popen(command)
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and (not out.exists() or out.read_bytes().count(b"\n") < 5):
        time.sleep(0.01)
    os.kill(job.pid, signal.SIGKILL)
    assert job.wait() == -signal.SIGKILL
    assert 5 <= out.read_bytes().count(b"\n") < 30
    subprocess.run(command, check=True)
    ids = [row["id"] for row in read(out)]
    assert len(ids) == len(set(ids)) == 30


def test_the_table_and_its_csv(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    items = resume_jobs.file_items([*files(tmp_path / "in", 1), tmp_path / "=none.txt"])
    resume_jobs.run(service(), items, out, Wish())
    first, second = resume_jobs.table(read(out))
    assert first == {
        "file": "cv0.txt",
        "name": "Ben Aqua",
        "email": "ben.aqua@ponds.example",
        "phone": "07700 900 333",
        "last": "Goldfish Breeder, Aqua Garden",
        "skills": "water chemistry, breeding records, first aid",
        "warnings": "",
    }
    assert "cannot be read" in second["warnings"]
    assert "'=none.txt" in resume_jobs.to_csv(read(out))
