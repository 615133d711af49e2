"""The tone classifiers' network: one small encoder, mean pooling, a head for each of two questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertModel

CLASSES = 3
HEADS = ("sentiment", "politeness")

MAX_TOKENS = 128
"""Longest text the network was trained on, in tokens; longer ones are cut."""


class Head(nn.Module):
    """Pooled states → logits of three classes, with the calibration that was fitted after training."""

    temperature: Tensor
    bias: Tensor

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(width, width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(width, CLASSES),
        )
        self.register_buffer("temperature", torch.ones(()))
        self.register_buffer("bias", torch.zeros(CLASSES))

    def forward(self, pooled: Tensor) -> Tensor:
        """[rows, width] → [rows, 3]."""
        logits: Tensor = self.layers(pooled)
        return logits / self.temperature + self.bias


class ToneModel(nn.Module):
    """Token ids → logits of sentiment and of politeness.

    Args:
        encoder: a BERT without its own pooling layer.
        dropout: in the heads.
    """

    def __init__(self, encoder: BertModel, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        width = encoder.config.hidden_size
        self.heads = nn.ModuleDict({name: Head(width, dropout) for name in HEADS})

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """[rows, tokens] ids and mask (1 text, 0 padding) → [rows, 3] logits of both heads."""
        pooled = self.pooled(input_ids, attention_mask)
        return self.heads["sentiment"](pooled), self.heads["politeness"](pooled)

    def pooled(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """[rows, tokens] ids and mask → [rows, width] means over the tokens' last states."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        return (states * mask).sum(1) / mask.sum(1).clamp(min=1)


def load_base(folder: Path, dropout: float = 0.1, *, embeddings: bool = False) -> tuple[ToneModel, Tokenizer]:
    """An untrained model on the encoder in `folder` (config.json, model.safetensors, tokenizer.json).

    Args:
        embeddings: whether they are learnt, too. Where they stay as they are, what is learnt of a word in
            film reviews holds for its neighbours, and a third of the work of a step falls away.
    """
    encoder = BertModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="eager")
    encoder.embeddings.requires_grad_(embeddings)
    return ToneModel(encoder, dropout), load_tokenizer(folder / "tokenizer.json")


def load_tokenizer(path: Path) -> Tokenizer:
    """A tokenizer file, cutting at `MAX_TOKENS` and padding nothing."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def collate(ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Rows of token ids → ids padded with 0, and their mask: both [rows, longest], int64."""
    longest = max(map(len, ids))
    padded = torch.zeros(len(ids), longest, dtype=torch.long)
    mask = torch.zeros(len(ids), longest, dtype=torch.long)
    for row, tokens in enumerate(ids):
        padded[row, : len(tokens)] = torch.tensor(tokens)
        mask[row, : len(tokens)] = 1
    return padded, mask


def logits_of(model: ToneModel, ids: Sequence[Sequence[int]], rows: int = 32) -> tuple[Tensor, Tensor]:
    """Logits of both heads, [texts, 3] each, without gradients and in the order given."""
    model.eval()
    results = _in_batches(lambda *batch: torch.stack(model(*batch), 1), ids, rows)
    return results[:, 0], results[:, 1]


def pooled_of(model: ToneModel, ids: Sequence[Sequence[int]], rows: int = 32) -> Tensor:
    """What the heads read of each text, [texts, width], without gradients and in the order given."""
    model.eval()
    return _in_batches(model.pooled, ids, rows)


def _in_batches(compute: Callable[..., Tensor], ids: Sequence[Sequence[int]], rows: int) -> Tensor:
    # Texts of like length together: little is padded.
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    with torch.inference_mode():
        parts = (order[at : at + rows] for at in range(0, len(ids), rows))
        found = [compute(*collate([ids[i] for i in part])) for part in parts]
    results = torch.empty(len(ids), *found[0].shape[1:])
    results[order] = torch.cat(found)
    return results
