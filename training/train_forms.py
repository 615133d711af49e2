"""Train the forms adapter: LoRA on a small language model, field-parallel, on CPU or GPU.

    python -m training.train_forms --config training/configs/forms.yaml
    python -m training.train_forms --config training/configs/forms.yaml --resume --max-minutes 60
    python -m training.train_forms --config training/configs/forms.yaml --name wide --rank 32
    python -m training.train_forms --config training/configs/forms.yaml --name more --start models/forms.gguf

The learning rate is a function of the tokens read, so a run that is stopped and resumed ends
as the one that was not. In the run's folder: `metrics.jsonl`, `tensorboard`, `checkpoint.pt` (to resume),
`best` (the adapter with the lowest evaluation loss) and `last` (the adapter as it stopped).
"""

from __future__ import annotations

import hashlib
import math
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import torch
import yaml
from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from torch import Tensor

from smartform.prompts import ChatFormat
from smartform.tasks import Task
from training.augment import Augmenter, Rates
from training.check_data import require_files
from training.config import TrainConfig, parse_arguments
from training.examples import Example
from training.model import add_lora, decoder_and_head, load_base
from training.objective import Batch, Encoded, Head, collate, encode, hidden_states, microbatches, shuffled
from training.public import load_public
from training.run_log import RunLog
from training.start import start_from
from training.targets import example_of, load_examples, read_rows

POOL = 8
"""Steps whose examples are sorted by length together, so that a step's rows need little padding."""


EVENED = 4
"""Texts by which 8-bit layers are evened out."""


class Identified(Protocol):
    """An example of any task."""

    @property
    def id(self) -> str: ...


class Encodes(Protocol):
    """Turns a task's examples into tokens.

    Args:
        too_long: ids of the examples that were left out for their length.
    """

    too_long: set[str]

    def encode(self, examples: Sequence[Any], rng: random.Random) -> list[Encoded]:
        """The examples as tokens; those that are too long are left out."""
        ...

    def vocabulary(self, examples: Sequence[Any]) -> set[int]:
        """Every token that occurs in `examples`."""
        ...


Augment = Callable[[Any, int], Any]
"""An example → what it is in an epoch."""


def main(argv: Sequence[str] | None = None) -> None:
    config, arguments = parse_arguments(argv, "Train the forms adapter.")
    require_files(config.data, "training.train_forms")
    public = [
        row for part in config.public for row in load_public(part.set, part.path, part.rows, config.seed)
    ]
    examples = load_examples(config.data) + [example_of(row) for row in public]
    rates = Rates(
        config.augment_values,
        config.augment_fields,
        config.augment_style,
        config.augment_lines,
        config.augment_withheld,
    )
    augment = Augmenter(read_rows(config.data) + public, rates, config.seed) if rates else None
    minutes = arguments.max_minutes
    train(config, examples, augment=augment, resume=arguments.resume, max_minutes=minutes)


def train(
    config: TrainConfig,
    examples: Sequence[Identified],
    *,
    encoding: Callable[[TrainConfig, Any], Encodes] | None = None,
    augment: Augment | None = None,
    resume: bool = False,
    max_minutes: float | None = None,
    max_steps: int | None = None,
) -> PeftModel:
    """Run until `total_tokens` are read, `max_minutes` or `max_steps` are over, or SIGTERM comes.

    Args:
        encoding: makes the task's encoder of the settings and the tokenizer; None is the forms' one.
        augment: alters the examples that are learnt, not those held out.

    Returns:
        The model as it stopped, adapter included.

    Raises:
        ValueError: `augment` with a head that keeps only the tokens of the data as it is, or 8 bits with
            dropout or on a GPU.
        FileExistsError: the run has a checkpoint and `resume` is false.
        FileNotFoundError: `resume` is true and there is none.
        ConversionError: the adapter to start from does not fit the run.
    """
    if augment is not None and config.head != "full":
        raise ValueError("augmentation brings tokens that are not in the data: set head: full")

    # Model
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if config.int8 and (config.dropout or device.type == "cuda"):
        raise ValueError("int8 is for CPUs, without dropout: set int8: false, or dropout: 0")
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    base, tokenizer = load_base(config.base, device, dtype)
    model = add_lora(base, config.base, config.rank, config.alpha, config.dropout, int8=config.int8)
    model.train()
    decoder, head_weight = decoder_and_head(model)
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=0.0, weight_decay=config.weight_decay)

    # Data
    encoder = (encoding or Encoder)(config, tokenizer)
    held = sorted((e for e in examples if is_held_out(e, config.holdout)), key=digest)
    kept = [e for e in examples if not is_held_out(e, config.holdout)]
    evaluation = encoder.encode(held[: config.eval_examples], random.Random(config.seed))
    head = Head(head_weight, None if config.head == "full" else encoder.vocabulary(examples))
    if config.int8:
        even_out(config, decoder, encoder, examples, device, dtype)

    def watch() -> None:
        """Evaluate, and keep the adapter if it is the best so far."""
        measures = evaluate(config, decoder, head, evaluation, device, dtype)
        report(journal, state, measures)
        keep_best(config, state, model, measures["eval_loss"])

    # State
    state = State(start=config.start)
    checkpoint = config.folder / "checkpoint.pt"
    if resume:
        state = load_checkpoint(checkpoint, model, optimizer)
    elif checkpoint.exists():
        raise FileExistsError(f"{checkpoint} exists: give --resume, or another --name")
    config.folder.mkdir(parents=True, exist_ok=True)
    settings = replace(config, start=state.start).to_dict()
    (config.folder / "config.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    journal = RunLog(config.folder, state.step)
    stop = StopRequest(max_minutes)
    print(
        f"{len(kept)} examples to learn from, {len(held)} held out, {sum(p.numel() for p in parameters):,}"
        f" parameters, head over {len(head.weight):,} tokens, {device}, from step {state.step}",
        flush=True,
    )

    if config.start and not resume:
        start_from(model, Path(config.start))
        if evaluation:
            watch()

    # Training
    saved = logged = time.monotonic()
    losses: list[float] = []
    tokens = 0

    def over() -> bool:
        """Whether there is nothing left to read, or to gain."""
        early = config.patience and state.stale >= config.patience
        return state.tokens >= config.total_tokens or state.step == max_steps or bool(early) or stop()

    while not over():
        for batch in islice(epoch_steps(config, encoder, kept, state.epoch, augment), state.position, None):
            rate = learning_rate(config, state.tokens)
            for group in optimizer.param_groups:
                group["lr"] = rate
            weight = sum(sum(e.weights) for e in batch)
            loss = 0.0
            for part in microbatches(batch, config.microbatch_tokens):
                inputs = collate(part, device)
                share = head.loss(hidden_states(decoder, inputs, dtype), inputs) / weight
                share.backward()
                loss += share.item()
            norm = torch.nn.utils.clip_grad_norm_(parameters, config.clip).item()
            optimizer.step()
            optimizer.zero_grad()
            state.step += 1
            state.position += 1
            state.tokens += sum(map(len, batch))
            losses.append(loss)
            tokens += sum(map(len, batch))

            if state.step % config.log_steps == 0:
                now = time.monotonic()
                mean, speed = sum(losses) / len(losses), tokens / (now - logged)
                report(journal, state, {"loss": mean, "lr": rate, "norm": norm, "tokens_per_second": speed})
                losses, tokens, logged = [], 0, now
            if state.step % config.eval_steps == 0 and evaluation:
                watch()
                losses, tokens, logged = [], 0, time.monotonic()
            if time.monotonic() - saved > 60 * config.checkpoint_minutes:
                save_checkpoint(checkpoint, state, model, optimizer)
                saved = time.monotonic()
            if over():
                break
        else:
            state.epoch += 1
            state.position = 0

    # What remains of it
    finished = state.tokens >= config.total_tokens
    if finished and evaluation and state.step % config.eval_steps:
        watch()
    save_checkpoint(checkpoint, state, model, optimizer)
    save_adapter(model, config.folder / "last")
    journal.close()
    stop.restore()
    print(
        f"{'finished' if finished else 'stopped'} at step {state.step}, {state.tokens:,} tokens,"
        f" {len(encoder.too_long)} examples left out as too long",
        flush=True,
    )
    return model


@dataclass
class State:
    """How far a run has come.

    Args:
        step: optimiser steps taken.
        tokens: read so far, without padding.
        epoch: times the data has been gone through.
        position: steps taken in this epoch.
        best: the lowest evaluation loss so far.
        stale: evaluations since then.
        start: the adapter that it began with; empty for none.
    """

    step: int = 0
    tokens: int = 0
    epoch: int = 0
    position: int = 0
    best: float = math.inf
    stale: int = 0
    start: str = ""


class Encoder:
    """Examples as tokens, with the fields drawn and ordered anew each time.

    Args:
        too_long: ids of the examples that were left out for their length.
    """

    def __init__(self, config: TrainConfig, tokenizer: Any) -> None:
        self.config, self.tokenizer = config, tokenizer
        self.too_long: set[str] = set()

    def encode(self, examples: Sequence[Example], rng: random.Random) -> list[Encoded]:
        """Shuffle each example's fields and tokenise it; those over `max_tokens` are left out."""
        encoded = []
        for example in map(self._asked, examples):
            drawn = shuffled(example, rng, self.config.max_fields)
            one = encode(drawn, self.tokenizer, ChatFormat(self.config.chat), self.config.length_power)
            if len(one) <= self.config.max_tokens:
                encoded.append(one)
            else:
                self.too_long.add(example.id)
        return encoded

    def vocabulary(self, examples: Sequence[Example]) -> set[int]:
        """Every token that occurs in the prompts and targets of `examples`."""
        chat = ChatFormat(self.config.chat)
        asked = map(self._asked, examples)
        return {token for e in asked for token in encode(e, self.tokenizer, chat, 0.0).ids}

    def _asked(self, example: Example) -> Example:
        return replace(example, form=replace(example.form, task=Task(self.config.task)))


@torch.no_grad()
def even_out(
    config: TrainConfig,
    decoder: torch.nn.Module,
    encoder: Encodes,
    examples: Sequence[Identified],
    device: torch.device,
    dtype: torch.dtype,
) -> None:
    """Show the base, as it is, a few texts, always the same: 8-bit layers see which channels are large."""
    few = encoder.encode(sorted(examples, key=digest)[:EVENED], random.Random(config.seed))
    if few:
        hidden_states(decoder, collate(few, device), dtype)


class StopRequest:
    """Whether the run must end: SIGTERM or SIGINT came, or its minutes are over."""

    def __init__(self, max_minutes: float | None) -> None:
        self.deadline = math.inf if max_minutes is None else time.monotonic() + 60 * max_minutes
        self.asked = False
        self.before = {number: signal.signal(number, self._ask) for number in (signal.SIGTERM, signal.SIGINT)}

    def __call__(self) -> bool:
        return self.asked or time.monotonic() >= self.deadline

    def restore(self) -> None:
        """Give the signals back to whoever had them."""
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def digest(example: Identified) -> int:
    """A number that depends on the example's id alone: on what stands before a '+', for the texts of `x` and
    `x+` are one."""
    return int.from_bytes(hashlib.sha1(example.id.split("+")[0].encode()).digest()[:8])


def is_held_out(example: Identified, holdout: int) -> bool:
    """Whether an example is kept from training, one in `holdout` (none where it is 0)."""
    return holdout > 0 and digest(example) % holdout == 0


def epoch_steps(
    config: TrainConfig,
    encoder: Encodes,
    examples: Sequence[Identified],
    epoch: int,
    augment: Augment | None = None,
) -> Iterator[list[Encoded]]:
    """The examples of each optimiser step of one epoch; the same for the same seed and epoch."""
    rng = random.Random(f"{config.seed} {epoch}")
    order = rng.sample(examples, len(examples))
    size = config.examples_per_step
    for start in range(0, len(order), POOL * size):
        read = order[start : start + POOL * size]
        if augment is not None:
            read = [augment(example, epoch) for example in read]
        pool = sorted(encoder.encode(read, rng), key=len)
        steps = [pool[at : at + size] for at in range(0, len(pool), size)]
        if len(steps) > 1 and 2 * len(steps[-1]) <= size:  # packed examples seldom come out even
            rest = steps.pop()
            steps[-1] += rest
        yield from rng.sample(steps, len(steps))


def learning_rate(config: TrainConfig, tokens: int) -> float:
    """Linear warm-up, then a cosine down to `final_rate` at `total_tokens`."""
    done = tokens / config.total_tokens
    if done < config.warmup:
        return config.learning_rate * (done + config.warmup / 20) / (config.warmup * 1.05)
    fall = 0.5 * (1 + math.cos(math.pi * min(1.0, (done - config.warmup) / (1 - config.warmup))))
    return config.learning_rate * (config.final_rate + (1 - config.final_rate) * fall)


@torch.no_grad()
def evaluate(
    config: TrainConfig,
    decoder: torch.nn.Module,
    head: Head,
    examples: Sequence[Encoded],
    device: torch.device,
    dtype: torch.dtype,
) -> dict[str, float]:
    """Loss on held-out examples, and how many branches greedy decoding gets right to the letter.

    Returns:
        eval_loss; exact_found and exact_silent, shares of the branches with a value and of those
        whose text is silent; f1, where a value that is not right counts as one given in vain.
    """
    decoder.eval()
    total, weight = 0.0, 0.0
    exact: dict[bool, list[bool]] = {True: [], False: []}
    for part in microbatches(examples, config.microbatch_tokens):
        batch = collate(part, device)
        hidden = hidden_states(decoder, batch, dtype)
        total += head.loss(hidden, batch).item()
        weight += batch.weights.sum().item()
        for (row, branch), right in branches_right(batch, head.right(hidden, batch)).items():
            exact[branch in part[row].silent].append(right)
    decoder.train()
    shares = {silent: sum(rights) / max(1, len(rights)) for silent, rights in exact.items()}
    values, silences = exact[False], exact[True]
    given = len(values) + silences.count(False)
    f1 = 2 * sum(values) / max(1, len(values) + given)
    return {"eval_loss": total / weight, "exact_found": shares[False], "exact_silent": shares[True], "f1": f1}


def branches_right(batch: Batch, right: Tensor) -> dict[tuple[int, int], bool]:
    """(row, branch) → whether all of its value tokens are `right` (V,)."""
    whole: dict[tuple[int, int], bool] = {}
    branches = batch.branches[batch.rows, batch.columns].tolist()
    for row, branch, ok in zip(batch.rows.tolist(), branches, right.tolist(), strict=True):
        whole[row, branch] = whole.get((row, branch), True) and ok
    return whole


def report(journal: RunLog, state: State, measures: dict[str, float]) -> None:
    """One line on the screen and one in the run's log."""
    line = {"step": state.step, "tokens": state.tokens, "epoch": state.epoch} | measures
    shown = {key: f"{value:.4g}" if isinstance(value, float) else value for key, value in line.items()}
    print("  ".join(f"{key} {value}" for key, value in shown.items()), flush=True)
    journal.write(line)


def keep_best(config: TrainConfig, state: State, model: PeftModel, loss: float) -> None:
    """Save the adapter if its evaluation loss is the lowest so far."""
    state.stale += 1
    if loss < state.best:
        state.best, state.stale = loss, 0
        save_adapter(model, config.folder / "best")


def save_adapter(model: PeftModel, folder: Path) -> None:
    """Write the adapter beside `folder` and put it in its place when it is whole."""
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    model.save_pretrained(fresh, save_embedding_layers=False)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def save_checkpoint(path: Path, state: State, model: PeftModel, optimizer: torch.optim.Optimizer) -> None:
    """Write all that a run goes on from, in one file that is whole or not there."""
    fresh = path.with_suffix(".new")
    random_states = {"cpu": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state_all()}
    torch.save(
        {
            "state": asdict(state),
            "adapter": get_peft_model_state_dict(model),
            "optimizer": optimizer.state_dict(),
            "random": random_states,
        },
        fresh,
    )
    os.replace(fresh, path)


def load_checkpoint(path: Path, model: PeftModel, optimizer: torch.optim.Optimizer) -> State:
    """Put a run back to where `save_checkpoint` left it."""
    saved = torch.load(path, map_location="cpu", weights_only=True)
    set_peft_model_state_dict(model, saved["adapter"])
    optimizer.load_state_dict(saved["optimizer"])
    torch.set_rng_state(saved["random"]["cpu"])
    if saved["random"]["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(saved["random"]["cuda"])
    return State(**saved["state"])


if __name__ == "__main__":
    main()
