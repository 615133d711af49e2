"""A LoRA run as an axolotl file, for those who train with axolotl: the same model, data and schedule."""

from __future__ import annotations

from typing import Any

from training.chat_rows import Kind, read_rows
from training.conversations import TEMPLATES
from training.lora_config import LoraRun


def axolotl_config(run: LoraRun) -> dict[str, Any]:
    """The run in axolotl's terms, as YAML data.

    Raises:
        ValueError: Unsloth, a GGUF base, or data that axolotl renders otherwise.
    """
    if run.engine != "peft":
        raise ValueError("axolotl has an engine of its own: export the run with engine: peft")
    if run.base.endswith(".gguf"):
        raise ValueError("axolotl reads no GGUF base: name a Hub id or a Hugging Face directory")
    evaluation = {"test_datasets": [_dataset(file, run) for file in run.evaluation]} if run.evaluation else {}
    return {
        "base_model": run.base,
        "adapter": "qlora" if run.precision == "4bit" else "lora",
        "load_in_8bit": run.precision == "8bit",
        "load_in_4bit": run.precision == "4bit",
        "bf16": False if run.precision == "fp32" else "auto",
        "lora_r": run.rank,
        "lora_alpha": run.alpha,
        "lora_dropout": run.dropout,
        "lora_target_linear": True,
        "datasets": [_dataset(file, run) for file in run.data],
        **evaluation,
        **_template(run),
        "val_set_size": 0.0 if run.evaluation else run.holdout,
        "train_on_inputs": False,
        "sequence_len": run.sequence_len,
        "sample_packing": run.packing,
        "eval_sample_packing": run.packing,
        "pad_to_sequence_len": run.packing,
        "gradient_checkpointing": run.gradient_checkpointing,
        "micro_batch_size": run.batch,
        "gradient_accumulation_steps": run.accumulation,
        "num_epochs": run.epochs,
        **({"max_steps": run.max_steps} if run.max_steps else {}),
        "optimizer": run.optimizer,
        "lr_scheduler": "cosine",
        "learning_rate": run.learning_rate,
        "warmup_ratio": run.warmup,
        "weight_decay": run.weight_decay,
        "max_grad_norm": run.clip,
        "eval_steps": run.eval_steps,
        "save_steps": run.eval_steps,
        "load_best_model_at_end": True,
        **({"early_stopping_patience": run.patience} if run.patience else {}),
        "logging_steps": run.log_steps,
        "output_dir": str(run.folder),
        "seed": run.seed,
        **({"deepspeed": run.deepspeed} if run.deepspeed else {}),
    }


def _dataset(file: str, run: LoraRun) -> dict[str, Any]:
    about: dict[str, Any] = {"path": file, "ds_type": "json", "type": "chat_template"}
    if file.startswith("hub:"):
        owner, name, inside = file.removeprefix("hub:").split("/", 2)
        about |= {"path": f"{owner}/{name}", "data_files": inside}
    about |= {"roles_to_train": ["assistant"], "train_on_eos": "turn"}
    kinds = {row.kind for row in read_rows([file])}
    if kinds == {Kind.MESSAGES}:
        return about | {"field_messages": "messages"}
    if kinds == {Kind.SHARES}:
        names = {"role": "from", "content": "value"}
        return about | {"field_messages": "conversations", "message_property_mappings": names}
    raise ValueError(f"{file} is no file of messages: make one with training.postprocess")


def _template(run: LoraRun) -> dict[str, str]:
    if run.chat == "own":
        return {"chat_template": "tokenizer_default"}
    return {"chat_template": "jinja", "chat_template_jinja": TEMPLATES[run.chat]}
