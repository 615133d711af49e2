"""Spectral health: what WeightWatcher reads off the weights of a base model and of its adapters.

    python -m training.studies.spectral_health
    python -m training.studies.spectral_health --base smollm2-135m --adapter mine=mine.gguf --out /tmp/mine
    python -m training.studies.spectral_health --draw

For every linear layer of the decoder: the exponent alpha of a power law fitted to the eigenvalues of
WᵀW, the norm, the stable rank; once for the base and once for the base with each adapter merged into it.
The fit is WeightWatcher's own, on eigenvalues of the smaller of WᵀW and WWᵀ: `WeightWatcher.analyze` gives
the same figures, but decomposes W itself and fits other distributions to every layer, for ten times the time.
WeightWatcher calls a layer over-trained below an alpha of 2 and under-trained above 6 (Martin, Peng and
Mahoney 2021, doi:10.1038/s41467-021-24025-8). `--draw` makes the figures of what was measured before.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from weightwatcher.constants import EVALS_THRESH
from weightwatcher.WW_powerlaw import WWFit

from smartform.engines.merging import Lora
from training.curves import read_metrics
from training.model import add_lora, load_base
from training.start import start_from
from training.studies.pages import DATA, FIGURES, parse, save_figure, table, write_results

BASE = "base"
OVER, UNDER = 2.0, 6.0
"""WeightWatcher's bounds of alpha: over-trained below, under-trained above."""

CPU = torch.device("cpu")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Spectral figures of a base model and of its adapters.")
    parser.add_argument("--base", default="gemma-3-270m-latin", help="as in a training config")
    parser.add_argument(
        "--adapter",
        action="append",
        metavar="NAME=FILE",
        help="GGUF LoRA file; may be given again; the shipped ones where not given",
    )
    parser.add_argument("--threads", type=int, default=1)
    arguments = parse(parser, argv)
    results = (arguments.out or DATA) / "spectral_health.jsonl"
    figures = arguments.out or FIGURES

    # Measure
    if not arguments.draw:
        given = arguments.adapter or ["forms=models/forms.gguf", "email=models/email.gguf"]
        adapters = {name: Path(path) for name, _, path in (one.partition("=") for one in given)}
        write_results(results, measure_all(arguments.base, adapters))

    # Show
    rows = read_metrics(results)
    print(summary(rows))
    draw_base(rows, figures / "spectral_health-base.png")
    draw_moves(rows, figures / "spectral_health-moves.png")


def measure_all(base: str, adapters: Mapping[str, Path]) -> Iterator[dict[str, Any]]:
    """One row for each model and linear layer, the base's first; see `measure`."""
    model, _ = load_base(base, CPU, torch.float32)
    before = {name: weight.clone() for name, weight in weights(decoder_layers(model))}
    for row in measure(decoder_layers(model)):
        yield {"model": BASE, **row, "moved": 0.0}
    for adapter, path in adapters.items():
        layers = decoder_layers(tuned(base, path))
        moved = {n: relative_change(before[n], w) for n, w in weights(layers)}
        for row in measure(layers):
            yield {"model": adapter, **row, "moved": moved[f"{row['layer']}.{row['matrix']}"]}


def tuned(base: str, adapter: Path) -> nn.Module:
    """The base with a GGUF LoRA file merged into its weights."""
    lora = Lora.read(adapter)
    rank = next(len(down) for down, _ in lora.pairs().values())
    model, _ = load_base(base, CPU, torch.float32)
    adapted = add_lora(model, base, rank, int(lora.alpha), 0.0)
    start_from(adapted, adapter)
    merged: nn.Module = adapted.merge_and_unload()
    return merged


def decoder_layers(model: Any) -> nn.Module:
    """The decoder's blocks: no adapter touches the embedding, which is the head as well."""
    layers: nn.Module = model.get_decoder().layers
    return layers


def weights(layers: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Name and weight (out, in) of each linear layer."""
    for name, module in layers.named_modules():
        if isinstance(module, nn.Linear):
            yield name, module.weight.detach()


def relative_change(before: Tensor, after: Tensor) -> float:
    """Frobenius norm of the change as a share of the norm before."""
    return ((after - before).norm() / before.norm()).item()


def measure(layers: nn.Module) -> Iterator[dict[str, Any]]:
    """The figures of each linear layer, as WeightWatcher defines them.

    Returns:
        layer, matrix (its name in the layer), alpha, distance (Kolmogorov–Smirnov, of the fit), tail
        (eigenvalues in it), log_norm (log10 of the squared Frobenius norm), stable_rank.
    """
    for name, weight in weights(layers):
        layer, _, matrix = name.partition(".")
        values = eigenvalues(weight)
        fit = WWFit(values[values > EVALS_THRESH])
        yield {
            "layer": int(layer),
            "matrix": matrix,
            "alpha": float(fit.alpha),
            "distance": float(fit.D),
            "tail": len(fit.data),
            "log_norm": float(np.log10(values.sum())),
            "stable_rank": float(values.sum() / values.max()),
        }


def eigenvalues(weight: Tensor) -> np.ndarray:
    """Squares of the singular values of a weight, rising."""
    wide = weight.double() if weight.shape[0] <= weight.shape[1] else weight.double().T
    return torch.linalg.eigvalsh(wide @ wide.T).numpy()


def names(rows: Sequence[Mapping[str, Any]], key: str) -> list[Any]:
    """The values of a member, in the order of their first row."""
    return list(dict.fromkeys(row[key] for row in rows))


def summary(rows: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: the models; the base's kinds of matrices with the updates they got; the outermost layers."""
    header = ["median alpha", "over-trained", "under-trained", "mean log norm", "mean stable rank"]
    models = names(rows, "model")
    base = _of(rows, model=BASE)
    lines = [[model, *_figures(_of(rows, model=model)), *_moves(rows, model)] for model in models]
    moved = ["mean ‖ΔW‖/‖W‖", "mean change of alpha", "its standard error", "moved beyond that"]
    kinds = [
        [kind, *_figures(_of(base, matrix=kind))]
        + [fmean(row["moved"] for row in _of(rows, matrix=kind, model=model)) for model in models[1:]]
        for kind in names(base, "matrix")
    ]
    updates = [f"‖ΔW‖/‖W‖, {model}" for model in models[1:]]
    ordered = sorted(base, key=lambda row: row["alpha"])
    outermost = [
        [row["layer"], row["matrix"], row["alpha"], standard_error(row), row["tail"]]
        for row in ordered[:5] + ordered[-5:]
    ]
    return "\n\n".join(
        [
            table(["model", *header, *moved], lines),
            table(["base", *header, *updates], kinds),
            table(
                ["layer of the base", "matrix", "alpha", "standard error", "eigenvalues fitted"], outermost
            ),
        ]
    )


def standard_error(row: Mapping[str, Any]) -> float:
    """Of alpha, from the eigenvalues that it was fitted to."""
    return float((row["alpha"] - 1) / row["tail"] ** 0.5)


def _of(rows: Sequence[Mapping[str, Any]], **wanted: Any) -> list[Mapping[str, Any]]:
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def _figures(rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    alphas = [row["alpha"] for row in rows]
    return [
        median(alphas),
        f"{sum(a < OVER for a in alphas)} of {len(alphas)}",
        f"{sum(a > UNDER for a in alphas)} of {len(alphas)}",
        fmean(row["log_norm"] for row in rows),
        fmean(row["stable_rank"] for row in rows),
    ]


def _moves(rows: Sequence[Mapping[str, Any]], model: str) -> list[Any]:
    base = _of(rows, model=BASE)
    pairs = list(zip(base, _of(rows, model=model), strict=True))
    shifts = [abs(after["alpha"] - before["alpha"]) for before, after in pairs]
    errors = [standard_error(row) for row in base]
    beyond = sum(shift > error for shift, error in zip(shifts, errors, strict=True))
    return [
        fmean(after["moved"] for _, after in pairs),
        fmean(shifts),
        fmean(errors),
        f"{beyond} of {len(pairs)}",
    ]


def grid(rows: Sequence[Mapping[str, Any]], model: str, key: str) -> np.ndarray:
    """(matrices, layers) values of one model."""
    kinds = names(rows, "matrix")
    values = np.full((len(kinds), len(names(rows, "layer"))), np.nan)
    for row in rows:
        if row["model"] == model:
            values[kinds.index(row["matrix"]), row["layer"]] = row[key]
    return values


def draw_base(rows: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Alpha and stable rank of every layer of the base."""
    figure = Figure(figsize=(9, 5.2), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True)
    shown = top.imshow(grid(rows, BASE, "alpha"), cmap="RdYlBu", vmin=OVER - 1, vmax=UNDER + 3, aspect="auto")
    _label(top, rows, "alpha of the base: over-trained below 2, under-trained above 6")
    for (y, x), value in np.ndenumerate(grid(rows, BASE, "alpha")):
        top.text(x, y, f"{value:.1f}", ha="center", va="center", fontsize=6.5)
    figure.colorbar(shown, ax=top)
    shown = bottom.imshow(grid(rows, BASE, "stable_rank"), cmap="viridis", aspect="auto")
    _label(bottom, rows, "stable rank of the base")
    bottom.set_xlabel("layer")
    figure.colorbar(shown, ax=bottom)
    save_figure(figure, out)


def draw_moves(rows: Sequence[Mapping[str, Any]], out: Path) -> None:
    """What each adapter changed: the relative norm of its update, and alpha."""
    adapters = [model for model in names(rows, "model") if model != BASE]
    figure = Figure(figsize=(11, 2.6 * len(adapters)), layout="constrained")
    base = grid(rows, BASE, "alpha")
    for model, (left, right) in zip(adapters, figure.subplots(len(adapters), 2, squeeze=False), strict=True):
        shown = left.imshow(100 * grid(rows, model, "moved"), cmap="viridis", vmin=0, aspect="auto")
        _label(left, rows, f"{model}: norm of the update, % of the weight's")
        figure.colorbar(shown, ax=left)
        shift = grid(rows, model, "alpha") - base
        shown = right.imshow(shift, cmap="coolwarm", vmin=-1, vmax=1, aspect="auto")
        _label(right, rows, f"{model}: change of alpha")
        figure.colorbar(shown, ax=right)
    save_figure(figure, out)


def _label(axes: Any, rows: Sequence[Mapping[str, Any]], title: str) -> None:
    kinds = [kind.rpartition(".")[2] for kind in names(rows, "matrix")]
    axes.set_yticks(range(len(kinds)), kinds, fontsize=8)
    axes.set_xticks(range(len(names(rows, "layer"))))
    axes.tick_params(axis="x", labelsize=7)
    axes.set_title(title, fontsize=9)


if __name__ == "__main__":
    main()
