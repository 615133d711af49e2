"""Resumes over a real Ray on this machine: the lines of the local batch, whatever befalls a reader."""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from smartform import ray_jobs, resume_jobs
from smartform.batch import Count
from smartform.cli import main
from smartform.cli_resume import reader_service
from smartform.engines.base import Branch, Cancel, Decoded, never
from smartform.prompts import Prompt
from smartform.resume_jobs import Wish
from smartform.service import Service
from smartform.settings import Settings
from tests.fakes import ScriptedEngine
from tests.test_resume import SCRIPT, TEXT
from tests.test_resume_jobs import service


class Mortal(ScriptedEngine):
    """Takes its whole process down over some texts, as a fault in a library may."""

    def decode(
        self, prompt: Prompt, branches: Sequence[Branch], *, cancel: Cancel = never
    ) -> Iterator[Decoded]:
        if "Nessus" in prompt.user:
            os._exit(1)
        return super().decode(prompt, branches, cancel=cancel)


def make(threads: int) -> Service:
    """What each reader asks."""
    return service(Mortal(SCRIPT))


def lines(*texts: object) -> list[bytes]:
    return [json.dumps({"id": number, "text": text}).encode() for number, text in enumerate(texts)]


def read(out: Path) -> dict[Any, dict[str, Any]]:
    """Id → line of the output, without what differs from run to run."""
    return {row["id"]: row | {"seconds": 0} for row in resume_jobs.results_of(out)}


def test_a_local_cluster_writes_what_the_local_batch_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_worker_niceness", "0")  # other programs of the machine do not go first
    good = lines(TEXT, None, "The heating is cold again.", f"{TEXT}\nB")
    (cv := tmp_path / "cv.txt").write_text(f"{TEXT}\nC", encoding="utf-8")
    here, there = tmp_path / "here.jsonl", tmp_path / "there.jsonl"

    def items(*more: bytes) -> Iterator[resume_jobs.Item]:
        yield from resume_jobs.line_items([*good, *more])
        yield from resume_jobs.file_items([cv, tmp_path / "none.pdf"])

    resume_jobs.run(make(1), items(), here, Wish())
    resume_jobs.run(make(1), resume_jobs.line_items(good[:1]), there, Wish())
    there.write_bytes(there.read_bytes() + b'{"id": 3, "is_re')  # a job that was killed
    seen: list[Count] = []
    poison = json.dumps({"id": "poison", "text": f"{TEXT}\nNessus"}).encode()
    count = ray_jobs.run(ray_jobs.LOCAL, make, items(poison), there, Wish(), cpus=1, on_item=seen.append)
    assert count == Count(filled=3, skipped=1, failed=3) and len(seen) == 7
    found = read(there)
    assert "lost" in found.pop("poison")["error"]
    assert found == read(here)


def test_a_reader_can_be_sent_and_makes_its_own_service() -> None:
    settings = Settings(engine="remote", remote_url="http://127.0.0.1:9/v1", remote_model="m")
    sent = pickle.loads(pickle.dumps(partial(reader_service, settings)))
    assert sent(2).lanes > 1


def test_without_ray_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(lines(TEXT)[0])
    assert main(["resume", "--jsonl", str(source), "--out", str(out), "--ray", "local"]) == 3
    assert "requirements/ray.txt" in capsys.readouterr().err
    assert not out.exists()
