"""A base model and a GGUF adapter → one GGUF model that needs no adapter.

    python -m convert.merge --base model.gguf --adapter models/forms.gguf --out merged.gguf
    python -m convert.merge --base model.gguf --adapter models/forms.gguf --out small.gguf --type q4_k_m

Tokenizer, chat template and all other metadata are the base's. Matrices are merged in 32-bit floats;
types of fewer than 16 bits are made of that by llama.cpp's own quantiser.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import gguf
import llama_cpp
import numpy as np

from convert.from_gguf import read_lora
from convert.to_gguf import ConversionError
from smartform.engines.llama_context import quieten
from smartform.engines.prepare import FILE_TYPE, copy_metadata

TYPES = {
    "f32": gguf.LlamaFileType.ALL_F32,
    "f16": gguf.LlamaFileType.MOSTLY_F16,
    "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
    "q6_k": gguf.LlamaFileType.MOSTLY_Q6_K,
    "q5_k_m": gguf.LlamaFileType.MOSTLY_Q5_K_M,
    "q4_k_m": gguf.LlamaFileType.MOSTLY_Q4_K_M,
    "q4_0": gguf.LlamaFileType.MOSTLY_Q4_0,
}
FLOATS = {"f32": np.float32, "f16": np.float16}
"""The types that are written as they are merged."""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Merge a GGUF adapter into its base model.")
    parser.add_argument("--base", type=Path, required=True, help="GGUF file of the base model")
    parser.add_argument("--adapter", type=Path, required=True, help="GGUF file that convert.to_gguf wrote")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--type", choices=list(TYPES), default="f16")
    arguments = parser.parse_args(argv)
    count = merge(arguments.base, arguments.adapter, arguments.out, arguments.type)
    print(f"{arguments.out}: {count} layers changed, {arguments.out.stat().st_size:,} bytes")


def merge(base: Path, adapter: Path, out: Path, kind: str = "f16") -> int:
    """Write the base with the adapter's changes to the file `out`.

    Args:
        kind: one of `TYPES`; vectors stay in 32-bit floats.

    Returns:
        How many layers the adapter changes.

    Raises:
        ConversionError: the adapter is not one for this base, or llama.cpp cannot quantise the model.
    """
    if kind in FLOATS:
        return _write(base, adapter, out, kind)
    whole = out.with_name(out.name + ".f32")
    try:
        count = _write(base, adapter, whole, "f32")
        _quantise(whole, out, kind)
    finally:
        whole.unlink(missing_ok=True)
    return count


def _write(base: Path, adapter: Path, out: Path, kind: str) -> int:
    reader = gguf.GGUFReader(base)
    architecture = str(reader.fields["general.architecture"].contents())
    pairs = read_lora(adapter, architecture).pairs()
    added = {name: up @ down for name, (down, up) in pairs.items()}
    shapes = {tensor.name: tuple(reversed(tensor.shape.tolist())) for tensor in reader.tensors}
    strange = [name for name, values in added.items() if shapes.get(name) != values.shape]
    if strange:
        raise ConversionError(f"{adapter} changes '{strange[0]}', which {base} does not have in that shape.")
    writer = gguf.GGUFWriter(out, architecture)
    copy_metadata(reader, writer, {FILE_TYPE: int(TYPES[kind])})
    if FILE_TYPE not in reader.fields:
        writer.add_file_type(TYPES[kind])
    for name, values in _merged(reader, added, kind):
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return len(added)


def _merged(
    reader: gguf.GGUFReader, added: Mapping[str, np.ndarray], kind: str
) -> Iterator[tuple[str, np.ndarray]]:
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        if tensor.name in added:
            values = values + added[tensor.name]
        yield tensor.name, values.astype(FLOATS[kind]) if values.ndim > 1 else values


def _quantise(source: Path, out: Path, kind: str) -> None:
    quieten()
    settings = llama_cpp.llama_model_quantize_default_params()
    settings.ftype = int(TYPES[kind])
    settings.nthread = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    if llama_cpp.llama_model_quantize(str(source).encode(), str(out).encode(), settings) != 0:
        raise ConversionError(f"llama.cpp cannot write {source.name} as {kind}.")


if __name__ == "__main__":
    main()
