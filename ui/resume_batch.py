"""The results of many resumes, in memory for as long as the page that read them is open.

Nothing is written to a disk; each result lies packed, together with the text that was read. The
table in the browser asks for news, so that what it shows does not travel again with each resume.
"""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

from smartform import resume_jobs
from smartform.errors import InputError
from smartform.results import FieldResult
from smartform.resume import Document
from smartform.resume_jobs import Answer, Item

MOST_KEPT = 16
"""Jobs whose results are kept at once; the oldest, whose page was probably closed, goes for a new one."""


class Batch:
    """The results of one job.

    Args:
        schema: which JSON its resumes are read to.
    """

    def __init__(self, schema: str) -> None:
        self.key = uuid4().hex
        self.schema = schema
        self._packed: list[bytes] = []
        self._texts: dict[str, str] = {}
        self._news: list[dict[str, Any]] = []

    def remembering(self, item: Item) -> Item:
        """The same input; what is read from it stays at hand until its result is added."""

        def text() -> str:
            read = item.text()
            self._texts[str(item.key)] = read
            return read

        return replace(item, text=text)

    def add(self, result: Answer) -> None:
        """Keep a result, with its text where it has one."""
        text = self._texts.pop(str(result["id"]), "")
        self._packed.append(_pack(result, text))
        self._tell(len(self._packed) - 1, result, approved=False)

    def opened(self, index: int) -> tuple[Answer, str]:
        """A result and the text that it was read from.

        Raises:
            InputError: there is none, or none that could be read.
        """
        if not 0 <= index < len(self._packed):
            raise InputError("This row is not there.", "Choose another one.")
        result, text = _unpack(self._packed[index])
        if "error" in result:
            raise InputError(result["error"], result["hint"])
        return result, text

    def approve(self, index: int, document: Document, fields: tuple[FieldResult, ...]) -> None:
        """Put what a person approved in the place of what was read.

        Raises:
            InputError: there is no such result.
        """
        result, text = self.opened(index)
        trace = {place: [[s.start, s.end] for s in spans] for place, spans in document.trace.items()}
        approved = {"json": document.json, "fields": [f.to_dict() for f in fields], "trace": trace}
        result = result | approved | {"warnings": []}
        self._packed[index] = _pack(result, text)
        self._tell(index, result, approved=True)

    def results(self) -> Iterator[Answer]:
        """All results, in the order of the table."""
        return (_unpack(packed)[0] for packed in self._packed)

    def news(self, since: int) -> list[dict[str, Any]]:
        """Rows that came or changed after the first `since` news.

        Returns:
            For each `index`, the columns of `smartform.resume_jobs.table`, and `state`: read, refused
            (no resume), failed or approved.
        """
        return self._news[since:]

    def shown(self, *, running: bool) -> dict[str, Any]:
        """What the table in the browser needs to know."""
        return {"job": self.key, "count": len(self._news), "running": running}

    def fared(self) -> dict[str, int]:
        """How many rows came as read, refused and failed."""
        states = [row["state"] for row in self._news]
        return {state: states.count(state) for state in ("read", "refused", "failed")}

    def _tell(self, index: int, result: Answer, *, approved: bool) -> None:
        (row,) = resume_jobs.table([result])
        if approved:
            state = "approved"
        elif "error" in result:
            state = "failed"
        else:
            state = "read" if result["json"] is not None else "refused"
        self._news.append({"index": index, "state": state, "hint": result.get("hint", ""), **row})


class Batches:
    """Session of a browser → its results; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, Batch] = {}

    def start(self, session: str, schema: str) -> Batch:
        """Results for a new job; those of the session's old one are dropped."""
        batch = Batch(schema)
        with self._lock:
            self._kept.pop(session, None)
            self._kept[session] = batch
            while len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return batch

    def get(self, key: object) -> Batch:
        """The results of a job.

        Raises:
            InputError: they were dropped.
        """
        with self._lock:
            found = next((batch for batch in self._kept.values() if batch.key == key), None)
        if found is None:
            raise InputError("These results are no longer here.", "Give the files again.")
        return found

    def drop(self, session: str) -> None:
        """Forget the session's results."""
        with self._lock:
            self._kept.pop(session, None)


def _pack(result: Answer, text: str) -> bytes:
    return zlib.compress(json.dumps([result, text]).encode())


def _unpack(packed: bytes) -> tuple[Answer, str]:
    result, text = json.loads(zlib.decompress(packed))
    return result, text
