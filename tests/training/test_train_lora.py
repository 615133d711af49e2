"""Conversations are learnt from alone, packed or not; a run resumes exactly; other ways in are checked."""

from __future__ import annotations

import inspect
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import yaml
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.training import tiny
from training.axolotl import axolotl_config
from training.chat_rows import Message
from training.check_data import DataError
from training.config import read_settings
from training.conversations import IGNORED, TEMPLATES, Tokens, collate, encode, packed
from training.curves import read_metrics
from training.lora_config import LoraRun
from training.train_lora import CannotRun, check_machine, load_model, main, train

# peft asks transformers by a name that transformers gives up.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")

ROOT = Path(__file__).parents[2]
TALK = (
    Message("system", "Be brief."),
    Message("user", "Hi"),
    Message("assistant", "Hello"),
    Message("user", "Bye"),
    Message("assistant", "So long"),
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def run(base: Path, tmp_path: Path) -> LoraRun:
    names = ("Ada", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hal", "Ida", "Jon")
    rows = [{"prompt": f"Who is {name}?", "completion": f"{name} it is"} for name in names]
    data = tmp_path / "mine.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return LoraRun(
        name="chat", base=str(base), data=(str(data),), runs=str(tmp_path / "runs"), precision="fp32",
        chat="gemma", rank=4, sequence_len=140, max_steps=4, batch=1, accumulation=1, learning_rate=1e-2,
        holdout=0.2, eval_steps=2, log_steps=1,
    )  # fmt: skip


@pytest.mark.parametrize("chat", ["gemma", "chatml"])
def test_only_answers_are_learnt_to_the_end_of_their_turn(chat: str) -> None:
    tokenizer = tiny.byte_tokenizer()
    tokenizer.chat_template = TEMPLATES[chat]
    encoded = encode(TALK, tokenizer)
    learnt = tokenizer.decode([label for label in encoded.labels if label != IGNORED])
    end = "<end_of_turn>" if chat == "gemma" else "<|im_end|>"
    assert learnt == f"Hello{end}So long{end}"
    assert tokenizer.decode(encoded.ids).count("Be brief.") == 1
    assert all(label in (IGNORED, token) for token, label in zip(encoded.ids, encoded.labels, strict=True))


def test_a_template_that_rewrites_earlier_turns_is_refused() -> None:
    tokenizer = tiny.byte_tokenizer()
    tokenizer.chat_template = "{{ messages | length }}{% for m in messages %}{{ m.content }}{% endfor %}"
    with pytest.raises(ValueError, match="rewrites earlier turns"):
        encode(TALK, tokenizer)


def test_packed_conversations_are_blind_to_each_other(base: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.chat_template = TEMPLATES["gemma"]
    talks = [
        encode((Message("user", u), Message("assistant", "Yes")), tokenizer)
        for u in ("One?", "And two?", "3")
    ]
    (row,) = packed(talks, sum(map(len, talks)) + 7)
    model = AutoModelForCausalLM.from_pretrained(base).eval()
    batch = collate([row, talks[2]], pad=0)
    assert (batch["labels"][1, len(talks[2]) :] == IGNORED).all()
    with torch.no_grad():
        ids, positions = batch["input_ids"], batch["position_ids"]
        together = model(input_ids=ids, position_ids=positions, use_cache=False).logits
        apart = [model(input_ids=torch.tensor([talk.ids])).logits[0] for talk in sorted(talks, key=len)[::-1]]
    assert torch.allclose(together[0], torch.cat(apart), atol=1e-5)
    assert torch.allclose(together[1, : len(talks[2])], apart[-1], atol=1e-5)


def test_rows_are_filled_and_none_overflows() -> None:
    talks = [Tokens([0] * size, list(range(size)), [IGNORED] * size) for size in (5, 9, 3, 7, 2)]
    rows = packed(talks, 10)
    assert sorted(map(len, rows)) == [7, 9, 10]
    assert sorted(row.positions.count(0) for row in rows) == [1, 2, 2]


def test_a_run_learns_and_one_that_was_stopped_ends_the_same(run: LoraRun) -> None:
    best = train(run)
    straight = load_file(best / "adapter_model.safetensors")
    assert all(values.any() for name, values in straight.items() if "lora_B" in name)
    lines = read_metrics(run.folder / "metrics.jsonl")
    losses = [line["loss"] for line in lines if "loss" in line]
    evaluated = [line["eval_loss"] for line in lines if "eval_loss" in line]
    assert (len(losses), len(evaluated)) == (4, 2)
    assert evaluated[1] < evaluated[0]

    stopped = replace(run, name="stopped")
    shutil.copytree(run.folder / "checkpoint-2", stopped.folder / "checkpoint-2")
    shutil.copy(run.folder / "metrics.jsonl", stopped.folder)
    resumed = load_file(train(stopped, resume=True) / "adapter_model.safetensors")
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)
    again = [line["loss"] for line in read_metrics(stopped.folder / "metrics.jsonl") if "loss" in line]
    assert again == losses

    with pytest.raises(FileExistsError, match="--resume"):
        train(run)
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        train(replace(run, name="new"), resume=True)


def test_data_that_no_run_can_use_is_refused(run: LoraRun, tmp_path: Path) -> None:
    forms = str(ROOT / "training/data/forms/it.jsonl")
    with pytest.raises(DataError, match="a form is no conversation"):
        train(replace(run, data=(forms,)))
    with pytest.raises(DataError, match="within 10 tokens"):
        train(replace(run, sequence_len=10))


@pytest.mark.parametrize(
    ("settings", "library"),
    [
        ({"engine": "unsloth", "packing": False}, "unsloth"),
        ({"precision": "4bit"}, "bitsandbytes"),
        ({"optimizer": "adamw_bnb_8bit"}, "bitsandbytes"),
        ({"deepspeed": "training/configs/zero1.json"}, "deepspeed"),
    ],
)
def test_a_missing_library_is_told_with_the_way_out(
    run: LoraRun, settings: dict[str, Any], library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(CannotRun, match=f"need {library}.*pip install {library}"):
        check_machine(replace(run, **settings))


@pytest.mark.parametrize("precision", ["8bit", "4bit"])
def test_a_quantised_base_learns_with_an_optimiser_of_8_bits(run: LoraRun, precision: str) -> None:
    best = train(replace(run, precision=precision, optimizer="adamw_bnb_8bit", max_steps=2, epochs=1))
    metrics = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in metrics if "loss" in line][-1] == 2
    assert (best / "adapter_model.safetensors").is_file()


def test_settings_that_do_not_go_together_are_refused(run: LoraRun) -> None:
    with pytest.raises(ValueError, match="packing: false"):
        replace(run, engine="unsloth")
    with pytest.raises(ValueError, match="choose of fp32"):
        replace(run, precision="3bit")


def test_unsloth_is_called_as_it_documents(run: LoraRun, monkeypatch: pytest.MonkeyPatch) -> None:
    class FastLanguageModel:
        """The two calls of Unsloth's documentation, on plain transformers."""

        @staticmethod
        def from_pretrained(
            model_name: str, max_seq_length: int, dtype: Any, load_in_4bit: bool, load_in_8bit: bool
        ) -> tuple[Any, Any]:
            assert load_in_4bit and not load_in_8bit
            return AutoModelForCausalLM.from_pretrained(model_name), AutoTokenizer.from_pretrained(model_name)

        @staticmethod
        def get_peft_model(
            model: Any, r: int, target_modules: list[str], lora_alpha: int, lora_dropout: float,
            bias: str, use_gradient_checkpointing: str | bool, random_state: int,
        ) -> Any:  # fmt: skip
            assert use_gradient_checkpointing == "unsloth"
            return get_peft_model(
                model, LoraConfig(r=r, lora_alpha=lora_alpha, target_modules=target_modules)
            )

    library = ModuleType("unsloth")
    library.FastLanguageModel = FastLanguageModel  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "unsloth", library)
    model, tokenizer = load_model(replace(run, engine="unsloth", packing=False, precision="4bit"))
    assert sum(p.requires_grad for p in model.parameters()) == 2 * 2 * 7
    assert tokenizer.pad_token_id == 0


def test_the_axolotl_file_is_the_run_in_known_words(run: LoraRun, tmp_path: Path) -> None:
    data = tmp_path / "talks.jsonl"
    data.write_text(json.dumps({"messages": [{"role": m.role, "content": m.content} for m in TALK]}) + "\n")
    shipped = ROOT / "training/configs/chat.yaml"
    out = tmp_path / "axolotl.yaml"
    main(["--config", str(shipped), "--data", str(data), "--export-axolotl", str(out)])
    written = yaml.safe_load(out.read_text())
    known = json.loads((Path(__file__).parent / "axolotl_keys.json").read_text())
    assert set(written) <= set(known["run"])
    assert all(set(dataset) <= set(known["dataset"]) for dataset in written["datasets"])
    wanted = {
        "lora_r": 32, "lora_alpha": 16, "lora_dropout": 0.05, "load_in_8bit": True, "lr_scheduler": "cosine",
        "optimizer": "adamw_bnb_8bit", "sample_packing": True, "early_stopping_patience": 3,
    }  # fmt: skip
    assert wanted.items() <= written.items()
    settings = read_settings(LoraRun, shipped)
    assert (
        written["gradient_accumulation_steps"] * written["micro_batch_size"]
        == settings.accumulation * settings.batch
    )
    with pytest.raises(ValueError, match="no file of messages"):
        axolotl_config(run)
    with pytest.raises(ValueError, match="GGUF"):
        axolotl_config(replace(run, base="a.gguf"))


def test_every_setting_is_explained() -> None:
    explained = inspect.getdoc(LoraRun) or ""
    assert all(f"{name}:" in explained for name in LoraRun.__dataclass_fields__)
