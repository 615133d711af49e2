"""The functions of ggml, the tensor library under llama.cpp, that llama_cpp does not bind."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import gguf
import llama_cpp
import numpy as np
import numpy.typing as npt
from llama_cpp._ctypes_extensions import load_shared_library

Values = npt.NDArray[np.float32]
"""Numbers of a model: states, rows of matrices."""

_library = load_shared_library("ggml-base", Path(llama_cpp.__file__).parent / "lib")


def _bound(name: str, result: Any, *arguments: Any) -> Any:
    """A function of the library with the types of what it takes and gives."""
    function = getattr(_library, name)
    function.argtypes, function.restype = arguments, result
    return function


class _Opening(ctypes.Structure):
    """ggml's `gguf_init_params`."""

    _fields_ = (("no_alloc", ctypes.c_bool), ("tensors", ctypes.c_void_p))


_pointer, _number = ctypes.c_void_p, ctypes.c_int64
_name = _bound("ggml_get_name", ctypes.c_char_p, _pointer)
_data = _bound("ggml_get_data", _pointer, _pointer)
_count = _bound("ggml_nelements", _number, _pointer)
_open = _bound("gguf_init_from_file", _pointer, ctypes.c_char_p, _Opening)
_close = _bound("gguf_free", None, _pointer)
_find = _bound("gguf_find_tensor", _number, _pointer, ctypes.c_char_p)
_begin = _bound("gguf_get_data_offset", ctypes.c_size_t, _pointer)
_offset = _bound("gguf_get_tensor_offset", ctypes.c_size_t, _pointer, _number)
_size = _bound("gguf_get_tensor_size", ctypes.c_size_t, _pointer, _number)
_type = _bound("gguf_get_tensor_type", ctypes.c_int, _pointer, _number)


def is_named(tensor: int, name: bytes) -> bool:
    """Whether the tensor at that address has that name."""
    return bool(_name(tensor) == name)


def values(tensor: int) -> Values:
    """A copy of all the numbers, in a row, of a 32-bit tensor in the processor's memory."""
    count = _count(tensor)
    if not count:
        return np.empty(0, np.float32)
    address = ctypes.cast(_data(tensor), ctypes.POINTER(ctypes.c_float))
    return np.ctypeslib.as_array(address, (count,)).copy()


def stored(model: Path, names: tuple[str, ...]) -> tuple[npt.NDArray[np.uint8], gguf.GGMLQuantizationType]:
    """The bytes of the first of these tensors that a GGUF file has, left on the disk, and their encoding.

    `gguf.GGUFReader` would read the whole vocabulary for it, which takes seconds.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no GGUF file or has none of them.
    """
    context = _open(str(model).encode(), _Opening(no_alloc=True, tensors=None))
    if not context:
        raise ValueError(f"{model.name} is no GGUF file")
    try:
        found = next((n for name in names if (n := _find(context, name.encode())) >= 0), None)
        if found is None:
            raise ValueError(f"{model.name} has none of {', '.join(names)}")
        place = _begin(context) + _offset(context, found)
        data = np.memmap(model, np.uint8, "r", place, (_size(context, found),))
        return data, gguf.GGMLQuantizationType(_type(context, found))
    finally:
        _close(context)
