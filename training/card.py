"""Write an adapter's model card from its run and its evaluation.

    python -m training.card --config training/configs/forms.yaml --adapter models/forms.gguf \\
        --report runs/forms/report --baseline runs/forms/report-base --again 'make train-forms' \\
        --out models/forms.md

Every figure in the card is read from the evaluation's `summary.json` and the run's `metrics.jsonl`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.config import TrainConfig, read_config
from training.public import SOURCES

_CARD = """# {title}

A LoRA adapter (rank {rank}) for Gemma 3 270M that answers one form field a branch: it copies the
expression that a field asks for from a text in English, Italian, Swedish, German, French, Spanish,
Portuguese or Dutch, or says that the text is silent. `smartform/engines/llama.py` decodes it.

| | |
|---|---|
| file | `{file}`, {size:,} bytes, sha256 `{sha256}` |
| base | `{base}` of `smartform/engines/models.toml` |
| licence | Gemma Terms of Use (https://ai.google.dev/gemma/terms), as the base; see NOTICE |
| data | {data}: written for this product, Apache-2.0{public} |
| made by | {made}, then `python -m convert.to_gguf` |{again}
| trained on | {tokens:,} tokens, {steps} steps of {batch} texts, learning rate {rate:g}, {device} |
| held-out loss | {loss:.3f} |

## Figures

`python -m training.evaluate forms --data {evaluated}`, the app's own pipeline. None of these texts was
trained on; the fit of the thresholds was changed with their figures in sight (`training/LOG.md`).

| | F1 [95 %] | precision | recall | invented | calibration error |
|---|---|---|---|---|---|
{rows}

F1 by field type: {by_kind}.

F1 by language: {by_lang}.

F1 by kind of text: {by_style}.

A value counts when it equals the gold value after normalisation of casing, white space and number
form; a list only when all of it does. 'Invented' is the share of silent fields that got a value. {suggested}

## Limits

- Made for texts of up to a few hundred words; longer ones are read in windows, one by one.
- It copies; it does not reason. Values that must be counted, subtracted or looked up are often wrong.
- Other languages than the eight were not trained or measured. Only Latin script has whole-word tokens.
- Values that it is less sure of are marked 'needs review': check those, and anything that matters.
"""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--adapter", type=Path, required=True)
    parser.add_argument("--report", type=Path, required=True, help="folder that training.evaluate wrote")
    parser.add_argument("--baseline", type=Path, help="the same for the untrained base")
    parser.add_argument("--evaluated", default="training/data/forms/dev.jsonl")
    parser.add_argument("--made", metavar="TEXT", help="how it was made, where it was not by one run")
    parser.add_argument("--again", metavar="COMMAND", help="the one command that makes a comparable adapter")
    parser.add_argument("--device", default="two CPU cores")
    parser.add_argument("--title", default="forms")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    card = render(arguments, read_config(arguments.config))
    arguments.out.write_text(card, encoding="utf-8")
    print(card)


def render(arguments: argparse.Namespace, config: TrainConfig) -> str:
    """The card as Markdown."""
    ours = _summary(arguments.report)
    listed = [("this adapter", ours)]
    if arguments.baseline:
        listed.append(("the base without it, same decoding", _summary(arguments.baseline)))
    metrics = [json.loads(line) for line in (config.folder / "metrics.jsonl").read_text().splitlines()]
    losses = [m["eval_loss"] for m in metrics if "eval_loss" in m]
    blob = arguments.adapter.read_bytes()
    return _CARD.format(
        title=arguments.title,
        rank=config.rank,
        file=arguments.adapter.as_posix(),
        size=len(blob),
        sha256=hashlib.sha256(blob).hexdigest(),
        base=config.base,
        data=", ".join(f"`{d}`" for d in config.data),
        public="".join(dict.fromkeys(f"; {p.rows or 'all'} rows of {SOURCES[p.set]}" for p in config.public)),
        made=arguments.made or f"`python -m training.train_forms --config {arguments.config.as_posix()}`",
        again=_again(arguments.again),
        tokens=metrics[-1]["tokens"],
        steps=metrics[-1]["step"],
        batch=config.examples_per_step,
        rate=config.learning_rate,
        device=arguments.device,
        loss=losses[-1],
        evaluated=arguments.evaluated,
        rows="\n".join(_row(name, s) for name, s in listed),
        by_kind=_groups(ours, "kind"),
        by_lang=_groups(ours, "lang"),
        by_style=_groups(ours, "style"),
        suggested=_suggested(ours),
    )


def _again(command: str | None) -> str:
    """The row that says how to make the adapter again; empty without a command."""
    if not command:
        return ""
    return (
        f"\n| made again by | `{command}`: one run on all of the data, with the public sets where"
        " `training/data/PUBLIC.md` says. It gives a comparable adapter, not the same bytes |"
    )


def _suggested(summary: dict[str, Any]) -> str:
    right, missed = summary["suggestions_right"], summary["missed_suggested"]
    return (
        f"{summary['suggestions']}\nfields without a value got a suggestion, {right:.2f} of them"
        f" a right one: {missed:.2f} of the values that were missed."
    )


def _summary(folder: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return data


def _row(name: str, s: dict[str, Any]) -> str:
    low, high = s["f1_interval"]
    return (
        f"| {name} | {s['f1']:.3f} [{low:.3f}, {high:.3f}] | {s['precision']:.3f} | {s['recall']:.3f}"
        f" | {s['invented']:.3f} | {s['calibration_error']:.3f} |"
    )


def _groups(summary: dict[str, Any], key: str) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in summary["f1_by"][key].items())


if __name__ == "__main__":
    main()
