"""The timing of mails, with a model that takes a while."""

from __future__ import annotations

import json
import time
from pathlib import Path

from bench import mails
from smartform.proofread import Proofreader
from tests.mails import FakeRewriter

PARAGRAPHS = "The parcel has arrived but the box is open.\n\nPlease send me another one by Monday."


def slow(text: str) -> str:
    """The text as it is, after a twentieth of a second."""
    time.sleep(0.05)
    return text


def test_first_words_are_those_of_the_first_paragraph() -> None:
    first, complete = mails.measured(Proofreader(FakeRewriter(slow), None), PARAGRAPHS)
    assert 0.05 <= first < 0.1 <= complete < 1


def test_mails_of_another_length_are_not_read(tmp_path: Path) -> None:
    lengths = {"short": 109, "just": 110, "right": 130, "long": 131}
    rows = [json.dumps({"id": name, "draft": "word " * count}) for name, count in lengths.items()]
    (tmp_path / "pairs_x.jsonl").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "sentences.jsonl").write_text(rows[1], encoding="utf-8")
    assert [name for name, _ in mails.read(tmp_path)] == ["just", "right"]


def test_there_are_mails_to_measure_of_many_kinds() -> None:
    assert len(dict(mails.read(mails.MAILS))) >= 5
