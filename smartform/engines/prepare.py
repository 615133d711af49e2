"""Derived weights: the fetched base model, cut to what this product needs, done once after the fetch.

Gemma's vocabulary has 262,144 rows, two thirds of its weights and most of a decode step; the
supported languages are written in Latin letters. `prune_gemma` keeps the byte, control and
Latin-script tokens up to a rank of the merge list. Tokens are merged in the order of their ids,
so every kept token can still be reached, and a dropped one is spelt by smaller ones (any other
script by bytes): no text becomes unreadable. The rows are copied as they are.

The other weights are unpacked to 16-bit floats, which llama.cpp multiplies faster on plain AVX2
processors than the mixed 4- to 6-bit blocks of the download (`bench/weights.py`), and which is
what the adapters were trained on. The result is deterministic; its hash stands in the manifest.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np

KEPT_RANKS = 120_000
"""Normal tokens with a higher id are dropped: the rarer half of the Latin-script ones."""

_NORMAL, _CONTROL = 1, 3
_KEPT_CONTROLS = frozenset({"<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"})
_TOKENS, _SCORES, _TYPES = "tokenizer.ggml.tokens", "tokenizer.ggml.scores", "tokenizer.ggml.token_type"
_EMBEDDING = "token_embd.weight"
FILE_TYPE = "general.file_type"


def prune_gemma(source: Path, target: Path, progress: Callable[[float], None] | None = None) -> None:
    """Write `source` (a Gemma 3 GGUF) to `target`: kept vocabulary rows, other weights as 16-bit floats.

    Args:
        progress: called with the share done, 0 to 1.

    Raises:
        OSError: `source` cannot be read or `target` cannot be written.
        ValueError: `source` is not a Gemma 3 GGUF.
    """
    reader = gguf.GGUFReader(source)
    if _text(reader, "general.architecture") != "gemma3":
        raise ValueError(f"{source.name} is not a Gemma 3 model")
    tokens = reader.fields[_TOKENS].contents()
    types = reader.fields[_TYPES].contents()
    kept = np.array([i for i, token in enumerate(tokens) if _keep(i, token, types[i])])
    writer = gguf.GGUFWriter(target, "gemma3")
    whole = {_TOKENS: tokens, _SCORES: reader.fields[_SCORES].contents(), _TYPES: types}
    changed = {key: [values[i] for i in kept] for key, values in whole.items()}
    copy_metadata(reader, writer, changed | {FILE_TYPE: int(gguf.LlamaFileType.MOSTLY_F16)})
    for number, tensor in enumerate(reader.tensors):
        if tensor.name == _EMBEDDING:
            writer.add_tensor(tensor.name, tensor.data[kept], raw_dtype=tensor.tensor_type)
        elif tensor.tensor_type == gguf.GGMLQuantizationType.F32:
            writer.add_tensor(tensor.name, tensor.data)
        else:
            unpacked = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
            writer.add_tensor(tensor.name, unpacked.astype(np.float16))
        if progress:
            progress(number / len(reader.tensors))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file(progress=False)
    writer.close()


def _keep(index: int, token: str, kind: int) -> bool:
    if kind == _CONTROL:
        return token in _KEPT_CONTROLS
    if kind != _NORMAL:
        return True
    # Single characters, the ground of every merge, stand at the end of the list.
    return (index < KEPT_RANKS or len(token) == 1) and is_latin(token)


def is_latin(token: str) -> bool:
    """Whether a token holds Latin letters, figures, punctuation and symbols only."""
    return all(_latin_character(c) for c in token)


def _latin_character(character: str) -> bool:
    code = ord(character)
    if code < 0x250 or character == "▁":
        return True
    if unicodedata.category(character)[0] in "LM":
        return 0x300 <= code < 0x370 or 0x1E00 <= code < 0x1F00
    return 0x2000 <= code < 0x2C00 or 0x1F000 <= code < 0x20000 or code == 0xFE0F


def _text(reader: gguf.GGUFReader, key: str) -> str:
    field = reader.fields.get(key)
    return str(field.contents()) if field else ""


def copy_metadata(reader: gguf.GGUFReader, writer: gguf.GGUFWriter, changed: Mapping[str, Any]) -> None:
    """Write a model's metadata, tokenizer included, with the values of `changed` by their keys."""
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        value = changed.get(key)
        value = field.contents() if value is None else value
        kind = field.types[0]
        writer.add_key_value(key, value, kind, field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
