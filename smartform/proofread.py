"""The second job: the draft of a mail → a revision that changes only what needs it.

Layout never reaches the model (`smartform.mail_layout`). Each paragraph is revised by itself, told how it
comes across and what stands before it, and what the model writes is vetted (`smartform.vetting`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from smartform.checker import Checker
from smartform.courtesy import agreed
from smartform.edit_kinds import REWORDINGS, rewording_kind
from smartform.engines.base import Cancel, Judge, Rewriter, Rewritten, never
from smartform.errors import Cancelled, TextError
from smartform.mail_layout import fitting, is_html, prose
from smartform.mail_policy import ANY, MailPolicy, Margins, is_rude, shipped
from smartform.mail_prompts import RevisionPrompt, revision_prompt
from smartform.mending import Judged, composed, corrections, judged, mended
from smartform.protect import names_of, protected
from smartform.results import Span
from smartform.revision import (
    DEFAULT_OPTIONS,
    Amount,
    Edit,
    EditKind,
    ProofreadOptions,
    Refused,
    Register,
    Revision,
)
from smartform.tone import Tone, ToneScorer
from smartform.values import languages_of
from smartform.values.words import whole
from smartform.vetting import Vetted, moved, rewords, vet

MAX_CHARS = 20_000
"""Longer drafts are refused: that is some 3,500 words, more than a mail has."""

LANGUAGE = "en"
"""The language the adapter was trained on; paragraphs in others are left alone."""

_TELLING_WORDS = 8
"""Shorter paragraphs are in the language of the mail: too few words to tell."""

_LATIN = 0x250
"""The first character after those of Latin alphabets."""

OnText = Callable[[str], None]
OnProgress = Callable[[float, str], None]


class Proofreader:
    """Revises mails with one model.

    Args:
        rewriter: the language model.
        scorer: tells how texts come across; None leaves tones out of prompts and results.
        policy: when to revise at all; the one fitted for the shipped adapter if None.
        checker: proposes corrections, which a model that can judge them takes or leaves; None for none.
    """

    def __init__(
        self,
        rewriter: Rewriter,
        scorer: ToneScorer | None,
        policy: MailPolicy | None = None,
        checker: Checker | None = None,
    ) -> None:
        self.rewriter = rewriter
        self.scorer = scorer
        self._policy = policy or shipped()
        self._checker = checker

    def proofread(
        self,
        draft: str,
        options: ProofreadOptions = DEFAULT_OPTIONS,
        *,
        on_text: OnText | None = None,
        on_progress: OnProgress | None = None,
        cancel: Cancel = never,
    ) -> Revision:
        """Revise a draft.

        Args:
            options: how much may be changed, how it shall sound, how to decode.
            on_text: called with the revised text so far; the paragraph in the making is as the model
                writes it, and is replaced by what was kept of it once it ends.
            on_progress: called with the share done, 0 to 1, and a short message.

        Raises:
            TextError: nothing to revise, more than `MAX_CHARS` characters, or the source of an HTML mail.
            EngineError: a model failed.
            Cancelled: `cancel` said so.
        """
        started = time.perf_counter()
        _check(draft)
        work = _Work(draft, options, tuple(self._pieces(draft)), on_text)
        before, *tones = self._tones([draft, *(work.text_of(span) for span in work.pieces)])
        for number, (span, tone) in enumerate(zip(work.pieces, tones, strict=True)):
            if cancel():
                raise Cancelled("The job was cancelled.")
            if on_progress:
                on_progress(number / len(work.pieces), f"Paragraph {number + 1} of {len(work.pieces)}")
            work.take(self._piece(work, span, tone, cancel))
        revision = work.finish()
        if on_progress:
            on_progress(1.0, "Done")
        after = before if not revision.changed else self._tones([revision.text])[0]
        return Revision(draft, revision.edits, before, after, revision.refused, time.perf_counter() - started)

    def _pieces(self, draft: str) -> list[Span]:
        """What is revised at once: paragraphs, the long ones in parts."""
        return [part for span in prose(draft) for part in fitting(draft, span, self._fits)]

    def _fits(self, text: str) -> bool:
        """Whether the model can revise so much at once."""
        return self.rewriter.count_tokens(text) <= self.rewriter.paragraph_tokens

    def _piece(self, work: _Work, span: Span, tone: Tone | None, cancel: Cancel) -> Vetted:
        """Revise one paragraph."""
        text = work.text_of(span)
        if not _is_english(text, work.draft):
            return _left(span, "This part is not in English and was left as it is.")
        asked = " ".join(text.split())
        if not self._fits(asked):
            return _left(span, "This sentence is too long for the model and was left as it is.")
        options = work.options
        prompt = revision_prompt(
            asked,
            amount=options.amount,
            register=options.register,
            tone=tone,
            before=_before(work.draft, span.start),
            system=options.system_prompt,
        )
        first = self._mended(work, span, prompt, cancel)
        if first:
            text = Revision(text, first).text
            prompt = replace(prompt, text=" ".join(text.split()))
            if not self._fits(prompt.text):
                return moved(Vetted(first), span.start)  # it outgrew the model by its corrections
        rewritten = self.rewriter.rewrite(
            prompt, options, caution=self._policy.caution, on_text=work.teller(span), cancel=cancel
        )
        same = rewritten.complete and rewritten.text.split() == text.split()
        margins = self._policy.margins(tone, corrected=bool(first))
        then = Vetted() if same else self._vetted(work, text, rewritten, tone, margins)
        then = self._courteous(work, text, prompt, tone, then, cancel)
        return moved(composed(work.text_of(span), first, then), span.start)

    def _mended(self, work: _Work, span: Span, prompt: RevisionPrompt, cancel: Cancel) -> tuple[Edit, ...]:
        """The proposed corrections of a paragraph that the model agrees with."""
        checker, judge = self._checker, self.rewriter
        if checker is None or not isinstance(judge, Judge):
            return ()

        def ask(seen: RevisionPrompt) -> Sequence[Judged]:
            if not self._fits(seen.text):
                return ()  # it outgrew the model by its corrections
            return judged(checker, judge, seen, work.names, cancel)

        return corrections(
            work.text_of(span),
            prompt,
            ask,
            self._policy,
            work.options.amount,
            work.names,
            work.teller(span),
        )

    def _vetted(
        self, work: _Work, text: str, rewritten: Rewritten, tone: Tone | None, margins: Margins
    ) -> Vetted:
        """What is kept of a paragraph's revision; its tone is scored only where that decides something."""
        facts = protected(text, work.names)

        def vetted_as(rewording: EditKind, margins: Margins) -> Vetted:
            return vet(
                text,
                rewritten,
                facts,
                amount=work.options.amount,
                rewording=rewording,
                margins=margins,
                floor=self._policy.floor,
            )

        if work.options.amount is not Amount.ERRORS and is_rude(tone) and rewords(text, rewritten):
            bold = vetted_as(EditKind.TONE, ANY)
            if self._policy.calms(tone, *self._tones([Revision(text, bold.edits).text])):
                return bold
        vetted = vetted_as(EditKind.TONE, margins)
        if not any(edit.kind in REWORDINGS for edit in vetted.edits):
            return vetted
        [after] = self._tones([rewritten.text])
        return vetted_as(rewording_kind(work.options, tone, after), margins)

    def _courteous(
        self,
        work: _Work,
        text: str,
        prompt: RevisionPrompt,
        tone: Tone | None,
        kept: Vetted,
        cancel: Cancel,
    ) -> Vetted:
        """What is kept of a blunt paragraph's revision and, where that is hardly more polite, the
        courtesies that the model agrees with and that make it so."""
        judge, amount = self.rewriter, work.options.amount
        unasked = amount is Amount.ERRORS or work.options.register is Register.FIRM
        if unasked or not self._policy.grates(tone) or not isinstance(judge, Judge):
            return kept
        revised = Revision(text, kept.edits).text
        seen = replace(prompt, text=" ".join(revised.split()))
        [now] = self._tones([revised])
        if self._policy.calms(tone, now) or not self._fits(seen.text):
            return kept
        made = agreed(judge, seen, work.names, cancel)
        more = mended(revised, seen, made, protected(revised, work.names), amount, EditKind.TONE)
        [after] = self._tones([Revision(revised, more).text])
        if now is None or after is None or after.politeness_score <= now.politeness_score:
            return kept
        return replace(composed(text, kept.edits, Vetted(more)), refused=kept.refused)

    def _tones(self, texts: Sequence[str]) -> Sequence[Tone | None]:
        return [None] * len(texts) if self.scorer is None else self.scorer.score(texts)


@dataclass(slots=True)
class _Work:
    """A mail being revised, paragraph by paragraph."""

    draft: str
    options: ProofreadOptions
    pieces: tuple[Span, ...]
    on_text: OnText | None
    edits: list[Edit] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    names: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.names = names_of(self.draft)

    def text_of(self, span: Span) -> str:
        """A piece of the draft as models can read it, character for character."""
        return whole(self.draft[span.start : span.end])

    def take(self, vetted: Vetted) -> None:
        """Add what was kept of a paragraph."""
        self.edits += vetted.edits
        self.refused += vetted.refused

    def teller(self, span: Span) -> OnText | None:
        """What tells the mail so far while the paragraph at `span` is being written."""
        if self.on_text is None:
            return None
        head, told = self._revised(span.start), self.on_text
        return lambda text: told(head + text)

    def finish(self) -> Revision:
        """The revision, told as a whole."""
        revision = Revision(self.draft, tuple(self.edits), refused=tuple(self.refused))
        if self.on_text is not None:
            self.on_text(revision.text)
        return revision

    def _revised(self, end: int) -> str:
        """The draft up to `end` with the edits so far."""
        return Revision(self.draft[:end], tuple(self.edits)).text


def _check(draft: str) -> None:
    """See that a draft can be revised.

    Raises:
        TextError: it cannot.
    """
    if not draft.strip():
        raise TextError("There is no text to proofread.", "Write, paste or dictate the mail.")
    if len(draft) > MAX_CHARS:
        raise TextError(
            f"The draft has {len(draft):,} characters; {MAX_CHARS:,} is the most.",
            "Paste the mail alone, without the conversation it answers, or revise it in parts.",
        )
    if is_html(draft):
        raise TextError(
            "This is the source of an HTML mail.", "Paste the text as it reads in the mail program."
        )


def _is_english(text: str, draft: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    if sum(ord(c) < _LATIN for c in letters) < 0.8 * len(letters):
        return False
    return LANGUAGE in languages_of(text if len(text.split()) >= _TELLING_WORDS else draft)


def _before(draft: str, start: int) -> str:
    """The paragraph, or the line of it, that stands before `start`."""
    above = draft[:start].rstrip()
    return above[above.rfind("\n\n") + 1 :].strip()


def _left(span: Span, reason: str) -> Vetted:
    return Vetted(refused=(Refused(span, reason),))
