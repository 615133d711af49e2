"""What the jobs need of a model: `TextEngine` decodes branches, `Rewriter` revises paragraphs,
`Transcriber` hears speech.

A `Branch` is one field's answer in the making: the engine writes its header and then the most
probable text that its constraint admits, or NO_DATA. Constraints are data, so that an engine
that decodes token by token can hold to them and one that calls a server can check them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from smartform.mail_prompts import RevisionPrompt
from smartform.prompts import Prompt
from smartform.results import Span
from smartform.revision import ProofreadOptions

Cancel = Callable[[], bool]
"""Asked between steps; true stops the job with `smartform.errors.Cancelled`."""


def never() -> bool:
    """The `Cancel` of jobs that cannot be cancelled."""
    return False


@dataclass(frozen=True, slots=True)
class Copy:
    """The value is a piece of the prompt's text that starts and ends at a word edge.

    Args:
        many: whether several pieces may follow each other, joined by the list separator.
        max_chars: longest piece.
        within: the parts of the text that pieces are taken from, in its order and apart; none for all.
    """

    many: bool = False
    max_chars: int = 240
    within: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value is one of `texts` (several of them, in that order, where `many`).

    `texts` are as the branch writes them: spotted expressions, shown options, true and false.
    """

    texts: tuple[str, ...]
    many: bool = False


Constraint = Copy | OneOf


Floor = Callable[[float], float]
"""The probability that the text answers a field → the least probability, NO_DATA being among the
alternatives, that makes a value of use."""


def anything(spoken: float) -> float:
    """The `Floor` of branches whose every value is of use."""
    return 0.0


@dataclass(frozen=True, slots=True)
class Branch:
    """One field to answer: its protocol name and what its value may be.

    Args:
        floor: values below it need not be looked for.
        exact: whether the floor is for the one best value, too, so that a search may end where no
            value can reach it; its answer has no texts then, and `probability` is the bound it fell under.
    """

    name: str
    constraint: Constraint
    floor: Floor = anything
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Decoded:
    """An engine's answer to one branch.

    Args:
        name: the branch's name.
        texts: the most probable value, one text or, where the constraint has `many`, several; () where
            the engine wrote NO_DATA or is all but certain of it. Weigh it against `p_no_data`.
        probability: of this answer among all that the constraint admits, 0 to 1; of several texts the
            geometric mean of theirs, for a long list is not less sure than a short one;
            None where the engine cannot tell (a remote server without log-probabilities).
        p_no_data: probability of NO_DATA among all that the constraint admits; None as above.
        spans: for each of `texts`, its place in the prompt's text where the engine knows it.
        p_texts: for `OneOf`, the probability of each admitted text, in order; else empty.
    """

    name: str
    texts: tuple[str, ...]
    probability: float | None
    p_no_data: float | None
    spans: tuple[Span, ...] = ()
    p_texts: tuple[float, ...] = ()


@runtime_checkable
class TextEngine(Protocol):
    """A language model that answers branches."""

    @property
    def name(self) -> str:
        """What people call this model."""
        ...

    @property
    def window_tokens(self) -> int:
        """How many tokens of form and text together one call can read."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` has (an upper estimate where the engine cannot tell)."""
        ...

    def decode(
        self, prompt: Prompt, branches: Sequence[Branch], *, cancel: Cancel = never
    ) -> Iterator[Decoded]:
        """Answer every branch, each as soon as it is known, in any order.

        Raises:
            EngineError: the model or the server failed.
            Cancelled: `cancel` said so.
        """
        ...

    def stats(self) -> dict[str, float]:
        """What the last `decode` evaluated: prompt_tokens, cached_tokens, branch_tokens, steps."""
        ...


@runtime_checkable
class ReadsAhead(Protocol):
    """A text engine that keeps what it has read."""

    def read_ahead(self, prompt: Prompt, *, cancel: Cancel = never) -> None:
        """Read a prompt, so that `decode` with it has only to answer.

        Raises:
            TextError: it is longer than the engine's window.
            EngineError: the model failed.
            Cancelled: `cancel` said so; what was read until then is kept.
        """
        ...


@dataclass(frozen=True, slots=True)
class Written:
    """A token of a revision.

    Args:
        span: the characters of the revision that it completes; empty inside a character.
        logprob: its log-probability, in nats.
        copy_logprob: that of the token of the source that stood next; None where none did.
    """

    span: Span
    logprob: float
    copy_logprob: float | None


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A revision of one paragraph.

    Args:
        text: the revision.
        complete: whether the model ended it; false where it was cut at the most tokens.
        tokens: how it was written; () where the engine cannot tell.
        logprob: log-probability of the revision, its end included; None where the engine cannot tell.
        logprob_unchanged: that of the paragraph as it came, in the same place.
        steps: passes of the model after the prompt; tokens by steps is what copying gains.
    """

    text: str
    complete: bool = True
    tokens: tuple[Written, ...] = ()
    logprob: float | None = None
    logprob_unchanged: float | None = None
    steps: int = 0


@runtime_checkable
class Rewriter(Protocol):
    """A language model that revises paragraphs."""

    @property
    def name(self) -> str:
        """What people call this model."""
        ...

    @property
    def paragraph_tokens(self) -> int:
        """How many tokens a paragraph may have."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` has (an upper estimate where the engine cannot tell)."""
        ...

    def rewrite(
        self,
        prompt: RevisionPrompt,
        options: ProofreadOptions,
        *,
        caution: float = 0.0,
        on_text: Callable[[str], None] | None = None,
        cancel: Cancel = never,
    ) -> Rewritten:
        """Revise the prompt's paragraph.

        Args:
            options: how to decode.
            caution: by how many nats another token must be likelier than the one that stands in
                the source to take its place; engines without log-probabilities disregard it.
            on_text: called with the revision so far after each step, and with the rest of the source behind
                it by engines that know where it stands there.

        Raises:
            TextError: the paragraph has more tokens than `paragraph_tokens`.
            EngineError: the model or the server failed.
            Cancelled: `cancel` said so.
        """
        ...


@dataclass(frozen=True, slots=True)
class Proposal:
    """`text[span]` might become `replacement`; an empty span puts something in, "" takes something out.

    Args:
        known: whether a rule or a dictionary says that what stands there is wrong.
    """

    span: Span
    replacement: str
    known: bool = False

    def applied(self, text: str) -> str:
        """The text with it."""
        return text[: self.span.start] + self.replacement + text[self.span.end :]


@dataclass(frozen=True, slots=True)
class Preference:
    """What a model makes of a proposal.

    Args:
        asked: nats by which it, asked to revise the paragraph, finds it likelier than what stands there.
        plain: nats by which the paragraph with it is likelier to be written in the first place; None where
            it is out of the question anyway.
    """

    asked: float
    plain: float | None = None


@runtime_checkable
class Judge(Protocol):
    """A language model that tells what it makes of corrections that others propose."""

    def preferences(
        self, prompt: RevisionPrompt, proposals: Sequence[Proposal], *, cancel: Cancel = never
    ) -> tuple[Preference, ...]:
        """What the model makes of each proposal by itself.

        Args:
            proposals: places are in the paragraph.

        Raises:
            TextError: the paragraph has more tokens than the model takes.
            Cancelled: `cancel` said so.
        """
        ...


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said.

    Args:
        text: the words, punctuated.
        language: ISO 639-1 code, detected or as chosen.
        language_probability: how sure the detection is, 0 to 1; 1 where chosen.
        seconds: length of the recording.
        segments: (start, end, text) of each piece, in seconds.
    """

    text: str
    language: str
    language_probability: float
    seconds: float
    segments: tuple[tuple[float, float, str], ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """The transcript as JSON data; each segment is {start, end, text}."""
        return {
            "text": self.text,
            "language": self.language,
            "language_probability": round(self.language_probability, 4),
            "seconds": round(self.seconds, 3),
            "segments": [{"start": s, "end": e, "text": t} for s, e, t in self.segments],
        }


@runtime_checkable
class Dictation(Protocol):
    """One person speaking: takes sound as it comes, tells the words so far."""

    def feed(self, rate: int, samples: object) -> str:
        """Take the next sound (rate in Hz; samples as `Transcriber.transcribe` takes them); the text so far.

        Raises:
            AudioError: not sound, or too long in all.
        """
        ...

    def finish(self) -> Transcript:
        """The whole; nothing is fed afterwards.

        Raises:
            AudioError: nothing was said.
        """
        ...


@runtime_checkable
class Transcriber(Protocol):
    """Speech → text."""

    @property
    def name(self) -> str:
        """What people call this model."""
        ...

    def transcribe(
        self,
        audio: Path | tuple[int, object],
        *,
        language: str | None = None,
        vocabulary: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
        cancel: Cancel = never,
    ) -> Transcript:
        """Transcribe a file or (sample rate in Hz, samples: mono or stereo NumPy array, int16 or float32).

        Args:
            language: ISO 639-1 code; None detects it.
            vocabulary: words likely to be said (field labels, options).
            on_text: called with the text so far after each piece.

        Raises:
            AudioError: not sound, too long, damaged, or no speech in it.
            Cancelled: `cancel` said so.
        """
        ...

    def dictation(self, *, language: str | None = None, vocabulary: Sequence[str] = ()) -> Dictation:
        """A listener for live speech; arguments as in `transcribe`."""
        ...
