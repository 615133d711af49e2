"""llama.cpp with a converted adapter computes what transformers computes with the PEFT adapter."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
import pytest
from peft import PeftModel

from convert.to_gguf import Base as AboutBase
from convert.to_gguf import ConversionError, alpha, convert, refuse_unsupported, tensors
from convert.verify import compare, llama_logits, peft_logits
from tests.convert.tiny_gguf import adapted_model, write_base

# peft asks transformers by a name that transformers gives up.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")

PROMPTS = [[5, 17, 3, 44, 90, 2, 61, 8], list(range(10, 40))]


@dataclass(frozen=True)
class Case:
    model: PeftModel
    base: Path
    adapter: Path


@pytest.fixture(scope="module", params=["gemma3", "llama"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp(request.param)
    model = adapted_model(request.param)
    model.save_pretrained(folder / "peft", save_embedding_layers=False)
    return Case(model, write_base(model, request.param, folder / "base.gguf"), folder / "peft")


def test_the_base_itself_agrees(case: Case) -> None:
    with case.model.disable_adapter():
        wanted = [peft_logits(case.model, prompt) for prompt in PROMPTS]
    found = compare(wanted, llama_logits(case.base, None, PROMPTS))
    assert found.largest < 1e-2
    assert found.same_first == 1


@pytest.mark.parametrize(("kind", "tolerance"), [("f32", 1e-2), ("f16", 2e-2), ("q8_0", 0.2)])
def test_the_adapter_agrees(case: Case, kind: str, tolerance: float, tmp_path: Path) -> None:
    out = tmp_path / "adapter.gguf"
    assert convert(case.adapter, case.base, out, "forms", kind) == 2 * 7
    wanted = [peft_logits(case.model, prompt) for prompt in PROMPTS]
    adapted = llama_logits(case.base, out, PROMPTS)
    assert compare(wanted, adapted).largest < tolerance
    assert compare(wanted, llama_logits(case.base, None, PROMPTS)).largest > 1


def test_the_file_says_what_it_is(case: Case, tmp_path: Path) -> None:
    out = tmp_path / "adapter.gguf"
    convert(case.adapter, case.base, out, "forms")
    reader = gguf.GGUFReader(out)
    kept = {key: reader.get_field(key).contents() for key in reader.fields if not key.startswith("GGUF.")}
    assert kept["general.type"] == "adapter"
    assert kept["adapter.type"] == "lora"
    assert kept["adapter.lora.alpha"] == 24
    assert kept["adapter.lora.task_name"] == "forms"
    assert kept["general.base_model.0.name"] == "tiny"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"use_dora": True}, "DoRA"),
        ({"bias": "all"}, "biases"),
        ({"modules_to_save": ["lm_head"]}, "modules"),
        ({"rank_pattern": {"q_proj": 4}}, "ranks"),
        ({"alpha_pattern": {"q_proj": 4}}, "alphas"),
    ],
)
def test_what_a_gguf_adapter_cannot_hold_is_refused(setting: dict[str, object], message: str) -> None:
    with pytest.raises(ConversionError, match=message):
        refuse_unsupported({"r": 8, "lora_alpha": 16, "bias": "none"} | setting)


def test_rank_stabilised_scaling_is_kept() -> None:
    assert alpha({"r": 16, "lora_alpha": 32, "use_rslora": True}) / 16 == 32 / 4


def test_unknown_tensors_are_refused() -> None:
    base = AboutBase("gemma3", "tiny", 2, 4, 2)
    with pytest.raises(ConversionError, match="no LoRA matrix"):
        list(tensors({"base_model.model.lm_head.weight": np.zeros((2, 2))}, base))
    with pytest.raises(ConversionError, match="no counterpart"):
        list(tensors({"base_model.model.model.nothing.lora_A.weight": np.zeros((2, 2))}, base))


def test_unknown_architectures_are_refused(case: Case, tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "base.gguf", "mamba")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(ConversionError, match="mamba"):
        convert(case.adapter, tmp_path / "base.gguf", tmp_path / "out.gguf", "forms")
    assert json.loads((case.adapter / "adapter_config.json").read_text())["r"] == 8
