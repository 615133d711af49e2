"""What proofreading gives: a draft and the edits that mend it, each to be taken or left by itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from smartform.results import Span
from smartform.tone import Tone

GROWTH = (0.3, 1.6)
"""Words of a sane revision, as a share of those of the draft, least and most."""

LEEWAY = (2, 6)
"""Words by which short paragraphs may fall below or exceed that."""


class EditKind(StrEnum):
    """Why an edit was made."""

    SPELLING = "spelling"
    GRAMMAR = "grammar"
    CLARITY = "clarity"
    TONE = "tone"


class Amount(StrEnum):
    """How much may be changed."""

    ERRORS = "errors"
    """Spelling and grammar only."""
    TONE = "errors and tone"
    """Also what sounds ruder than it need."""
    REWRITE = "rewrite"
    """Also what could be said more clearly."""


class Register(StrEnum):
    """How the revision shall sound."""

    NEUTRAL = "neutral"
    WARM = "warm"
    FIRM = "firm"


@dataclass(frozen=True, slots=True)
class ProofreadOptions:
    """What people may choose.

    Args:
        amount: how much may be changed.
        register: how it shall sound.
        system_prompt: replaces the one the adapter was trained with; "" keeps it.
        temperature: 0 decodes greedily.
        top_p: share of the probability that sampling draws from, 0 to 1.
        max_tokens: most tokens written for one paragraph.
        repetition_penalty: 1 is none.
        seed: of sampling.
    """

    amount: Amount = Amount.TONE
    register: Register = Register.NEUTRAL
    system_prompt: str = ""
    temperature: float = 0.0
    top_p: float = 0.95
    max_tokens: int = 512
    repetition_penalty: float = 1.0
    seed: int = 0


DEFAULT_OPTIONS = ProofreadOptions()


@dataclass(frozen=True, slots=True)
class Edit:
    """`draft[start:end]` becomes `replacement`.

    Args:
        span: what is replaced; empty where something is put in.
        replacement: "" where something is taken out.
        kind: why.
        probability: that the change is right, 0 to 1; None where the engine cannot tell.
    """

    span: Span
    replacement: str
    kind: EditKind
    probability: float | None = None

    def to_dict(self, draft: str) -> dict[str, Any]:
        """The edit as JSON data, with the words it replaces."""
        return {
            "span": [self.span.start, self.span.end],
            "original": draft[self.span.start : self.span.end],
            "replacement": self.replacement,
            "kind": self.kind.value,
            "probability": None if self.probability is None else round(self.probability, 4),
        }


@dataclass(frozen=True, slots=True)
class Refused:
    """A piece of the draft that was left as it was, its revision thrown away, and why, for the person."""

    span: Span
    reason: str


@dataclass(frozen=True, slots=True)
class Revision:
    """A proofread draft.

    Args:
        draft: the text as it came, to the character.
        edits: in order of place, none touching another.
        tone_before, tone_after: scores of the draft and of the text with all edits.
        refused: pieces left as they were because their revision lost a fact or could not be made.
        seconds: wall-clock time of the whole job.
    """

    draft: str
    edits: tuple[Edit, ...] = ()
    tone_before: Tone | None = None
    tone_after: Tone | None = None
    refused: tuple[Refused, ...] = ()
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """The draft with every edit made."""
        return self.accept(range(len(self.edits)))

    @property
    def changed(self) -> bool:
        """Whether there is anything to change."""
        return bool(self.edits)

    def accept(self, numbers: Collection[int]) -> str:
        """The draft with only the edits of these indices made."""
        parts, place = [], 0
        for number, edit in enumerate(self.edits):
            if number in numbers:
                parts += [self.draft[place : edit.span.start], edit.replacement]
                place = edit.span.end
        return "".join((*parts, self.draft[place:]))

    def timed(self, seconds: float) -> Revision:
        """The same, having taken `seconds`."""
        return replace(self, seconds=seconds)

    def to_dict(self) -> dict[str, Any]:
        """The revision as JSON data."""
        return {
            "revision": self.text,
            "changed": self.changed,
            "edits": [edit.to_dict(self.draft) for edit in self.edits],
            "tone_before": self.tone_before.to_dict() if self.tone_before else None,
            "tone_after": self.tone_after.to_dict() if self.tone_after else None,
            "refused": [{"span": [r.span.start, r.span.end], "reason": r.reason} for r in self.refused],
            "seconds": round(self.seconds, 3),
        }
