"""Head pruning: how many attention heads a tuned encoder can lose, and what time that saves.

    python -m training.studies.intrinsic_dimension      # leaves the tuned encoder
    python -m training.studies.head_pruning
    python -m training.studies.head_pruning --held 900 --repeats 5
    python -m training.studies.head_pruning --draw

Heads are taken away for good, their rows and columns with them, in the order of their importance: the mean
over sentences of how much the loss would change if the head's answer were scaled (Michel, Levy and Neubig
2019, arXiv:1905.10650). Random orders stand beside it. One head a layer always stays. Time is that of the
processor, for all held sentences, the fastest of the repeats.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor
from transformers.pytorch_utils import prune_linear_layer

from training.curves import read_metrics
from training.studies.pages import DATA, FIGURES, parse, save_figure, table, write_results
from training.studies.sentiment import SOURCE, add_arguments, fresh_model, read_task
from training.tone import Encoded, loss_of, measure, steps
from training.tone_model import ToneModel, logits_of

HeadId = tuple[int, int]
"""Layer and head."""

BY_IMPORTANCE = "least important first"
AT_RANDOM = "at random"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Prune attention heads of the tuned encoder.")
    add_arguments(parser, rows=64, held=400)
    parser.add_argument("--model", type=Path, default=Path("runs/intrinsic_dimension/full-4.pt"))
    parser.add_argument("--shares", type=float, nargs="+", default=[0.0, 0.25, 0.5, 0.75, 1.0])
    parser.add_argument("--orders", type=int, default=2, help="random orders beside that of importance")
    parser.add_argument("--repeats", type=int, default=2, help="timings; the fastest counts")
    arguments = parse(parser, argv)
    results = (arguments.out or DATA) / "head_pruning.jsonl"

    # Measure
    if not arguments.draw:
        config, task = read_task(arguments)

        def tuned() -> ToneModel:
            model, _ = fresh_model(config)
            model.load_state_dict(torch.load(arguments.model))
            return model

        importance = importances(tuned(), task.train)
        orders = [(BY_IMPORTANCE, sorted(importance, key=importance.__getitem__))]
        for seed in range(arguments.orders):
            orders.append((AT_RANDOM, random.Random(seed).sample(sorted(importance), len(importance))))
        rows = []
        for name, order in orders:
            for share in arguments.shares:
                if share == 0 and name != BY_IMPORTANCE:
                    continue
                model = tuned()
                taken = removable(order, share)
                prune(model, taken)
                rows.append(
                    {"order": name, "share": share, "heads": len(importance) - len(taken)}
                    | {"parameters": sum(p.numel() for p in model.encoder.encoder.parameters())}
                    | {"accuracy": measure(model, task.held)[SOURCE]}
                    | {"seconds": processor_seconds(model, task.held, arguments.repeats)}
                )
                print(rows[-1], flush=True)
        write_results(results, rows)

    # Show
    rows = read_metrics(results)
    print(summary(rows))
    draw(rows, (arguments.out or FIGURES) / "head_pruning.png")


def importances(model: ToneModel, rows: Sequence[Encoded], batch: int = 16) -> dict[HeadId, float]:
    """How much the loss moves if a head's answer is scaled, normalised within each layer."""
    model.requires_grad_(False).eval()
    size = model.encoder.config.hidden_size // model.encoder.config.num_attention_heads
    answers: list[Tensor] = []

    def watch(module: torch.nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Keep what the heads of a layer answer, [rows, tokens, heads · size], with its gradient."""
        answers.append(inputs[0].detach().requires_grad_())
        return (answers[-1], *inputs[1:])

    totals: dict[HeadId, float] = {}
    for number, layer in enumerate(model.encoder.encoder.layer):
        hook = layer.attention.output.dense.register_forward_pre_hook(watch)
        moved = torch.zeros(model.encoder.config.num_attention_heads)
        for part in steps(rows, batch, seed=0):
            answers.clear()
            loss_of(model, part).backward()
            gradient = answers[0].grad
            assert gradient is not None
            moved += (answers[0].detach() * gradient).unflatten(-1, (-1, size)).sum((1, 3)).abs().sum(0)
        hook.remove()
        totals |= {(number, head): value for head, value in enumerate((moved / moved.norm()).tolist())}
    return totals


def removable(order: Sequence[HeadId], share: float) -> list[HeadId]:
    """The first `share` of the heads in `order` that can go: the last one of each layer cannot."""
    last = {layer: (layer, head) for layer, head in order}
    going = [head for head in order if head != last[head[0]]]
    return going[: round(share * len(going))]


def prune(model: ToneModel, heads: Iterable[HeadId]) -> None:
    """Take heads out of the encoder: of query, key and value their rows, of what follows their columns."""
    taken = set(heads)
    for number, layer in enumerate(model.encoder.encoder.layer):
        attention, output = layer.attention.self, layer.attention.output
        size = attention.attention_head_size
        kept = [h for h in range(attention.num_attention_heads) if (number, h) not in taken]
        if len(kept) == attention.num_attention_heads:
            continue
        index = torch.tensor([h * size + i for h in kept for i in range(size)])
        for name in ("query", "key", "value"):
            setattr(attention, name, prune_linear_layer(getattr(attention, name), index))
        output.dense = prune_linear_layer(output.dense, index, dim=1)


def processor_seconds(model: ToneModel, rows: Sequence[Encoded], repeats: int) -> float:
    """What the processor spends on the rows, the fastest of the repeats."""

    def timings() -> Iterator[float]:
        for _ in range(repeats):
            started = time.process_time()
            logits_of(model, [e.ids for e in rows])
            yield time.process_time() - started

    return min(timings())


def means(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row for each order and share: the mean of its random orders."""
    grouped: dict[tuple[str, float], list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault((row["order"], row["share"]), []).append(row)
    keys = ("heads", "parameters", "accuracy", "seconds")
    return [
        {"order": order, "share": share} | {key: fmean(row[key] for row in found) for key in keys}
        for (order, share), found in grouped.items()
    ]


def summary(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table."""
    header = ["order", "heads left", "weights in the blocks", "accuracy", "CPU seconds"]
    lines = [
        [row["order"], f"{row['heads']:.0f}", f"{row['parameters']:,.0f}", row["accuracy"], row["seconds"]]
        for row in means(rows)
    ]
    return table(header, lines)


def draw(rows: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Accuracy and time over the heads left."""
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    found = means(rows)
    for order in dict.fromkeys(row["order"] for row in found):
        whole = [row for row in found if row["share"] == 0]
        line = [row for row in found if row["order"] == order and row["share"] > 0]
        heads = [row["heads"] for row in whole + line]
        left.plot(heads, [row["accuracy"] for row in whole + line], "o-", label=order)
        right.plot(heads, [row["seconds"] for row in whole + line], "o-", label=order)
    left.set(xlabel="attention heads left", ylabel="accuracy on held sentences")
    right.set(xlabel="attention heads left", ylabel="CPU seconds for all of them", ylim=(0, None))
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    save_figure(figure, out)


if __name__ == "__main__":
    main()
