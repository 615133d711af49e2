"""The whole loop by the commands that a person types, on a tiny model: rows in, a filled form out.

Check, train, killed, resumed, converted, merged, compared with transformers, measured, described,
pushed to a Hub on this machine, fetched from there by the app.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from smartform.prompts import extraction_prompt
from smartform.schema import FormSpec
from tests.convert.hub_server import TOKEN, Hub, serving
from tests.training import tiny_llama

ROOT = Path(__file__).parents[2]

FIELDS = [
    {"name": "name", "type": "text", "description": "Who is writing"},
    {"name": "city", "type": "text", "description": "Where they live"},
]

TODAY = "2026-03-14"

RUN = {
    "name": "loop",
    "base": "base.gguf",
    "chat": "chatml",
    "data": ["rows.jsonl"],
    "learning_rate": 5e-3,
    "examples_per_step": 8,
    "holdout": 12,
    "head": "full",
    "eval_steps": 20,
    "log_steps": 1,
    "checkpoint_minutes": 0.0,
    "total_tokens": 50_000,
    "threads": 1,
}

BASE = """
[gemma-3-270m-latin]
task = "base-text"
title = "A tiny Llama in the place of the app's base"
licence = "Apache-2.0"
licence_url = "https://www.apache.org/licenses/LICENSE-2.0"
files = [{{ name = "base.gguf", size = {size}, sha256 = "{sha256}" }}]
sources = [{{ kind = "bundled", path = "base.gguf" }}]

"""


def row(number: int, text: str) -> dict[str, Any]:
    """One text of the one person whom the adapter learns by heart: more is too much for so small a model."""
    fields = [FIELDS[0] | {"value": "Ada"}, FIELDS[1] | {"value": "Oslo"}]
    about = {"id": f"{number}", "lang": "en", "style": "chat", "today": TODAY}
    return about | {"text": text, "form_fields": fields}


SAID = (
    "{word}, my name is Ada and I live in Oslo.",
    "{word}! It was in Oslo that I, Ada, found work.",
    "My address is in Oslo. {word}, Ada",
    "For years Ada has had a house in Oslo, {word}.",
)
WORDS = "hello good thanks well again today yes dear friends soon people warmly".split()
ROWS = [row(n, SAID[n % 4].format(word=WORDS[n // 4])) for n in range(48)]
HELD = [row(n, f"{word}: I am Ada, Oslo is my town.") for n, word in enumerate(WORDS[:6])]


class Shell:
    """A person's shell in an empty folder, with the tiny base in the place of the app's."""

    def __init__(self, folder: Path, hub: Hub) -> None:
        self.folder = folder
        self.variables = os.environ | {
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "SMARTFORM_MODELS": str(folder / "base.toml"),
            "SMARTFORM_CACHE": str(folder / "cache"),
            "SMARTFORM_EMAIL_ADAPTER": "none",
            "SMARTFORM_RESUME_ADAPTER": "none",
            "SMARTFORM_PAGES_ADAPTER": "none",
            "HF_ENDPOINT": hub.url,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }

    def start(self, command: str, **variables: str) -> subprocess.Popen[str]:
        """Begin `python -m COMMAND`."""
        return subprocess.Popen(
            [sys.executable, "-m", *shlex.split(command)],
            cwd=self.folder,
            env=self.variables | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, command: str, **variables: str) -> str:
        """What `python -m COMMAND` prints."""
        with self.start(command, **variables) as process:
            out, err = process.communicate(timeout=280)
        assert process.returncode == 0, f"{command}\n{out}\n{err}"
        return out

    def kill_after(self, command: str, file: str) -> None:
        """Run `python -m COMMAND` and kill it as soon as `file` is there."""
        with self.start(command) as process:
            while not (self.folder / file).exists():
                assert process.poll() is None, process.communicate()
                time.sleep(0.02)
            process.kill()
        assert process.returncode < 0


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    for name, rows in {"rows": ROWS, "held": HELD}.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(RUN))
    properties = {f["name"]: {"type": "string", "description": f["description"]} for f in FIELDS}
    (tmp_path / "form.json").write_text(json.dumps({"type": "object", "properties": properties}))
    prompt = extraction_prompt(FormSpec.from_dict({"form_fields": FIELDS}), "", date.fromisoformat(TODAY))
    texts = [prompt.system, *(one["text"] for one in ROWS), "FIELD name^^^ FIELD city^^^ "]
    base = tiny_llama.save(tmp_path / "base.gguf", texts * 3).read_bytes()
    entry = BASE.format(size=len(base), sha256=hashlib.sha256(base).hexdigest())
    (tmp_path / "base.toml").write_text(entry)
    with serving() as hub:
        yield Shell(tmp_path, hub)


def test_from_rows_to_a_filled_form(shell: Shell) -> None:
    folder = shell.folder
    assert "0 of them stop" in shell.run("training.check_data rows.jsonl --evaluation held.jsonl")

    shell.kill_after("training.train_forms --config run.yaml", "runs/loop/checkpoint.pt")
    said = shell.run("training.train_forms --config run.yaml --resume")
    resumed = re.search(r"from step (\d+)", said)
    assert resumed and int(resumed[1]) > 0
    metrics = [json.loads(line) for line in (folder / "runs/loop/metrics.jsonl").read_text().splitlines()]
    learnt = [line["step"] for line in metrics if "loss" in line]
    assert learnt == list(range(1, len(learnt) + 1))
    assert metrics[-1]["tokens"] >= RUN["total_tokens"]

    shell.run("convert.to_gguf runs/loop/best --base base.gguf --task forms --out mine.gguf")
    shell.run("convert.merge --base base.gguf --adapter mine.gguf --out merged.gguf")
    agreed = "convert.verify runs/loop/best --base base.gguf --adapter mine.gguf --merged merged.gguf"
    said = shell.run(f"{agreed} --chat chatml --max-share 0.01 --min-same-first 1")
    assert said.count("same first token 100.0%") == 2

    shell.run("training.evaluate forms --adapter mine.gguf --data held.jsonl --report report")
    assert json.loads((folder / "report/summary.json").read_text())["f1"] > 0.8
    card = "--report report --evaluated held.jsonl --again 'make mine' --out mine.md"
    shell.run(f"training.card --config runs/loop/config.yaml --adapter mine.gguf {card}")
    pushed = "convert.push_to_hub --repo me/mine --adapter mine.gguf --card mine.md --entry mine.toml"
    assert "| made again by | `make mine`: one run" in (folder / "mine.md").read_text()
    shell.run(pushed, HF_TOKEN=TOKEN)
    assert 'figures = "F1 ' in (folder / "mine.toml").read_text(), "as the screen shows it"

    (folder / "app.toml").write_text((folder / "base.toml").read_text() + (folder / "mine.toml").read_text())
    app = {"SMARTFORM_MODELS": str(folder / "app.toml"), "SMARTFORM_ADAPTER": "mine"}
    asked = f"smartform fill --form form.json --text '{HELD[0]['text']}' --today {TODAY} --json"
    filled = json.loads(shell.run(asked, **app))
    assert filled["values"] == {"name": "Ada", "city": "Oslo"}
    (fetched,) = (folder / "cache").rglob("mine.gguf")
    assert fetched.read_bytes() == (folder / "mine.gguf").read_bytes()
