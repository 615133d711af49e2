"""Search: do settings found by successive halving beat the recipe we use?

    python -m training.studies.search
    python -m training.studies.search --trials 32 --rows 2000 --confirm-rows 8000 --seeds 5
    python -m training.studies.search --draw

A trial draws learning rate, batch and accumulation, LoRA rank, alpha and dropout, sequence length, packing
and epochs, and reads `--rows` sentences of the correction task (`corrections`), so that all trials cost the
same. When a quarter, half and all of them are read, its loss on watched sentences is compared with those of
the trials before it at the same place: the worse half stops there (asynchronous successive halving, Li et al.
2020, arXiv:1810.05934, by Optuna; settings are proposed by its TPE). The first trial is the recipe of the
config. Then recipe and winner are trained anew on `--confirm-rows` with several seeds and measured on
sentences that nothing was chosen by. Trials are kept in `runs/search/trials.log`: a search that was stopped
goes on where it was, with the same flags.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import optuna
import torch
from matplotlib.figure import Figure
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from transformers import TrainerCallback

from training.config import read_settings
from training.conversations import Tokens, templated
from training.curves import read_metrics
from training.lora_config import LoraRun
from training.model import load_tokenizer
from training.studies.corrections import (
    Sentence,
    Task,
    add_arguments,
    drawn,
    encoded,
    loss_on,
    mended,
    read_task,
    write_rows,
)
from training.studies.greedy import answerer
from training.studies.pages import DATA, FIGURES, parse, save_figure, table, write_results
from training.train_lora import train

RUNGS = (0.25, 0.5, 1.0)
"""Shares of a trial's rows after which the worse half of the trials stops."""

RECIPE, WINNER = "recipe", "winner"

_COLOURS = {RECIPE: "black", "read to the end": "tab:blue", "stopped": "lightgrey"}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Search the settings of a LoRA run.")
    parser.add_argument("--config", type=Path, default=Path("training/configs/search.yaml"))
    add_arguments(parser, watch=48, test=96)
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--rows", type=int, default=240, help="sentences that a trial reads")
    parser.add_argument(
        "--confirm-rows", type=int, default=480, help="that recipe and winner read at the end"
    )
    parser.add_argument("--seeds", type=int, default=2, help="runs of recipe and winner")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parse(parser, argv)
    out = arguments.out or DATA

    # Measure
    if not arguments.draw:
        recipe = read_settings(LoraRun, arguments.config)
        task = read_task(arguments)
        study = open_study(recipe)
        left = arguments.trials - len(finished(study))
        study.optimize(lambda trial: objective(trial, recipe, task, arguments.rows), n_trials=max(0, left))
        write_results(out / "search.jsonl", map(row_of, finished(study)))
        winner = settled(recipe, study.best_trial.params)
        confirmed = out / "search-confirmed.jsonl"
        rows = confirm({RECIPE: recipe, WINNER: winner}, task, arguments.confirm_rows, arguments.seeds)
        write_results(confirmed, rows)

    # Show
    trials = read_metrics(out / "search.jsonl")
    print(trials_table(trials))
    print(confirmed_table(read_metrics(out / "search-confirmed.jsonl")))
    draw(trials, (arguments.out or FIGURES) / "search.png")


def open_study(recipe: LoraRun) -> optuna.Study:
    """The study kept in the run's folder, with the recipe as its first trial."""
    recipe.folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name="search",
        storage=JournalStorage(JournalFileBackend(str(recipe.folder / "trials.log"))),
        sampler=optuna.samplers.TPESampler(seed=recipe.seed, n_startup_trials=6),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2),
        load_if_exists=True,
    )
    if not study.trials:
        study.enqueue_trial(
            {
                "learning_rate": recipe.learning_rate,
                "batch": recipe.batch,
                "accumulation": recipe.accumulation,
                "rank": recipe.rank,
                "alpha_ratio": recipe.alpha / recipe.rank,
                "dropout": recipe.dropout,
                "sequence_len": recipe.sequence_len,
                "packing": recipe.packing,
                "epochs": int(recipe.epochs),
            }
        )
    return study


def suggested(trial: optuna.Trial) -> dict[str, Any]:
    """The settings of a trial."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 5e-5, 1e-2, log=True),
        "batch": trial.suggest_categorical("batch", [1, 2, 4, 8]),
        "accumulation": trial.suggest_categorical("accumulation", [1, 2]),
        "rank": trial.suggest_categorical("rank", [4, 8, 16, 32]),
        "alpha_ratio": trial.suggest_categorical("alpha_ratio", [1.0, 2.0, 4.0]),
        "dropout": trial.suggest_float("dropout", 0.0, 0.1, step=0.05),
        "sequence_len": trial.suggest_categorical("sequence_len", [128, 256, 512]),
        "packing": trial.suggest_categorical("packing", [True, False]),
        "epochs": trial.suggest_int("epochs", 1, 3),
    }


def settled(recipe: LoraRun, params: Mapping[str, Any]) -> LoraRun:
    """The recipe with a trial's settings in place of its own."""
    given = dict(params)
    alpha = round(given.pop("alpha_ratio") * given["rank"])
    return replace(recipe, alpha=alpha, **given)


def objective(trial: optuna.Trial, recipe: LoraRun, task: Task, rows: int) -> float:
    """Train with the trial's settings; the loss on watched sentences at the last rung."""
    run = settled(recipe, suggested(trial))
    run = replace(run, name=f"{recipe.name}/trial-{trial.number}")
    started = time.process_time()
    watch = Rungs(trial, run, task.watch)
    train(with_rows(run, task.train, rows), callbacks=[watch])
    trial.set_user_attr("cpu_seconds", time.process_time() - started)
    return watch.losses[-1]


def with_rows(run: LoraRun, sentences: Sequence[Sentence], rows: int) -> LoraRun:
    """The run with its data written: `rows` readings in all, whatever its epochs."""
    shutil.rmtree(run.folder, ignore_errors=True)
    path = write_rows(drawn(sentences, math.ceil(rows / run.epochs), run.seed), run.folder / "rows.jsonl")
    return replace(run, data=(str(path),))


class Rungs(TrainerCallback):
    """Tells the trial its loss at each rung, and ends it where Optuna says so.

    Args:
        sentences: to take the loss on.
    """

    def __init__(self, trial: optuna.Trial, run: LoraRun, sentences: Sequence[Sentence]) -> None:
        self.trial, self.losses = trial, list[float]()
        self._rows: list[Tokens] = encoded(sentences, templated(load_tokenizer(run.base), run.chat))

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Measure where a rung is reached."""
        while (
            len(self.losses) < len(RUNGS) and state.global_step >= RUNGS[len(self.losses)] * state.max_steps
        ):
            self.losses.append(loss_on(more["model"], self._rows, pad=0))
            self.trial.report(self.losses[-1], len(self.losses))
            if len(self.losses) < len(RUNGS) and self.trial.should_prune():
                raise optuna.TrialPruned


def finished(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Trials that ended by themselves or were stopped by the halving."""
    return [trial for trial in study.trials if trial.intermediate_values and trial.state.is_finished()]


def row_of(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    """A trial as it is kept: number, settings, the loss at each rung reached."""
    losses = [round(loss, 4) for _, loss in sorted(trial.intermediate_values.items())]
    return {"trial": trial.number, **trial.params, "losses": losses}


def confirm(runs: Mapping[str, LoraRun], task: Task, rows: int, seeds: int) -> list[dict[str, Any]]:
    """Train each with every seed and measure it on the sentences that nothing was chosen by."""
    found = []
    for name, settings in runs.items():
        for seed in range(1, seeds + 1):
            run = replace(settings, name=f"{settings.name}/{name}-{seed}", seed=seed)
            kept = run.folder / "measured.json"
            if not kept.exists():
                adapter = train(with_rows(run, task.train, rows), callbacks=[last := Last(run, task.test)])
                with answerer(run.base, adapter, run.chat, threads=torch.get_num_threads(), batch=16) as ours:
                    edits = mended(ours, task.test)
                measured = {"precision": edits.precision, "recall": edits.recall, "f_half": edits.f_half}
                kept.write_text(json.dumps({"run": name, "seed": seed, "loss": last.loss, **measured}))
            found.append(json.loads(kept.read_text()))
    return found


class Last(TrainerCallback):
    """Takes the loss on sentences at the end of a run."""

    def __init__(self, run: LoraRun, sentences: Sequence[Sentence]) -> None:
        self.loss = math.nan
        self._rows = encoded(sentences, templated(load_tokenizer(run.base), run.chat))

    def on_train_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Measure."""
        self.loss = loss_on(more["model"], self._rows, pad=0)


def trials_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table, those that came farthest with the lowest loss first."""
    settings = [key for key in rows[0] if key not in ("trial", "losses")]
    header = ["trial", *settings, "loss after ¼", "½", "all"]
    ordered = sorted(rows, key=lambda row: (-len(row["losses"]), row["losses"][-1]))
    return table(
        header,
        [[row["trial"], *(_short(row[key]) for key in settings), *_padded(row["losses"])] for row in ordered],
    )


def _short(value: Any) -> str:
    return f"{value:.2g}" if isinstance(value, float) else str(value)


def _padded(losses: Sequence[float]) -> list[Any]:
    return [*losses, *["–"] * (len(RUNGS) - len(losses))]


def confirmed_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table of recipe and winner: mean and standard deviation over the seeds."""
    keys = ("loss", "precision", "recall", "f_half")
    lines = []
    for name in dict.fromkeys(row["run"] for row in rows):
        found = [row for row in rows if row["run"] == name]
        cells = [[row[key] for row in found] for key in keys]
        spread = [f"{fmean(c):.3f} ± {stdev(c) if len(c) > 1 else 0.0:.3f}" for c in cells]
        lines.append([name, len(found), *spread])
    return table(["settings", "seeds", "loss", "precision", "recall", "F0.5"], lines)


def draw(rows: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Left the losses of all trials at their rungs, right the last one over the learning rate."""
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for row in rows:
        whole = len(row["losses"]) == len(RUNGS)
        kind = RECIPE if row["trial"] == 0 else "read to the end" if whole else "stopped"
        left.plot(
            RUNGS[: len(row["losses"])], row["losses"], "o-", color=_COLOURS[kind], zorder=2 if whole else 1
        )
        right.plot(row["learning_rate"], row["losses"][-1], "o", color=_COLOURS[kind], label=kind)
    left.set(xlabel="share of the rows read", ylabel="loss on watched sentences, nats a token")
    right.set(xlabel="learning rate", ylabel="last loss", xscale="log")
    named = dict(zip(*reversed(right.get_legend_handles_labels()), strict=True))
    right.legend(named.values(), named.keys(), frameon=False)
    for axes in (left, right):
        axes.set_yscale("log")  # a learning rate too high ends ten times as far off
        axes.grid(alpha=0.3)
    save_figure(figure, out)


if __name__ == "__main__":
    main()
