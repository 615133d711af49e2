"""One set of models for every door: screen, command line, REST and MCP.

A `Service` loads its models once, on first use, and runs one job at a time: the jobs share the
same cores, and two at once would both be slower. A job that waits can be cancelled.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NoReturn, Protocol, TypeVar

from smartform.engines.base import Cancel, Dictation, Transcriber, Transcript, never
from smartform.errors import Cancelled, EngineError, SmartFormError, TextError
from smartform.inputs import check_form, clean
from smartform.results import FieldResult, FillResult
from smartform.revision import DEFAULT_OPTIONS, ProofreadOptions, Revision
from smartform.schema import FormSpec
from smartform.tone import ToneReport, ToneScorer

if TYPE_CHECKING:  # their date, number and language libraries would slow commands that need none
    from smartform.fill import Filler
    from smartform.proofread import Proofreader
    from smartform.resume import Resume

T = TypeVar("T")

MAX_TONE_CHARS = 40_000
"""Longest text whose tone is read: while it is, no other job can run."""

_POLL_SECONDS = 0.05


class Service:
    """The jobs of the product, on models shared by all callers; safe to use from many threads."""

    def __init__(
        self,
        filler: Filler,
        transcriber: Transcriber,
        proofreader: Proofreader | None = None,
        scorer: ToneScorer | None = None,
    ) -> None:
        self._keep(
            lambda: filler,
            lambda: transcriber,
            lambda: proofreader or _no_mail(),
            lambda: scorer or _no_mail(),
        )

    @classmethod
    def lazy(
        cls,
        filler: Callable[[], Filler],
        transcriber: Callable[[], Transcriber],
        proofreader: Callable[[], Proofreader] | None = None,
        scorer: Callable[[], ToneScorer] | None = None,
        *,
        lanes: int = 1,
    ) -> Service:
        """A service that calls the factories when it first needs them, each once.

        Args:
            lanes: how many texts may be read at once, where the model is not on this machine.
        """
        service = cls.__new__(cls)
        service._keep(filler, transcriber, proofreader or _no_mail, scorer or _no_mail, lanes)
        return service

    def _keep(
        self,
        filler: Callable[[], Filler],
        transcriber: Callable[[], Transcriber],
        proofreader: Callable[[], Proofreader],
        scorer: Callable[[], ToneScorer],
        lanes: int = 1,
    ) -> None:
        self._filler = Once(filler)
        self._transcriber = Once(transcriber)
        self._proofreader = Once(proofreader)
        self._scorer = Once(scorer)
        self._jobs = threading.Lock()
        self._waiting: deque[None] = deque()  # whose ends threads may change at once
        self._lanes = lanes
        self._reading: _Turns = threading.BoundedSemaphore(lanes) if lanes > 1 else self._jobs

    @property
    def lanes(self) -> int:
        """How many texts are read at once."""
        return self._lanes

    @property
    def ready(self) -> bool:
        """Whether the text model is loaded."""
        return self._filler.loaded

    def warm(self, *, forms: bool = True, speech: bool = True, mail: bool = False) -> None:
        """Load the models now.

        Args:
            forms: whether what fills forms.
            speech: whether the speech model.
            mail: whether what proofreads mails and scores their tone.

        Raises:
            EngineError: weights are missing or damaged.
        """
        if forms:
            self._filler.get()
        if speech:
            self._transcriber.get()
        if mail:
            self._proofreader.get()
            self._scorer.get()

    def fill(
        self,
        form: FormSpec,
        text: str,
        *,
        today: date | None = None,
        on_field: Callable[[FieldResult], None] | None = None,
        on_progress: Callable[[float, str], None] | None = None,
        cancel: Cancel = never,
    ) -> FillResult:
        """Fill `form` from `text`; see `smartform.fill.Filler.fill`.

        Args:
            today: the date that relative dates count from; None leaves them unresolved.

        Raises:
            FormError: the form holds broken characters.
            TextError: nothing to read.
            EngineError: the model failed.
            Cancelled: `cancel` said so, while waiting or while working.
        """
        check_form(form)
        with self._turn(cancel, self._reading):
            return self._filler.get().fill(
                form, clean(text), today=today, on_field=on_field, on_progress=on_progress, cancel=cancel
            )

    def read_ahead(self, form: FormSpec, text: str, *, today: date | None = None) -> None:
        """Read what somebody may soon ask to fill a form from, while no job is there.

        A job that comes ends it. Nothing happens before the model is loaded, nor with what `fill` would
        refuse.
        """
        if not self.ready or not self._jobs.acquire(blocking=False):
            return
        try:
            check_form(form)
            self._filler.get().read_ahead(form, clean(text), today=today, cancel=lambda: bool(self._waiting))
        except SmartFormError:
            return
        finally:
            self._jobs.release()

    def read_resume(
        self,
        text: str,
        *,
        schema: str = "simple",
        force: bool = False,
        today: date | None = None,
        on_field: Callable[[FieldResult], None] | None = None,
        on_progress: Callable[[float, str], None] | None = None,
        cancel: Cancel = never,
    ) -> Resume:
        """Read a resume; see `smartform.resume.ResumeReader.read`.

        Raises:
            NotAResume: the text is none, and `force` is off.
            FormError, TextError, EngineError, Cancelled: as `fill`.
        """
        from smartform.resume import ResumeReader

        with self._turn(cancel, self._reading):
            return ResumeReader(self._filler.get().engine).read(
                clean(text), schema=schema, force=force, today=today, on_field=on_field,
                on_progress=on_progress, cancel=cancel,
            )  # fmt: skip

    def proofread(
        self,
        draft: str,
        options: ProofreadOptions = DEFAULT_OPTIONS,
        *,
        on_text: Callable[[str], None] | None = None,
        on_progress: Callable[[float, str], None] | None = None,
        cancel: Cancel = never,
    ) -> Revision:
        """Proofread an e-mail; see `smartform.proofread.Proofreader.proofread`.

        Raises:
            TextError: nothing to read, or too much.
            EngineError: the model failed, or there is none for e-mails.
            Cancelled: `cancel` said so, while waiting or while working.
        """
        with self._turn(cancel):
            return self._proofreader.get().proofread(
                clean(draft), options, on_text=on_text, on_progress=on_progress, cancel=cancel
            )

    def tone(self, text: str, *, weights: bool = False, cancel: Cancel = never) -> ToneReport:
        """How a text comes across; neutral where there is none.

        Args:
            weights: whether to weigh its words as well, which takes a turn of its own.

        Raises:
            TextError: it is longer than `MAX_TONE_CHARS`.
            EngineError: the model failed, or there is none for tone.
            Cancelled: `cancel` said so while waiting.
        """
        from smartform.tone_reading import read_tone, weigh_words

        if len(text) > MAX_TONE_CHARS:
            raise TextError("The text is too long to read its tone.", "Take a part of it.")
        text = clean(text)
        with self._turn(cancel):
            report = read_tone(text, self._scorer.get())
        if not weights:
            return report
        with self._turn(cancel):
            return replace(report, weights=weigh_words(text, report, self._scorer.get()))

    def transcribe(
        self,
        audio: Path | tuple[int, object],
        *,
        language: str | None = None,
        form: FormSpec | None = None,
        on_text: Callable[[str], None] | None = None,
        cancel: Cancel = never,
    ) -> Transcript:
        """Turn speech into text; see `smartform.engines.base.Transcriber.transcribe`.

        Args:
            form: its labels and options are words likely to be said.

        Raises:
            AudioError: not a recording, or no speech in it.
            EngineError: the model failed.
            Cancelled: `cancel` said so, while waiting or while working.
        """
        with self._turn(cancel):
            return self._transcriber.get().transcribe(
                audio,
                language=language,
                vocabulary=vocabulary(form) if form else (),
                on_text=on_text,
                cancel=cancel,
            )

    def dictation(self, *, language: str | None = None, form: FormSpec | None = None) -> Dictation:
        """A listener for live speech, whose passes over the sound take turns with the other jobs.

        Args:
            language: ISO 639-1 code; None detects it.
            form: its labels and options are words likely to be said.

        Raises:
            EngineError: the model cannot be loaded.
        """
        listener = self._transcriber.get().dictation(
            language=language, vocabulary=vocabulary(form) if form else ()
        )
        return _TakingTurns(listener, self._turn)

    @contextmanager
    def _turn(self, cancel: Cancel, turns: _Turns | None = None) -> Iterator[None]:
        turns = turns or self._jobs
        self._waiting.append(None)
        try:
            while not turns.acquire(timeout=_POLL_SECONDS):
                if cancel():
                    raise Cancelled("Cancelled before it began.")
        finally:
            self._waiting.pop()
        try:
            yield
        finally:
            turns.release()


def vocabulary(form: FormSpec) -> tuple[str, ...]:
    """The words of a form that its speaker is likely to say: labels and options, each once."""
    words: dict[str, None] = {}
    for field in form.fields:
        words.update(dict.fromkeys((field.title, *field.shown_options)))
    return tuple(words)


class _Turns(Protocol):
    """What lets some jobs in at a time: a lock or a semaphore."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool: ...

    def release(self) -> None: ...


class _TakingTurns:
    """A `Dictation` whose work waits for the jobs that run."""

    def __init__(self, listener: Dictation, turn: Callable[[Cancel], AbstractContextManager[None]]) -> None:
        self._listener = listener
        self._turn = turn

    def feed(self, rate: int, samples: object) -> str:
        with self._turn(never):
            return self._listener.feed(rate, samples)

    def finish(self) -> Transcript:
        with self._turn(never):
            return self._listener.finish()


def _no_mail() -> NoReturn:
    raise EngineError("There is no model for e-mails here.", "Start the app with one.")


class Once(Generic[T]):
    """A value made on first use by one thread; a failure is not kept, the next use tries again."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: list[T] = []

    @property
    def loaded(self) -> bool:
        """Whether it is made."""
        return bool(self._made)

    def get(self) -> T:
        """The value; raises what its making raises."""
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]
