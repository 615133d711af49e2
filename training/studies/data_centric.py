"""Data-centric: what the same model learns of the same number of tokens from other data.

    python -m training.studies.data_centric --jfleg ../shared/data/jfleg/dev.jsonl
    python -m training.studies.data_centric --jfleg JFLEG --sentences 754 --tokens 400000 --seeds 1 2 3
    python -m training.studies.data_centric --draw

One arm learns general instructions (`training/data/general`), one grammar pairs (the task of `corrections`),
one both by turns. All read `--tokens` by one schedule (`training/configs/data_centric.yaml`). Base and arms
are then asked to correct a fixed set of sentences and those of JFLEG, a set of learners' sentences with four
corrections each that is for measuring only; their losses on held-out instructions and sentences stand beside.
What an arm gave is kept in `runs/data_centric`, and a comparison that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from glob import glob
from itertools import chain
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from matplotlib.figure import Figure

from training.chat_rows import messages_of, read_rows
from training.common_prompt import CommonPromptEncoder, Conversation
from training.config import TrainConfig, read_config
from training.conversations import encode, templated
from training.curves import read_metrics
from training.evaluate_email import revise_tokens
from training.gleu import gleu, gleu_interval, statistics
from training.model import load_base, load_tokenizer
from training.studies.corrections import (
    ASKED,
    MOST,
    PARTS,
    Sentence,
    add_arguments,
    loss_on,
    read_task,
)
from training.studies.greedy import answerer
from training.studies.pages import DATA, FIGURES, kept, parse, save_figure, table, write_results
from training.train_forms import digest, train
from training.word_edits import EditCounts, count_edits
from training.word_edits import tokens as words

BASE = "base"
ARMS: Mapping[str, tuple[str, ...]] = {
    BASE: (),
    "general": ("general",),
    "grammar": ("grammar",),
    "both": ("general", "grammar"),
}
"""What is compared, and what it learns."""


Foreign = tuple[list[str], list[list[str]]]
"""The tokens of a sentence and of its references."""


@dataclass(frozen=True)
class Material:
    """What the arms learn and are measured on.

    Args:
        taught: kind → conversations to learn from.
        held: kind → conversations whose loss is measured.
        sentences: the fixed set.
        foreign: JFLEG's sentences.
    """

    taught: Mapping[str, list[Conversation]]
    held: Mapping[str, list[Conversation]]
    sentences: Sequence[Sentence]
    foreign: Sequence[Foreign]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Compare what data teach.")
    parser.add_argument("--config", type=Path, default=Path("training/configs/data_centric.yaml"))
    add_arguments(parser, watch=0, test=120)
    parser.add_argument("--general", nargs="+", default=["training/data/general/*.jsonl"])
    parser.add_argument("--jfleg", type=Path, help="JSONL of src and refs; not measured if left out")
    parser.add_argument("--sentences", type=int, default=150, help="of JFLEG")
    parser.add_argument("--tokens", type=int, default=30_000, help="that each arm reads")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--threads", type=int, default=1)
    arguments = parse(parser, argv)
    results = (arguments.out or DATA) / "data_centric.jsonl"

    # Measure
    if not arguments.draw:
        settings = read_config(arguments.config, {"threads": arguments.threads})
        settings = replace(settings, total_tokens=arguments.tokens)
        material = read_material(arguments)
        rows = []
        for seed in arguments.seeds:
            for arm in ARMS:
                run = replace(settings, name=f"{settings.name}/{arm}-{seed}", seed=seed)
                rows.append(kept(run.folder, lambda run=run, arm=arm: measured(run, arm, material)))
        write_results(results, rows)

    # Show
    rows = read_metrics(results)
    print(summary(rows))
    draw(rows, (arguments.out or FIGURES) / "data_centric.png")


def read_material(arguments: argparse.Namespace) -> Material:
    """What the flags name; which part an instruction is in depends on its id alone, as for sentences."""
    task = read_task(arguments)
    files = [path for pattern in arguments.general for path in sorted(glob(pattern))]
    general = [Conversation(row.data["id"], messages_of(row)) for row in read_rows(files)]
    apart = [talk for talk in general if digest(talk) % PARTS >= PARTS - 2]
    foreign = read_metrics(arguments.jfleg)[: arguments.sentences] if arguments.jfleg else []
    return Material(
        {
            "general": [talk for talk in general if talk not in apart],
            "grammar": [Conversation(one.id, one.messages) for one in task.train],
        },
        {"general": apart, "grammar": [Conversation(one.id, one.messages) for one in task.test]},
        task.test,
        [(row["src"].split(), [ref.split() for ref in row["refs"]]) for row in foreign],
    )


def measured(run: TrainConfig, arm: str, material: Material) -> dict[str, Any]:
    """Tune, unless it is the base, and measure.

    Returns:
        arm, seed; loss_general and loss_grammar (nats a token of held-out answers); sentences (share of the
        fixed set that comes out as a person has it), touched (share of its faultless ones that is changed),
        precision, recall and f_half of the edits; gleu with its interval, null without JFLEG.
    """
    talks = mixed([material.taught[kind] for kind in ARMS[arm]], run.seed)
    if talks:
        resumed = (run.folder / "checkpoint.pt").exists()
        model = train(run, talks, encoding=CommonPromptEncoder, resume=resumed)
    else:
        model, _ = load_base(run.base, torch.device("cpu"), torch.float32)
    tokenizer = templated(load_tokenizer(run.base), run.chat)
    losses = {
        f"loss_{kind}": loss_on(model, [encode(talk.messages, tokenizer) for talk in held], pad=0)
        for kind, held in material.held.items()
    }
    adapter = run.folder / "last" if talks else None
    with answerer(run.base, adapter, run.chat, threads=run.threads, batch=1) as ours:

        def revise(draft: str) -> str:
            """What the model answers, the first line of it."""
            return next(ours.answers([ASKED + draft], MOST)).strip().split("\n")[0]

        own = [words(revise(one.draft)) for one in material.sentences]
        foreign = [revise_tokens(source, revise) for source, _ in material.foreign]
    return {"arm": arm, "seed": run.seed, **losses, **scores(material.sentences, own)} | {
        "gleu": gleu_of(material.foreign, foreign)
    }


def mixed(kinds: Sequence[Sequence[Conversation]], seed: int) -> list[Conversation]:
    """As many of each kind as there are of the fewest, by turns, in a random order."""
    draw = random.Random(seed)
    count = min(map(len, kinds), default=0)
    return list(chain.from_iterable(zip(*(draw.sample(kind, count) for kind in kinds), strict=True)))


def scores(sentences: Sequence[Sentence], answers: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Answers to the fixed set against what people made of it."""
    edits, right, touched = EditCounts(), [], []
    for one, answer in zip(sentences, answers, strict=True):
        draft, wanted = words(one.draft), words(one.revision)
        edits += count_edits(draft, answer, [wanted])
        right.append(answer == wanted)
        if draft == wanted:
            touched.append(answer != draft)
    return {
        "sentences": fmean(right), "touched": fmean(touched) if touched else None,
        "precision": edits.precision, "recall": edits.recall, "f_half": edits.f_half,
    }  # fmt: skip


def gleu_of(foreign: Sequence[Foreign], answers: Sequence[Sequence[str]]) -> tuple[float, ...] | None:
    """GLEU of answers to JFLEG's sentences with its 95 % interval; None without sentences."""
    if not foreign:
        return None
    stats = statistics([source for source, _ in foreign], answers, [refs for _, refs in foreign])
    return gleu(stats), *gleu_interval(stats)


def summary(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table, a line for each arm; means over the seeds."""
    header = [
        "learnt",
        "loss, instructions",
        "loss, corrections",
        "sentences right",
        "faultless ones changed",
    ]
    header += ["precision", "recall", "F0.5", "JFLEG GLEU", "seeds"]
    keys = ("loss_general", "loss_grammar", "sentences", "touched", "precision", "recall", "f_half")
    lines = []
    for arm in dict.fromkeys(row["arm"] for row in rows):
        found = [row for row in rows if row["arm"] == arm]
        cells = ["–" if found[0][key] is None else fmean(row[key] for row in found) for key in keys]
        lines.append([arm, *cells, _gleu_cell(found), len(found)])
    return table(header, lines)


def _gleu_cell(rows: Sequence[Mapping[str, Any]]) -> str:
    if rows[0]["gleu"] is None:
        return "–"
    mean, low, high = (fmean(row["gleu"][part] for row in rows) for part in range(3))
    return f"{100 * mean:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def draw(rows: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Left the losses of each arm, right what its corrections are worth."""
    figure = Figure(figsize=(8.5, 3.2), layout="constrained")
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    panels = (
        ("nats a token, held out", {"loss_general": "instructions", "loss_grammar": "corrections"}),
        ("share", {"sentences": "sentences right", "precision": "precision", "recall": "recall"}),
    )
    for axes, (label, keys) in zip(figure.subplots(1, 2), panels, strict=True):
        width = 0.8 / len(keys)
        for number, (key, name) in enumerate(keys.items()):
            heights = [fmean(row[key] for row in rows if row["arm"] == arm) for arm in arms]
            axes.bar([place + number * width for place in range(len(arms))], heights, width, label=name)
        axes.set_xticks([place + 0.4 - width / 2 for place in range(len(arms))], arms)
        axes.set(ylabel=label)
        axes.legend(frameon=False, fontsize=8)
    save_figure(figure, out)


if __name__ == "__main__":
    main()
