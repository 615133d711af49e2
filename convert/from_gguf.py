"""A GGUF LoRA file → the matrices of the PEFT adapter that it was made of: `convert.to_gguf` backwards."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import gguf
import numpy as np

from convert.to_gguf import ARCHITECTURES, Base, ConversionError, heads_of
from smartform.engines.merging import Lora


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
    lora = read_lora(path, base.architecture)
    stored = dict(lora.tensors)
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
    return lora.alpha, weights


def read_lora(path: Path, architecture: str) -> Lora:
    """Read a GGUF LoRA for models of an architecture.

    Raises:
        ConversionError: no LoRA file, or one for another architecture.
    """
    try:
        lora = Lora.read(path)
    except ValueError as exc:
        raise ConversionError(f"{exc}: wanted is a LoRA for a {architecture}.") from exc
    if lora.architecture != architecture:
        raise ConversionError(f"{path} is no LoRA for a {architecture}.")
    return lora


def unpermuted(up: np.ndarray, name: str, base: Base) -> np.ndarray:
    """B with its rows in the order of transformers; the inverse of `convert.to_gguf.permuted`."""
    heads = heads_of(name, base)
    if heads is None:
        return up
    rows, rank = up.shape
    pairs = up.reshape(heads, rows // heads // 2, 2, rank)
    return np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(rows, rank))
