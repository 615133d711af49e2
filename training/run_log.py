"""What a run measures, as lines of `metrics.jsonl` and as scalars that TensorBoard shows.

    tensorboard --logdir runs

`training.curves` draws the same lines as a picture.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

TITLES = {
    "loss": "loss/training",
    "eval_loss": "loss/held_out",
    "exact_found": "held_out/values_right",
    "exact_silent": "held_out/silences_right",
    "f1": "held_out/f1",
    "lr": "learning_rate",
    "norm": "gradient_norm",
    "tokens_per_second": "tokens_per_second",
}
"""A measure's name → where TensorBoard shows it."""


class RunLog:
    """The measures of one run.

    Args:
        folder: the run's; `metrics.jsonl` and `tensorboard/` are written there.
        step: the optimiser step that the run goes on from; what was logged after it is forgotten.
    """

    def __init__(self, folder: Path, step: int = 0) -> None:
        self._path = folder / "metrics.jsonl"
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
        kept = [line for line in lines if json.loads(line)["step"] <= step]
        self._path.write_text("".join(line + "\n" for line in kept), encoding="utf-8")
        self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1 if step else None)

    def write(self, line: Mapping[str, float]) -> None:
        """Add the measures of a step: `step`, and any of `TITLES`; others are kept in the file alone."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(dict(line)) + "\n")
        for name, title in TITLES.items():
            if name in line:
                self._board.add_scalar(title, line[name], int(line["step"]))
        self._board.flush()

    def close(self) -> None:
        """Finish the files."""
        self._board.close()
