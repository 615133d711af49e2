"""`Rewrite`: one paragraph and its revision, and how such examples become tokens.

Several rewrites share one prefix, the rules, as the fields of a form share their text: each is a
branch that sees the rules and itself, which spares the tokens of the rules. Only revisions are
learnt, the end of turn included, and the tokens that differ from the draft weigh more, for most of
a revision is copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from random import Random
from typing import Any

from smartform.mail_prompts import CONTEXT_CHARS, RULES, RevisionPrompt, answer_end, request
from smartform.prompts import ChatFormat
from smartform.revision import Amount, Register
from training.config import TrainConfig
from training.objective import Encoded, Tokenizer, behind, tokens

EDIT_WEIGHT = 3.0
"""What a token that differs from the draft weighs in the loss; copied ones weigh 1
(Junczys-Dowmunt et al. 2018, edit-weighted MLE)."""

PACK_TOKENS = 448
"""Rewrites share a prefix until they have so many tokens."""


@dataclass(frozen=True)
class Rewrite:
    """One training or held-out example.

    Args:
        id: the same for all that is made of one text.
        draft: the paragraph as it came.
        revision: as it should be; the draft itself where nothing needs changing.
        amount: how much may be changed.
        register: how it shall sound.
        manner: politeness and sentiment of the draft, in words.
        before: what stands before the paragraph.
        spoilt: whether `draft` is made of `revision` anew each epoch.
    """

    id: str
    draft: str
    revision: str
    amount: Amount
    register: Register
    manner: tuple[str, str]
    before: str = ""
    spoilt: bool = False

    @property
    def prompt(self) -> RevisionPrompt:
        """The prompt that asks for the revision."""
        before = " ".join(self.before.split())[-CONTEXT_CHARS:]
        return RevisionPrompt(RULES, request(self.amount, self.register, self.manner), before, self.draft)


class RewriteEncoder:
    """Rewrites as tokens, packed; those over `max_tokens` are left out.

    Args:
        too_long: ids of the examples that were left out for their length.
    """

    def __init__(self, config: TrainConfig, tokenizer: Any) -> None:
        self.config, self.tokenizer = config, tokenizer
        self.too_long: set[str] = set()

    def encode(self, examples: Sequence[Rewrite], rng: Random) -> list[Encoded]:
        """Tokenise and pack the examples in their order."""
        chat = ChatFormat(self.config.chat)
        packs: list[list[Branch]] = []
        size = PACK_TOKENS
        for example in examples:
            branch = encode_branch(example, self.tokenizer, chat, self.config.length_power)
            if len(branch.ids) > self.config.max_tokens:
                self.too_long.add(example.id)
                continue
            if size + len(branch.ids) > PACK_TOKENS:
                packs.append([])
                size = 0
            packs[-1].append(branch)
            size += len(branch.ids)
        return [pack(branches, self.tokenizer, chat) for branches in packs]

    def vocabulary(self, examples: Sequence[Rewrite]) -> set[int]:
        """Every token that occurs in `examples`."""
        return {token for one in self.encode(examples, Random(0)) for token in one.ids}


@dataclass(frozen=True)
class Branch:
    """A rewrite without the rules: tokens, their weights in the loss, whether nothing is to change."""

    ids: list[int]
    weights: list[float]
    unchanged: bool


def encode_branch(example: Rewrite, tokenizer: Tokenizer, chat: ChatFormat, length_power: float) -> Branch:
    """Tokenise what follows the rules, segment by segment as the engine does."""
    _, question = example.prompt.prefix(chat)
    asked = [token for segment in question for token in tokens(tokenizer, segment)]
    draft, revision = (_plain(tokenizer, text) for text in (example.draft, example.revision))
    answer = revision + tokens(tokenizer, answer_end(chat))
    share = len(answer) ** -length_power
    weights = [share * weight for weight in (*edit_weights(draft, revision), 1.0)]
    return Branch(asked + answer, [0.0] * len(asked) + weights, example.draft == example.revision)


def edit_weights(draft: Sequence[int], revision: Sequence[int]) -> list[float]:
    """The weight of each token of the revision; where something is left out, the next one bears it."""
    weights = [1.0] * len(revision)
    for kind, _, _, start, end in SequenceMatcher(None, draft, revision, autojunk=False).get_opcodes():
        if kind != "equal":
            for place in range(start, min(max(end, start + 1), len(revision))):
                weights[place] = EDIT_WEIGHT
    return weights


def pack(branches: Sequence[Branch], tokenizer: Tokenizer, chat: ChatFormat) -> Encoded:
    """Put the rules before some rewrites."""
    rules, _ = RevisionPrompt(RULES, "", "", "").prefix(chat)
    bos = [] if tokenizer.bos_token_id is None or chat is ChatFormat.CHATML else [tokenizer.bos_token_id]
    prefix = bos + [token for segment in rules for token in tokens(tokenizer, segment)]
    unchanged = frozenset(number for number, branch in enumerate(branches) if branch.unchanged)
    return behind(prefix, [(branch.ids, branch.weights) for branch in branches], unchanged)


def _plain(tokenizer: Tokenizer, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids)
