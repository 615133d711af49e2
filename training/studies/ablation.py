"""Ablation: what data, augmentation, objective, base and constraint bring to the forms adapter.

    python -m training.studies.ablation
    python -m training.studies.ablation --tokens 400000 --held 170 --seeds 1 2 3
    python -m training.studies.ablation --draw

Each arm is the recipe (`training/configs/forms.yaml`, written texts only) with one thing changed, begins
from nothing and reads `--tokens`. Measured are fields of texts that are held out of every run: what greedy
writing, token by token and free to write anything, gets right to the letter. The shipped adapter is measured
so, too, and decoded as the app decodes it, held to the text and to the options, each field answered or not as
is likelier. What an arm gave is kept in its run's folder, and a comparison that was stopped goes on where it
was.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from matplotlib.figure import Figure

from smartform.engines.load import text_engine
from smartform.prompts import ChatFormat
from smartform.schema import FieldType, Value
from smartform.settings import Settings
from smartform.supply import MODEL_ALONE
from smartform.values import SPOTTED
from training.augment import Augmenter, Rates
from training.calibrate import ask, judge
from training.config import TrainConfig, read_config
from training.curves import read_metrics
from training.examples import Example
from training.model import add_lora, decoder_and_head, load_base, load_tokenizer
from training.objective import Head, collate, encode, hidden_states
from training.start import start_from
from training.studies.pages import DATA, FIGURES, kept, parse, save_figure, table, write_results
from training.targets import load_rows, read_rows
from training.train_forms import branches_right, digest, is_held_out, train

Gold = tuple[Example, dict[str, Value]]

NO_AUGMENTATION = {"augment_values": 0.0, "augment_fields": 0.0, "augment_style": 0.0}
FEW = 24
"""Texts that the arms with few of them read again and again."""


@dataclass(frozen=True)
class Arm:
    """What is changed of the recipe.

    Args:
        settings: of the run.
        texts: how many texts there are to learn from; None: all.
        normal_form: dates, times, figures and addresses are written as the form wants them
            ('18:30'), not as the text has them ('half past six').
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    texts: int | None = None
    normal_form: bool = False


ARMS: Mapping[str, Arm] = {
    "recipe": Arm(),
    "no augmentation": Arm(NO_AUGMENTATION),
    "few texts": Arm(texts=FEW),
    "few texts, no augmentation": Arm(NO_AUGMENTATION, texts=FEW),
    "normal form, no augmentation": Arm(NO_AUGMENTATION, normal_form=True),
    "another base": Arm({"base": "smollm2-135m-instruct", "chat": "chatml"}),
}
SHIPPED, CONSTRAINED = "shipped", "shipped, held to the text"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Compare the recipe with itself, less one thing at a time.")
    parser.add_argument("--config", type=Path, default=Path("training/configs/forms.yaml"))
    parser.add_argument("--data", nargs="+", help="JSONL files instead of the config's")
    parser.add_argument("--arms", nargs="+", choices=[*ARMS, SHIPPED], default=[*ARMS, SHIPPED])
    parser.add_argument("--tokens", type=int, default=40_000, help="that each arm reads")
    parser.add_argument("--held", type=int, default=80, help="held-out texts to measure on")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--threads", type=int, default=1)
    arguments = parse(parser, argv)
    results = (arguments.out or DATA) / "ablation.jsonl"

    # Measure
    if not arguments.draw:
        given = {"threads": arguments.threads, "total_tokens": arguments.tokens}
        settings = read_config(arguments.config, given | ({"data": arguments.data} if arguments.data else {}))
        settings = replace(settings, public=(), eval_steps=10**9, eval_examples=0)
        held = sorted(
            (r for r in load_rows(settings.data) if is_held_out(r[0], settings.holdout)), key=_order
        )
        rows = []
        for arm in arguments.arms:
            for seed in arguments.seeds if arm in ARMS else [0]:
                run = replace(
                    settings, name=f"ablation/{arm.replace(', ', '-').replace(' ', '_')}-{seed}", seed=seed
                )
                rows += kept(run.folder, lambda run=run, arm=arm: measured(run, arm, held[: arguments.held]))
        write_results(results, rows)

    # Show
    rows = read_metrics(results)
    print(summary(rows))
    draw(rows, (arguments.out or FIGURES) / "ablation.png")


def _order(row: Gold) -> int:
    return digest(row[0])


def measured(run: TrainConfig, arm: str, held: Sequence[Gold]) -> list[dict[str, Any]]:
    """Tune, unless it is the shipped adapter, and measure.

    Returns:
        Rows of arm, seed, tokens; loss (nats a value's token, weighed as in training); found, typed and
        silent: the shares right of fields with a value, of those with dates, times, figures or addresses, and
        of those that the text says nothing of. A row of what decoding holds to the text has no loss.
    """
    if arm == SHIPPED:
        base, _ = load_base(run.base, torch.device("cpu"), torch.float32)
        model = add_lora(base, run.base, run.rank, run.alpha, run.dropout)
        start_from(model, Path("models/forms.gguf"))
        rights = list(constrained(held))
        extra = [{"arm": CONSTRAINED, "seed": run.seed, "tokens": 0, "loss": None} | shares(rights)]
        examples, run = [example for example, _ in held], replace(run, total_tokens=0)
    else:
        settings = ARMS[arm]
        run = replace(run, **settings.settings)
        taught, augment = material(run, settings)
        resumed = (run.folder / "checkpoint.pt").exists()
        model = train(run, taught, augment=augment, resume=resumed)
        examples = [in_normal_form(*row) if settings.normal_form else row[0] for row in held]
        extra = []
    loss, rights = free(model, run, examples)
    return [{"arm": arm, "seed": run.seed, "tokens": run.total_tokens, "loss": loss} | shares(rights), *extra]


def material(run: TrainConfig, arm: Arm) -> tuple[list[Example], Callable[[Any, int], Any] | None]:
    """What an arm learns from, none of it held out, and what alters it."""
    rows = [row for row in load_rows(run.data) if not is_held_out(row[0], run.holdout)]
    if arm.texts is not None:
        rows = random.Random(run.seed).sample(rows, arm.texts)
    examples = [in_normal_form(*row) if arm.normal_form else row[0] for row in rows]
    rates = Rates(run.augment_values, run.augment_fields, run.augment_style)
    ids = {example.id for example in examples}
    raw = [row for row in read_rows(run.data) if row["id"] in ids]
    return examples, Augmenter(raw, rates, run.seed) if rates else None


def in_normal_form(example: Example, gold: Mapping[str, Value]) -> Example:
    """The example with the gold values of typed fields instead of the expressions that they come from."""
    typed = {
        name: str(gold[name]) for name in example.targets if gold[name] and example.form[name].type in SPOTTED
    }
    return replace(example, targets=example.targets | typed)


Right = tuple[FieldType, bool, bool]
"""A field's type, whether the text answers it, and whether the answer is right."""


@torch.no_grad()
def free(model: Any, run: TrainConfig, examples: Sequence[Example]) -> tuple[float, list[Right]]:
    """Loss, and what is right to the letter where each token is the likeliest of the whole vocabulary."""
    tokenizer = load_tokenizer(run.base)
    decoder, weight = decoder_and_head(model)
    decoder.eval()
    head, cpu = Head(weight), torch.device("cpu")
    total, weighed, rights = 0.0, 0.0, []
    for example in examples:
        encoded = encode(example, tokenizer, ChatFormat(run.chat), run.length_power)
        batch = collate([encoded], cpu)
        hidden = hidden_states(decoder, batch, torch.float32)
        total += head.loss(hidden, batch).item()
        weighed += batch.weights.sum().item()
        names = [name for name, _ in example.branches()]
        for (_, branch), right in branches_right(batch, head.right(hidden, batch)).items():
            if names[branch] in example.form.names:
                kind = example.form[names[branch]].type
                rights.append((kind, branch not in encoded.silent, right))
    return total / weighed, rights


def constrained(held: Sequence[Gold]) -> Iterator[Right]:
    """What the app's decoding gets right with the shipped adapter, of the fields that can be taught."""
    for heard in ask(text_engine(Settings.from_environment()), held):
        names = [answer.name for answer in heard.answers]
        for name, answer in zip(names, judge(heard, MODEL_ALONE), strict=True):
            given = answer.score > answer.p_no_data
            if name in heard.example.targets:
                yield (
                    answer.kind,
                    bool(answer.gold),
                    answer.right if answer.gold and given else not (answer.gold or given),
                )


def shares(rights: Sequence[Right]) -> dict[str, float]:
    """The shares right of fields with a value, of the typed among them, and of silent fields."""
    return {
        "found": fmean(right for _, said, right in rights if said),
        "typed": fmean(right for kind, said, right in rights if said and kind in SPOTTED),
        "silent": fmean(right for _, said, right in rights if not said),
    }


def summary(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table, a line for each arm; means over the seeds."""
    lines = []
    for arm in dict.fromkeys(row["arm"] for row in rows):
        found = [row for row in rows if row["arm"] == arm]
        loss = "–" if found[0]["loss"] is None else fmean(row["loss"] for row in found)
        cells = [fmean(row[key] for row in found) for key in ("found", "typed", "silent")]
        lines.append([arm, loss, *cells, len(found)])
    return table(["arm", "loss", "values right", "typed values right", "silences right", "seeds"], lines)


def draw(rows: Sequence[Mapping[str, Any]], out: Path) -> None:
    """For each arm the shares right of values and of silences."""
    figure = Figure(figsize=(7.5, 3.4), layout="constrained")
    axes = figure.subplots()
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    for number, (key, name) in enumerate({"found": "values", "silent": "silences"}.items()):
        means = [fmean(row[key] for row in rows if row["arm"] == arm) for arm in arms]
        axes.barh([place + number * 0.4 for place in range(len(arms))], means, 0.4, label=name)
    axes.set_yticks([place + 0.2 for place in range(len(arms))], arms)
    axes.invert_yaxis()
    axes.set(xlabel="share right to the letter, held out")
    axes.legend(frameon=False, fontsize=8)
    save_figure(figure, out)


if __name__ == "__main__":
    main()
