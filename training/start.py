"""The weights that a run begins with: those of an adapter that exists, a PEFT folder or a GGUF LoRA file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file
from torch import Tensor

from convert.from_gguf import read_adapter
from convert.to_gguf import Base, ConversionError, alpha, refuse_unsupported

ARCHITECTURES = {"gemma3_text": "gemma3", "llama": "llama"}
"""What transformers calls a model → what llama.cpp calls it."""


def start_from(model: PeftModel, adapter: Path) -> None:
    """Put the weights of `adapter` in the place of the model's fresh ones.

    Args:
        adapter: a folder as PEFT saves it, or a file as `convert.to_gguf` writes it.

    Raises:
        ConversionError: it adapts other layers than the model's, or with another rank or alpha.
    """
    fresh = get_peft_model_state_dict(model)
    own = model.peft_config["default"]
    scale, weights = _read_folder(adapter) if adapter.is_dir() else _read_file(adapter, model, list(fresh))
    if set(weights) != set(fresh):
        raise ConversionError(f"{adapter} adapts other layers than this run: {_example(weights, fresh)}.")
    ranks = {values.shape[0] for key, values in weights.items() if ".lora_A." in key}
    if ranks != {own.r} or scale != own.lora_alpha:
        raise ConversionError(
            f"{adapter} has rank {', '.join(map(str, sorted(ranks)))} and alpha {scale:g}, this run"
            f" {own.r} and {own.lora_alpha}. Give the run the adapter's."
        )
    set_peft_model_state_dict(model, weights)


def _read_folder(folder: Path) -> tuple[float, dict[str, Tensor]]:
    settings = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    refuse_unsupported(settings)
    return alpha(settings), load_file(folder / "adapter_model.safetensors")


def _read_file(path: Path, model: PeftModel, keys: list[str]) -> tuple[float, dict[str, Tensor]]:
    start, end = "base_model.model.", ".lora_A.weight"
    modules = [key.removeprefix(start).removesuffix(end) for key in keys if key.endswith(end)]
    scale, weights = read_adapter(path, modules, _about(model.get_base_model().config))
    return scale, {key: torch.from_numpy(values) for key, values in weights.items()}


def _about(config: Any) -> Base:
    if config.model_type not in ARCHITECTURES:
        raise ConversionError(f"GGUF adapters of a '{config.model_type}' are not known here.")
    return Base(
        architecture=ARCHITECTURES[config.model_type],
        name=str(config.name_or_path),
        layers=config.num_hidden_layers,
        heads=config.num_attention_heads,
        key_heads=config.num_key_value_heads,
    )


def _example(left: dict[str, Any], right: dict[str, Any]) -> str:
    return f"'{min(set(left) ^ set(right))}' is in one alone"
