"""ViGGO: what 1,000 rows teach a small model about writing the meaning of a sentence.

    python -m training.studies.viggo prepare --data hub:GEM/viggo --template 1
    python -m training.studies.viggo run --data hub:GEM/viggo --template 1
    python -m training.studies.viggo run --data VIGGO --template 2 --base gemma-3-270m-latin --chat gemma
    python -m training.studies.viggo run --data VIGGO --adapter none          # the untrained base
    python -m training.studies.viggo chart runs/*/result.json --larger training/studies/viggo_larger.json

`prepare` draws the rows, writes them as CSV with prompt, completion and split, and plots their functions
beside those of the whole set. `run` draws them, too, trains by the loop of `training.train_forms` with
`training/configs/viggo.yaml`, eight rows side by side behind the prompt that they share, answers the test
split greedily without constraints and writes figures, time and cost to `result.json` and all answers to
`answers.jsonl` in the run's folder. `chart` prints results as a table and draws them beside those of
larger models, given as JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from training.chat_rows import Message
from training.common_prompt import CommonPromptEncoder, Conversation
from training.config import TrainConfig, read_config
from training.curves import read_metrics
from training.model import load_tokenizer
from training.studies.greedy import answerer
from training.studies.viggo_data import (
    TEMPLATES,
    Example,
    draw_shares,
    load,
    prompt,
    representative,
    shares,
    write_csv,
)
from training.studies.viggo_scores import Answered, draw_chart, fault, figures, table
from training.train_forms import train

MOST = 160
"""Tokens of an answer, at most; the longest of the set has fewer in every tokenizer tried."""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Learn ViGGO, measure it, draw it.")
    tasks = parser.add_subparsers(required=True)
    preparing = tasks.add_parser("prepare", help="draw rows, write CSV, plot functions")
    _add_data(preparing)
    preparing.add_argument("--out", type=Path, default=Path("runs/viggo-data"))
    preparing.set_defaults(task=prepare)

    running = tasks.add_parser("run", help="train, answer, score")
    _add_data(running)
    running.add_argument("--config", type=Path, default=Path("training/configs/viggo.yaml"))
    running.add_argument("--base", help="instead of the config's")
    running.add_argument("--chat", help="instead of the config's")
    running.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="other settings")
    running.add_argument("--epochs", type=float, default=4.0, help="times the rows are read")
    running.add_argument("--adapter", help="a PEFT folder in place of training, or 'none' for the base alone")
    running.add_argument("--resume", action="store_true", help="go on from the run's checkpoint")
    running.add_argument("--name", help="of the folder under the config's runs, and of the result")
    running.add_argument("--test", type=int, default=None, help="rows of the test split; all if left out")
    running.add_argument("--threads", type=int, default=2, help="of training and llama.cpp")
    running.add_argument("--batch", type=int, default=32, help="prompts side by side in transformers")
    running.add_argument("--price", type=float, help="of an hour of this machine, in any currency")
    running.set_defaults(task=run)

    drawing = tasks.add_parser("chart", help="table and bar chart of results")
    drawing.add_argument("results", type=Path, nargs="*", help="result.json of runs")
    drawing.add_argument("--larger", type=Path, nargs="*", default=[], help="JSON lists of other results")
    drawing.add_argument("--out", type=Path, default=Path("runs/viggo-results.png"))
    drawing.set_defaults(task=chart)
    arguments = parser.parse_args(argv)
    arguments.task(arguments)


def prepare(arguments: argparse.Namespace) -> None:
    """Write train.csv, viggo.csv (all splits, of the training split the rows drawn) and functions.png."""
    parts = {split: load(arguments.data, split) for split in ("train", "validation", "test")}
    drawn = representative(parts["train"], arguments.rows, arguments.seed)
    write_csv({"train": drawn}, arguments.template, arguments.out / "train.csv")
    write_csv(parts | {"train": drawn}, arguments.template, arguments.out / "viggo.csv")
    draw_shares({"training split": parts["train"], "drawn": drawn}, arguments.out / "functions.png")
    whole, part = shares(parts["train"]), shares(drawn)
    print("".join(f"{name:20}{whole[name]:8.2%}{part[name]:8.2%}\n" for name in whole), end="")
    print(f"{len(drawn)} rows, template {arguments.template}, in {arguments.out}")


def run(arguments: argparse.Namespace) -> None:
    """Train where no adapter is given, answer the test split, write and print the figures."""
    settings = _settings(arguments)
    folder = settings.folder
    folder.mkdir(parents=True, exist_ok=True)
    if arguments.adapter is None:
        adapter: Path | None = _train(arguments, settings)
    else:
        adapter = None if arguments.adapter == "none" else Path(arguments.adapter)
    tested = load(arguments.data, "test")
    if arguments.test:
        tested = representative(tested, arguments.test, arguments.seed)

    answers, seconds = _answers(arguments, settings, adapter, tested)
    result: dict[str, Any] = {
        "name": arguments.name or Path(settings.base).stem,
        "rows": arguments.rows if adapter else 0,
        "template": arguments.template,
        "tested": len(tested),
        "answer_seconds": seconds / len(tested),
        **_training_cost(adapter),
        **figures(answers),
        "faults": Counter(filter(None, map(fault, answers))),
    }
    if arguments.price:
        hours = (seconds + result.get("training_seconds", 0.0)) / 3600
        result["cost"] = arguments.price * hours
    (folder / "result.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    print(table([result]))
    print(f"in any order {result['unordered'][0]:.3f}; what was wrong: {dict(result['faults'])}")


def chart(arguments: argparse.Namespace) -> None:
    """Print the results as a table and draw them, larger models behind."""
    results = [json.loads(path.read_text(encoding="utf-8")) for path in arguments.results]
    for path in arguments.larger:
        results += json.loads(path.read_text(encoding="utf-8"))
    print(table(results))
    draw_chart(results, arguments.out)
    print(arguments.out)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", required=True, help="folder of the set, or hub:owner/set")
    parser.add_argument("--rows", type=int, default=1_000, help="of the training split")
    parser.add_argument("--template", type=int, choices=sorted(TEMPLATES), default=1)
    parser.add_argument("--seed", type=int, default=0)


def _settings(arguments: argparse.Namespace) -> TrainConfig:
    """The config with the flags in place of its members, in a folder named after what is run."""
    changed: dict[str, Any] = dict(pair.split("=", 1) for pair in arguments.set)
    changed |= {name: getattr(arguments, name) for name in ("base", "chat") if getattr(arguments, name)}
    settings = read_config(arguments.config, changed | {"threads": arguments.threads})
    rows = 0 if arguments.adapter == "none" else arguments.rows
    name = arguments.name or f"{settings.name}-{Path(settings.base).stem}-{arguments.template}-{rows}"
    return replace(settings, name=name)


def _train(arguments: argparse.Namespace, settings: TrainConfig) -> Path:
    """Train on the rows drawn; the adapter as it stood at the end."""
    drawn = representative(load(arguments.data, "train"), arguments.rows, arguments.seed)
    talks = [conversation(example, arguments.template) for example in drawn]
    encoder = CommonPromptEncoder(settings, load_tokenizer(settings.base))
    tokens = sum(map(len, encoder.encode(talks, random.Random(0))))
    schedule = replace(settings, total_tokens=round(arguments.epochs * tokens))
    train(schedule, talks, encoding=CommonPromptEncoder, resume=arguments.resume)
    return settings.folder / "last"


def conversation(example: Example, template: int) -> Conversation:
    """What is learnt of an example."""
    turns = (Message("user", prompt(example, template)), Message("assistant", example.meaning))
    return Conversation(example.sentence, turns)


def _training_cost(adapter: Path | None) -> dict[str, float]:
    """Tokens read and seconds taken, of the metrics beside the adapter; nothing where there are none."""
    file = adapter.parent / "metrics.jsonl" if adapter else None
    if file is None or not file.exists():
        return {}
    tokens, seconds = 0, 0.0
    for line in read_metrics(file):
        seconds += (line["tokens"] - tokens) / line["tokens_per_second"]
        tokens = line["tokens"]
    return {"tokens": tokens, "training_seconds": seconds}


def _answers(
    arguments: argparse.Namespace, settings: TrainConfig, adapter: Path | None, tested: Sequence[Example]
) -> tuple[list[Answered], float]:
    """Every answer, written to answers.jsonl as it comes, and the seconds they took."""
    questions = [prompt(example, arguments.template) for example in tested]
    answers = []
    loaded = answerer(settings.base, adapter, settings.chat, threads=arguments.threads, batch=arguments.batch)
    with loaded as model, (settings.folder / "answers.jsonl").open("w", encoding="utf-8") as file:
        start = time.perf_counter()
        for example, answer in zip(tested, model.answers(questions, MOST), strict=True):
            answers.append(Answered(example.meaning, answer))
            line = {"sentence": example.sentence, "gold": example.meaning, "answer": answer}
            file.write(json.dumps(line | {"fault": fault(answers[-1])}, ensure_ascii=False) + "\n")
        return answers, time.perf_counter() - start


if __name__ == "__main__":
    main()
