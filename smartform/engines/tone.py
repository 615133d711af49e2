"""Sentiment and politeness of texts, by the small encoder of `models/tone.onnx` in onnxruntime.

The network reads `MAX_TOKENS` word pieces. A longer text is read in windows of whole sentences of
about equal length, and its probabilities are the mean of theirs, weighted by their length: every
part of a mail counts as much as it is long.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from smartform.engines import models
from smartform.errors import EngineError, WeightsError
from smartform.sentences import sentences
from smartform.tone import Tone

MODEL, TOKENIZER = "tone", "tone-tokenizer"
"""Ids of the two files in the manifest of weights."""

MAX_TOKENS = 128
"""Longest text the network was trained on, in tokens, marks of beginning and end included."""

MARKS = 2
"""Tokens that stand for beginning and end."""

BATCH_TOKENS = 1_024
"""Tokens in one run, padding included; more only fill the memory."""

STRETCH = 1.2
"""Rows of one run differ in length by this factor at most: padding costs as much as text."""

NOTHING = Tone((0.0, 1.0, 0.0), (0.0, 1.0, 0.0))
"""The tone of a text without a letter or figure."""

_Ids = list[int]


class OnnxTone:
    """A `smartform.tone.ToneScorer`; may be shared by threads.

    Args:
        model: the ONNX file.
        tokenizer: its tokenizer.json.
        threads: of one run.

    Raises:
        WeightsError: a file cannot be read.
    """

    def __init__(self, model: Path, tokenizer: Path, threads: int = 2) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads wait for each other awake, but only in a run: between two key strokes the cores belong to
        # the language model.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        try:
            self._tokenizer = Tokenizer.from_file(str(tokenizer))
            self._session = onnxruntime.InferenceSession(
                str(model), options, providers=["CPUExecutionProvider"]
            )
        # Both libraries raise plain Exception for a file they cannot read.
        except Exception as error:
            raise WeightsError(
                "The tone model cannot be read.", "Run 'python -m smartform models verify', or install again."
            ) from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._lock = threading.Lock()

    @classmethod
    def bundled(cls, threads: int = 2) -> OnnxTone:
        """The shipped model.

        Raises:
            WeightsError: it is missing or damaged.
        """
        return cls(models.locate(MODEL), models.locate(TOKENIZER), threads)

    def score(self, texts: Sequence[str]) -> tuple[Tone, ...]:
        """The tone of each text.

        Raises:
            EngineError: the model failed.
        """
        # The tokenizer takes UTF-8, which has no half characters.
        parts = [self._windows(text.encode(errors="replace").decode()) for text in texts]
        flat = [ids for windows in parts for ids in windows]
        scores = iter(self._run_all(flat))
        return tuple(_pooled(windows, [next(scores) for _ in windows]) for windows in parts)

    def _windows(self, text: str) -> list[_Ids]:
        """Token ids of the text: in one window, or in several where it is long."""
        if not any(c.isalnum() for c in text):
            return []
        ids = self._ids([text])[0]
        if len(ids) <= MAX_TOKENS:
            return [ids]
        pieces = self._ids([text[span.start : span.end] for span in sentences(text)])
        room = MAX_TOKENS - MARKS
        inner = [cut for ids in pieces for cut in _cut(ids[1:-1], room)]
        total = sum(map(len, inner))
        goal = total / -(-total // room)
        return [[ids[0], *window, ids[-1]] for window in _packed(inner, goal, room)]

    def _ids(self, texts: Sequence[str]) -> list[_Ids]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]

    def _run_all(self, rows: Sequence[_Ids]) -> list[NDArray[np.float32]]:
        """Probabilities [2, 3] of each row, in the order given; like lengths run together."""
        results: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(rows)
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        for chosen in _batches(order, rows):
            for i, scores in zip(chosen, self._run([rows[i] for i in chosen]), strict=True):
                results[i] = scores
        return results

    def _run(self, rows: Sequence[_Ids]) -> NDArray[np.float32]:
        """Probabilities [rows, 2, 3] of one batch."""
        ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
        mask = np.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = row
            mask[number, : len(row)] = 1
        feeds: dict[str, Any] = {"input_ids": ids, "attention_mask": mask}
        try:
            with self._lock:
                outputs = self._session.run(["sentiment", "politeness"], feeds)
        except Exception as error:  # onnxruntime has no exception class of its own
            raise EngineError("The tone could not be measured.", "Try again with a shorter text.") from error
        return np.stack(outputs, axis=1)


def _cut(ids: _Ids, room: int) -> Iterator[_Ids]:
    """A sentence longer than a window in pieces that fit."""
    for start in range(0, len(ids), room):
        yield ids[start : start + room]


def _packed(pieces: Sequence[_Ids], goal: float, room: int) -> Iterator[_Ids]:
    """Pieces joined to windows of about `goal` tokens and at most `room`."""
    window: _Ids = []
    for piece in pieces:
        if window and (len(window) >= goal or len(window) + len(piece) > room):
            yield window
            window = []
        window = window + piece
    if window:
        yield window


def _batches(order: Sequence[int], rows: Sequence[_Ids]) -> Iterator[list[int]]:
    """Indices by growing length, in groups of like length and at most `BATCH_TOKENS` with their padding."""
    batch: list[int] = []
    for i in order:
        length = len(rows[i])
        full = (len(batch) + 1) * length > BATCH_TOKENS
        if batch and (full or length > STRETCH * len(rows[batch[0]])):
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _pooled(windows: Sequence[_Ids], scores: Sequence[NDArray[np.float32]]) -> Tone:
    """The mean of the windows' probabilities, weighted by their length."""
    if not windows:
        return NOTHING
    mean = np.average(np.stack(scores), axis=0, weights=[len(window) for window in windows])
    (a, b, c), (d, e, f) = mean.tolist()
    return Tone((a, b, c), (d, e, f))
