"""A BERT with random weights whose word pieces are single characters, small enough to train in a test."""

from __future__ import annotations

import string
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
OTHER = ["[unused0]", "да", "##я"]
"""Pieces that do not ship: unused ones, and those of other scripts."""

CHARACTERS = string.ascii_lowercase + string.digits + string.punctuation


def save(folder: Path) -> Path:
    """Write config.json, model.safetensors and tokenizer.json, the same ones each time."""
    torch.manual_seed(1)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = piece_tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=160,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def piece_tokenizer() -> Tokenizer:
    """A WordPiece tokenizer in the form of the real one's."""
    pieces = ["[PAD]", *OTHER[:1], *SPECIAL[1:], *OTHER[1:], *CHARACTERS, *(f"##{c}" for c in CHARACTERS)]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")],
    )
    return tokenizer
