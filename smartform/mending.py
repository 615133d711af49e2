"""Proposed corrections of a paragraph, as far as the language model agrees.

A grammar checker proposes them, or what is known of people's mistakes; how likely right each is, is told by
what the model makes of it. The model then revises the paragraph so corrected, and sees a cleaner text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import log, prod

from smartform.checker import Checker
from smartform.engines.base import Cancel, Judge, Preference, Proposal, Rewritten, Written
from smartform.mail_policy import ANY, MailPolicy, Weights
from smartform.mail_prompts import RevisionPrompt
from smartform.protect import Protected, protected
from smartform.results import Span
from smartform.revision import Amount, Edit, EditKind, Revision
from smartform.vetting import Vetted, vet

ROUNDS = 2
"""How often a paragraph is judged at most."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A proposal and what the model makes of it."""

    proposal: Proposal
    preference: Preference


@dataclass(frozen=True, slots=True)
class Correction:
    """A proposal and how likely it is right."""

    proposal: Proposal
    chance: float


def judged(
    checker: Checker,
    judge: Judge,
    prompt: RevisionPrompt,
    names: frozenset[str],
    cancel: Cancel,
) -> list[Judged]:
    """What is proposed for the prompt's paragraph that touches no fact, judged.

    Args:
        names: of the mail (`smartform.protect.names_of`).
    """
    proposals = checker.proposals(prompt.text)
    facts = protected(prompt.text, names) if proposals else []
    kept = [p for p in proposals if not any(p.span.overlaps(fact.span) for fact in facts)]
    told = judge.preferences(prompt, kept, cancel=cancel) if kept else ()
    return list(map(Judged, kept, told))


def weighed(found: Iterable[Judged], weights: Weights) -> list[Correction]:
    """How likely right each is, the likeliest first; of those that meet, the likeliest alone."""
    kept: list[Correction] = []
    corrections = (Correction(j.proposal, weights.chance(j.proposal, j.preference)) for j in found)
    for one in sorted((c for c in corrections if c.chance), key=lambda c: -c.chance):
        if not any(_meet(one.proposal.span, c.proposal.span) for c in kept):
            kept.append(one)
    return kept


def faultiness(corrections: Iterable[Correction]) -> float:
    """How likely it is that one of a paragraph's corrections at least is right, were they independent."""
    return 1 - prod(1 - one.chance for one in corrections)


def chosen(found: Iterable[Judged], policy: MailPolicy) -> list[Correction]:
    """Those that are likely right enough, in a paragraph that is likely to have errors at all."""
    likely = weighed(found, policy.weights)
    if faultiness(likely) <= policy.faulty:
        return []
    made = [one for one in likely if one.chance > policy.bar]
    return sorted(made, key=lambda c: c.proposal.span.start)


def corrections(
    source: str,
    prompt: RevisionPrompt,
    ask: Callable[[RevisionPrompt], Sequence[Judged]],
    policy: MailPolicy,
    amount: Amount,
    names: frozenset[str] = frozenset(),
    on_text: Callable[[str], None] | None = None,
) -> tuple[Edit, ...]:
    """What is corrected of a paragraph. One error hides another, so what was corrected is judged once more;
    it is known to have errors then.

    Args:
        source: the paragraph with the white space that the prompt leaves out.
        prompt: asks for its revision.
        ask: what is proposed for a prompt's paragraph, judged.
        names: of the mail.
        on_text: called with the paragraph after each judgement.
    """
    text, edits = source, tuple[Edit, ...]()
    for _ in range(ROUNDS):
        seen = replace(prompt, text=" ".join(text.split()))
        made = chosen(ask(seen), replace(policy, faulty=0.0) if edits else policy)
        more = mended(text, seen, made, protected(text, names), amount)
        text = Revision(text, more).text
        edits = composed(source, edits, Vetted(more)).edits
        if on_text:
            on_text(text)
        if not more:
            break
    return edits


def mended(
    source: str,
    prompt: RevisionPrompt,
    made: Sequence[Correction],
    facts: Sequence[Protected],
    amount: Amount,
    rewording: EditKind = EditKind.GRAMMAR,
) -> tuple[Edit, ...]:
    """The corrections as edits of `source`, as far as they keep its facts.

    Args:
        source: the paragraph with the white space that the prompt leaves out.
        facts: of `source`.
        rewording: what other words are for.
    """
    if not made:
        return ()
    parts: list[str] = []
    written: list[Written] = []
    place = 0
    for one in made:
        span, text = one.proposal.span, one.proposal.replacement
        parts += [prompt.text[place : span.start], text]
        end = sum(map(len, parts))
        written.append(Written(Span(end - len(text), max(end, end - len(text) + 1)), log(one.chance), None))
        place = span.end
    rewritten = Rewritten("".join((*parts, prompt.text[place:])), tokens=tuple(written))
    return vet(source, rewritten, facts, amount=amount, rewording=rewording, margins=ANY).edits


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
        grown += sum(map(_growth, group.first))
        span = Span(start, group.span.end - grown)
        text = _within(middle, group.span, group.then)
        if text != source[span.start : span.end]:
            edits.append(group.edit(span, text))
    places = _places(first)
    left = [r for r in then.refused if not any(place.overlaps(r.span) for place in places)]
    return Vetted(tuple(edits), tuple(replace(r, span=_back(r.span, first, places)) for r in left))


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
    singles = [_Group(edit.span, then=[edit]) for edit in then]
    singles += [_Group(place, first=[edit]) for place, edit in zip(_places(first), first, strict=True)]
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


def _places(edits: Sequence[Edit]) -> list[Span]:
    """Where the replacements stand in the text that edits make."""
    places, grown = [], 0
    for edit in edits:
        start = edit.span.start + grown
        places.append(Span(start, start + len(edit.replacement)))
        grown += _growth(edit)
    return places


def _growth(edit: Edit) -> int:
    """By how many characters an edit makes a text longer."""
    return len(edit.replacement) - (edit.span.end - edit.span.start)


def _back(span: Span, first: Sequence[Edit], places: Sequence[Span]) -> Span:
    """A piece of the text that edits make, none of them in it, in the text that they were made in."""
    pairs = zip(first, places, strict=True)
    grown = sum(_growth(edit) for edit, place in pairs if place.end <= span.start)
    return Span(span.start - grown, span.end - grown)


def _meet(one: Span, other: Span) -> bool:
    """Whether only one of two places can be corrected: they overlap or touch."""
    return one.start <= other.end and other.start <= one.end
