"""A Llama with random weights and a real tokenizer as one GGUF file, which trainer and app both load."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM

from tests.convert.tiny_gguf import write_base

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def save(path: Path, texts: Iterable[str]) -> Path:
    """Write the model, the same one each time.

    Args:
        texts: what the tokenizer learns its words from.
    """
    tokenizer = bpe(texts)
    torch.manual_seed(5)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=8_192,
        tie_word_embeddings=True,
        initializer_range=0.05,
    )
    model = LlamaForCausalLM(config)
    torch.nn.init.normal_(model.get_input_embeddings().weight, std=0.3)
    return write_base(model, "llama", path, tokenizer)


def bpe(texts: Iterable[str], size: int = 700) -> Tokenizer:
    """Byte-level pairs learnt from `texts`, as GPT-2 cuts them."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    learning = trainers.BpeTrainer(
        vocab_size=size, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, learning)
    return tokenizer
