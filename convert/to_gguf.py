"""A PEFT LoRA adapter → a GGUF adapter that llama.cpp applies to the base it was trained on.

python -m convert.to_gguf runs/forms/best --base model.gguf --task forms --out models/forms.gguf
python -m convert.to_gguf runs/forms/best --base model.gguf --task forms --out forms.gguf --type q8_0
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from safetensors.numpy import load_file

TYPES = {
    "f32": gguf.GGMLQuantizationType.F32,
    "f16": gguf.GGMLQuantizationType.F16,
    "q8_0": gguf.GGMLQuantizationType.Q8_0,
}
FILE_TYPES = {
    "f32": gguf.LlamaFileType.ALL_F32,
    "f16": gguf.LlamaFileType.MOSTLY_F16,
    "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
}
ARCHITECTURES = {"gemma3": gguf.MODEL_ARCH.GEMMA3, "llama": gguf.MODEL_ARCH.LLAMA}
Q8_BLOCK = 32

_KEY = re.compile(r"base_model\.model\.(?P<module>.+)\.lora_(?P<side>[AB])\.weight")


class ConversionError(ValueError):
    """The adapter or its base is of a kind that this conversion would get wrong."""


@dataclass(frozen=True)
class Base:
    """What of the base model decides the adapter's form.

    Args:
        architecture: as llama.cpp names it.
        name: what the base calls itself.
        layers, heads, key_heads: how many blocks, query heads and key heads.
    """

    architecture: str
    name: str
    layers: int
    heads: int
    key_heads: int


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write a PEFT LoRA adapter as a GGUF file.")
    parser.add_argument("adapter", type=Path, help="folder with adapter_config.json")
    parser.add_argument("--base", type=Path, required=True, help="GGUF file of the base model")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--task", required=True, help="what the adapter does; kept in the file")
    parser.add_argument("--type", choices=list(TYPES), default="f16")
    arguments = parser.parse_args(argv)
    count = convert(arguments.adapter, arguments.base, arguments.out, arguments.task, arguments.type)
    print(f"{arguments.out}: {count} layers adapted, {arguments.out.stat().st_size:,} bytes")


def convert(adapter: Path, base: Path, out: Path, task: str, kind: str = "f16") -> int:
    """Write the adapter in folder `adapter` to the file `out`.

    Args:
        base: GGUF file of the model it was trained on.
        task: what the adapter does, kept in the file.
        kind: one of `TYPES`; rows that cannot be cut into blocks of 32 are f16 in 'q8_0'.

    Returns:
        How many linear layers it changes.

    Raises:
        ConversionError: DoRA, biases, whole modules, ranks or alphas that differ between layers,
            an unknown architecture or tensor.
    """
    settings = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    refuse_unsupported(settings)
    about = read_base(base)
    writer = gguf.GGUFWriter(out, about.architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha(settings))
    writer.add_string(gguf.Keys.Adapter.LORA_TASK_NAME, task)
    writer.add_name(f"{about.name} {task}".strip())
    writer.add_base_model_count(1)
    writer.add_base_model_name(0, about.name)
    writer.add_file_type(FILE_TYPES[kind])
    count = 0
    for name, down, up in tensors(load_file(adapter / "adapter_model.safetensors"), about):
        for side, values in (("lora_a", down), ("lora_b", up)):
            stored = TYPES[kind]
            if kind == "q8_0" and values.shape[-1] % Q8_BLOCK:
                stored = gguf.GGMLQuantizationType.F16
            writer.add_tensor(f"{name}.{side}", gguf.quants.quantize(values, stored), raw_dtype=stored)
        count += 1
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return count


def refuse_unsupported(settings: dict[str, Any]) -> None:
    """Raise `ConversionError` for an adapter that a plain GGUF LoRA cannot express."""
    unsupported = {
        "DoRA": settings.get("use_dora"),
        "trained biases": settings.get("bias", "none") != "none",
        "whole trained modules": settings.get("modules_to_save"),
        "ranks by layer": settings.get("rank_pattern"),
        "alphas by layer": settings.get("alpha_pattern"),
    }
    found = [what for what, present in unsupported.items() if present]
    if found:
        raise ConversionError(f"The adapter has {', '.join(found)}, which a GGUF LoRA does not have.")


def alpha(settings: dict[str, Any]) -> float:
    """The alpha that llama.cpp, which scales by alpha / rank, must read."""
    root = settings["r"] ** 0.5 if settings.get("use_rslora") else 1.0
    return float(settings["lora_alpha"] * root)


def read_base(path: Path) -> Base:
    """Read what the conversion needs from a base model's GGUF file.

    Raises:
        ConversionError: an architecture that this module does not know.
    """
    reader = gguf.GGUFReader(path)

    def value(key: str, default: Any = None) -> Any:
        field = reader.get_field(key)
        return default if field is None else field.contents()

    architecture = value("general.architecture")
    if architecture not in ARCHITECTURES:
        raise ConversionError(f"{path} is a '{architecture}'; known are {', '.join(ARCHITECTURES)}.")
    heads = int(value(f"{architecture}.attention.head_count"))
    return Base(
        architecture=architecture,
        name=str(value("general.name", path.stem)),
        layers=int(value(f"{architecture}.block_count")),
        heads=heads,
        key_heads=int(value(f"{architecture}.attention.head_count_kv", heads)),
    )


def tensors(weights: dict[str, np.ndarray], base: Base) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Each adapted layer as llama.cpp names it, with A (rank, in) and B (out, rank) in float32.

    Raises:
        ConversionError: a key that is no LoRA matrix, or a layer that the architecture does not have.
    """
    pairs: dict[str, dict[str, np.ndarray]] = {}
    for key, values in weights.items():
        match = _KEY.fullmatch(key)
        if match is None:
            raise ConversionError(f"The adapter holds '{key}', which is no LoRA matrix.")
        pairs.setdefault(match["module"], {})[match["side"]] = values.astype(np.float32)
    names = gguf.get_tensor_name_map(ARCHITECTURES[base.architecture], base.layers)
    for module, pair in sorted(pairs.items()):
        name = names.get_name(module)
        if name is None or set(pair) != {"A", "B"}:
            raise ConversionError(f"The adapter's '{module}' has no counterpart in a {base.architecture}.")
        yield f"{name}.weight", pair["A"], permuted(pair["B"], name, base)


def permuted(up: np.ndarray, name: str, base: Base) -> np.ndarray:
    """B with its rows in the order of the base's: llama files interleave the halves of q and k heads."""
    heads = heads_of(name, base)
    if heads is None:
        return up
    rows, rank = up.shape
    halves = up.reshape(heads, 2, rows // heads // 2, rank)
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(rows, rank))


def heads_of(name: str, base: Base) -> int | None:
    """How many heads the rows of a layer hold, where llama files keep them in another order."""
    if base.architecture != "llama":
        return None
    return {"attn_q": base.heads, "attn_k": base.key_heads}.get(name.rsplit(".", 1)[-1])


if __name__ == "__main__":
    main()
