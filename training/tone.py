"""Train the tone classifiers: sentiment and politeness from one small encoder.

    python -m training.tone --config training/configs/tone.yaml
    python -m training.tone --config training/configs/tone.yaml --resume --max-minutes 10
    python -m training.tone --config training/configs/tone.yaml --name tone-2 --learning-rate 2e-4

One pass over the rows that `training.tone_rows` gives, each as often as the settings say. In the
run's folder: `metrics.jsonl`, `checkpoint.pt` (to resume), `model.pt` (trained and calibrated), and
the base's `config.json` and `tokenizer.json`. `python -m convert.tone_to_onnx` makes the file that ships.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import yaml
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from smartform.engines import models
from training.config import read_settings
from training.tone_model import HEADS, ToneModel, collate, load_base, logits_of
from training.tone_rows import Part, Row, load_rows, only, repeated

POOL = 16
"""Steps whose rows are sorted by length together, so that a step's rows need little padding."""

STIFFNESS = 0.1
"""Weight of the squared class offsets when the calibration is fitted: few rows, small offsets."""


@dataclass(frozen=True)
class ToneConfig:
    """One training run.

    Args:
        name: the run's folder under `runs`.
        base: id of the encoder in the manifest of weights, or a folder that holds it.
        sets: mappings of set (a key of `tone_rows.LOADERS`), path and rows (most that are drawn).
        passes: source of rows → how often each is learnt; once unless named.
        evaluation: name of a file that is only measured → its path, see `tone_evaluation`.
        start: checkpoint of another run whose weights this one begins with; the base's where empty.
        embeddings: whether the encoder's embeddings are learnt, too.
        runs: folder that holds the runs.
        learning_rate: the peak, after the warm-up; it falls linearly to zero.
        warmup: share of the steps over which it rises.
        weight_decay: AdamW's.
        dropout: in the heads.
        clip: largest gradient norm.
        rows_per_step: rows behind one optimiser step.
        eval_steps: steps between measurements on the held-back rows.
        checkpoint_minutes: between checkpoints.
        threads: CPU threads.
        seed: of order, initialisation and dropout.
    """

    name: str
    base: str
    sets: tuple[Mapping[str, Any], ...]
    passes: Mapping[str, float] = field(default_factory=dict)
    evaluation: Mapping[str, str] = field(default_factory=dict)
    start: str = ""
    embeddings: bool = False
    runs: str = "runs"
    learning_rate: float = 1e-4
    warmup: float = 0.06
    weight_decay: float = 0.01
    dropout: float = 0.1
    clip: float = 1.0
    rows_per_step: int = 32
    eval_steps: int = 400
    checkpoint_minutes: float = 4.0
    threads: int = 1
    seed: int = 0

    @property
    def folder(self) -> Path:
        """Where the run keeps its files."""
        return Path(self.runs) / self.name


@dataclass(frozen=True, slots=True)
class Encoded:
    """A row as the network reads it."""

    row: Row
    ids: list[int]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Train the tone classifiers.")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--name", help="another folder under runs")
    parser.add_argument("--start", help="checkpoint of another run to begin with")
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--resume", action="store_true", help="go on from the run's checkpoint")
    parser.add_argument("--max-minutes", type=float, help="write a checkpoint and stop after this time")
    arguments = vars(parser.parse_args(argv))
    path, resume, minutes = (arguments.pop(name) for name in ("config", "resume", "max_minutes"))
    given = {name: value for name, value in arguments.items() if value is not None}
    config = read_settings(ToneConfig, path, given)
    rows = [
        row
        for part in config.sets
        for row in load_rows(part["set"], part["path"], part.get("rows"), config.seed)
    ]
    train(config, rows, resume=resume, max_minutes=minutes)


def train(
    config: ToneConfig, rows: Sequence[Row], *, resume: bool = False, max_minutes: float | None = None
) -> ToneModel:
    """Learn the TRAIN rows, calibrate on the FIT rows, measure on the HELD rows.

    Returns:
        The model: calibrated where the run came to its end.

    Raises:
        FileExistsError: the run has a checkpoint and `resume` is false.
        FileNotFoundError: `resume` is true and there is none.
    """
    # Model
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    base = Path(config.base) if Path(config.base).is_dir() else models.locate(config.base)
    model, tokenizer = load_base(base, config.dropout, embeddings=config.embeddings)
    parameters = [p for p in model.parameters() if p.requires_grad]
    if config.start:
        model.load_state_dict(torch.load(config.start)["model"])
    optimizer = torch.optim.AdamW(parameters, lr=0.0, weight_decay=config.weight_decay, fused=True)

    # Data
    learnt = encode(tokenizer, repeated(only(rows, Part.TRAIN), config.passes, config.seed))
    held = encode(tokenizer, only(rows, Part.HELD))
    batches = list(steps(learnt, config.rows_per_step, config.seed))

    # State
    checkpoint = config.folder / "checkpoint.pt"
    done = load_checkpoint(checkpoint, model, optimizer) if resume else 0
    if not resume and checkpoint.exists():
        raise FileExistsError(f"{checkpoint} exists: give --resume, or another --name")
    config.folder.mkdir(parents=True, exist_ok=True)
    (config.folder / "config.yaml").write_text(yaml.safe_dump(_plain(config), sort_keys=False))
    for name in ("tokenizer.json", "config.json"):
        shutil.copyfile(base / name, config.folder / name)
    tokens = sum(len(e.ids) for e in learnt)
    print(f"{len(learnt)} rows, {tokens:,} tokens, {len(batches)} steps, from step {done}", flush=True)

    # Training
    started = saved = time.monotonic()
    for step, batch in enumerate(batches[done:], done + 1):
        loss = update(model, optimizer, batch, learning_rate(config, step, len(batches)), config.clip)
        if step % 25 == 0 or step == len(batches):
            record(config, {"step": step, "loss": loss, "seconds": time.monotonic() - started})
        if step % config.eval_steps == 0 or step == len(batches):
            record(config, {"step": step} | measure(model, held))
        if time.monotonic() - saved > 60 * config.checkpoint_minutes:
            save_checkpoint(checkpoint, model, optimizer, step)
            saved = time.monotonic()
        if max_minutes is not None and time.monotonic() - started > 60 * max_minutes:
            save_checkpoint(checkpoint, model, optimizer, step)
            return model

    # Calibration
    save_checkpoint(checkpoint, model, optimizer, len(batches))
    calibrate(model, encode(tokenizer, only(rows, Part.FIT)))
    torch.save(model.state_dict(), config.folder / "model.pt")
    record(config, {"calibrated": True} | measure(model, held))
    return model


def encode(tokenizer: Tokenizer, rows: Sequence[Row]) -> list[Encoded]:
    """Rows with their token ids."""
    encodings = tokenizer.encode_batch([row.text for row in rows])
    return [Encoded(row, encoding.ids) for row, encoding in zip(rows, encodings, strict=True)]


def steps(rows: Sequence[Encoded], size: int, seed: int) -> Iterator[list[Encoded]]:
    """Batches of `size` rows of like length, in random order; `rows` are shuffled already."""
    draw = random.Random(seed)
    for start in range(0, len(rows), POOL * size):
        pool = sorted(rows[start : start + POOL * size], key=lambda e: len(e.ids))
        batches = [pool[i : i + size] for i in range(0, len(pool), size)]
        draw.shuffle(batches)
        yield from batches


def update(
    model: nn.Module, optimizer: torch.optim.Optimizer, batch: Sequence[Encoded], rate: float, clip: float
) -> float:
    """One optimiser step at the learning rate `rate`.

    Args:
        model: answers as a `ToneModel` does.
        clip: largest gradient norm.

    Returns:
        The batch's loss before the step.
    """
    model.train()
    for group in optimizer.param_groups:
        group["lr"] = rate
    loss = loss_of(model, batch)
    loss.backward()
    torch.nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], clip)
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


def learning_rate(config: ToneConfig, step: int, total: int) -> float:
    """Linear up over the warm-up, linear down to zero; `step` counts from 1."""
    rise = max(1, round(config.warmup * total))
    return config.learning_rate * min(step / rise, (total - step + 1) / max(1, total - rise))


def targets(batch: Sequence[Encoded], head: str) -> tuple[list[int], Tensor]:
    """The rows that a head can learn from, and their soft labels [rows, 3]."""
    known = [i for i, e in enumerate(batch) if getattr(e.row, head) is not None]
    return known, torch.tensor([getattr(batch[i].row, head) for i in known])


def loss_of(model: nn.Module, batch: Sequence[Encoded]) -> Tensor:
    """Cross-entropy summed over both heads' known rows, by the rows of the batch."""
    total = torch.zeros(())
    for head, logits in zip(HEADS, model(*collate([e.ids for e in batch])), strict=True):
        known, labels = targets(batch, head)
        if known:
            total = total + cross_entropy(logits[known], labels, reduction="sum")
    return total / len(batch)


def measure(model: ToneModel, rows: Sequence[Encoded]) -> dict[str, float]:
    """Accuracies on held rows: SST-2 sentences of two classes, top against bottom quartile of politeness."""
    logits = dict(zip(HEADS, logits_of(model, [e.ids for e in rows]), strict=True))
    result = {}
    for name, head, sources in (
        ("sst2", "sentiment", ("sst2",)),
        ("stanford", "politeness", ("stanford-polite", "stanford-impolite")),
    ):
        chosen = [i for i, e in enumerate(rows) if e.row.source in sources]
        if chosen:
            labels = torch.tensor([getattr(rows[i].row, head) for i in chosen])
            found = logits[head][chosen]
            right = (found[:, 2] > found[:, 0]) == (labels[:, 2] > labels[:, 0])
            result[name] = right.float().mean().item()
    return result


def calibrate(model: ToneModel, rows: Sequence[Encoded]) -> None:
    """Fit each head's temperature and class offsets by likelihood; every source weighs the same."""
    logits = logits_of(model, [e.ids for e in rows])
    for head, found in zip(HEADS, logits, strict=True):
        known, labels = targets(rows, head)
        sources = [rows[i].row.source.partition("-")[0] for i in known]
        weights = torch.tensor([1 / sources.count(source) for source in sources])
        temperature, bias = fit(found[known], labels, weights / weights.sum())
        module = model.heads[head]
        module.temperature.copy_(temperature)
        module.bias.copy_(bias)
        print(f"{head}: temperature {temperature.item():.3f}, offsets {bias.tolist()}", flush=True)


def fit(logits: Tensor, labels: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Temperature () and class offsets [3] that make soft `labels` [rows, 3] most likely."""
    logits = logits.clone()  # out of inference mode
    scale = torch.zeros((), requires_grad=True)
    bias = torch.zeros(logits.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([scale, bias], max_iter=100)

    def closure() -> Tensor:
        optimizer.zero_grad()
        losses = cross_entropy(logits * scale.exp() + bias, labels, reduction="none")
        loss = (weights * losses).sum() + STIFFNESS * bias.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)  # type: ignore[arg-type]
    return (-scale).exp().detach(), bias.detach()


def record(config: ToneConfig, values: Mapping[str, Any]) -> None:
    """Print a line of measures and keep it in `metrics.jsonl`."""
    line = json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in values.items()})
    print(line, flush=True)
    with (config.folder / "metrics.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")


def save_checkpoint(path: Path, model: ToneModel, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Write what `load_checkpoint` needs; the old file stays until the new one is whole."""
    partial = path.with_suffix(".part")
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
    torch.save(state | {"random": torch.get_rng_state()}, partial)
    partial.replace(path)


def load_checkpoint(path: Path, model: ToneModel, optimizer: torch.optim.Optimizer) -> int:
    """Restore a run's state.

    Returns:
        The steps already done.
    """
    state = torch.load(path)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["random"])
    return int(state["step"])


def _plain(config: ToneConfig) -> dict[str, Any]:
    return asdict(config) | {"sets": [dict(part) for part in config.sets]}


if __name__ == "__main__":
    main()
