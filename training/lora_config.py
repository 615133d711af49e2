"""Settings of a LoRA run on conversations: a YAML file, every member of which a flag can override."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from training.config import read_settings

ENGINES = ("peft", "unsloth")
PRECISIONS = ("fp32", "bf16", "8bit", "4bit")
CHATS = ("own", "gemma", "chatml")


@dataclass(frozen=True)
class LoraRun:
    """One LoRA run on conversations.

    Args:
        name: the run's folder under `runs`.
        base: Hugging Face directory or Hub id of the frozen base; with fp32 and bf16 also a GGUF
            file or an id of the manifest.
        data: files to learn from (`training.chat_rows`), patterns allowed.
        evaluation: files whose loss is watched; empty keeps `holdout` of the data for that.
        runs: folder that holds the runs.
        engine: one of `ENGINES`; Unsloth needs an NVIDIA GPU.
        precision: one of `PRECISIONS`: how the frozen base is held; 8bit and 4bit need bitsandbytes.
        chat: one of `CHATS`: the tokenizer's own chat template, or one that is known here.
        rank: LoRA rank.
        alpha: LoRA alpha; the update is scaled by alpha / rank.
        dropout: on the input of each LoRA pair.
        sequence_len: tokens of a conversation, or of several packed together, at most.
        packing: whether several conversations share a row, each blind to the others.
        gradient_checkpointing: compute activations again rather than keep them.
        epochs: times the data is gone through.
        max_steps: optimiser steps after which to stop; 0 is no limit.
        batch: rows in one forward pass.
        accumulation: forward passes behind one optimiser step.
        learning_rate: the peak, reached after the warm-up; a cosine down to zero follows.
        warmup: share of the steps over which the rate rises from zero.
        weight_decay: the optimiser's.
        clip: largest gradient norm.
        optimizer: as transformers names it: adamw_torch, adamw_bnb_8bit, …
        holdout: share of the conversations kept for the evaluation loss.
        eval_steps: optimiser steps between evaluations, and between checkpoints.
        patience: evaluations without a lower loss after which to stop; 0 goes on.
        log_steps: optimiser steps between log lines.
        deepspeed: a DeepSpeed file, for `accelerate launch`; empty does without.
        seed: of order, initialisation, dropout and holdout.
    """

    name: str
    base: str
    data: tuple[str, ...]
    evaluation: tuple[str, ...] = ()
    runs: str = "runs"
    engine: str = "peft"
    precision: str = "bf16"
    chat: str = "own"
    rank: int = 32
    alpha: int = 16
    dropout: float = 0.05
    sequence_len: int = 2_048
    packing: bool = True
    gradient_checkpointing: bool = True
    epochs: float = 1.0
    max_steps: int = 0
    batch: int = 2
    accumulation: int = 4
    learning_rate: float = 2e-4
    warmup: float = 0.05
    weight_decay: float = 0.0
    clip: float = 1.0
    optimizer: str = "adamw_torch"
    holdout: float = 0.02
    eval_steps: int = 50
    patience: int = 3
    log_steps: int = 5
    deepspeed: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        for member, choices in (("engine", ENGINES), ("precision", PRECISIONS), ("chat", CHATS)):
            if getattr(self, member) not in choices:
                raise ValueError(f"'{member}' is '{getattr(self, member)}'; choose of {', '.join(choices)}")
        if self.engine == "unsloth" and self.packing:
            raise ValueError("Unsloth's kernels do not tell packed conversations apart: set packing: false")

    @property
    def folder(self) -> Path:
        """Where the run keeps its checkpoints, metrics and adapters."""
        return Path(self.runs) / self.name

    def to_dict(self) -> dict[str, Any]:
        """The settings as YAML data."""
        return asdict(self) | {"data": list(self.data), "evaluation": list(self.evaluation)}


def parse_arguments(argv: Sequence[str] | None, description: str) -> tuple[LoraRun, argparse.Namespace]:
    """Read `--config FILE`, `--resume`, `--export-axolotl FILE` and a flag for each setting."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--resume", action="store_true", help="go on from the run's last checkpoint")
    parser.add_argument(
        "--export-axolotl", type=Path, metavar="FILE", help="write the run for axolotl and stop"
    )
    for setting in fields(LoraRun):
        several = "+" if str(setting.type).startswith("tuple") else None
        parser.add_argument("--" + setting.name.replace("_", "-"), nargs=several, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    given = {f.name: getattr(arguments, f.name) for f in fields(LoraRun)}
    overrides = {name: value for name, value in given.items() if value is not None}
    return read_settings(LoraRun, arguments.config, overrides), arguments
