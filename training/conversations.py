"""Conversations → tokens of which only the assistant's are learnt; rows of several; batches.

Several conversations share a row by their positions: where these start anew, transformers keeps
the attention of one conversation from the others, so no mask is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from training.chat_rows import Message

IGNORED = -100
"""The label of tokens that are not learnt."""

TEMPLATES = {
    "gemma": (
        "{{ bos_token }}{% set said = namespace(system='') %}{% for m in messages %}"
        "{% if m.role == 'system' %}{% set said.system = m.content + '\n\n' %}{% else %}"
        "<start_of_turn>{{ 'model' if m.role == 'assistant' else 'user' }}\n"
        "{% if m.role == 'user' %}{{ said.system }}{% set said.system = '' %}{% endif %}"
        "{{ m.content }}<end_of_turn>\n{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
    ),
    "chatml": (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    ),
}
"""Chat templates for base models whose tokenizers have none."""


@dataclass(frozen=True)
class Tokens:
    """One conversation, or several in a row, as lists of one length.

    Args:
        ids: tokens.
        positions: of each token in its conversation.
        labels: the token itself where it is learnt, else `IGNORED`.
    """

    ids: list[int]
    positions: list[int]
    labels: list[int]

    def __len__(self) -> int:
        return len(self.ids)


def templated(tokenizer: Any, chat: str) -> Any:
    """The tokenizer with one of `TEMPLATES` for its chat template; 'own' leaves it its own."""
    if chat != "own":
        tokenizer.chat_template = TEMPLATES[chat]
    return tokenizer


def encode(messages: Sequence[Message], tokenizer: Any) -> Tokens:
    """Tokenise a conversation with the tokenizer's chat template; only answers are learnt.

    An answer goes from behind the header of its turn to the token that ends the turn.

    Raises:
        ValueError: the template writes an earlier turn otherwise once a later one is there.
    """
    turns = [{"role": message.role, "content": message.content} for message in messages]
    whole = _rendered(tokenizer, turns)
    learnt = []
    for number, turn in enumerate(turns):
        if turn["role"] == "assistant":
            before = _rendered(tokenizer, turns[:number], add_generation_prompt=True)
            after = _rendered(tokenizer, turns[: number + 1]).rstrip()
            if not whole.startswith(after) or not after.startswith(before):
                raise ValueError(
                    "The chat template rewrites earlier turns: cut to one answer a conversation."
                )
            learnt.append((len(before), len(after)))
    encoded = tokenizer(whole, add_special_tokens=False, return_offsets_mapping=True)
    labels = [
        token if any(first >= start and end <= stop for start, stop in learnt) else IGNORED
        for token, (first, end) in zip(encoded.input_ids, encoded.offset_mapping, strict=True)
    ]
    return Tokens(encoded.input_ids, list(range(len(labels))), labels)


def packed(rows: Sequence[Tokens], width: int) -> list[Tokens]:
    """Lay conversations, longest first, into rows of `width` tokens, each into the fullest with room."""
    bins: list[list[Tokens]] = []
    room: list[int] = []
    for row in sorted(rows, key=len, reverse=True):
        fits = [number for number, free in enumerate(room) if free >= len(row)]
        if fits:
            number = min(fits, key=room.__getitem__)
        else:
            number = len(bins)
            bins.append([])
            room.append(width)
        bins[number].append(row)
        room[number] -= len(row)
    return [_joined(parts) for parts in bins]


def collate(rows: Sequence[Tokens], pad: int, *, masked: bool = False) -> dict[str, Tensor]:
    """Rows → a batch of B rows, padded on the right to N tokens.

    Args:
        pad: the token to fill up with.
        masked: give a padding mask in place of positions; only where no row holds several conversations.

    Returns:
        input_ids, labels and position_ids (or attention_mask), each (B, N).
    """
    width = max(map(len, rows))

    def filled(name: str, fill: int) -> Tensor:
        return torch.tensor([getattr(row, name) + [fill] * (width - len(row)) for row in rows])

    batch = {"input_ids": filled("ids", pad), "labels": filled("labels", IGNORED)}
    if masked:
        lengths = torch.tensor([len(row) for row in rows])
        return batch | {"attention_mask": (torch.arange(width)[None] < lengths[:, None]).long()}
    return batch | {"position_ids": filled("positions", 0)}


def _rendered(tokenizer: Any, turns: list[dict[str, str]], **options: bool) -> str:
    return str(tokenizer.apply_chat_template(turns, tokenize=False, **options))


def _joined(rows: Sequence[Tokens]) -> Tokens:
    return Tokens(
        [token for row in rows for token in row.ids],
        [position for row in rows for position in row.positions],
        [label for row in rows for label in row.labels],
    )
