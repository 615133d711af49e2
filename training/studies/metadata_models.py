"""Scholarly metadata by eight architectures: sequence to sequence, and causal with LoRA.

    python -m training.studies.metadata_models --model led --inputs prompt
    python -m training.studies.metadata_models --model nuextract --inputs schema --loop plain
    python -m training.studies.metadata_models --model mistral --inputs schema --four-bit
    python -m training.studies.metadata_models --model gemma --base gemma-3-270m-latin --set max_steps=20
    python -m training.studies.metadata_models --model t5 --data hub:owner/set/train.jsonl

Encoder-decoders (`ARCHITECTURES`) are tuned whole, causal models by a LoRA that is merged in the end.
In the run's folder: `metrics.jsonl` (for `training.curves`), `result.json`, `answers.jsonl`, and `model`, a
folder that transformers loads and, where the model is causal, `vllm serve` and `transformers serve` offer.
What it is asked and what it answers: `training/studies/metadata_inputs.py`.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from peft import PeftModel
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, Trainer

from training.config import read_settings
from training.evaluate_metadata import table
from training.lora_config import LoraRun
from training.metrics import Outcome, f1_interval, score
from training.model import load_base
from training.studies.metadata_inputs import (
    ASKED,
    FIELDS,
    INPUTS,
    MAX_INPUT,
    MAX_OUTPUT,
    Page,
    Tokens,
    collator,
    question_ids,
    read_answer,
    read_pages,
    task,
)
from training.train_lora import CannotRun, MetricsFile, check_machine, load_model, training_arguments

DATA = Path(__file__).parents[1] / "data/metadata"


@dataclass(frozen=True)
class Architecture:
    """A model of the study.

    Args:
        base: its Hub id.
        causal: whether it goes on writing behind the question; else it is an encoder-decoder.
    """

    base: str
    causal: bool


ARCHITECTURES = {
    "led": Architecture("allenai/led-base-16384", causal=False),
    "led-large": Architecture("allenai/led-large-16384", causal=False),
    "led-spanish": Architecture("vgaraujov/led-base-16384-spanish", causal=False),
    "t5": Architecture("google-t5/t5-base", causal=False),
    "llama": Architecture("meta-llama/Llama-3.2-1B", causal=True),
    "gemma": Architecture("google/gemma-3-1b-pt", causal=True),
    "mistral": Architecture("mistralai/Mistral-7B-v0.1", causal=True),
    "nuextract": Architecture("numind/NuExtract-tiny", causal=True),
}


@dataclass(frozen=True)
class Study:
    """One run.

    Args:
        run: settings as for `training.train_lora`; of a model that is no causal one, those of the LoRA idle.
        causal: see `Architecture`.
        inputs: one of `training.studies.metadata_inputs.INPUTS`.
        loop: 'trainer' for Hugging Face's Trainer, 'plain' for a loop of our own.
        most: tokens of a question and of an answer, at most.
    """

    run: LoraRun
    causal: bool
    inputs: str
    loop: str
    most: tuple[int, int] = (MAX_INPUT, MAX_OUTPUT)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Learn scholarly metadata from first pages.")
    parser.add_argument("--model", choices=list(ARCHITECTURES), required=True)
    parser.add_argument("--inputs", choices=INPUTS, default="prompt")
    parser.add_argument("--loop", choices=list(LOOPS), default="trainer")
    parser.add_argument("--base", help="folder, Hub id or id of the manifest in place of the model's")
    parser.add_argument("--data", nargs="+", default=[str(DATA / "train*.jsonl")], help="files or hub:…")
    parser.add_argument("--evaluation", nargs="+", default=[str(DATA / "dev.jsonl")])
    parser.add_argument("--four-bit", action="store_true", help="hold a causal base in 4 bits")
    parser.add_argument("--config", type=Path, default=Path("training/configs/metadata_models.yaml"))
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="other settings")
    parser.add_argument("--max-input", type=int, default=MAX_INPUT)
    parser.add_argument("--max-output", type=int, default=MAX_OUTPUT)
    arguments = parser.parse_args(argv)
    study = _study(arguments)
    try:
        result = learn(study, read_pages(arguments.data), read_pages(arguments.evaluation))
    except CannotRun as problem:
        sys.exit(str(problem))
    print(json.dumps(result))
    print(study.run.folder / "model")


def learn(study: Study, pages: Sequence[Page], held: Sequence[Page]) -> dict[str, Any]:
    """Train, save what can be served, evaluate that; returns the figures, which are in result.json, too.

    Raises:
        CannotRun: 4 bits without a GPU or bitsandbytes, or for an encoder-decoder.
    """
    folder = study.run.folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(study.run.to_dict(), sort_keys=False))
    start = time.perf_counter()
    model, tokenizer = load(study)
    tasks = [task(page, study.inputs, tokenizer, causal=study.causal, most=study.most) for page in pages]
    LOOPS[study.loop](study, model, tokenizer, tasks)
    seconds = time.perf_counter() - start
    save(study, model, tokenizer, folder / "model")

    outcomes, readable = evaluate(study, model, tokenizer, held)
    print(table(outcomes))
    counted, (low, high) = score(outcomes), f1_interval(outcomes)
    result = {
        "base": study.run.base,
        "inputs": study.inputs,
        "loop": study.loop,
        "pages": len(pages),
        "tested": len(held),
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "training_seconds": seconds,
        "readable": readable,
        "f1": [counted.f1, low, high],
        "precision": counted.precision,
        "recall": counted.recall,
        "invented": counted.invented_rate,
    }
    (folder / "result.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    return result


def load(study: Study) -> tuple[Any, Any]:
    """The model to train and its tokenizer: causal ones frozen under a LoRA, others whole, in 32-bit floats.

    Raises:
        CannotRun: see `learn`.
    """
    check_machine(study.run)
    if study.causal:
        return load_model(study.run)
    if study.run.precision in ("8bit", "4bit"):
        raise CannotRun("An encoder-decoder is tuned whole, which quantised weights cannot be.")
    torch.manual_seed(study.run.seed)
    model = AutoModelForSeq2SeqLM.from_pretrained(study.run.base, dtype=torch.float32)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return model.to(device), AutoTokenizer.from_pretrained(study.run.base)


def train_with_trainer(study: Study, model: Any, tokenizer: Any, tasks: Sequence[Tokens]) -> None:
    """Train by Hugging Face's Trainer."""
    trainer = Trainer(
        model=model,
        args=training_arguments(study.run, evaluate=False),
        train_dataset=list(tasks),
        data_collator=_collator(model, tokenizer),
        callbacks=[MetricsFile(study.run.folder)],
    )
    trainer.train()


def train_plainly(study: Study, model: Any, tokenizer: Any, tasks: Sequence[Tokens]) -> None:
    """Train by a plain loop: AdamW, warm-up and cosine, gradients clipped.

    Activations are all kept, and the optimiser is no other: `gradient_checkpointing` and `optimizer` are
    settings of the Trainer.
    """
    run, rng = study.run, random.Random(study.run.seed)
    learnt = [values for values in model.parameters() if values.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=run.learning_rate, weight_decay=run.weight_decay)
    per_epoch = math.ceil(len(tasks) / (run.batch * run.accumulation))
    steps = run.max_steps or math.ceil(run.epochs * per_epoch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate(step, steps, run.warmup))
    batches, collated = _batches(tasks, run.batch, rng), _collator(model, tokenizer)
    brain = model.device.type == "cuda" and run.precision != "fp32"
    tokens = 0
    model.train()
    with (run.folder / "metrics.jsonl").open("w", encoding="utf-8") as file:
        for step in range(1, steps + 1):
            losses = []
            for _ in range(run.accumulation):
                batch = {name: values.to(model.device) for name, values in collated(next(batches)).items()}
                with torch.autocast(model.device.type, torch.bfloat16, enabled=brain):
                    loss = model(**batch).loss
                (loss / run.accumulation).backward()
                losses.append(loss.item())
                tokens += batch["input_ids"].numel()
            norm = torch.nn.utils.clip_grad_norm_(learnt, run.clip)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            line = {"step": step, "tokens": tokens, "loss": sum(losses) / len(losses), "norm": norm.item()}
            file.write(json.dumps(line | {"lr": schedule.get_last_lr()[0]}) + "\n")


LOOPS = {"trainer": train_with_trainer, "plain": train_plainly}
"""Ways to train, by name."""


def rate(step: int, steps: int, warmup: float) -> float:
    """Share of the peak learning rate after `step` of `steps`: up over the share `warmup`, then a cosine."""
    rising = max(1, round(warmup * steps))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def save(study: Study, model: Any, tokenizer: Any, out: Path) -> None:
    """Write model and tokenizer to a folder that can be served; a LoRA is merged into its base first.

    The base is loaded anew for that, for merging into 4 bits would round what was learnt. The LoRA alone
    is kept beside it, in `adapter`.
    """
    if study.causal:
        model.save_pretrained(out.with_name("adapter"))
        dtype = torch.float32 if study.run.precision == "fp32" else torch.bfloat16
        base, _ = load_base(study.run.base, torch.device("cpu"), dtype)
        model = PeftModel.from_pretrained(base, str(out.with_name("adapter"))).merge_and_unload()
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


def evaluate(study: Study, model: Any, tokenizer: Any, pages: Sequence[Page]) -> tuple[list[Outcome], float]:
    """Answer pages greedily.

    Returns:
        Every field asked of every page, and the share of the answers that could be read as JSON.
    """
    outcomes: list[Outcome] = []
    readable = 0
    with (study.run.folder / "answers.jsonl").open("w", encoding="utf-8") as file:
        for page in pages:
            text = write(study, model, tokenizer, page)
            found = read_answer(text)
            readable += found is not None
            file.write(json.dumps({"id": page.name, "answer": text}, ensure_ascii=False) + "\n")
            outcomes += [
                Outcome(
                    page.name, name, FIELDS[name][0], page.lang, page.kind,
                    gold=page.metadata.get(name), value=(found or {}).get(name), confidence=1.0, review=False,
                )
                for name in ASKED[page.kind]
            ]  # fmt: skip
    return outcomes, readable / len(pages)


@torch.no_grad()
def write(study: Study, model: Any, tokenizer: Any, page: Page) -> str:
    """What the model writes about a page, greedily, without constraints."""
    asked = question_ids(page, study.inputs, tokenizer, study.most[0])
    batch = _collator(model, tokenizer)([Tokens(asked, [])])
    del batch["labels"]
    written = model.eval().generate(
        **{name: values.to(model.device) for name, values in batch.items()},
        do_sample=False,
        num_beams=1,
        max_new_tokens=study.most[1],
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=_pad(tokenizer),
    )[0]
    return str(tokenizer.decode(written[len(asked) if study.causal else 0 :], skip_special_tokens=True))


def _study(arguments: argparse.Namespace) -> Study:
    architecture = ARCHITECTURES[arguments.model]
    changed = dict(pair.split("=", 1) for pair in arguments.set)
    changed |= {"base": arguments.base or architecture.base, "data": arguments.data}
    changed |= {"precision": "4bit"} if arguments.four_bit else {}
    changed.setdefault("name", f"metadata-{arguments.model}-{arguments.inputs}-{arguments.loop}")
    run = read_settings(LoraRun, arguments.config, changed)
    most = (arguments.max_input, arguments.max_output)
    return Study(run, architecture.causal, arguments.inputs, arguments.loop, most)


def _batches(tasks: Sequence[Tokens], size: int, rng: random.Random) -> Iterator[list[Tokens]]:
    """Batches without end, in a new order each time all tasks were gone through."""
    while True:
        order = rng.sample(tasks, len(tasks))
        yield from (order[start : start + size] for start in range(0, len(order), size))


def _collator(model: Any, tokenizer: Any) -> Any:
    return collator(_pad(tokenizer), global_first=model.config.model_type == "led")


def _pad(tokenizer: Any) -> int:
    """The padding token; any will do where there is none, for no loss and no attention sees it."""
    return int(tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id)


if __name__ == "__main__":
    main()
