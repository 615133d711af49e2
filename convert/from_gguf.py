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
    try:
        reader = gguf.GGUFReader(path)
    except (ValueError, IndexError) as exc:
        raise ConversionError(f"{path} is no GGUF file.") from exc
    kind, architecture = (_text(reader, key) for key in (gguf.Keys.Adapter.TYPE, "general.architecture"))
    if kind != "lora" or architecture != base.architecture:
        raise ConversionError(f"{path} is no LoRA for a {base.architecture}.")
    stored = {
        t.name: gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32) for t in reader.tensors
    }
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
    alpha = reader.get_field(gguf.Keys.Adapter.LORA_ALPHA)
    if alpha is None:
        raise ConversionError(f"{path} does not say its alpha.")
    return float(alpha.contents()), weights


def unpermuted(up: np.ndarray, name: str, base: Base) -> np.ndarray:
    """B with its rows in the order of transformers; the inverse of `convert.to_gguf.permuted`."""
    heads = heads_of(name, base)
    if heads is None:
        return up
    rows, rank = up.shape
    pairs = up.reshape(heads, rows // heads // 2, 2, rank)
    return np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(rows, rank))


def _text(reader: gguf.GGUFReader, key: str) -> str | None:
    field = reader.get_field(key)
    return None if field is None else str(field.contents())
