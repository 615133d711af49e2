"""What ggml tells of a GGUF file, held against the gguf package."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from smartform.engines.ggml import stored


def written(path: Path) -> np.ndarray:
    """A GGUF file with two tensors; the values of the second."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(6, 64)).astype(np.float32)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tensor("first", np.ones(5, np.float32))
    kind = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor("second", gguf.quants.quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return values


def test_bytes_and_encoding_of_the_first_tensor_that_is_there(tmp_path: Path) -> None:
    values = written(tmp_path / "two.gguf")
    data, kind = stored(tmp_path / "two.gguf", ("none", "second", "first"))
    assert kind is gguf.GGMLQuantizationType.Q8_0
    assert np.allclose(gguf.quants.dequantize(data.reshape(6, -1), kind), values, atol=0.02)


def test_a_file_without_the_tensor_and_one_that_is_no_model_are_told_apart(tmp_path: Path) -> None:
    written(tmp_path / "two.gguf")
    with pytest.raises(ValueError, match=r"two\.gguf has none of third"):
        stored(tmp_path / "two.gguf", ("third",))
    (tmp_path / "junk.gguf").write_bytes(b"junk" * 9)
    with pytest.raises(ValueError, match=r"junk\.gguf is no GGUF file"):
        stored(tmp_path / "junk.gguf", ("first",))
