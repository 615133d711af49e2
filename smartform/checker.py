"""What a grammar checker would correct in English text: proposals for the language model to judge.

Harper (package harper-py, Apache-2.0) knows the words of English and hundreds of rules, but not what a
sentence is to say: of what it proposes for learners' sentences half is right. The model knows which half.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from smartform.engines.base import Proposal
from smartform.results import Span

ALTERNATIVES = 3
"""Words proposed for one place, at most; Harper lists the likeliest first."""

TASTE = frozenset({"Enhancement", "Formatting", "Punctuation", "Readability", "Redundancy", "Style"})
"""Kinds of Harper's that are no errors, or rest on how a sentence is built, which it does not know."""

TALKATIVE = frozenset({"LookingForwardTo"})
"""Rules that write to standard output, where the revision goes (harper-py 0.2.0)."""


@runtime_checkable
class Checker(Protocol):
    """Finds what may be wrong in a paragraph."""

    def proposals(self, text: str) -> Sequence[Proposal]:
        """Corrections that stand to reason, in order of place; several for one place are alternatives."""
        ...


class Checkers:
    """Several as one; what two of them propose is the first one's."""

    def __init__(self, *checkers: Checker) -> None:
        self._checkers = checkers

    def proposals(self, text: str) -> list[Proposal]:
        """See `Checker.proposals`."""
        found: dict[tuple[int, int, str], Proposal] = {}
        for checker in self._checkers:
            for proposal in checker.proposals(text):
                key = proposal.span.start, proposal.span.end, proposal.replacement
                found.setdefault(key, proposal)
        return [found[key] for key in sorted(found, key=lambda key: key[:2])]


class Harper:
    """Harper as a `Checker`; it is loaded in a second when it is first asked, and takes up to 280 MB.

    A word is misspelt only where no English writes it so, and with a capital letter it may be a name.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # a linter serves one thread at a time
        self._linters: tuple[Any, Any] | None = None

    def proposals(self, text: str) -> list[Proposal]:
        """See `Checker.proposals`."""
        with self._lock:
            here, there = self._loaded()
            lints = here.lint(text, language="plaintext")
            abroad = {_place(lint) for lint in there.lint(text, language="plaintext")}
        found = [
            proposal
            for lint in lints
            if _serious(lint) and (lint.lint_kind != "Spelling" or _misspelt(lint, abroad))
            for proposal in _alternatives(lint)
        ]
        return sorted(found, key=lambda proposal: (proposal.span.start, proposal.span.end))

    def _loaded(self) -> tuple[Any, Any]:
        """A linter for American English, and one that knows the spellings of British English."""
        if self._linters is None:
            from harper import Dialect, Linter

            here, there = Linter(Dialect.AMERICAN), Linter(Dialect.BRITISH)
            rules = here.get_default_lint_config()
            here.set_lint_config({rule: on and rule not in TALKATIVE for rule, on in rules.items()})
            there.set_lint_config({rule: rule == "SpellCheck" for rule in rules})
            self._linters = here, there
        return self._linters


def _serious(lint: Any) -> bool:
    """Whether a lint is an error here: a paragraph may go on from the greeting, in small letters."""
    if lint.lint_kind == "Capitalization" and lint.span.start == 0:
        return False
    return lint.lint_kind not in TASTE


def _misspelt(lint: Any, abroad: Collection[tuple[int, int]]) -> bool:
    """Whether an unknown word is one nowhere, and no name."""
    return _place(lint) in abroad and not lint.problem_text[:1].isupper()


def _place(lint: Any) -> tuple[int, int]:
    return lint.span.start, lint.span.end


def _alternatives(lint: Any) -> Iterator[Proposal]:
    from harper import SuggestionKind

    start, end = _place(lint)
    for suggestion in lint.suggestions[:ALTERNATIVES]:
        first = end if suggestion.kind == SuggestionKind.INSERT_AFTER else start
        yield Proposal(Span(first, end), suggestion.replacement_text, known=True)
