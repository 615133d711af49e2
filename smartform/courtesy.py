"""Gentler ways to say what an impolite paragraph says, for models to judge.

Orders become requests and wants become wishes, which is what people do first of all to be polite (Brown and
Levinson 1987, "Politeness"; Danescu-Niculescu-Mizil et al. 2013, "A computational approach to politeness",
where 'please' and indirect wishes are among the strongest cues). What is said stays. A language model tells
which of the proposals belong into the revision, and a tone scorer whether they help.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from lemminflect import getAllLemmas

from smartform.engines.base import Cancel, Judge, Proposal, never
from smartform.mail_prompts import RevisionPrompt
from smartform.mending import Correction, judged
from smartform.results import Span
from smartform.sentences import sentences
from smartform.supply import logistic

_WANT = re.compile(r"\b(I|[Ww]e) (?:want|demand)\b")
_NO_ORDERS = frozenset(
    "be do have thank let please see am is are was were can could will would shall".split()
)
"""Words that begin sentences of other kinds, or orders that 'please' does not soften."""

_FIRST_WORD = re.compile(r"[^\W\d_]+(?= +\w)")

LEAST = -5.0
"""Nats by which a proposal may be less likely than what stands there and still be made. Of those for rude
drafts that the model had not read, the sensible ones were above, 'Please shame on you' and the like below -8
(training/LOG.md)."""


def agreed(
    judge: Judge, prompt: RevisionPrompt, names: frozenset[str], cancel: Cancel = never
) -> list[Correction]:
    """The courtesies for the prompt's paragraph that the model agrees with, in the order of the text.

    Args:
        names: of the mail (`smartform.protect.names_of`).
    """
    found = judged(Courtesies(), judge, prompt, names, cancel)
    likely = [one for one in found if one.preference.asked > LEAST]
    return [Correction(one.proposal, logistic(one.preference.asked)) for one in likely]


class Courtesies:
    """Proposes them; a `smartform.checker.Checker` of its own kind."""

    def proposals(self, text: str) -> list[Proposal]:
        """What could be said more gently in `text`, in the order of the text."""
        requests = chain.from_iterable(_requests(text, sentence) for sentence in sentences(text))
        return sorted((*_wishes(text), *requests), key=lambda proposal: proposal.span)


def _wishes(text: str) -> Iterator[Proposal]:
    """'I want it.' → 'I would like it.'"""
    for match in _WANT.finditer(text):
        yield Proposal(Span(*match.span()), f"{match[1]} would like")


def _requests(text: str, sentence: Span) -> Iterator[Proposal]:
    """'Send it now.' → 'Please send it now.', where the sentence may begin with an order."""
    first = _FIRST_WORD.match(text, sentence.start, sentence.end)
    if not first or "please" in text[sentence.start : sentence.end].lower():
        return
    word = first[0].lower()
    if word not in _NO_ORDERS and word in getAllLemmas(word, upos="VERB").get("VERB", ()):
        yield Proposal(Span(*first.span()), f"Please {word}")
