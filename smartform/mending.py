"""A grammar checker's corrections of a paragraph, as far as the language model agrees.

They need no margin: two that know nothing of each other say the same. The model then revises the
paragraph so corrected, and sees a cleaner text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import exp, log1p

from smartform.checker import Checker
from smartform.engines.base import Cancel, Judge, Proposal, Rewritten, Written
from smartform.mail_policy import ANY
from smartform.mail_prompts import RevisionPrompt
from smartform.protect import Protected
from smartform.results import Span
from smartform.revision import Amount, Edit, EditKind, Revision
from smartform.vetting import Vetted, vet


@dataclass(frozen=True, slots=True)
class Judged:
    """A proposal and the nats by which the model finds it likelier than what stands there."""

    proposal: Proposal
    nats: float


def judged(
    checker: Checker,
    judge: Judge,
    prompt: RevisionPrompt,
    facts: Sequence[Protected],
    cancel: Cancel,
) -> list[Judged]:
    """What the checker proposes for the prompt's paragraph that touches no fact, judged.

    Args:
        facts: of the paragraph as the prompt has it.
    """
    kept = [
        proposal
        for proposal in checker.proposals(prompt.text)
        if not any(_overlap(proposal.span, fact.span) for fact in facts)
    ]
    nats = judge.preferences(prompt, kept, cancel=cancel) if kept else ()
    return [Judged(proposal, told) for proposal, told in zip(kept, nats, strict=True)]


def chosen(found: Iterable[Judged], bar: float) -> list[Judged]:
    """The best for each place, where it is better than `bar`; where places overlap, the better one."""
    made: list[Judged] = []
    for one in sorted(found, key=lambda j: -j.nats):
        if one.nats > bar and not any(_meet(one.proposal.span, j.proposal.span) for j in made):
            made.append(one)
    return sorted(made, key=lambda j: j.proposal.span.start)


def mended(
    source: str, prompt: RevisionPrompt, made: Sequence[Judged], facts: Sequence[Protected], amount: Amount
) -> tuple[Edit, ...]:
    """The corrections as edits of `source`, as far as they keep its facts.

    Args:
        source: the paragraph with the white space that the prompt leaves out.
        facts: of `source`.
    """
    parts: list[str] = []
    written: list[Written] = []
    place = 0
    for one in made:
        span, text = one.proposal.span, one.proposal.replacement
        parts += [prompt.text[place : span.start], text]
        end = sum(map(len, parts))
        written.append(Written(Span(end - len(text), max(end, end - len(text) + 1)), _share(one.nats), None))
        place = span.end
    rewritten = Rewritten("".join((*parts, prompt.text[place:])), tokens=tuple(written))
    return vet(source, rewritten, facts, amount=amount, rewording=EditKind.GRAMMAR, margins=ANY).edits


def composed(source: str, first: Sequence[Edit], then: Vetted) -> Vetted:
    """What becomes of `source` by edits and then others of the text that these make, as edits of `source`.

    Args:
        then: places are in the text that `first` makes. Where one of its edits meets one of `first`,
            the two are one. Where it refused to revise what `first` corrects, nothing is told: that piece
            is not left as it was.
    """
    middle = Revision(source, tuple(first)).text
    edits, grown = [], 0
    for group in _groups(first, then.edits):
        start = group.span.start - grown
        grown += sum(len(e.replacement) - (e.span.end - e.span.start) for e in group.first)
        span = Span(start, group.span.end - grown)
        text = _within(middle, group.span, group.then)
        if text != source[span.start : span.end]:
            edits.append(group.edit(span, text))
    refused = [replace(r, span=_back(r.span, first)) for r in then.refused]
    left = tuple(r for r in refused if not any(_overlap(r.span, edit.span) for edit in first))
    return Vetted(tuple(edits), left)


@dataclass(slots=True)
class _Group:
    """Edits that meet; `span` is in the text between the first edits and the others."""

    span: Span
    first: list[Edit] = field(default_factory=list)
    then: list[Edit] = field(default_factory=list)

    def edit(self, span: Span, text: str) -> Edit:
        """All of them as one edit of the source, of the kind that goes furthest, no surer than any."""
        parts = [*self.first, *self.then]
        sure = [part.probability for part in parts if part.probability is not None]
        kind = max((part.kind for part in parts), key=list(EditKind).index)
        return Edit(span, text, kind, min(sure, default=None))


def _groups(first: Sequence[Edit], then: Sequence[Edit]) -> list[_Group]:
    """The edits of both rounds in order of place, those that meet together."""
    singles, grown = [_Group(edit.span, then=[edit]) for edit in then], 0
    for edit in first:
        start = edit.span.start + grown
        singles.append(_Group(Span(start, start + len(edit.replacement)), first=[edit]))
        grown += len(edit.replacement) - (edit.span.end - edit.span.start)
    groups: list[_Group] = []
    for single in sorted(singles, key=lambda g: (g.span.start, g.span.end)):
        if groups and single.span.start <= groups[-1].span.end:
            last = groups[-1]
            last.span = Span(last.span.start, max(last.span.end, single.span.end))
            last.first += single.first
            last.then += single.then
        else:
            groups.append(single)
    return groups


def _within(text: str, span: Span, edits: Sequence[Edit]) -> str:
    """What edits inside `span` make of it."""
    inside = [replace(e, span=Span(e.span.start - span.start, e.span.end - span.start)) for e in edits]
    return Revision(text[span.start : span.end], tuple(inside)).text


def _back(span: Span, first: Sequence[Edit]) -> Span:
    """A piece of the text that edits make, in the text that they were made in; whole edits alone."""
    start, end, grown = span.start, span.end, 0
    for edit in first:
        begin = edit.span.start + grown
        grown += len(edit.replacement) - (edit.span.end - edit.span.start)
        after = begin + len(edit.replacement)
        if after <= span.start:
            start = span.start - grown
        elif begin < span.start:
            start = edit.span.start
        if after <= span.end:
            end = span.end - grown
        elif begin < span.end:
            end = edit.span.end
    return Span(start, end)


def _share(nats: float) -> float:
    """Log-probability of a correction where there is only it and what stands there."""
    return min(0.0, nats) - log1p(exp(-abs(nats)))


def _meet(one: Span, other: Span) -> bool:
    """Whether only one of two places can be corrected."""
    return one == other or _overlap(one, other)


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end
