"""A random tiny model of each architecture's real class, with one token a byte, as Hugging Face folders."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LEDConfig,
    LEDForConditionalGeneration,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)

from tests.training.tiny import byte_tokenizer

WIDTH = 16


def save(name: str, folder: Path) -> Path:
    """Write the model called `name` in `ARCHITECTURES`, and its tokenizer, the same ones each time."""
    torch.manual_seed(1)
    tokenizer = byte_tokenizer()
    _model(name, len(tokenizer)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _model(name: str, vocabulary: int) -> PreTrainedModel:
    marks = {"vocab_size": vocabulary, "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}
    sizes = {
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
    }
    if name == "t5":
        config = T5Config(
            **marks,
            d_model=WIDTH,
            d_ff=2 * WIDTH,
            d_kv=8,
            num_layers=1,
            num_heads=2,
            decoder_start_token_id=0,
        )
        return T5ForConditionalGeneration(config)
    if name.startswith("led"):
        return LEDForConditionalGeneration(_led(name, marks))
    if name == "llama":
        return LlamaForCausalLM(LlamaConfig(**marks, **sizes))
    if name == "mistral":
        return MistralForCausalLM(MistralConfig(**marks, **sizes, sliding_window=64))
    if name == "nuextract":
        return Qwen2ForCausalLM(Qwen2Config(**marks, **sizes))
    layers = ["sliding_attention", "full_attention"]
    more = {"head_dim": 8, "query_pre_attn_scalar": 8, "sliding_window": 64, "layer_types": layers}
    return Gemma3ForCausalLM(Gemma3TextConfig(**marks, **sizes, **more))


def _led(name: str, marks: dict[str, int]) -> LEDConfig:
    layers = 2 if name == "led-large" else 1
    return LEDConfig(
        **marks,
        d_model=WIDTH,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=2 * WIDTH,
        decoder_ffn_dim=2 * WIDTH,
        attention_window=[32] * layers,
        max_encoder_position_embeddings=1_024,
        max_decoder_position_embeddings=128,
        decoder_start_token_id=1,
    )
