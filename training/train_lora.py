"""Train a LoRA adapter on conversations: messages or question-and-answer pairs, any causal model.

    python -m training.train_lora --config training/configs/chat.yaml
    python -m training.train_lora --config training/configs/chat.yaml --precision 4bit --resume
    python -m training.train_lora --config training/configs/chat.yaml --export-axolotl axolotl.yaml
    accelerate launch --num_processes 2 -m training.train_lora --config training/configs/chat.yaml \\
        --deepspeed training/configs/zero1.json

What the settings mean: `training/lora_config.py`. Only the assistant's words are learnt. In the
run's folder: `metrics.jsonl` (for `training.curves`), `checkpoint-N` (to resume) and `best`, the
adapter with the lowest evaluation loss. For forms use `training.train_forms`: it teaches fields
side by side, as the app decodes them.
"""

from __future__ import annotations

import importlib.util
import os
import random
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
import yaml
from peft import prepare_model_for_kbit_training
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    EarlyStoppingCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.trainer_utils import get_last_checkpoint

from training.axolotl import axolotl_config
from training.chat_rows import TRAINERS, Kind, messages_of, read_rows
from training.check_data import DataError, require
from training.conversations import Tokens, collate, encode, packed, templated
from training.lora_config import LoraRun, parse_arguments
from training.model import add_lora, keep_unpacked, load_base
from training.run_log import RunLog

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The linear layers that Unsloth's kernels adapt."""

_HINTS = {
    "unsloth": "Install it on a machine with an NVIDIA GPU (pip install unsloth), or set engine: peft.",
    "bitsandbytes": "Install it (pip install bitsandbytes), or set precision: bf16, optimizer: adamw_torch.",
    "deepspeed": "Install it (pip install deepspeed), or leave deepspeed out.",
}


class CannotRun(RuntimeError):
    """This machine cannot run what the settings ask for; the message names the way out."""


def main(argv: Sequence[str] | None = None) -> None:
    run, arguments = parse_arguments(argv, "Train a LoRA adapter on conversations.")
    if arguments.export_axolotl:
        arguments.export_axolotl.write_text(yaml.safe_dump(axolotl_config(run), sort_keys=False))
        print(f"written to {arguments.export_axolotl}: axolotl train {arguments.export_axolotl}")
        return
    try:
        train(run, resume=arguments.resume)
    except (CannotRun, DataError) as problem:
        sys.exit(str(problem))


def train(run: LoraRun, *, resume: bool = False, callbacks: Sequence[TrainerCallback] = ()) -> Path:
    """Train until the epochs or steps are over, or the evaluation loss falls no more.

    Args:
        callbacks: hooks of the Trainer besides the run's own.

    Returns:
        The folder of the best adapter.

    Raises:
        CannotRun: a library or a GPU that the settings need is not there.
        DataError: rows that must not be trained on.
        FileExistsError: the run has a checkpoint and `resume` is false.
        FileNotFoundError: `resume` is true and there is none.
    """
    check_machine(run)
    checkpoint = get_last_checkpoint(str(run.folder)) if run.folder.is_dir() else None
    if checkpoint and not resume:
        raise FileExistsError(f"{checkpoint} exists: give --resume, or another --name")
    if resume and not checkpoint:
        raise FileNotFoundError(f"{run.folder} has no checkpoint to go on from")

    # Model and data
    model, tokenizer = load_model(run)
    templated(tokenizer, run.chat)
    learnt, held, left_out = load_data(run, tokenizer)
    print(
        f"{len(learnt)} rows to learn from, {len(held)} held out, {left_out} conversations too long",
        flush=True,
    )

    run.folder.mkdir(parents=True, exist_ok=True)
    (run.folder / "config.yaml").write_text(yaml.safe_dump(run.to_dict(), sort_keys=False))
    trainer = fit(run, model, tokenizer, learnt, held, callbacks=callbacks, checkpoint=checkpoint)
    trainer.save_model(str(run.folder / "best"))
    return run.folder / "best"


def fit(
    run: LoraRun,
    model: Any,
    tokenizer: Any,
    learnt: list[Tokens],
    held: list[Tokens],
    *,
    callbacks: Sequence[TrainerCallback] = (),
    checkpoint: str | None = None,
) -> Trainer:
    """Train what is not frozen of a model by the run's schedule; its folder takes metrics and checkpoints.

    Args:
        learnt, held: rows to learn from, and to watch if there are any.
        callbacks: hooks of the Trainer besides the run's own.
        checkpoint: folder to go on from.
    """
    hooks = [MetricsFile(run.folder), *callbacks]
    if run.patience and held:
        hooks.append(EarlyStoppingCallback(early_stopping_patience=run.patience))
    trainer = Trainer(
        model=model,
        args=training_arguments(run, evaluate=bool(held)),
        train_dataset=learnt,  # type: ignore[arg-type]
        eval_dataset=held or None,  # type: ignore[arg-type]
        data_collator=partial(collate, pad=tokenizer.pad_token_id or 0, masked=not run.packing),
        callbacks=hooks,
    )
    trainer.train(resume_from_checkpoint=checkpoint)
    return trainer


def check_machine(run: LoraRun) -> None:
    """Raise `CannotRun` where a library or a GPU that the settings need is not there."""
    quantised = run.precision in ("8bit", "4bit")
    needed = {
        "unsloth": run.engine == "unsloth",
        "bitsandbytes": quantised or "8bit" in run.optimizer or "bnb" in run.optimizer,
        "deepspeed": bool(run.deepspeed),
    }
    for library, used in needed.items():
        if used and importlib.util.find_spec(library) is None:
            raise CannotRun(f"These settings need {library}, which is not installed. {_HINTS[library]}")
    if run.engine == "unsloth" and not torch.cuda.is_available():
        raise CannotRun("Unsloth needs an NVIDIA GPU. Set engine: peft.")
    if quantised and run.base.endswith(".gguf"):
        raise CannotRun("A GGUF base cannot be quantised again: name a Hub id, or set precision: bf16.")


def load_model(run: LoraRun) -> tuple[Any, Any]:
    """The frozen base with a fresh adapter, and its tokenizer."""
    torch.manual_seed(run.seed)
    if run.engine == "unsloth":
        return _load_unsloth(run)
    if run.precision in ("8bit", "4bit"):
        base, tokenizer = _load_quantised(run)
    else:
        cuda = torch.cuda.is_available()
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
        base, tokenizer = load_base(
            run.base, device, torch.float32 if run.precision == "fp32" else torch.bfloat16
        )
    return add_lora(base, run.base, run.rank, run.alpha, run.dropout), tokenizer


def _load_unsloth(run: LoraRun) -> tuple[Any, Any]:
    from unsloth import FastLanguageModel

    base, tokenizer = FastLanguageModel.from_pretrained(
        model_name=run.base,
        max_seq_length=run.sequence_len,
        dtype=torch.float32 if run.precision == "fp32" else None,
        load_in_4bit=run.precision == "4bit",
        load_in_8bit=run.precision == "8bit",
    )
    model = FastLanguageModel.get_peft_model(
        base,
        r=run.rank,
        target_modules=list(PROJECTIONS),
        lora_alpha=run.alpha,
        lora_dropout=run.dropout,
        bias="none",
        use_gradient_checkpointing="unsloth" if run.gradient_checkpointing else False,
        random_state=run.seed,
    )
    return model, tokenizer


def _load_quantised(run: LoraRun) -> tuple[Any, Any]:
    cuda = torch.cuda.is_available()
    half = (
        torch.bfloat16 if cuda and torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    )
    compute = half if cuda else torch.float32
    settings = {
        "8bit": BitsAndBytesConfig(load_in_8bit=True),
        "4bit": BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=compute,
        ),
    }
    base = AutoModelForCausalLM.from_pretrained(
        run.base,
        quantization_config=settings[run.precision],
        dtype=compute,
        device_map={"": torch.cuda.current_device() if cuda else "cpu"},
    )
    keep_unpacked(base)
    # The Trainer turns gradient checkpointing on.
    prepared = prepare_model_for_kbit_training(base, use_gradient_checkpointing=False)
    return prepared, AutoTokenizer.from_pretrained(run.base)


def load_data(run: LoraRun, tokenizer: Any) -> tuple[list[Tokens], list[Tokens], int]:
    """Rows to learn from, rows to watch, and how many conversations were left out for their length.

    Raises:
        DataError: rows that must not be trained on, or are no conversations.
    """
    rows, evaluation = read_rows(run.data), read_rows(run.evaluation)
    require(rows, evaluation)
    other = next((row for row in (*rows, *evaluation) if row.kind in (Kind.FORMS, Kind.MAILS)), None)
    if other and other.kind:
        what = "form" if other.kind is Kind.FORMS else "mail"
        raise DataError(f"{other.place}: a {what} is no conversation. Use {TRAINERS[other.kind]}.")
    talks = [encode(messages_of(row), tokenizer) for row in rows]
    held = [encode(messages_of(row), tokenizer) for row in evaluation]
    if not evaluation:
        random.Random(run.seed).shuffle(talks)
        count = round(run.holdout * len(talks))
        talks, held = talks[count:], talks[:count]
    parts = [[talk for talk in part if len(talk) <= run.sequence_len] for part in (talks, held)]
    left_out = len(talks) + len(held) - sum(map(len, parts))
    learnt, watched = (packed(part, run.sequence_len) if run.packing else part for part in parts)
    if not learnt:
        raise DataError(f"No conversation is left within {run.sequence_len} tokens. Raise sequence_len.")
    return learnt, watched, left_out


def training_arguments(run: LoraRun, *, evaluate: bool) -> TrainingArguments:
    """The run in the terms of transformers' Trainer; without `evaluate` the last adapter is the best."""
    cuda = torch.cuda.is_available()
    half = cuda and run.precision != "fp32"
    brain = half and torch.cuda.is_bf16_supported(including_emulation=False)
    return TrainingArguments(
        output_dir=str(run.folder),
        num_train_epochs=run.epochs,
        max_steps=run.max_steps or -1,
        per_device_train_batch_size=run.batch,
        per_device_eval_batch_size=run.batch,
        gradient_accumulation_steps=run.accumulation,
        activation_checkpointing=run.gradient_checkpointing and run.engine != "unsloth",
        activation_checkpointing_kwargs={"use_reentrant": False},
        learning_rate=run.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=run.warmup,
        weight_decay=run.weight_decay,
        max_grad_norm=run.clip,
        optim=run.optimizer,
        bf16=brain,
        fp16=half and not brain,
        use_cpu=not cuda,
        eval_strategy="steps" if evaluate else "no",
        eval_steps=run.eval_steps,
        save_strategy="steps",
        save_steps=run.eval_steps,
        save_total_limit=2,
        load_best_model_at_end=evaluate,
        metric_for_best_model="eval_loss" if evaluate else None,
        greater_is_better=False if evaluate else None,
        prediction_loss_only=True,
        logging_steps=run.log_steps,
        include_num_input_tokens_seen="all",
        remove_unused_columns=False,
        dataloader_pin_memory=cuda,
        report_to=[],
        deepspeed=run.deepspeed or None,
        seed=run.seed,
    )


MEASURES = {"loss": "loss", "eval_loss": "eval_loss", "learning_rate": "lr", "grad_norm": "norm"}
"""What the Trainer logs → what `training.curves` draws."""


class MetricsFile(TrainerCallback):
    """Writes what the Trainer logs as the lines that `training.curves` draws."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal: RunLog | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Forget what was logged after the checkpoint that the run goes on from."""
        if state.is_world_process_zero:
            self.journal = RunLog(self.folder, state.global_step)

    def on_train_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Finish the log."""
        if self.journal:
            self.journal.close()

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **more: Any
    ) -> None:
        """One line of the run's measures."""
        measures = {name: logs[key] for key, name in MEASURES.items() if logs and key in logs}
        if measures and self.journal:
            tokens = int(state.num_input_tokens_seen)
            self.journal.write({"step": state.global_step, "tokens": tokens} | measures)


if __name__ == "__main__":
    main()
