"""Average two adapters of one line: what was learnt last, held back by what was known before.

    python -m convert.average models/forms.gguf trained_on.gguf --share 0.5 --out averaged.gguf

Both are GGUF LoRA files of the same layers, rank and alpha, the second trained on from the first: their
matrices lie near each other, so the means of A and of B stand for the mean of the updates (Wortsman et al.
2022, 'Robust fine-tuning of zero-shot models', for whole weights).
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

import gguf

from convert.to_gguf import ConversionError
from smartform.engines.merging import Lora


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
    """Write (1 - share) · `before` + share · `after` to the file `out`, in the precision of `after`.

    Raises:
        ConversionError: one is no LoRA, or they adapt other layers, or with other ranks or alphas.
    """
    try:
        first, second = Lora.read(before), Lora.read(after)
    except ValueError as exc:
        raise ConversionError(f"{exc}.") from exc
    shapes = [{name: t.shape for name, t in lora.tensors.items()} for lora in (first, second)]
    if shapes[0] != shapes[1] or first.alpha != second.alpha:
        raise ConversionError(
            f"{before} and {after} do not adapt the same layers with the same rank and alpha."
        )
    shutil.copyfile(after, out)
    for tensor in gguf.GGUFReader(out, "r+").tensors:
        mean = (1 - share) * first.tensors[tensor.name] + share * second.tensors[tensor.name]
        tensor.data[...] = gguf.quants.quantize(mean, tensor.tensor_type)


if __name__ == "__main__":
    main()
