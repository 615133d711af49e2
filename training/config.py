"""Settings of a training run: a YAML file, every member of which a flag can override."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

T = TypeVar("T")


@dataclass(frozen=True)
class PublicSet:
    """Part of a public data set (`training.public`).

    Args:
        set: its name among `training.public.LOADERS`.
        path: a JSONL file, `hub:owner/set/file.jsonl`, or for resumes `made:COUNT`.
        rows: how many of its rows to take; None takes all.
    """

    set: str
    path: str
    rows: int | None = None


@dataclass(frozen=True)
class TrainConfig:
    """One LoRA run.

    Args:
        name: the run's folder under `runs`.
        base: GGUF file, Hugging Face directory or Hub id of the frozen base model.
        chat: chat template of the base, as `smartform.prompts.ChatFormat` names it.
        data: JSONL files to learn from, glob patterns allowed.
        runs: folder that holds the runs.
        rank: LoRA rank.
        alpha: LoRA alpha; the update is scaled by alpha / rank.
        dropout: on the input of each LoRA pair.
        learning_rate: the peak, reached after the warm-up.
        warmup: share of `total_tokens` over which the rate rises from zero.
        final_rate: where the cosine ends, as a share of the peak.
        weight_decay: AdamW's.
        clip: largest gradient norm.
        total_tokens: prompt and branch tokens to read; the horizon of the schedule.
        examples_per_step: examples behind one optimiser step.
        microbatch_tokens: padded tokens in one forward pass; bounds the memory.
        max_tokens: longer examples are left out and counted.
        max_fields: fields asked of one example; which, is drawn anew each epoch.
        length_power: a value of n tokens weighs n ** (1 - length_power) in the loss:
            0 is the mean over tokens, 1 the mean over branches.
        head: 'corpus' normalises over the tokens that occur in the data, 'full' over the vocabulary.
        holdout: one example in this many is kept for the evaluation loss, chosen by its id.
        calibration: files that nothing is learnt from; with the held-out examples they fit the thresholds.
        eval_examples: how many of those are evaluated.
        log_steps: optimiser steps between log lines.
        eval_steps: optimiser steps between evaluations.
        patience: evaluations without a lower loss after which to stop; 0 goes on. The rate falls to the
            end of `total_tokens`, so a loss that stands still early says little.
        checkpoint_minutes: between checkpoints.
        threads: CPU threads.
        int8: compute the frozen base in 8 bits, on a CPU (`training.int8`).
        task: whose prompts forms are asked in: forms, resume or pages (`smartform.tasks.Task`).
        seed: of order, field order, initialisation and dropout.
        augment_values: share of the examples whose names, places, codes, amounts and dates are exchanged.
        augment_fields: share whose fields are dropped, joined by absent ones, and options respelt.
        augment_style: share rewritten as a transcript, a scan, a quoted mail and the like.
        augment_lines: share whose titles and other short texts are broken into other lines.
        augment_withheld: share that lose a sentence, and with it the answers to some fields.
        public: public sets to learn from besides `data`; of a flag, YAML mappings.
        start: adapter whose weights the run begins with, a PEFT folder or a GGUF LoRA file of the same
            rank and alpha; empty begins afresh. A resumed run goes on from its checkpoint instead.
    """

    name: str
    base: str
    data: tuple[str, ...]
    chat: str = "gemma"
    runs: str = "runs"
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    learning_rate: float = 4e-4
    warmup: float = 0.03
    final_rate: float = 0.02
    weight_decay: float = 0.0
    clip: float = 1.0
    total_tokens: int = 1_200_000
    examples_per_step: int = 8
    microbatch_tokens: int = 2_048
    max_tokens: int = 1_400
    max_fields: int = 16
    length_power: float = 0.5
    head: str = "corpus"
    holdout: int = 25
    calibration: tuple[str, ...] = ()
    eval_examples: int = 48
    log_steps: int = 5
    eval_steps: int = 50
    patience: int = 0
    checkpoint_minutes: float = 5.0
    threads: int = 2
    int8: bool = False
    task: str = "forms"
    seed: int = 0
    augment_values: float = 0.0
    augment_fields: float = 0.0
    augment_style: float = 0.0
    augment_lines: float = 0.0
    augment_withheld: float = 0.0
    public: tuple[PublicSet, ...] = ()
    start: str = ""

    @property
    def folder(self) -> Path:
        """Where the run keeps its checkpoint, metrics and adapters."""
        return Path(self.runs) / self.name

    def to_dict(self) -> dict[str, Any]:
        """The settings as YAML data."""
        return asdict(self) | {"data": list(self.data), "public": [asdict(part) for part in self.public]}


def read_config(path: Path, overrides: dict[str, Any] | None = None) -> TrainConfig:
    """Read a YAML file and put `overrides` in the place of its members.

    Raises:
        ValueError: a member that is not a setting, or one of the wrong kind.
    """
    return read_settings(TrainConfig, path, overrides)


def read_settings(kind: type[T], path: Path, overrides: Mapping[str, Any] | None = None) -> T:
    """Read a YAML file as the dataclass `kind`. Raises as `read_config`."""
    settings = yaml.safe_load(path.read_text(encoding="utf-8")) | dict(overrides or {})
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ValueError(f"{path}: unknown settings: {', '.join(unknown)}")
    return kind(**{name: _cast(name, str(known[name].type), v) for name, v in settings.items()})


def parse_arguments(argv: Sequence[str] | None, description: str) -> tuple[TrainConfig, argparse.Namespace]:
    """Read `--config FILE`, `--resume` or `--start ADAPTER`, `--max-minutes M` and a flag for each setting.

    Returns:
        The settings, and the whole namespace (with `resume` and `max_minutes`).
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--config", type=Path, required=True)
    beginning = parser.add_mutually_exclusive_group()
    beginning.add_argument("--resume", action="store_true", help="go on from the run's checkpoint")
    beginning.add_argument(
        "--start", metavar="ADAPTER", help="begin with the weights of a PEFT folder or a GGUF LoRA file"
    )
    parser.add_argument("--max-minutes", type=float, help="write a checkpoint and stop after this time")
    for setting in fields(TrainConfig):
        if setting.name == "start":
            continue
        several = "+" if str(setting.type).startswith("tuple") else None
        parser.add_argument("--" + setting.name.replace("_", "-"), nargs=several, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    given = {f.name: getattr(arguments, f.name) for f in fields(TrainConfig)}
    return read_config(arguments.config, {k: v for k, v in given.items() if v is not None}), arguments


def _cast(name: str, kind: str, value: Any) -> Any:
    if kind.startswith("tuple"):
        if isinstance(value, str):
            raise ValueError(f"'{name}' must be a list")
        if "PublicSet" in kind:
            return tuple(_public(item) for item in value)
        return tuple(value if "Mapping" in kind else map(str, value))
    if kind.startswith("Mapping"):
        return dict(value)
    if kind == "bool":
        if str(value).lower() not in ("true", "false"):
            raise ValueError(f"'{name}' must be true or false, not {value!r}")
        return str(value).lower() == "true"
    return {"int": int, "float": float, "str": str}[kind](value)


def _public(item: Any) -> PublicSet:
    members = yaml.safe_load(item) if isinstance(item, str) else item
    try:
        return PublicSet(**members)
    except TypeError as exc:
        raise ValueError(f"'public' needs mappings of set, path and rows, not {item!r}") from exc
