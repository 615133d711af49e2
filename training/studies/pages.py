"""What the pages of the studies are made of: small pictures, Markdown tables, results kept as JSON lines."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from matplotlib.figure import Figure

T = TypeVar("T")

HERE = Path(__file__).parent
DATA = HERE / "data"
"""Where a study keeps what it measured; its figures are drawn from there."""

FIGURES = HERE / "figures"


def parse(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the flags of a study that has `--threads`, with `--out FOLDER` and `--draw` among them."""
    parser.add_argument("--out", type=Path, help="folder for results and figures; else the study's own")
    parser.add_argument("--draw", action="store_true", help="measure nothing, draw the results there are")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    return arguments


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG file that is small enough to lie in the repository."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=85)
    print(path)


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; floats with three places."""
    lines = [header, ["---"] * len(header), *([_cell(value) for value in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_results(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(dict(row)) + "\n" for row in rows), encoding="utf-8")


def kept(folder: Path, measure: Callable[[], T]) -> T:
    """What a run measured, as JSON data in its folder; measured now unless it is there."""
    path = folder / "measured.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(measure()), encoding="utf-8")
        print(path.read_text(encoding="utf-8"), flush=True)
    measured: T = json.loads(path.read_text(encoding="utf-8"))
    return measured


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
