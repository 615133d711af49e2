"""Curves of a run as a picture: loss, evaluation, learning rate, gradient norm.

python -m training.curves runs/forms --out curves.png
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

PANELS = {
    "Loss": {"loss": "training", "eval_loss": "held out"},
    "Held out, to the letter": {"exact_found": "values right", "exact_silent": "silences right", "f1": "F1"},
    "Learning rate": {"lr": "rate"},
    "Gradient norm": {"norm": "before clipping"},
}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Draw the curves of a run.")
    parser.add_argument("run", type=Path, help="folder with metrics.jsonl")
    parser.add_argument("--out", type=Path, help="PNG file; curves.png in the run's folder where not given")
    arguments = parser.parse_args(argv)
    out = arguments.out or arguments.run / "curves.png"
    draw(read_metrics(arguments.run / "metrics.jsonl"), out)
    print(out)


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The lines of a run's metrics.jsonl, in order."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def draw(metrics: Sequence[dict[str, Any]], out: Path) -> None:
    """Draw each panel over the tokens read and write the picture to `out`."""
    figure = Figure(figsize=(11, 7), layout="constrained")
    for axes, (title, measures) in zip(figure.subplots(2, 2).flat, PANELS.items(), strict=True):
        for key, label in measures.items():
            lines = [line for line in metrics if key in line]
            axes.plot([line["tokens"] / 1e6 for line in lines], [line[key] for line in lines], label=label)
        axes.set(title=title, xlabel="million tokens")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    main()
