"""A tone scorer and a proofreader that answer by script, behind the methods that the service has."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

from smartform.engines.base import Cancel, never
from smartform.errors import Cancelled, EngineError
from smartform.results import Span
from smartform.revision import DEFAULT_OPTIONS, Edit, EditKind, ProofreadOptions, Refused, Revision
from smartform.service import Service
from smartform.tone import SpanTone, Tone, ToneReport, Weight
from ui.email_tab import MailDesk

EXAMPLE = """Subject: Delivery of order 4471

Hi Tom,

I still havent recieved order 4471. You people are useless. Send me the tracking number by 12 March.

Thanks for you're help,
Rosa Delgado"""

FIXES: tuple[tuple[str, str, EditKind, float | None], ...] = (
    ("havent", "haven't", EditKind.SPELLING, 0.98),
    ("recieved", "received", EditKind.SPELLING, 0.99),
    ("You people are useless.", "This delay is a problem for me.", EditKind.TONE, 0.82),
    ("Send me", "Could you please send me", EditKind.TONE, 0.9),
    ("you're help", "your help", EditKind.GRAMMAR, None),
    ("at this point in time", "now", EditKind.CLARITY, 0.7),
)

SYSTEM_PROMPT = "Mend the e-mail. Keep what is right."

SCORES = {
    "useless": (-0.9, -0.9), "send me": (-0.1, -0.5), "please": (0.1, 0.8), "thanks": (0.6, 0.7),
    "problem": (-0.4, 0.0),
}  # fmt: skip
"""Phrase → what it adds to sentiment and politeness."""


MOST_STEPS = 60
"""Long revisions stream their beginning alone."""


def _levels(score: float) -> tuple[float, float, float]:
    """Probabilities whose highest is the third beyond ±0.34, and whose ends differ by `score`."""
    score = max(-0.98, min(0.98, score))
    middle = (1 - abs(score)) * 0.7
    rest = (1 - middle - abs(score)) / 2
    return (rest + max(-score, 0.0), middle, rest + max(score, 0.0))


class ScriptedMail:
    """Has the service's `tone` and `proofread`; knows a few phrases.

    Args:
        pause: seconds between the words that a revision streams.
    """

    def __init__(self, pause: float = 0.0, fixes: Sequence[tuple[str, str, EditKind, float | None]] = FIXES):
        self.pause = pause
        self.fixes = fixes
        self.asked: list[ProofreadOptions] = []

    def tone(self, text: str, *, weights: bool = False, cancel: Cancel = never) -> ToneReport:
        """Score by phrases; texts with an Italian greeting are Italian."""
        if "UNSCORED" in text:
            raise EngineError("The tone model failed.", "Try again.")
        sentences = tuple(
            SpanTone(Span(*found.span()), self._score(found[0]))
            for found in re.finditer(r"[^\s.!?][^.!?\n]*[.!?]?", text)
        )
        found = [(phrase, match) for phrase in SCORES for match in re.finditer(phrase, text, re.I)]
        heaviest = sorted(found, key=lambda pair: -max(map(abs, SCORES[pair[0]])))
        moving = tuple(Weight(Span(*match.span()), *SCORES[phrase]) for phrase, match in heaviest)
        return ToneReport(
            self._score(text),
            sentences,
            moving if weights else (),
            "it" if "Buongiorno" in text else "en",
        )

    def _score(self, text: str) -> Tone:
        parts = [score for phrase, score in SCORES.items() if phrase in text.lower()]
        return Tone(_levels(sum(part[0] for part in parts)), _levels(sum(part[1] for part in parts)))

    def proofread(
        self,
        draft: str,
        options: ProofreadOptions = DEFAULT_OPTIONS,
        *,
        on_text: Callable[[str], None] | None = None,
        on_progress: Callable[[float, str], None] | None = None,
        cancel: Cancel = never,
    ) -> Revision:
        """Mend what `fixes` names; drafts with BROKEN fail half-way, a line with INVOICE is refused."""
        self.asked.append(options)
        edits = tuple(
            Edit(Span(at, at + len(wrong)), right, kind, sure)
            for wrong, right, kind, sure in sorted(self.fixes, key=lambda fix: draft.find(fix[0]))
            if (at := draft.find(wrong)) >= 0
        )
        refused = tuple(
            Refused(Span(*line.span()), "Its revision lost a number.")
            for line in re.finditer(r".*INVOICE.*", draft)
        )
        revision = Revision(draft, edits, refused=refused)
        self._stream(draft, revision.text, on_text, on_progress, cancel)
        tones = (self._score(draft), self._score(revision.text))
        return Revision(draft, edits, *tones, refused).timed(0.4)

    def _stream(
        self,
        draft: str,
        text: str,
        on_text: Callable[[str], None] | None,
        on_progress: Callable[[float, str], None] | None,
        cancel: Cancel,
    ) -> None:
        words = re.findall(r"\S+\s*", text)[:MOST_STEPS]
        for count in range(1, len(words) + 1):
            time.sleep(self.pause)
            if cancel():
                raise Cancelled("Cancelled.")
            if on_text:
                on_text("".join(words[:count]))
            if on_progress:
                on_progress(count / len(words), "Writing")
            if "BROKEN" in draft and count > len(words) // 2:
                raise EngineError("The model failed.", "Try again.")


def mail_desk(service: Service, mail: ScriptedMail, other: ScriptedMail | None = None) -> MailDesk:
    """What the e-mail tab works with in tests: two models to choose from."""
    models = {"Smart Form": mail, "A larger one": other or mail}
    return MailDesk(service, mail, models, SYSTEM_PROMPT, EXAMPLE)
