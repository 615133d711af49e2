"""The model that is trained: a frozen base from a GGUF file, a directory or the Hub, with a LoRA on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from smartform.engines import models
from training.int8 import Int8Lora, fuse_norms


def load_tokenizer(base: str) -> Any:
    """The tokenizer of a base, which is named as for `load_base`."""
    path = models.locate(base) if base in models.manifest() else Path(base)
    if path.suffix == ".gguf":
        return AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name)
    return AutoTokenizer.from_pretrained(base)


def load_base(base: str, device: torch.device, dtype: torch.dtype) -> tuple[Any, Any]:
    """Load a causal language model and its tokenizer; a GGUF file's weights are dequantised.

    Args:
        base: an id of the manifest (`smartform/engines/models.toml`), a GGUF file, a Hugging Face
            directory or a Hub id.
    """
    path = models.locate(base) if base in models.manifest() else Path(base)
    if path.suffix == ".gguf":
        dequantise = GgufConfig(dequantize=True)
        model = AutoModelForCausalLM.from_pretrained(
            str(path.parent), gguf_file=path.name, dtype=dtype, quantization_config=dequantise
        )
    else:
        model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
    return model.to(device), load_tokenizer(base)


def keep_unpacked(model: torch.nn.Module) -> None:
    """Let no evaluation on a CPU with AVX-512 pack 4-bit weights: a packed layer passes no gradient back.

    bitsandbytes packs them in the first pass outside training, and they stay so in the training after it.
    """
    for layer in model.modules():
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            layer.support_avx512bf16_for_cpu = False


def add_lora(
    model: Any, base: str, rank: int, alpha: int, dropout: float, *, int8: bool = False
) -> PeftModel:
    """Put a LoRA on every linear layer but the output; everything else is frozen.

    Args:
        int8: compute the frozen layers in 8 bits (`training.int8`), without dropout.
    """
    model.name_or_path = base
    lora = LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    if int8:
        lora._register_custom_module({torch.nn.Linear: Int8Lora})
    adapted = get_peft_model(model, lora)
    if int8:
        fuse_norms(adapted)
    assert isinstance(adapted, PeftModel)
    return adapted


def decoder_and_head(model: PeftModel) -> tuple[torch.nn.Module, torch.Tensor]:
    """The decoder without its output layer, and the output layer's weight (vocabulary, width)."""
    causal = model.get_base_model()
    return causal.model, causal.get_output_embeddings().weight  # type: ignore[return-value]
