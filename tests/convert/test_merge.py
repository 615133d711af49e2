"""A merged model says without the adapter what base and adapter say together."""

from __future__ import annotations

from pathlib import Path

import gguf
import pytest

from convert.merge import TYPES, main, merge
from convert.to_gguf import ConversionError, convert
from convert.verify import compare, llama_logits, peft_logits
from tests.convert.tiny_gguf import adapted_model, write_base

# peft asks transformers by a name that transformers gives up.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")

PROMPTS = [[5, 17, 3, 44, 90, 2, 61, 8], list(range(10, 40))]


@pytest.mark.parametrize("architecture", ["gemma3", "llama"])
def test_a_merged_model_agrees(architecture: str, tmp_path: Path) -> None:
    model = adapted_model(architecture)
    model.save_pretrained(tmp_path / "peft", save_embedding_layers=False)
    base = write_base(model, architecture, tmp_path / "base.gguf")
    convert(tmp_path / "peft", base, tmp_path / "adapter.gguf", "forms", "f32")
    wanted = [peft_logits(model, prompt) for prompt in PROMPTS]
    for kind, tolerance in {"f32": 1e-2, "f16": 2e-2, "q8_0": 0.5}.items():
        assert merge(base, tmp_path / "adapter.gguf", tmp_path / "merged.gguf", kind) == 2 * 7
        found = compare(wanted, llama_logits(tmp_path / "merged.gguf", None, PROMPTS))
        assert found.largest < tolerance, kind
    other = "llama" if architecture == "gemma3" else "gemma3"
    strange = write_base(adapted_model(other), other, tmp_path / "other.gguf")
    with pytest.raises(ConversionError, match=f"no LoRA for a {other}"):
        merge(strange, tmp_path / "adapter.gguf", tmp_path / "merged.gguf")


def test_the_base_keeps_its_metadata_in_every_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = adapted_model("llama")
    model.save_pretrained(tmp_path / "peft", save_embedding_layers=False)
    base = write_base(model, "llama", tmp_path / "base.gguf", chat_template="{{ messages }}")
    convert(tmp_path / "peft", base, tmp_path / "adapter.gguf", "forms")
    wanted = {key: field.contents() for key, field in gguf.GGUFReader(base).fields.items()}
    for kind, number in TYPES.items():
        out = tmp_path / f"{kind}.gguf"
        main(
            [
                "--base",
                str(base),
                "--adapter",
                str(tmp_path / "adapter.gguf"),
                "--out",
                str(out),
                "--type",
                kind,
            ]
        )
        found = {key: field.contents() for key, field in gguf.GGUFReader(out).fields.items()}
        assert found["general.file_type"] == number
        kept = [key for key in wanted if not key.startswith("GGUF.")]
        assert {key: found[key] for key in kept} == {key: wanted[key] for key in kept}
    assert capsys.readouterr().out.count("14 layers changed") == len(TYPES)
    assert not list(tmp_path.glob("*.f32"))
