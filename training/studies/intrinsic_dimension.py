"""Intrinsic dimension: in how few random directions an encoder can be tuned to nine tenths of its worth.

    python -m training.studies.intrinsic_dimension
    python -m training.studies.intrinsic_dimension --rows 5000 --held 500 --epochs 3 --multiples 1 4 16
    python -m training.studies.intrinsic_dimension --draw

All weights of the encoder's blocks and of the head are tuned once freely and then, for every d, in a
random subspace of d coordinates with one scale a layer (`fastfood`). d90 is the smallest d whose accuracy
reaches 90 % of that of free tuning (Li et al. 2018, arXiv:1804.08838; Aghajanyan et al. 2020,
arXiv:2012.13255). A run's learning rate is that of free tuning times √(weights / d), so that a step has the
same length among the weights whatever d is; of several multiples of it the one with the lowest loss on rows
that are neither learnt nor measured counts. Results are kept in `runs/intrinsic_dimension` as they come: a
sweep that was stopped goes on where it was, with the same flags. Free tuning leaves the tuned model there,
for `head_pruning`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from training.curves import read_metrics
from training.studies.fastfood import Subspace
from training.studies.pages import DATA, FIGURES, parse, save_figure, table, write_results
from training.studies.sentiment import SOURCE, Task, add_arguments, fresh_model, read_task
from training.tone import Encoded, ToneConfig, learning_rate, loss_of, measure, steps, update
from training.tone_model import ToneModel, pooled_of
from training.tone_rows import repeated

FREE, UNTUNED = "free", "untuned"
SHARE = 0.9
SHOWN = 128
"""Texts in the picture of the embeddings."""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Find the intrinsic dimension of tuning an encoder.")
    add_arguments(parser, rows=1_600, held=400)
    parser.add_argument("--dimensions", type=int, nargs="+", default=[10, 100, 1_000, 10_000])
    parser.add_argument("--multiples", type=float, nargs="+", default=[4.0], help="of the learning rate")
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    arguments = parse(parser, argv)
    results = (arguments.out or DATA) / "intrinsic_dimension.jsonl"
    figures = arguments.out or FIGURES

    # Measure
    if not arguments.draw:
        config, task = read_task(arguments)
        config = replace(config, rows_per_step=arguments.batch, passes={SOURCE: arguments.epochs})
        kept = arguments.runs / "intrinsic_dimension" / "results.jsonl"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.touch()
        done = {(row["run"], row["multiple"]) for row in read_metrics(kept)}
        wanted = [(UNTUNED, 0.0)]
        for multiple in arguments.multiples:
            wanted += [(run, multiple) for run in (FREE, *map(str, arguments.dimensions))]
        for run, multiple in wanted:
            if (run, multiple) not in done:
                row = tune(config, task, run, multiple, arguments.seed, arguments.runs)
                print({k: v for k, v in row.items() if k != "points"}, flush=True)
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
        write_results(results, read_metrics(kept))

    # Show
    rows = chosen(read_metrics(results))
    print(summary(rows))
    draw_accuracy(rows, figures / "intrinsic_dimension-d90.png")
    draw_embeddings(rows, figures / "intrinsic_dimension-embeddings.png")


def tune(config: ToneConfig, task: Task, run: str, multiple: float, seed: int, runs: Path) -> dict[str, Any]:
    """Train once and measure.

    Args:
        run: `UNTUNED`, `FREE`, or d.
        multiple: of the config's learning rate, after that has been fitted to d.

    Returns:
        run, multiple, weights (numbers that were tuned), accuracy on the held rows, fit_loss, seconds of
        CPU time, and the first two principal components of the held texts' embeddings.
    """
    torch.manual_seed(seed)
    model, _ = fresh_model(config)
    reached = [n for n, p in model.named_parameters() if p.requires_grad and "politeness" not in n]
    total = sum(p.numel() for n, p in model.named_parameters() if n in set(reached))
    trained: nn.Module = model
    rate, tuned = config.learning_rate * multiple, total
    if run not in (UNTUNED, FREE):
        trained = Subspace(model, reached, int(run), seed)
        rate, tuned = rate * (total / int(run)) ** 0.5, int(run) + len(trained.scales)
    started = time.process_time()
    if run != UNTUNED:
        learn(replace(config, learning_rate=rate), trained, task.train, seed)
    seconds = time.process_time() - started
    if isinstance(trained, Subspace):
        trained.settle()
    if run == FREE:
        path = runs / "intrinsic_dimension" / f"full-{multiple:g}.pt"
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(model.state_dict(), path)
    model.eval()
    with torch.inference_mode():
        fit_loss = loss_of(model, task.fit).item()
    return {
        "run": run,
        "multiple": multiple,
        "weights": tuned,
        "accuracy": measure(model, task.held)[SOURCE],
        "fit_loss": fit_loss,
        "seconds": seconds,
        "points": points(model, task.held[:SHOWN]),
    }


def learn(config: ToneConfig, model: nn.Module, rows: Sequence[Encoded], seed: int) -> None:
    """The tone run's steps, on whatever of `model` is not frozen."""
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], weight_decay=0.0)
    by_row = {id(e.row): e for e in rows}
    order = repeated((e.row for e in rows), config.passes, seed)
    batches = list(steps([by_row[id(row)] for row in order], config.rows_per_step, seed))
    for step, batch in enumerate(batches, 1):
        update(model, optimizer, batch, learning_rate(config, step, len(batches)), config.clip)


def points(model: ToneModel, rows: Sequence[Encoded]) -> list[list[float]]:
    """For each row the first two principal components of its embedding, and whether it is for the film."""
    embeddings = pooled_of(model, [e.ids for e in rows])
    for_it = [float(e.row.sentiment is not None and e.row.sentiment[2] > 0.5) for e in rows]
    plane = principal_components(embeddings)
    return [[round(x, 3), round(y, 3), z] for (x, y), z in zip(plane.tolist(), for_it, strict=True)]


def principal_components(values: Tensor) -> Tensor:
    """(rows, width) → (rows, 2) in units of the first one's standard deviation."""
    centred = values - values.mean(0)
    left, sizes, _ = torch.linalg.svd(centred, full_matrices=False)
    return left[:, :2] * sizes[:2] / sizes[0] * len(values) ** 0.5


def chosen(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each run the multiple with the lowest loss on the rows to choose by."""
    best: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["run"] not in best or row["fit_loss"] < best[row["run"]]["fit_loss"]:
            best[row["run"]] = row
    return sorted(best.values(), key=lambda row: (row["run"] != UNTUNED, row["weights"]))


def d90(rows: Sequence[Mapping[str, Any]]) -> int | None:
    """The smallest d from which on every accuracy is at least 90 % of free tuning's; None for none."""
    aim = SHARE * next(row["accuracy"] for row in rows if row["run"] == FREE)
    found = None
    for row in sorted(_subspaces(rows), key=lambda row: -int(row["run"])):
        if row["accuracy"] < aim:
            break
        found = int(row["run"])
    return found


def summary(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table and d90."""
    header = ["tuned", "numbers tuned", "accuracy", "loss on other rows", "rate ×", "CPU seconds"]
    keys = ("run", "weights", "accuracy", "fit_loss", "multiple", "seconds")
    return table(header, [[row[key] for key in keys] for row in rows]) + f"\n\nd90: {d90(rows)}"


def draw_accuracy(rows: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Accuracy over d, with what free tuning reaches."""
    figure = Figure(figsize=(6.5, 4), layout="constrained")
    axes = figure.subplots()
    inside = sorted(_subspaces(rows), key=lambda row: int(row["run"]))
    free = next(row["accuracy"] for row in rows if row["run"] == FREE)
    untuned = next(row["accuracy"] for row in rows if row["run"] == UNTUNED)
    axes.plot(
        [int(row["run"]) for row in inside], [row["accuracy"] for row in inside], "o-", label="subspace"
    )
    axes.axhline(free, color="black", label="all weights")
    axes.axhline(SHARE * free, color="black", linestyle="--", label="90 % of that")
    axes.axhline(untuned, color="grey", linestyle=":", label="untuned")
    axes.set(xscale="log", xlabel="d, coordinates", ylabel="accuracy on held sentences")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    save_figure(figure, out)


def draw_embeddings(rows: Sequence[Mapping[str, Any]], out: Path) -> None:
    """The held texts in the plane of their first two principal components, for each run."""
    figure = Figure(figsize=(2.6 * len(rows), 2.9), layout="constrained")
    for axes, row in zip(figure.subplots(1, len(rows), squeeze=False)[0], rows, strict=True):
        for label, colour in ((1.0, "tab:blue"), (0.0, "tab:red")):
            drawn = [point for point in row["points"] if point[2] == label]
            axes.scatter([p[0] for p in drawn], [p[1] for p in drawn], s=6, color=colour, alpha=0.6)
        title = row["run"] if row["run"] in (UNTUNED, FREE) else f"d = {row['run']}"
        axes.set_title(f"{title}: {row['accuracy']:.2f}", fontsize=9)
        axes.set(xticks=[], yticks=[])
    save_figure(figure, out)


def _subspaces(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in rows if row["run"] not in (UNTUNED, FREE)]


if __name__ == "__main__":
    main()
