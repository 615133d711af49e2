"""Average two adapters of one line: what was learnt last, held back by what was known before.

    python -m convert.average runs/before/last runs/after/best --share 0.5 --out runs/averaged

Both are folders as PEFT saves them, of the same layers and rank, the second trained on from the first: their
matrices lie near each other, so the means of A and of B stand for the mean of the updates (Wortsman et al.
2022, 'Robust fine-tuning of zero-shot models', for whole weights).
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from safetensors.torch import load_file, save_file

from convert.to_gguf import ConversionError

WEIGHTS = "adapter_model.safetensors"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Average two LoRA adapters.")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--share", type=float, default=0.5, help="of the second in the mean, 0 to 1")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    average(arguments.before, arguments.after, arguments.share, arguments.out)
    print(f"{arguments.out}: {arguments.share:g} of {arguments.after}, the rest of {arguments.before}")


def average(before: Path, after: Path, share: float, out: Path) -> None:
    """Write (1 - share) · `before` + share · `after` to the folder `out`.

    Raises:
        ConversionError: they adapt other layers, or with other ranks.
    """
    first, second = load_file(before / WEIGHTS), load_file(after / WEIGHTS)
    if {key: w.shape for key, w in first.items()} != {key: w.shape for key, w in second.items()}:
        raise ConversionError(f"{before} and {after} do not adapt the same layers with the same rank.")
    out.mkdir(parents=True, exist_ok=True)
    save_file({key: (1 - share) * w + share * second[key] for key, w in first.items()}, out / WEIGHTS)
    shutil.copy(after / "adapter_config.json", out)


if __name__ == "__main__":
    main()
