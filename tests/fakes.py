"""Engines that answer by script, behind the real interfaces."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from smartform.engines.base import Branch, Cancel, Decoded, OneOf, Transcript, never
from smartform.errors import Cancelled
from smartform.prompts import Prompt
from smartform.results import Span
from smartform.tone import Tone

NAMING = {"work": "position", "education": "institution"}
"""Groups of the resume form and the sub-fields that name their rows."""


@dataclass(frozen=True, slots=True)
class Cue:
    """An answer that is given only when the text says something.

    Args:
        when: must stand in the text.
        say: what the branch writes then: a phrase of the text to copy, or an option's shown name
            (several where the branch may give many).
        sure: probability of the answer.
    """

    when: str
    say: str | tuple[str, ...] = ""
    sure: float = 0.99

    @property
    def texts(self) -> tuple[str, ...]:
        """What is written, as a tuple."""
        said = self.say or self.when
        return (said,) if isinstance(said, str) else said


class ScriptedEngine:
    """A `TextEngine` that answers each branch by its name.

    Args:
        script: branch name → cue, or several of which the last that applies counts; a plain
            string is a cue for itself. Branches without an applicable cue answer NO_DATA.
        pause: seconds each branch takes.
    """

    name = "scripted"
    window_tokens = 8_192

    def __init__(self, script: Mapping[str, str | Cue | Sequence[Cue]], pause: float = 0.0) -> None:
        self.script = script
        self.pause = pause
        self.prompts: list[Prompt] = []
        self.ahead: list[Prompt] = []

    def count_tokens(self, text: str) -> int:
        """Four characters are a token."""
        return len(text) // 4 + 1

    def decode(
        self, prompt: Prompt, branches: Sequence[Branch], *, cancel: Cancel = never
    ) -> Iterator[Decoded]:
        """Answer the branches in order."""
        self.prompts.append(prompt)
        for branch in branches:
            time.sleep(self.pause)
            if cancel():
                raise Cancelled("Cancelled.")
            yield self._answer(branch, prompt.user)

    def stats(self) -> dict[str, float]:
        """Nothing is evaluated."""
        return {"prompt_tokens": 0.0, "cached_tokens": 0.0, "branch_tokens": 0.0, "steps": 0.0}

    def read_ahead(self, prompt: Prompt, *, cancel: Cancel = never) -> None:
        """Keep the prompt in `ahead`."""
        if cancel():
            raise Cancelled("Cancelled.")
        self.ahead.append(prompt)

    def _answer(self, branch: Branch, text: str) -> Decoded:
        cue = self._cue(branch.name, text)
        if cue is None:
            return self._nothing(branch)
        if isinstance(branch.constraint, OneOf):
            return self._one_of(branch, branch.constraint, cue)
        spans = tuple(
            Span(text.index(said), text.index(said) + len(said)) for said in cue.texts if said in text
        )
        return Decoded(branch.name, cue.texts, cue.sure, 1 - cue.sure, spans)

    def _cue(self, name: str, text: str) -> Cue | None:
        cues = self.script.get(name, self._named(name))
        if isinstance(cues, str):
            cues = Cue(cues)
        if isinstance(cues, Cue):
            cues = (cues,)
        applicable = [cue for cue in cues if cue.when in text]
        return applicable[-1] if applicable else None

    def _named(self, name: str) -> str | Sequence[Cue]:
        """A row that the script names is one where it is asked once more."""
        row = re.fullmatch(r"(\w+)\[(.+?)( \d+)?\]\.(\w+)", name)
        if row is None or NAMING.get(row[1]) != row[4]:
            return ()
        listed = self.script.get(row[1], ())
        cues = [listed] if isinstance(listed, str | Cue) else listed
        names = [text for cue in cues for text in (cue.texts if isinstance(cue, Cue) else (cue,))]
        return row[2] if row[2] in names else ()

    def _one_of(self, branch: Branch, constraint: OneOf, cue: Cue) -> Decoded:
        chosen = tuple(
            text
            for said in cue.texts
            for text in [t for t in constraint.texts if t == said or t.startswith(said)][:1]
        )
        if not chosen:
            return self._nothing(branch)
        rest = (1 - cue.sure) / max(len(constraint.texts), 1)
        p_texts = tuple(cue.sure if text in chosen else rest for text in constraint.texts)
        return Decoded(branch.name, chosen, cue.sure, rest, p_texts=p_texts)

    def _nothing(self, branch: Branch) -> Decoded:
        texts = branch.constraint.texts if isinstance(branch.constraint, OneOf) else ()
        return Decoded(branch.name, (), 0.95, 0.95, p_texts=tuple(0.05 / len(texts) for _ in texts))


class FakeDictation:
    """A `Dictation` that hears one scripted word for each second of sound."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._seconds = 0.0

    def feed(self, rate: int, samples: object) -> str:
        """Count the sound; the words so far."""
        self._seconds += len(samples) / rate  # type: ignore[arg-type]
        return " ".join(self._words[: int(self._seconds)])

    def finish(self) -> Transcript:
        """All scripted words."""
        return Transcript(" ".join(self._words), "en", 1.0, self._seconds)


class FakeTranscriber:
    """A `Transcriber` that always hears the same sentence."""

    name = "scripted"

    def __init__(self, sentence: str = "Please call me on 0770 900 142.", pause: float = 0.0) -> None:
        self.sentence = sentence
        self.pause = pause
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
        """Hear the sentence word by word."""
        self.vocabulary, self.language = tuple(vocabulary), language
        words = self.sentence.split()
        for count in range(1, len(words) + 1):
            time.sleep(self.pause)
            if cancel():
                raise Cancelled("Cancelled.")
            if on_text:
                on_text(" ".join(words[:count]))
        return Transcript(self.sentence, language or "en", 1.0, 3.0, ((0.0, 3.0, self.sentence),))

    def dictation(self, *, language: str | None = None, vocabulary: Sequence[str] = ()) -> FakeDictation:
        """A listener that hears the sentence."""
        self.vocabulary, self.language = tuple(vocabulary), language
        return FakeDictation(self.sentence.split())


class WordTone:
    """A `ToneScorer` that knows a few words for each class; `calls` keeps what it was asked."""

    def __init__(
        self,
        positive: Collection[str] = (),
        negative: Collection[str] = (),
        polite: Collection[str] = (),
        impolite: Collection[str] = (),
    ) -> None:
        self._feelings = (frozenset(negative), frozenset(positive))
        self._manners = (frozenset(impolite), frozenset(polite))
        self.calls: list[tuple[str, ...]] = []

    def score(self, texts: Sequence[str]) -> tuple[Tone, ...]:
        """0.9 for the class whose words stand in the text, neutral where none or both do."""
        self.calls.append(tuple(texts))
        return tuple(
            Tone(_by_words(text, *self._feelings), _by_words(text, *self._manners)) for text in texts
        )


def _by_words(text: str, low: frozenset[str], high: frozenset[str]) -> tuple[float, float, float]:
    words = set(re.findall(r"\w+", text.lower()))
    place = 1 + bool(words & high) - bool(words & low)
    first, second, third = (0.9 if place == i else 0.05 for i in range(3))
    return first, second, third
