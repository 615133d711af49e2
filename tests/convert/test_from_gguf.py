"""An adapter that went to GGUF comes back as it was, and what is no such adapter is refused."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest
from safetensors.numpy import load_file

from convert.from_gguf import read_adapter
from convert.to_gguf import Base, ConversionError, convert, read_base, tensors
from tests.convert.tiny_gguf import adapted_model, write_base

# peft asks transformers by a name that transformers gives up.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")

SHIPPED = Base("gemma3", "gemma-3-270m-latin", layers=18, heads=4, key_heads=1)
ATTENTION = [f"self_attn.{letter}_proj" for letter in "qkvo"]
LAYERS = [*ATTENTION, *(f"mlp.{name}_proj" for name in ("gate", "up", "down"))]


def modules(layers: int) -> list[str]:
    return [f"model.layers.{number}.{name}" for number in range(layers) for name in LAYERS]


@pytest.mark.parametrize("architecture", ["gemma3", "llama"])
def test_an_adapter_comes_back_as_it_was(architecture: str, tmp_path: Path) -> None:
    model = adapted_model(architecture)
    model.save_pretrained(tmp_path / "peft", save_embedding_layers=False)
    base = write_base(model, architecture, tmp_path / "base.gguf")
    convert(tmp_path / "peft", base, tmp_path / "adapter.gguf", "forms", "f32")
    alpha, back = read_adapter(tmp_path / "adapter.gguf", modules(2), read_base(base))
    wanted = load_file(tmp_path / "peft" / "adapter_model.safetensors")
    assert alpha == 24
    assert back.keys() == wanted.keys()
    assert all(np.array_equal(back[key], wanted[key]) for key in wanted)


@pytest.mark.parametrize("name", ["forms", "email", "resume"])
def test_the_shipped_adapters_go_there_and_back(name: str) -> None:
    path = Path(f"models/{name}.gguf")
    alpha, weights = read_adapter(path, modules(18), SHIPPED)
    assert alpha == 32
    again = {
        f"{layer}.{side}": values
        for layer, down, up in tensors(weights, SHIPPED)
        for side, values in (("lora_a", down), ("lora_b", up))
    }
    stored = {tensor.name: tensor.data for tensor in gguf.GGUFReader(path).tensors}
    assert again.keys() == stored.keys()
    assert all(np.array_equal(again[key], stored[key]) for key in stored)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.gguf").write_text("no model at all, only words")
    with pytest.raises(ConversionError, match="no GGUF"):
        read_adapter(tmp_path / "notes.gguf", modules(18), SHIPPED)
    with pytest.raises(ConversionError, match="no LoRA for a llama"):
        read_adapter(Path("models/forms.gguf"), modules(18), Base("llama", "", 18, 4, 1))
    with pytest.raises(ConversionError, match=r"'blk\.17.*does not have"):
        read_adapter(Path("models/forms.gguf"), modules(17), SHIPPED)
