"""PEFT methods side by side: what each trains, costs and learns, on one task, base, data and schedule.

    python -m training.studies.peft_methods
    python -m training.studies.peft_methods --rows 4000 --seeds 1 2 3 --again 4
    python -m training.studies.peft_methods --methods lora dora --rows 960
    python -m training.studies.peft_methods --draw

The task is that of `corrections`. Every method reads the same sentences in the same order by the same
schedule, but for the peak rate, which `METHODS` names: those that train few numbers need larger steps. Each
run is a process of its own, so that its memory can be told: the most that it held resident, base included.
After one seed each, the `--again` best by loss are run with the other seeds. Results are kept in `runs/peft`
as they come, and a comparison that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import torch
from matplotlib.figure import Figure
from peft import (
    AdaLoraConfig,
    AdaptionPromptConfig,
    IA3Config,
    LoHaConfig,
    LoKrConfig,
    LoraConfig,
    PeftConfig,
    PrefixTuningConfig,
    PromptTuningConfig,
    PromptTuningInit,
    VeraConfig,
    get_peft_model,
)
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, TrainerCallback

from training.config import read_settings
from training.conversations import templated
from training.curves import read_metrics
from training.lora_config import LoraRun
from training.model import keep_unpacked, load_base, load_tokenizer
from training.studies.bottleneck import add_bottlenecks
from training.studies.corrections import (
    ASKED,
    Task,
    add_arguments,
    drawn,
    encoded,
    loss_on,
    mended,
    read_task,
)
from training.studies.greedy import Answerer, TransformersWriter
from training.studies.pages import DATA, FIGURES, parse, save_figure, table, write_results
from training.train_lora import fit

RANK = 16
VIRTUAL = 16
"""Tokens that prompts and prefixes put before the text."""

LINEAR = "all-linear"
TASK = "CAUSAL_LM"
SEVERAL = 2
"""Seeds from which on a spread is told."""


@dataclass(frozen=True)
class Method:
    """One way to tune.

    Args:
        title: as tables and plots have it.
        rate: peak learning rate.
        put: (model, tokenizer, optimiser steps) → the model with what is trained; all else is frozen.
        four_bits: whether the frozen base is held in four bits.
    """

    title: str
    rate: float
    put: Callable[[Any, Any, int], Any]
    four_bits: bool = False


def _peft(make: Callable[[Any, Any, int], PeftConfig]) -> Callable[[Any, Any, int], Any]:
    return lambda model, tokenizer, steps: get_peft_model(model, make(model, tokenizer, steps))


def _same(config: PeftConfig) -> Callable[[Any, Any, int], Any]:
    """The same settings for every model; each has its own copy, for PEFT notes its base there."""
    return _peft(lambda model, tokenizer, steps: deepcopy(config))


def _lora(**more: Any) -> Callable[[Any, Any, int], Any]:
    return _same(LoraConfig(task_type=TASK, r=RANK, lora_alpha=2 * RANK, target_modules=LINEAR, **more))


def _adalora(model: Any, tokenizer: Any, steps: int) -> AdaLoraConfig:
    """Begins with half as much rank again and gives it back between a tenth and six tenths of the steps."""
    return AdaLoraConfig(
        task_type=TASK, init_r=RANK * 3 // 2, target_r=RANK, lora_alpha=2 * RANK, target_modules=LINEAR,
        tinit=math.ceil(steps / 10), tfinal=math.ceil(steps * 4 / 10), deltaT=1, total_step=steps,
    )  # fmt: skip


def _adaption(model: Any, tokenizer: Any, steps: int) -> AdaptionPromptConfig:
    """Ten tokens before the text in the upper two thirds of the layers; its authors have them in 30 of 32."""
    layers = math.ceil(model.config.num_hidden_layers * 2 / 3)
    return AdaptionPromptConfig(task_type=TASK, adapter_len=10, adapter_layers=layers)


def _prompt(model: Any, tokenizer: Any, steps: int) -> PromptTuningConfig:
    return PromptTuningConfig(
        task_type=TASK, num_virtual_tokens=VIRTUAL, prompt_tuning_init=PromptTuningInit.TEXT,
        prompt_tuning_init_text=ASKED.strip(), tokenizer_name_or_path=tokenizer.name_or_path,
    )  # fmt: skip


METHODS: Mapping[str, Method] = {
    "lora": Method("LoRA", 4e-4, _lora()),
    "qlora": Method("QLoRA", 4e-4, _lora(), four_bits=True),
    "dora": Method("DoRA", 4e-4, _lora(use_dora=True)),
    "adalora": Method("AdaLoRA", 2e-3, _peft(_adalora)),
    "loha": Method("LoHa", 1e-3, _same(LoHaConfig(r=RANK, alpha=2 * RANK, target_modules=LINEAR))),
    "lokr": Method("LoKr", 1e-3, _same(LoKrConfig(r=RANK, alpha=2 * RANK, target_modules=LINEAR))),
    "vera": Method("VeRA", 1e-2, _same(VeraConfig(r=256, target_modules=LINEAR))),
    "prefix": Method(
        "prefix tuning", 1e-2, _same(PrefixTuningConfig(task_type=TASK, num_virtual_tokens=VIRTUAL))
    ),
    "prompt": Method("prompt tuning", 1e-2, _peft(_prompt)),
    "adaption": Method("LLaMA-Adapter", 1e-2, _peft(_adaption)),
    "ia3": Method(
        "IA3",
        1e-2,
        _same(IA3Config(target_modules=["k_proj", "v_proj", "down_proj"], feedforward_modules=["down_proj"])),
    ),
    "bottleneck": Method(
        "bottleneck adapters", 1e-3, lambda model, tokenizer, steps: add_bottlenecks(model, 64)
    ),
    "full": Method("all weights", 5e-5, lambda model, tokenizer, steps: model.requires_grad_(True)),
}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Compare ways to tune a language model.")
    parser.add_argument("--config", type=Path, default=Path("training/configs/peft.yaml"))
    add_arguments(parser, watch=48, test=64)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--rows", type=int, default=240, help="sentences to learn from")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--again", type=int, default=4, help="the best so many are run with every seed")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--single", metavar="METHOD", help="run one method in this process and print its row")
    parser.add_argument("--seed", type=int, default=1, help="of --single")
    arguments = parse(parser, argv)
    if arguments.single:
        settings = read_settings(LoraRun, arguments.config)
        row = measured(settings, read_task(arguments), arguments.single, arguments.rows, arguments.seed)
        print(json.dumps(row))
        return
    results = (arguments.out or DATA) / "peft_methods.jsonl"

    # Measure
    if not arguments.draw:
        first, *others = arguments.seeds
        rows = [in_a_process(arguments, method, first) for method in arguments.methods]
        best = sorted(rows, key=lambda row: row["loss"])[: arguments.again]
        rows += [in_a_process(arguments, row["method"], seed) for row in best for seed in others]
        write_results(results, rows)

    # Show
    rows = read_metrics(results)
    print(summary(rows))
    draw(rows, (arguments.out or FIGURES) / "peft_methods.png")


def in_a_process(arguments: argparse.Namespace, method: str, seed: int) -> dict[str, Any]:
    """The row of one run, made in a process of its own unless it is there."""
    settings = read_settings(LoraRun, arguments.config)
    kept = settings.folder / f"{method}-{seed}.json"
    if not kept.exists():
        exported(settings)
        given = {
            "config": arguments.config, "watch": arguments.watch, "test": arguments.test,
            "rows": arguments.rows, "threads": arguments.threads, "single": method, "seed": seed,
        }  # fmt: skip
        command = [sys.executable, "-m", "training.studies.peft_methods", "--data", *arguments.data]
        command += [part for name, value in given.items() for part in (f"--{name}", str(value))]
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        kept.write_text(printed.splitlines()[-1])
        print(kept.read_text(), flush=True)
    row: dict[str, Any] = json.loads(kept.read_text())
    return row


def measured(settings: LoraRun, task: Task, name: str, rows: int, seed: int) -> dict[str, Any]:
    """Tune and measure.

    Returns:
        method, seed, parameters (that are trained), seconds of processor time, memory (MiB resident at most),
        before and loss (nats a token of the test sentences' answers), precision, recall and f_half of the
        edits made in them.
    """
    method = METHODS[name]
    run = replace(settings, name=f"{settings.name}/{name}-{seed}", learning_rate=method.rate, seed=seed)
    torch.manual_seed(seed)
    model, tokenizer = _base(exported(settings), four_bits=method.four_bits)
    learnt = encoded(drawn(task.train, rows, seed), tokenizer)
    tested = encoded(task.test, tokenizer)
    before = loss_on(model, tested, pad=0)
    steps = math.ceil(rows / (run.batch * run.accumulation))
    model = method.put(model, tokenizer, steps)
    parameters = sum(p.numel() for p in model.parameters() if p.requires_grad)
    started = time.process_time()
    fit(run, model, tokenizer, learnt, [], callbacks=[Allocation()])
    seconds = time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    loss = loss_on(model, tested, pad=0)
    edits = mended(Answerer(tokenizer, TransformersWriter(model, tokenizer, 16)), task.test)
    return {
        "method": name, "seed": seed, "parameters": parameters, "seconds": round(seconds, 1),
        "memory": round(memory), "before": round(before, 4), "loss": round(loss, 4),
        "precision": round(edits.precision, 4), "recall": round(edits.recall, 4),
        "f_half": round(edits.f_half, 4),
    }  # fmt: skip


def exported(settings: LoraRun) -> str:
    """The base as a folder that transformers loads in 32 or in 4 bits, in the study's folder; written once,
    so that the memory of a run is that of tuning."""
    folder = settings.folder / "base"
    if not folder.exists():
        model, tokenizer = load_base(settings.base, torch.device("cpu"), torch.float32)
        fresh = folder.with_name("base.new")
        model.save_pretrained(fresh)
        templated(tokenizer, settings.chat).save_pretrained(fresh)
        fresh.rename(folder)
    return str(folder)


def _base(folder: str, *, four_bits: bool) -> tuple[Any, Any]:
    if not four_bits:
        return load_base(folder, torch.device("cpu"), torch.float32)
    bits = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.float32
    )
    model = AutoModelForCausalLM.from_pretrained(
        folder, quantization_config=bits, dtype=torch.float32, device_map="cpu"
    )
    keep_unpacked(model)
    return model, load_tokenizer(folder)


class Allocation(TrainerCallback):
    """Lets a method that deals out its rank while it learns do so."""

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Between the step and the clearing of the gradients, which it judges by."""
        allocate = getattr(getattr(more["model"], "base_model", None), "update_and_allocate", None)
        if allocate:
            allocate(state.global_step)


def summary(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table, the lowest loss first; ± is the standard deviation over the seeds."""
    header = ["method", "numbers trained", "CPU seconds", "MiB", "perplexity before", "after", "loss"]
    header += ["precision", "recall", "F0.5", "seeds"]
    lines = []
    for method, found in sorted(_grouped(rows).items(), key=lambda pair: _mean(pair[1], "loss")):
        after = fmean(math.exp(row["loss"]) for row in found)
        before = fmean(math.exp(row["before"]) for row in found)
        lines.append(
            [METHODS[method].title, f"{found[0]['parameters']:,}", f"{_mean(found, 'seconds'):.0f}"]
            + [f"{_mean(found, 'memory'):.0f}", f"{before:.2f}", f"{after:.2f}"]
            + [_spread(found, key) for key in ("loss", "precision", "recall", "f_half")]
            + [str(len(found))]
        )
    return table(header, lines)


def draw(rows: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Loss, F0.5 and seconds of every method, lowest loss on top; a loss above the untuned one is cut."""
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    groups = sorted(_grouped(rows).items(), key=lambda pair: -_mean(pair[1], "loss"))
    untuned = fmean(row["before"] for row in rows)
    panels = {"loss": "nats a token of the answers", "f_half": "F0.5 of the edits", "seconds": "CPU seconds"}
    for axes, (key, label) in zip(figure.subplots(1, 3, sharey=True), panels.items(), strict=True):
        for place, (_, found) in enumerate(groups):
            values = [row[key] for row in found]
            mean = fmean(values)
            spread = [[mean - min(values)], [max(values) - mean]]
            axes.errorbar(mean, place, xerr=spread, fmt="o", color="tab:blue")
        axes.set_xlabel(label)
        axes.grid(alpha=0.3)
        if key == "loss":
            axes.axvline(untuned, color="grey", linestyle=":")
            lowest = min(row["loss"] for row in rows)
            axes.set_xlim(lowest - 0.1 * (untuned - lowest), untuned + 0.1 * (untuned - lowest))
            axes.set_yticks(range(len(groups)), [METHODS[method].title for method, _ in groups])
    save_figure(figure, out)


def _grouped(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    return {m: [row for row in rows if row["method"] == m] for m in dict.fromkeys(r["method"] for r in rows)}


def _mean(rows: Sequence[Mapping[str, Any]], key: str) -> float:
    return fmean(row[key] for row in rows)


def _spread(rows: Sequence[Mapping[str, Any]], key: str) -> str:
    values = [row[key] for row in rows]
    return f"{fmean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(values) >= SEVERAL else "")


if __name__ == "__main__":
    main()
