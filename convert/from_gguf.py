"""A GGUF LoRA file → the matrices of the PEFT adapter that it was made of: `convert.to_gguf` backwards."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import gguf
import numpy as np

from convert.to_gguf import ARCHITECTURES, Base, ConversionError, heads_of


def read_adapter(path: Path, modules: Iterable[str], base: Base) -> tuple[float, dict[str, np.ndarray]]:
    """Read the adapter in the file `path`.

    Args:
        modules: names of the base's linear layers that the adapter may change, as transformers has them.
        base: the model that it was trained on.

    Returns:
        Its alpha, and its matrices in float32 by their PEFT keys: A (rank, in), B (out, rank).

    Raises:
        ConversionError: no LoRA file, one for another architecture, or one with layers not in `modules`.
    """
    alpha, stored = stored_tensors(path, base.architecture)
    names = gguf.get_tensor_name_map(ARCHITECTURES[base.architecture], base.layers)
    weights = {}
    for module in modules:
        name = names.get_name(module)
        if name is None or f"{name}.weight.lora_a" not in stored:
            continue
        key = f"base_model.model.{module}"
        weights[f"{key}.lora_A.weight"] = stored.pop(f"{name}.weight.lora_a")
        weights[f"{key}.lora_B.weight"] = unpermuted(stored.pop(f"{name}.weight.lora_b"), name, base)
    if stored:
        raise ConversionError(f"{path} changes '{min(stored)}', which the model does not have.")
    return alpha, weights


def stored_tensors(path: Path, architecture: str) -> tuple[float, dict[str, np.ndarray]]:
    """Alpha and the matrices of a GGUF adapter in float32, as they are stored and called there.

    Raises:
        ConversionError: no LoRA file, or one for another architecture.
    """
    try:
        reader = gguf.GGUFReader(path)
    except (ValueError, IndexError) as exc:
        raise ConversionError(f"{path} is no GGUF file.") from exc
    keys = (gguf.Keys.Adapter.TYPE, "general.architecture", gguf.Keys.Adapter.LORA_ALPHA)
    kind, ours, alpha = (field and field.contents() for field in map(reader.get_field, keys))
    if kind != "lora" or ours != architecture or alpha is None:
        raise ConversionError(f"{path} is no LoRA for a {architecture}.")
    return float(alpha), {
        tensor.name: gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        for tensor in reader.tensors
    }


def unpermuted(up: np.ndarray, name: str, base: Base) -> np.ndarray:
    """B with its rows in the order of transformers; the inverse of `convert.to_gguf.permuted`."""
    heads = heads_of(name, base)
    if heads is None:
        return up
    rows, rank = up.shape
    pairs = up.reshape(heads, rows // heads // 2, 2, rank)
    return np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(rows, rank))
