"""One paragraph's revision, vetted: what of it is kept, and what is refused and why.

A revision is taken apart into changes (`smartform.alignment`). One that loses, alters or invents a fact
is refused, and with it all of its sentence but spelling, for it was written as one; a fact that moves
from one change to another makes the two one. What is kept therefore keeps every fact, whichever of the edits
a person takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from smartform.alignment import Change, apply, changes, count_written, joined, probability, tokens_of
from smartform.doers import swapped
from smartform.edit_kinds import KEPT, REWORDINGS, kind_of
from smartform.engines.base import Rewritten
from smartform.mail_policy import NO_MARGINS, Margins
from smartform.matter import matter, retained
from smartform.negation import noes, turned
from smartform.protect import VERBATIM, Fact, Protected, invented, keys, lost
from smartform.results import Span
from smartform.revision import GROWTH, LEEWAY, Amount, Edit, EditKind, Refused
from smartform.sentences import sentences

LEAST_KEPT = 0.15
"""Share of a revision's words that must be the draft's; with fewer it is another text."""

LEAST_MATTER = 0.45
"""Share of a draft's words with matter that its revision must still have. What people made of rude drafts in
the training data keeps 0.76 in the median; one in twenty less than 0.46."""

LEAST_OF_SENTENCE = 0.3
"""The same of one sentence; nine in ten of people's keep as much, somewhere in the paragraph."""

JUDGED_MATTER = 4
"""Paragraphs and sentences with fewer such words may be said with others."""

JUDGED_WORDS = 8
"""Shorter paragraphs may be said anew altogether."""

REPEATED = (4, 3)
"""A run of so many words that stands so many times, and oftener than in the draft, is a model's loop."""

LEAVES_OUT = "The revision would leave out much of what the draft says."

TURNED = "The revision would say yes where the draft says no, or no where it says yes."

SWAPPED = "The revision would say of you what the draft says of the reader, or the other way round."

NEAR = 2
"""Other words at most so many tokens apart are one edit."""


@dataclass(frozen=True, slots=True)
class Vetted:
    """What is kept of a revision; places are in the paragraph."""

    edits: tuple[Edit, ...] = ()
    refused: tuple[Refused, ...] = ()


def gain(source: str, rewritten: Rewritten) -> float | None:
    """Nats by which a revision is likelier than the paragraph unchanged, for each token of its changes.

    None where the engine cannot tell or nothing changes.
    """
    made = changes(source, rewritten.text)
    if not made or rewritten.logprob is None or rewritten.logprob_unchanged is None:
        return None
    return (rewritten.logprob - rewritten.logprob_unchanged) / max(1, count_written(made, rewritten.tokens))


def rewords(source: str, rewritten: Rewritten) -> bool:
    """Whether a revision chooses other words anywhere, besides mending spelling and grammar."""
    return any(
        kind_of(source[c.span.start : c.span.end], c.text, EditKind.TONE) in REWORDINGS
        for c in changes(source, rewritten.text)
    )


def vet(
    source: str,
    rewritten: Rewritten,
    facts: Sequence[Protected],
    *,
    amount: Amount,
    rewording: EditKind,
    margins: Margins = NO_MARGINS,
    floor: float = 0.0,
) -> Vetted:
    """What is kept of a paragraph's revision.

    Args:
        facts: what may not be lost (`smartform.protect.protected`).
        rewording: what other words are for, `CLARITY` or `TONE`.
        margins: what `gain` must exceed for the paragraph to be revised.
        floor: probability from which on a single change is made.
    """
    reason = _flaw(source, rewritten)
    if reason:
        return Vetted(refused=(Refused(Span(0, len(source)), reason),))
    likelier = gain(source, rewritten)
    if likelier is not None and likelier <= (
        margins.rewording if rewords(source, rewritten) else margins.errors
    ):
        return Vetted()
    piece = _Paragraph(source, rewritten, tuple(facts), amount, rewording, floor)
    kept, refused = piece.faithful(piece.grouped(changes(source, rewritten.text)))
    wanted = tuple(edit for edit in map(piece.edit, kept) if edit.kind in KEPT[amount])
    text = apply(source, [c for c in kept if piece.kind(c) in KEPT[amount]])
    missing = next((fact for fact in facts if lost(fact, source, text)), None)
    if missing is not None:
        return Vetted(refused=(Refused(Span(0, len(source)), _loses(missing)),))
    return Vetted(wanted, tuple(refused))


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """A paragraph, its revision and its facts."""

    source: str
    rewritten: Rewritten
    facts: tuple[Protected, ...]
    amount: Amount
    rewording: EditKind
    floor: float

    def kind(self, change: Change) -> EditKind:
        """Why a change was made."""
        start, end = change.span.start, change.span.end
        return kind_of(self.source[start:end], change.text, self.rewording)

    def edit(self, change: Change) -> Edit:
        """A change as an edit."""
        sure = probability(change, self.rewritten.tokens)
        return Edit(change.span, change.text, self.kind(change), sure)

    def grouped(self, made: Sequence[Change]) -> list[Change]:
        """The changes, other words that stand close together in one sentence as one."""
        groups: list[Change] = []
        for change in made:
            if groups and self._belong(groups[-1], change):
                change = self._joined(groups.pop(), change)
            groups.append(change)
        return groups

    def faithful(self, made: Sequence[Change]) -> tuple[list[Change], list[Refused]]:
        """The sure changes that keep the facts; what was refused for the others, where it was asked for."""
        linked = [change for change in self._linked(list(made)) if self._sure(change)]
        faults = {n: fault for n, change in enumerate(linked) if (fault := self._fault(change))}
        faults |= {n: fault for n, fault in self._together(linked) if n not in faults}
        if not faults:
            return linked, []
        spoilt = {self._sentence(linked[n]): fault for n, fault in faults.items()}
        kept = [
            change
            for n, change in enumerate(linked)
            if self._sentence(change) not in spoilt
            or (n not in faults and self.kind(change) is EditKind.SPELLING)
        ]
        missed = {self._sentence(linked[n]) for n in faults if self.kind(linked[n]) in KEPT[self.amount]}
        return kept, [Refused(span, spoilt[span]) for span in sorted(missed)]

    def _sure(self, change: Change) -> bool:
        """Whether the model was sure enough of a change, or cannot tell."""
        sure = probability(change, self.rewritten.tokens)
        return sure is None or sure >= self.floor

    def _together(self, made: Sequence[Change]) -> Iterator[tuple[int, str]]:
        """What changes do wrong not by themselves, but with the others of their sentence."""
        for sentence, places in groupby(range(len(made)), lambda n: self._sentence(made[n])):
            numbers = list(places)
            group = [made[n] for n in numbers]
            before = self.source[sentence.start : sentence.end]
            short = _leaves_out(before, self.rewritten.text, LEAST_OF_SENTENCE)
            fault = LEAVES_OUT if short else self._twist(group)
            if fault:
                yield from ((number, fault) for number in numbers)

    def _belong(self, first: Change, last: Change) -> bool:
        kinds = {self.kind(first), self.kind(last)}
        apart = last.tokens[0] - first.tokens[1]
        between = self.source[first.span.end : last.span.start]
        return (
            EditKind.SPELLING not in kinds
            and bool(kinds & REWORDINGS)
            and apart <= NEAR
            and "\n" not in between
            and self._sentence(first) == self._sentence(last)
        )

    def _linked(self, made: list[Change]) -> list[Change]:
        """The changes, those as one between which a fact moves."""
        number = 0
        while number < len(made):
            other = self._partner(made, number) if self._fault(made[number]) else None
            if other is None:
                number += 1
                continue
            first, last = sorted((number, other))
            made[first : last + 1] = [self._joined(made[first], made[last])]
            number = 0
        return made

    def _partner(self, made: Sequence[Change], number: int) -> int | None:
        """The nearest change that makes up for the fault of another, the two taken as one."""
        others = sorted((n for n in range(len(made)) if n != number), key=lambda n: abs(n - number))
        for other in others:
            first, last = sorted((number, other))
            between = self.source[made[first].span.end : made[last].span.start]
            if "\n" not in between and not self._fault(self._joined(made[first], made[last])):
                return other
        return None

    def _joined(self, first: Change, last: Change) -> Change:
        return joined(self.source, self.rewritten.text, first, last)

    def _fault(self, change: Change) -> str:
        """What a change does to the facts that it may not; "" where it keeps them."""
        span = change.span
        before = self.source[span.start : span.end]
        touched = [fact for fact in self.facts if span.overlaps(fact.span)]
        for fact in touched:
            whole = span.start <= fact.span.start and fact.span.end <= span.end
            if (fact.fact in VERBATIM and not whole) or lost(fact, before, change.text):
                return _loses(fact)
        names = [fact for fact in touched if fact.fact is Fact.NAME]
        figures = [fact for fact in touched if fact not in names and any(map(str.isdecimal, fact.key))]
        if not (_in_order(names, change.text) and _in_order(figures, change.text)):
            return "The revision would change the order of names or numbers."
        twist = self._twist([change])
        if twist:
            return twist
        new = invented(before, change.text)
        return f"The revision would add '{new}', which the draft does not say." if new else ""

    def _twist(self, made: Sequence[Change]) -> str:
        """What changes of one sentence make of its sense that they may not: a no of a yes, one person of
        another; "" for nothing. A clause taken out may hold a no."""
        start, end = self._sentence(made[0]).start, self._sentence_at(made[-1].span.end).end
        beyond = len(self.source) - end

        def said(some: Sequence[Change]) -> str:
            text = apply(self.source, some)
            return text[start : len(text) - beyond]

        after = said(made)
        if not any(char.isalnum() for char in after):
            return ""
        if turned(said([change for change in made if self._with_its_noes(change)]), after):
            return TURNED
        return SWAPPED if swapped(said([]), after) else ""

    def _with_its_noes(self, change: Change) -> bool:
        """Whether a change takes out noes together with what they go with, as with a clause."""
        if change.text.strip():
            return False
        first, last = change.tokens
        inside = [no for no in noes(self.source) if first <= no.number < last]
        return all(no.head is not None and first <= no.head < last for no in inside)

    def _sentence(self, change: Change) -> Span:
        """The sentence in which a change begins."""
        return self._sentence_at(change.span.start)

    def _sentence_at(self, place: int) -> Span:
        """The sentence that ends at or after a place."""
        return next((s for s in sentences(self.source) if place <= s.end), Span(0, len(self.source)))


def _flaw(source: str, rewritten: Rewritten) -> str:
    """Why a whole revision cannot be used; "" where it can."""
    old, new = _words(source), _words(rewritten.text)
    least, most = (share * len(old) for share in GROWTH)
    too_much = len(new) > most + LEEWAY[1]
    if not (rewritten.complete or too_much):
        return "The revision is longer than the most tokens that were allowed."
    if too_much or len(new) < least - LEEWAY[0] or not new:
        return "The revision says much more or much less than the draft."
    if _loops(new) > max(_loops(old), REPEATED[1] - 1):
        return "The revision repeats itself."
    shared = sum((Counter(old) & Counter(new)).values())
    if len(old) >= JUDGED_WORDS and shared < LEAST_KEPT * len(new):
        return "The revision is another text."
    if _leaves_out(source, rewritten.text, LEAST_MATTER):
        return LEAVES_OUT
    return ""


def _leaves_out(before: str, after: str, least: float) -> bool:
    """Whether too little of what `before` says stands in `after`."""
    return len(matter(before)) >= JUDGED_MATTER and retained(before, after) < least


def _words(text: str) -> list[str]:
    return [t.text.casefold() for t in tokens_of(text) if t.text[0].isalnum()]


def _loops(words: Sequence[str]) -> int:
    """How often the commonest run of words stands in a text."""
    size = REPEATED[0]
    runs = Counter(tuple(words[i : i + size]) for i in range(len(words) - size + 1))
    return max(runs.values(), default=0)


def _loses(fact: Protected) -> str:
    return f"The revision would lose or alter a {fact.fact.value}: {fact.key}"


def _in_order(facts: Iterable[Protected], text: str) -> bool:
    """Whether a text names these facts in their order."""
    words = iter([key for token in tokens_of(text) for key in keys(token.text)])
    return all(key in words for fact in facts if fact.fact not in VERBATIM for key in keys(fact.key))


def moved(vetted: Vetted, offset: int) -> Vetted:
    """The same with places in the mail, where the paragraph begins at `offset`."""

    def at(span: Span) -> Span:
        return Span(span.start + offset, span.end + offset)

    return Vetted(
        tuple(replace(edit, span=at(edit.span)) for edit in vetted.edits),
        tuple(replace(one, span=at(one.span)) for one in vetted.refused),
    )
