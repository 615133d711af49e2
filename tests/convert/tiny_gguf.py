"""Tiny random models as GGUF files, with an adapter that changes every linear layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from tokenizers import Tokenizer
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
)

from convert.to_gguf import ARCHITECTURES, Base, permuted

SIZES: dict[str, Any] = {
    "vocab_size": 96,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "max_position_embeddings": 256,
}


def adapted_model(architecture: str) -> PeftModel:
    """A random model with a random adapter, whose B is not zero as a fresh one's would be."""
    torch.manual_seed(3)
    if architecture == "gemma3":
        layers = ["sliding_attention"] * 2
        config = Gemma3TextConfig(**SIZES, query_pre_attn_scalar=32, sliding_window=64, layer_types=layers)
        base: Any = Gemma3ForCausalLM(config)
    else:
        base = LlamaForCausalLM(LlamaConfig(**SIZES))
    lora = LoraConfig(r=8, lora_alpha=24, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(base, lora)
    with torch.no_grad():
        for name, values in model.named_parameters():
            if "lora_B" in name or (values.ndim == 2 and "lora_A" not in name):
                values.normal_(0, 0.1)
    assert isinstance(model, PeftModel)
    return model.eval()


def write_base(
    model: PeftModel | PreTrainedModel,
    architecture: str,
    path: Path,
    tokenizer: Tokenizer | None = None,
    chat_template: str = "",
) -> Path:
    """Write the frozen base as llama.cpp reads it, in float32.

    Args:
        tokenizer: byte-level BPE; without one there is no vocabulary of words.
    """
    base: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    config = base.config
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("tiny")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    if architecture == "gemma3":
        writer.add_sliding_window(config.sliding_window)
    writer.add_vocab_size(config.vocab_size)
    _add_tokenizer(writer, tokenizer)
    if chat_template:
        writer.add_chat_template(chat_template)
    about = Base(
        architecture, "tiny", config.num_hidden_layers, config.num_attention_heads, config.num_key_value_heads
    )
    names = gguf.get_tensor_name_map(ARCHITECTURES[architecture], about.layers)
    for key, values in base.state_dict().items():
        if "lora_" in key or (key == "lm_head.weight" and config.tie_word_embeddings):
            continue
        module = key.replace(".base_layer", "").removesuffix(".weight")
        name = names.get_name(module)
        assert name is not None, module
        array = values.float().numpy()
        if architecture == "gemma3" and name.endswith("norm"):
            array = array + 1
        if array.ndim == 2:
            array = permuted(array, name, about)
        writer.add_tensor(f"{name}.weight", array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def tiny_lora(path: Path, tensors: dict[str, np.ndarray], alpha: float | None = 4.0) -> Path:
    """Write matrices as llama.cpp reads a Gemma 3 adapter, in float32; one without an alpha is broken."""
    writer = gguf.GGUFWriter(path, "gemma3")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    if alpha is not None:
        writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    for name, values in tensors.items():
        writer.add_tensor(name, values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer | None) -> None:
    if tokenizer is None:
        writer.add_tokenizer_model("no_vocab")
        return
    about = json.loads(tokenizer.to_str())
    words = sorted(about["model"]["vocab"], key=about["model"]["vocab"].__getitem__)
    control = {token["content"] for token in about["added_tokens"]}
    kinds = (gguf.TokenType.NORMAL, gguf.TokenType.CONTROL)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(words)
    writer.add_token_types([kinds[word in control] for word in words])
    writer.add_token_merges([" ".join(pair) for pair in about["model"]["merges"]])
    writer.add_add_bos_token(False)
    writer.add_eos_token_id(words.index("<|im_end|>"))
