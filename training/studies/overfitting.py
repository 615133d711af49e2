"""Overfitting: training loss against held-out loss, and what a validation split with early stopping saves.

    python -m training.studies.overfitting
    python -m training.studies.overfitting --rows 3000 --sizes 32 128 512 2048 --seeds 10 --epochs 200
    python -m training.studies.overfitting --draw

Two parts. The first trains a head of the tone classifiers on its frozen encoder, which is small enough to
be trained dozens of times: on so many sentences, once on all of them for all epochs, and once on four
fifths, where the rest are watched and the head of the lowest loss on them is taken when it has not
fallen for `patience` epochs. Both are measured on sentences of other reviews. The second draws the metrics
of two LoRA runs of the forms adapter, kept in `data` (see overfitting.md).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import cross_entropy

from training.curves import read_metrics
from training.studies.pages import DATA, FIGURES, parse, save_figure, table, write_results
from training.studies.sentiment import add_arguments, fresh_model, read_task
from training.tone import Encoded
from training.tone_model import Head, ToneModel, pooled_of

ALL, SPLIT = "all rows, no split", "split, early stop"
VALIDATION = 0.2
"""Share of the rows that is watched rather than learnt."""

RUNS = ("forms-1", "forms-2")


@dataclass(frozen=True)
class Texts:
    """Texts as the frozen encoder gives them, (rows, width), and their soft labels (rows, 3)."""

    states: Tensor
    labels: Tensor

    def __getitem__(self, rows: slice | Tensor) -> Texts:
        return Texts(self.states[rows], self.labels[rows])

    def __len__(self) -> int:
        return len(self.labels)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Training loss against held-out loss.")
    add_arguments(parser, rows=400, held=300)
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 100, 400], help="rows to learn from")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--patience", type=int, default=5, help="epochs without a lower loss")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    arguments = parse(parser, argv)
    results = (arguments.out or DATA) / "overfitting.jsonl"
    figures = arguments.out or FIGURES

    # Measure
    if not arguments.draw:
        config, task = read_task(arguments)
        model, _ = fresh_model(config)
        train, held = texts_of(model, task.train), texts_of(model, task.held)
        width = train.states.shape[1]
        rows: list[dict[str, Any]] = []
        for size in arguments.sizes:
            for seed in range(arguments.seeds):
                torch.manual_seed(seed)
                drawn = train[torch.randperm(len(train))[:size]]
                for arm, learnt, watched in arms(drawn):
                    head = Head(width, config.dropout)
                    about = {"size": size, "seed": seed, "arm": arm}
                    curve = learn(head, learnt, watched, held, arguments.epochs, arguments.learning_rate)
                    rows.append(about | columns(list(curve)))
        write_results(results, rows)

    # Show
    rows = read_metrics(results)
    print(summary(rows, arguments.patience))
    draw_curves(rows, arguments.patience, figures / "overfitting-curves.png")
    runs = {run: read_metrics(DATA / f"{run}.jsonl") for run in RUNS}
    print(runs_summary(runs))
    draw_runs(runs, figures / "overfitting-runs.png")


def texts_of(model: ToneModel, rows: Sequence[Encoded]) -> Texts:
    """What the frozen encoder says of the rows."""
    return Texts(pooled_of(model, [e.ids for e in rows]), torch.tensor([e.row.sentiment for e in rows]))


def arms(rows: Texts) -> Iterator[tuple[str, Texts, Texts | None]]:
    """Name, rows to learn and rows to watch, of both ways to spend `rows`."""
    kept = round(len(rows) * VALIDATION)
    yield ALL, rows, None
    yield SPLIT, rows[slice(kept, None)], rows[slice(0, kept)]


def learn(
    head: Head, rows: Texts, watched: Texts | None, held: Texts, epochs: int, rate: float, batch: int = 16
) -> Iterator[dict[str, Any]]:
    """Train for all epochs; where the run would have stopped is seen afterwards, by `stop`.

    Returns:
        A line for each epoch, before the first one too: epoch, loss on the rows learnt, loss on the
        watched ones where there are any, loss and accuracy on the held ones; all without dropout.
    """
    optimizer = torch.optim.AdamW(head.parameters(), lr=rate)
    for epoch in range(epochs + 1):
        line = {"epoch": epoch, "loss": loss(head, rows), "held_loss": loss(head, held)}
        line["accuracy"] = accuracy(head, held)
        if watched is not None:
            line["watched_loss"] = loss(head, watched)
        yield {name: round(value, 4) for name, value in line.items()}
        head.train()
        for chosen in torch.randperm(len(rows)).split(batch):
            cross_entropy(head(rows.states[chosen]), rows.labels[chosen]).backward()
            optimizer.step()
            optimizer.zero_grad()


@torch.no_grad()
def loss(head: Head, rows: Texts) -> float:
    """Cross-entropy with the soft labels, in nats."""
    head.eval()
    return cross_entropy(head(rows.states), rows.labels).item()


@torch.no_grad()
def accuracy(head: Head, rows: Texts) -> float:
    """Share of the rows on the right side: for or against, the neutral class is not asked."""
    logits = head.eval()(rows.states)
    return ((logits[:, 2] > logits[:, 0]) == (rows.labels[:, 2] > rows.labels[:, 0])).float().mean().item()


def stop(curve: Sequence[Mapping[str, Any]], patience: int) -> Mapping[str, Any]:
    """The line of a curve whose weights early stopping takes; the last one where nothing is watched."""
    if "watched_loss" not in curve[-1]:
        return curve[-1]
    best = curve[0]
    for line in curve:
        if line["watched_loss"] < best["watched_loss"]:
            best = line
        if line["epoch"] - best["epoch"] >= patience:
            break
    return best


def columns(lines: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The lines of a curve as one row of lists, which is a fifth of the file."""
    return {key: [line[key] for line in lines] for key in lines[0]}


def curves(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[int, str], list[list[dict[str, Any]]]]:
    """(size, arm) → the curves of its seeds, as `learn` gives them."""
    grouped: dict[tuple[int, str], list[list[dict[str, Any]]]] = {}
    for row in rows:
        measured = {key: values for key, values in row.items() if isinstance(values, list)}
        lines = [dict(zip(measured, values, strict=True)) for values in zip(*measured.values(), strict=True)]
        grouped.setdefault((row["size"], row["arm"]), []).append(lines)
    return grouped


def summary(rows: Sequence[Mapping[str, Any]], patience: int) -> str:
    """A Markdown table: where each way ends, and where the split one would have ended without a stop."""
    lines = []
    for (size, arm), found in curves(rows).items():
        ends = {arm: [stop(curve, patience) for curve in found]}
        if arm == SPLIT:
            ends["split, no stop"] = [curve[-1] for curve in found]
        lines += [[size, name, *_figures(taken)] for name, taken in ends.items()]
    header = ["rows", "way", "epochs", "training loss", "held-out loss", "gap", "held-out accuracy"]
    return table(header, lines)


def _figures(taken: Sequence[Mapping[str, Any]]) -> list[str]:
    gaps = [line["held_loss"] - line["loss"] for line in taken]
    return [
        f"{fmean(line['epoch'] for line in taken):.1f}",
        f"{fmean(line['loss'] for line in taken):.3f}",
        _spread([line["held_loss"] for line in taken]),
        _spread(gaps),
        _spread([line["accuracy"] for line in taken]),
    ]


def _spread(values: Sequence[float]) -> str:
    return f"{fmean(values):.3f} ± {stdev(values) if len(values) > 1 else 0:.3f}"


def draw_curves(rows: Sequence[Mapping[str, Any]], patience: int, out: Path) -> None:
    """Losses over the epochs with a split, mean of the seeds, a panel for each size; dots where it stops."""
    found = {size: seeds for (size, arm), seeds in curves(rows).items() if arm == SPLIT}
    figure = Figure(figsize=(3.4 * len(found), 3.2), layout="constrained")
    panels = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
    for axes, (size, seeds) in zip(panels, found.items(), strict=True):
        for key, label in (("loss", "learnt"), ("watched_loss", "watched"), ("held_loss", "held out")):
            means = [fmean(line[key] for line in epoch) for epoch in zip(*seeds, strict=True)]
            axes.plot(means, label=label)
        stops = [stop(curve, patience) for curve in seeds]
        axes.plot([s["epoch"] for s in stops], [s["held_loss"] for s in stops], "k.", label="stops")
        axes.set(title=f"{size} sentences", xlabel="epoch")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("cross-entropy, nats")
    panels[0].legend(frameon=False, fontsize=8)
    save_figure(figure, out)


def runs_summary(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """A Markdown table: at each evaluation the training loss since the one before, held-out loss, the gap."""
    lines: list[list[Any]] = []
    for name, metrics in runs.items():
        learnt: list[float] = []
        for line in metrics:
            if "loss" in line:
                learnt.append(line["loss"])
            if "eval_loss" in line and learnt:
                held = line["eval_loss"]
                lines.append(
                    [
                        name,
                        f"{line['tokens']:,}",
                        line["epoch"] + 1,
                        fmean(learnt),
                        held,
                        held - fmean(learnt),
                    ]
                )
                learnt = []
    return table(["run", "tokens", "epoch", "training loss", "held-out loss", "gap"], lines)


def draw_runs(runs: Mapping[str, Sequence[Mapping[str, Any]]], out: Path) -> None:
    """Training and held-out loss of runs over the tokens they read."""
    figure = Figure(figsize=(4.6 * len(runs), 3.4), layout="constrained")
    for axes, (name, metrics) in zip(
        figure.subplots(1, len(runs), squeeze=False)[0], runs.items(), strict=True
    ):
        for key, label in (("loss", "training"), ("eval_loss", "held out")):
            lines = [line for line in metrics if key in line]
            style = "-" if key == "loss" else "o-"
            axes.plot(
                [line["tokens"] / 1e6 for line in lines],
                [line[key] for line in lines],
                style,
                label=label,
                ms=3,
            )
        axes.set(title=name, xlabel="million tokens", ylabel="loss, nats", ylim=(0, 1.5))
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    save_figure(figure, out)


if __name__ == "__main__":
    main()
