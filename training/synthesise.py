"""Let a larger model write training texts: scenario × feature × writer, several in each call.

    python -m training.synthesise --plan training/configs/synthesis.yaml --url http://localhost:8080/v1 \\
        --model local --calls 200 --out runs/texts.jsonl
    python -m training.postprocess runs/texts.jsonl --forms mine.jsonl --messages talks.jsonl

Any OpenAI-compatible server does: llama-server, vLLM, Ollama, OpenAI. Before it starts it says
what the calls will take; a stopped job goes on where it stopped. What comes back is kept as it is:
`training.postprocess` checks it.

Environment: SMARTFORM_TEACHER_KEY (the server's key, where it needs one).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import openai
import yaml
from tqdm import tqdm

CHARS_PER_TOKEN = 4
"""For the estimate alone; the bill is the server's."""

TOKENS_PER_TEXT = 220
"""What a text with its values takes, about."""


@dataclass(frozen=True)
class Scenario:
    """What is written about, and the form that the text must fill.

    Args:
        name: what it is, in a few words.
        lang: language of the texts, ISO 639-1.
        fields: the form's fields, see `training/data/FORMAT.md`, without values.
    """

    name: str
    lang: str
    fields: list[dict[str, Any]]


@dataclass(frozen=True)
class Plan:
    """Everything that is combined.

    Args:
        instruction: what the teacher is told; {scenario}, {feature}, {writer}, {lang}, {count} and
            {fields} are filled in.
        features: what makes a text hard or particular.
        writers: who writes.
        per_call: texts asked for at once.
        temperature: the teacher's.
        seed: of the order of combinations.
    """

    instruction: str
    scenarios: list[Scenario]
    features: list[str]
    writers: list[str]
    per_call: int = 4
    temperature: float = 0.9
    seed: int = 0


@dataclass(frozen=True)
class Call:
    """One request: its number and what it combines."""

    number: int
    scenario: Scenario
    feature: str
    writer: str

    def prompt(self, plan: Plan) -> str:
        """What the teacher is told."""
        return plan.instruction.format(
            scenario=self.scenario.name,
            feature=self.feature,
            writer=self.writer,
            lang=self.scenario.lang,
            count=plan.per_call,
            fields=json.dumps(self.scenario.fields, ensure_ascii=False),
        )


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Let a larger model write training texts.")
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--url", required=True, help="base address of the server, up to /v1")
    parser.add_argument("--model", required=True, help="what the server calls the model")
    parser.add_argument("--calls", type=int, help="how many combinations to ask for; all where not given")
    parser.add_argument("--price-in", type=float, default=0.0, help="money for a million prompt tokens")
    parser.add_argument("--price-out", type=float, default=0.0, help="money for a million written tokens")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    plan = read_plan(arguments.plan)
    asked = calls(plan)[: arguments.calls]
    there = done(arguments.out)
    missing = [call for call in asked if call.number not in there]
    print(estimate(plan, missing, arguments.price_in, arguments.price_out), file=sys.stderr)
    key = os.environ.get("SMARTFORM_TEACHER_KEY") or "none"
    client = openai.OpenAI(base_url=arguments.url, api_key=key, max_retries=3)
    try:
        used = run(client, arguments.model, plan, missing, arguments.out)
    except openai.OpenAIError as error:
        sys.exit(f"The teacher failed: {error}. What is written stays: run the same command to go on.")
    cost = money(*used, arguments.price_in, arguments.price_out)
    print(f"{len(missing)} calls, {used[0]:,} + {used[1]:,} tokens, {cost:.2f} spent", file=sys.stderr)


def read_plan(path: Path) -> Plan:
    """A plan from a YAML file.

    Raises:
        TypeError: a member that a plan or a scenario does not have, or lacks.
    """
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Plan(**data | {"scenarios": [Scenario(**scenario) for scenario in data["scenarios"]]})


def calls(plan: Plan) -> list[Call]:
    """Every combination, in an order that is the same each time and mixes all of them."""
    combined = list(product(plan.scenarios, plan.features, plan.writers))
    random.Random(plan.seed).shuffle(combined)
    return [Call(number, *parts) for number, parts in enumerate(combined)]


def done(path: Path) -> set[int]:
    """The numbers of the calls that a job has answers to; a line cut off by a stop is dropped."""
    if not path.exists():
        return set()
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        path.write_text("".join(lines[:-1]), encoding="utf-8")
        lines = lines[:-1]
    return {json.loads(line)["call"] for line in lines}


def estimate(plan: Plan, asked: Sequence[Call], price_in: float, price_out: float) -> str:
    """What the calls will take, in words."""
    read = sum(len(call.prompt(plan)) for call in asked) // CHARS_PER_TOKEN
    written = len(asked) * plan.per_call * TOKENS_PER_TEXT
    cost = money(read, written, price_in, price_out)
    return (
        f"{len(asked)} calls for {len(asked) * plan.per_call} texts: about {read:,} tokens to read and"
        f" {written:,} to write, {cost:.2f} at these prices"
    )


def money(read: int, written: int, price_in: float, price_out: float) -> float:
    """What tokens cost at prices for a million."""
    return (read * price_in + written * price_out) / 1e6


def run(client: openai.OpenAI, model: str, plan: Plan, asked: Sequence[Call], out: Path) -> tuple[int, int]:
    """Make the calls and add a line for each to `out`.

    Returns:
        Tokens read and written, as the server counts them.

    Raises:
        openai.OpenAIError: the server refuses, or cannot be reached after some tries.
    """
    read = written = 0
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("a", encoding="utf-8") as file, tqdm(asked, unit="call", disable=None) as bar:
        for line, usage in _answers(client, model, plan, bar):
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            file.flush()
            read, written = read + usage[0], written + usage[1]
            bar.set_postfix(tokens=written, refresh=False)
    return read, written


def _answers(
    client: openai.OpenAI, model: str, plan: Plan, asked: Any
) -> Iterator[tuple[dict[str, Any], tuple[int, int]]]:
    for call in asked:
        reply = client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": call.prompt(plan)}],
            temperature=plan.temperature,
        )
        line = {
            "call": call.number,
            "scenario": call.scenario.name,
            "lang": call.scenario.lang,
            "feature": call.feature,
            "writer": call.writer,
            "fields": call.scenario.fields,
            "answer": reply.choices[0].message.content or "",
        }
        usage = reply.usage
        yield line, (usage.prompt_tokens, usage.completion_tokens) if usage else (0, 0)


if __name__ == "__main__":
    main()
