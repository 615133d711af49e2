"""A filler and a transcriber that need no weights, for the tests of what stands around them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from smartform.engines.base import Cancel, Dictation, Transcript, never
from smartform.errors import AudioError, Cancelled, EngineError, TextError
from smartform.fill import Filler
from smartform.results import FieldResult, FillResult, Span, State, not_found
from smartform.revision import DEFAULT_OPTIONS, Edit, EditKind, ProofreadOptions, Refused, Revision
from smartform.schema import FormSpec
from smartform.service import Service
from smartform.tone import Tone, ToneScorer


class ScriptedFiller(Filler):
    """Finds 'name: value' lines and suggests what 'name? value' says; some texts make it fail or wait.

    Args:
        gate: a text with WAIT in it waits until this is set, or until it is cancelled.
    """

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.gate = gate or threading.Event()
        self.waiting = threading.Event()
        self.calls: list[tuple[FormSpec, str, date | None]] = []

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
        self.calls.append((form, text, today))
        if not text.strip():
            raise TextError("There is no text to read.", "Paste or dictate some text.")
        if "CRASH" in text:
            raise RuntimeError("a fault with /secret/path")
        if "BROKEN" in text:
            raise EngineError("The model failed.", "Try again.")
        if "WAIT" in text:
            wait(self.gate, self.waiting, cancel)
        answers = tuple(self._answer(name, text) for name in form.names)
        return FillResult(form, answers, seconds=0.25)

    def _answer(self, name: str, text: str) -> FieldResult:
        found = re.search(rf"{re.escape(name)}(: |\? )(\S.*)", text)
        if found is None:
            return not_found([name])[0]
        answer = FieldResult(name, found[2], State.FOUND, 0.9, 0.05, (Span(*found.span(2)),))
        if found[1] == ": ":
            return answer
        return replace(not_found([name])[0], suggestion=replace(answer, confidence=0.4))


class ScriptedTranscriber:
    """Hears what the bytes of a file say; refuses files that begin with NOISE."""

    name = "scripted"

    def __init__(self) -> None:
        self.vocabulary: tuple[str, ...] = ()
        self.language: str | None = None

    def transcribe(
        self,
        audio: Path | tuple[int, object],
        *,
        language: str | None = None,
        vocabulary: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
        cancel: Cancel = never,
    ) -> Transcript:
        assert isinstance(audio, Path)
        content = audio.read_bytes()
        if content.startswith(b"NOISE"):
            raise AudioError("Nothing was said.", "Speak closer to the microphone.")
        self.vocabulary, self.language = tuple(vocabulary), language
        text = content.decode()
        return Transcript(text, language or "en", 1.0, 2.5, ((0.0, 2.5, text),))

    def dictation(self, *, language: str | None = None, vocabulary: Sequence[str] = ()) -> Dictation:
        self.vocabulary, self.language = tuple(vocabulary), language
        return ScriptedDictation()


class ScriptedDictation:
    """Hears a word in each piece of sound."""

    def __init__(self) -> None:
        self.words = ""

    def feed(self, rate: int, samples: object) -> str:
        self.words += "word "
        return self.words

    def finish(self) -> Transcript:
        return Transcript(self.words.strip(), "en", 1.0, 1.0)


class ScriptedScorer:
    """A `ToneScorer`: impolite where a text demands, polite where it thanks, else neutral."""

    def score(self, texts: Sequence[str]) -> tuple[Tone, ...]:
        return tuple(map(self._tone, texts))

    def _tone(self, text: str) -> Tone:
        if "BROKEN" in text:
            raise EngineError("The tone could not be measured.", "Try again.")
        words = text.lower()
        rude, kind = (0.9 if word in words else 0.05 for word in ("at once", "thank"))
        rest = max(0.0, 1 - rude - kind)
        return Tone((rude, rest, kind), (rude, rest, kind))


class ScriptedProofreader:
    """Mends 'teh' and 'At once!', refuses to touch pieces in ‹›; some drafts make it fail or wait.

    Its `proofread` is that of `smartform.proofread.Proofreader`, which a test compares.

    Args:
        gate: a draft with WAIT in it waits until this is set, or until it is cancelled.
    """

    _MENDED = (("teh", "the", EditKind.SPELLING), ("At once!", "Thank you.", EditKind.TONE))

    def __init__(self, gate: threading.Event | None = None, scorer: ToneScorer | None = None) -> None:
        self.gate = gate or threading.Event()
        self.waiting = threading.Event()
        self.scorer = scorer or ScriptedScorer()
        self.calls: list[tuple[str, ProofreadOptions]] = []

    def proofread(
        self,
        draft: str,
        options: ProofreadOptions = DEFAULT_OPTIONS,
        *,
        on_text: Callable[[str], None] | None = None,
        on_progress: Callable[[float, str], None] | None = None,
        cancel: Cancel = never,
    ) -> Revision:
        self.calls.append((draft, options))
        if not draft.strip():
            raise TextError("There is no e-mail to proofread.", "Paste or dictate one.")
        if "CRASH" in draft:
            raise RuntimeError("a fault with /secret/path")
        if "BROKEN" in draft:
            raise EngineError("The model failed.", "Try again.")
        if "WAIT" in draft:
            wait(self.gate, self.waiting, cancel)
        edits = [
            Edit(Span(*found.span()), new, kind, 0.9)
            for old, new, kind in self._MENDED
            for found in re.finditer(re.escape(old), draft)
        ]
        refused = [Refused(Span(*f.span()), "A number was lost.") for f in re.finditer("‹[^›]*›", draft)]
        revision = Revision(draft, tuple(sorted(edits, key=lambda e: e.span.start)), refused=tuple(refused))
        before, after = self.scorer.score([draft, revision.text])
        for count in range(1, 3):
            if on_text:
                on_text(revision.text[: len(revision.text) * count // 2])
            if on_progress:
                on_progress(count / 2, "Revising")
        return replace(revision, tone_before=before, tone_after=after, seconds=0.5)


def wait(gate: threading.Event, waiting: threading.Event, cancel: Cancel) -> None:
    """Wait for `gate`, telling so by `waiting`."""
    waiting.set()
    while not gate.wait(0.01):
        if cancel():
            raise Cancelled("Cancelled.")


def mail_service(gate: threading.Event | None = None) -> tuple[Service, ScriptedProofreader]:
    """A service that needs no weights, and the proofreader inside it."""
    reader = ScriptedProofreader(gate)
    return Service(ScriptedFiller(gate), ScriptedTranscriber(), reader, reader.scorer), reader


def scripted_service(gate: threading.Event | None = None) -> tuple[Service, ScriptedFiller]:
    """A service that needs no weights, and the filler inside it."""
    filler = ScriptedFiller(gate)
    return Service(filler, ScriptedTranscriber(), ScriptedProofreader(gate), ScriptedScorer()), filler
