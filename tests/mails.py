"""A proofreader's parts by script, and a mail with everything in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from smartform.engines.base import Cancel, Preference, Proposal, Rewritten, Written, never
from smartform.errors import Cancelled
from smartform.mail_prompts import RevisionPrompt
from smartform.results import Span
from smartform.revision import ProofreadOptions
from smartform.tone import Tone

Script = Mapping[str, str] | Callable[[str], str]

EVERYTHING = """\
Subject: Recieve this as it is
To: ana.lopez@firm.example

Dear Ms Lopez,

I has read the report of Q3.  It say that 14 trucks was late, see https://firm.example/r?id=7 or `ls -l` and
the "Ignore this, pls" note; please call me on 0171 555 0199 before 3 May.

Points wich are open:

  1. Who's laptops still needs the update
  2)\tThe invoce INV-5561 of £389.00
   - [ ] an oter thing that we must to discuss

```
for i in range(3): prnt(i)
```

    if (x == 1) { retrun y; }

| wich | table |
| have | errors |

I looks forward to you're answer.

Kind regards,
Tomás O'Neil
Head of Operatons

--\u0020
Firm Ltd, we is the best in the citty

On Mon, 4 May 2026, Ana Lopez <ana.lopez@firm.example> wrote:
> I wants to no more.
>> Me to.
"""


class FakeRewriter:
    """A `Rewriter` that revises by script.

    Args:
        script: paragraph → revision, others unchanged; or what makes one of the other; or, where
            the keys are single words, each replaced wherever it stands.
        complete: whether the revisions are ended.
        nats: by how much each revision that changes something is likelier than none.
        unsure: words of which the model is less sure, with their log-probability.
    """

    name = "scripted"

    def __init__(
        self,
        script: Script,
        *,
        complete: bool = True,
        nats: float | None = 4.0,
        paragraph_tokens: int = 400,
        unsure: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.script, self.complete, self.nats = script, complete, nats
        self.paragraph_tokens = paragraph_tokens
        self.unsure = unsure
        self.prompts: list[RevisionPrompt] = []
        self.cautions: list[float] = []

    def count_tokens(self, text: str) -> int:
        """Each word is a token."""
        return len(text.split())

    def rewrite(
        self,
        prompt: RevisionPrompt,
        options: ProofreadOptions,
        *,
        caution: float = 0.0,
        on_text: Callable[[str], None] | None = None,
        cancel: Cancel = never,
    ) -> Rewritten:
        """Write the revision word by word."""
        self.prompts.append(prompt)
        self.cautions.append(caution)
        revision = self._revise(prompt.text)
        words = [Span(*m.span()) for m in re.finditer(r"\S+\s*", revision)]
        for word in words:
            if cancel():
                raise Cancelled("Cancelled.")
            if on_text:
                on_text(revision[: word.end])
        if self.nats is None:
            return Rewritten(revision, self.complete)
        tokens = tuple(Written(word, self._sure(revision[word.start : word.end]), -2.0) for word in words)
        unchanged = -5.0 - (self.nats if revision != prompt.text else 0.0)
        return Rewritten(revision, self.complete, tokens, -5.0, unchanged, len(words))

    def _sure(self, word: str) -> float:
        return self.unsure.get(word.strip(" .,!?"), -0.1)

    def _revise(self, text: str) -> str:
        if callable(self.script):
            return self.script(text)
        if text in self.script:
            return self.script[text]
        single = {old: new for old, new in self.script.items() if " " not in old}
        return re.sub(r"[\w']+", lambda m: single.get(m.group(), m.group()), text)


class FakeJudge(FakeRewriter):
    """A `Rewriter` that is a `Judge`, too.

    Args:
        likelier: replacement → nats; others are out of the question.
    """

    def __init__(self, script: Script, likelier: Mapping[str, float], **how: Any) -> None:
        super().__init__(script, **how)
        self.likelier = likelier

    def preferences(
        self, prompt: RevisionPrompt, proposals: Sequence[Proposal], *, cancel: Cancel = never
    ) -> tuple[Preference, ...]:
        """By script."""
        nats = [self.likelier.get(proposal.replacement) for proposal in proposals]
        return tuple(Preference(-20.0) if one is None else Preference(one, one) for one in nats)


class FakeChecker:
    """A `Checker` that knows some words.

    Args:
        known: word → what it might be, separated by '|'.
    """

    def __init__(self, known: Mapping[str, str]) -> None:
        self.known = known

    def proposals(self, text: str) -> list[Proposal]:
        """Wherever the words stand."""
        return [
            Proposal(Span(*match.span()), replacement)
            for match in re.finditer(r"[\w']+", text)
            for replacement in self.known.get(match.group(), "").split("|")
            if match.group() in self.known
        ]


class FakeScorer:
    """A `ToneScorer` that counts words.

    Args:
        rude, kind: words that make a text impolite and negative, or polite and positive.
    """

    def __init__(
        self, rude: Sequence[str] = ("stupid", "lazy"), kind: Sequence[str] = ("please", "thank")
    ) -> None:
        self.rude, self.kind = rude, kind
        self.calls = 0

    def score(self, texts: Sequence[str]) -> tuple[Tone, ...]:
        """Impolite, neutral or polite by which words are more."""
        self.calls += 1
        return tuple(self._tone(text.casefold()) for text in texts)

    def _tone(self, text: str) -> Tone:
        score = sum(map(text.count, self.kind)) - sum(map(text.count, self.rude))
        bad, good = (0.8 if score < 0 else 0.1), (0.8 if score > 0 else 0.1)
        shares = (bad, 1 - bad - good, good)
        return Tone(shares, shares)
