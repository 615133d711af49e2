"""How fast this processor works with each form of the base weights: the fetched one, ours, requantised ones.

    python -m bench.weights

Reads a prompt of 512 tokens, then decodes 12 branches side by side for 24 steps, and prints the
median of five repeats. Speed only: what requantising costs in accuracy is for `training.evaluate`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import llama_cpp

from bench.report import cores, processor, table
from smartform.engines import models
from smartform.engines.heads import FREQUENT, Head, NarrowHead, OutputRows, WholeHead
from smartform.engines.llama_context import Item, LlamaContext
from smartform.engines.load import BASE_MODEL, FORMS_ADAPTER

FETCHED = "gemma-3-270m"
REQUANTISED = {"Q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0, "Q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0}
NARROW = "as used, of the vocabulary a text's tokens"
TOKENS = 500
"""How many of these there are besides the frequent ones."""
PROMPT, BRANCHES, STEPS, REPEATS = 512, 12, 24, 5


def main() -> None:
    """Measure every form and print a table."""
    threads = cores()
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            (name, round(path.stat().st_size / 2**20), *speed(path, adapter, threads, narrow=name == NARROW))
            for name, path, adapter in forms(Path(folder))
        ]
    print(f"{processor()}, {threads} threads\n")
    print(table(("weights", "MiB", "prompt tokens a second", f"ms for a step of {BRANCHES} branches"), rows))


def forms(folder: Path) -> Iterator[tuple[str, Path, Path | None]]:
    """Name, file and adapter of each form; requantised ones are written into `folder`."""
    ours = models.locate(BASE_MODEL)
    yield "as fetched", models.locate(FETCHED), None
    yield "as used", ours, None
    yield NARROW, ours, None
    yield "as used, an adapter beside it", ours, models.locate(FORMS_ADAPTER)
    for name, kind in REQUANTISED.items():
        path = folder / f"{name}.gguf"
        settings = llama_cpp.llama_model_quantize_default_params()
        settings.ftype = kind
        if llama_cpp.llama_model_quantize(str(ours).encode(), str(path).encode(), settings) != 0:
            raise RuntimeError(f"llama.cpp could not write {name}")
        yield name, path, None


def speed(path: Path, adapter: Path | None, threads: int, *, narrow: bool = False) -> tuple[int, float]:
    """(prompt tokens a second, milliseconds for a step of all branches)."""
    adapters = {FORMS_ADAPTER: adapter} if adapter else {}
    context = LlamaContext(path, adapters, threads=threads, cells=2_048, sequences=1 + BRANCHES)
    context.use(FORMS_ADAPTER)
    head: Head = WholeHead(context)
    if narrow:
        tokens = range(FREQUENT, FREQUENT + TOKENS)
        head = NarrowHead.over(context, OutputRows(path, context.vocabulary_size), tokens)
    token = context.tokenise(" word")[0]
    prompts, steps = [], []
    for _ in range(1 + REPEATS):
        started = time.perf_counter()
        context.evaluate([Item(token, i, 0, wanted=i == PROMPT - 1) for i in range(PROMPT)])
        prompts.append(time.perf_counter() - started)
        for branch in range(1, 1 + BRANCHES):
            context.share(0, branch)
        started = time.perf_counter()
        for step in range(STEPS):
            head.read([Item(token, PROMPT + step, 1 + b, wanted=True) for b in range(BRANCHES)])
        steps.append((time.perf_counter() - started) / STEPS)
        for sequence in range(1 + BRANCHES):
            context.forget(sequence)
    context.close()
    return round(PROMPT / median(prompts[1:])), round(median(steps[1:]) * 1000, 1)


if __name__ == "__main__":
    main()
