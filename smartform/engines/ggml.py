"""The functions of ggml, the tensor library under llama.cpp, that llama_cpp does not bind."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import numpy.typing as npt
from llama_cpp import _ggml

Values = npt.NDArray[np.float32]

_ggml_name: Any = _ggml.libggml.ggml_get_name
_ggml_name.argtypes, _ggml_name.restype = [ctypes.c_void_p], ctypes.c_char_p
_ggml_data: Any = _ggml.libggml.ggml_get_data
_ggml_data.argtypes, _ggml_data.restype = [ctypes.c_void_p], ctypes.c_void_p
_ggml_count: Any = _ggml.libggml.ggml_nelements
_ggml_count.argtypes, _ggml_count.restype = [ctypes.c_void_p], ctypes.c_int64


class _Opening(ctypes.Structure):
    """ggml's `gguf_init_params`."""

    _fields_ = (("no_alloc", ctypes.c_bool), ("tensors", ctypes.c_void_p))


_gguf_open: Any = _ggml.libggml.gguf_init_from_file
_gguf_open.argtypes, _gguf_open.restype = [ctypes.c_char_p, _Opening], ctypes.c_void_p
_gguf_close: Any = _ggml.libggml.gguf_free
_gguf_close.argtypes, _gguf_close.restype = [ctypes.c_void_p], None
_gguf_find: Any = _ggml.libggml.gguf_find_tensor
_gguf_find.argtypes, _gguf_find.restype = [ctypes.c_void_p, ctypes.c_char_p], ctypes.c_int64
_gguf_begin: Any = _ggml.libggml.gguf_get_data_offset
_gguf_begin.argtypes, _gguf_begin.restype = [ctypes.c_void_p], ctypes.c_size_t
_gguf_offset: Any = _ggml.libggml.gguf_get_tensor_offset
_gguf_offset.argtypes, _gguf_offset.restype = [ctypes.c_void_p, ctypes.c_int64], ctypes.c_size_t
_gguf_size: Any = _ggml.libggml.gguf_get_tensor_size
_gguf_size.argtypes, _gguf_size.restype = [ctypes.c_void_p, ctypes.c_int64], ctypes.c_size_t
_gguf_type: Any = _ggml.libggml.gguf_get_tensor_type
_gguf_type.argtypes, _gguf_type.restype = [ctypes.c_void_p, ctypes.c_int64], ctypes.c_int


def is_named(tensor: int, name: bytes) -> bool:
    """Whether the tensor at that address has that name."""
    return bool(_ggml_name(tensor) == name)


def values(tensor: int) -> Values:
    """A copy of all the numbers, in a row, of a 32-bit tensor in the processor's memory."""
    count = _ggml_count(tensor)
    if not count:
        return np.empty(0, np.float32)
    address = ctypes.cast(_ggml_data(tensor), ctypes.POINTER(ctypes.c_float))
    return np.ctypeslib.as_array(address, (count,)).copy()


def stored(model: Path, names: tuple[str, ...]) -> tuple[npt.NDArray[np.uint8], gguf.GGMLQuantizationType]:
    """The bytes of the first of these tensors that a GGUF file has, left on the disk, and their encoding.

    `gguf.GGUFReader` would read the whole vocabulary for it, which takes seconds.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no GGUF file or has none of them.
    """
    context = _gguf_open(str(model).encode(), _Opening(no_alloc=True, tensors=None))
    if not context:
        raise ValueError(f"{model.name} is no GGUF file")
    try:
        found = next((n for name in names if (n := _gguf_find(context, name.encode())) >= 0), None)
        if found is None:
            raise ValueError(f"{model.name} has none of {', '.join(names)}")
        place = _gguf_begin(context) + _gguf_offset(context, found)
        data = np.memmap(model, np.uint8, "r", place, (_gguf_size(context, found),))
        return data, gguf.GGMLQuantizationType(_gguf_type(context, found))
    finally:
        _gguf_close(context)
