"""The notebook is the one that its script makes, and its cells that need no GPU run on a tiny model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import pytest

from tests.training import tiny
from training.notebooks.build import NOTEBOOK, SOURCE, Cell, cells, render

# peft asks transformers by a name that transformers gives up.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")

ROOT = Path(__file__).parents[2]
PARTS = cells(SOURCE.read_text(encoding="utf-8"))


def write_rows(path: Path, task: str, start: int) -> str:
    """A few rows of one task."""
    names = [f"Person{'abcdefghijklmnop'[number]}" for number in range(start, start + 8)]
    rows: list[dict[str, Any]] = [
        {"prompt": f"Who is {name}?", "completion": f"{name} it is"} for name in names
    ]
    if task == "forms":
        field = {"name": "name", "type": "text"}
        rows = [
            {"id": f"{path.stem}-{name}", "text": f"I am {name}.", "form_fields": [field | {"value": name}]}
            for name in names
        ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def base_file(path: Path) -> Path:
    """What of the tiny model's GGUF file decides an adapter's form."""
    writer = gguf.GGUFWriter(path, "gemma3")
    writer.add_name("tiny")
    writer.add_block_count(2)
    writer.add_head_count(2)
    writer.add_head_count_kv(1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


def test_the_notebook_is_the_one_of_its_script() -> None:
    assert NOTEBOOK.read_text(encoding="utf-8") == render(PARTS)
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert "colab-badge.svg" in "".join(notebook["cells"][0]["source"])
    assert {"!git clone", "%pip install"} <= {
        " ".join(line.split()[:2]) for cell in notebook["cells"] for line in cell["source"]
    }


def test_the_badge_and_the_code_are_of_the_repository_that_is_named() -> None:
    mine = "https://github.com/me/smart-form"
    head, settings, *_ = cells(SOURCE.read_text(encoding="utf-8"), mine)
    assert "(https://colab.research.google.com/github/me/smart-form/blob/main/training/" in head.text
    assert f'repository = "{mine}"' in settings.text
    shipped = NOTEBOOK.read_text(encoding="utf-8")
    assert 'repository = \\"\\"' in shipped
    assert "(https://colab.research.google.com)" in shipped


@pytest.mark.parametrize("task", ["forms", "chat"])
def test_the_cells_that_need_no_gpu_run(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code = [cell for cell in PARTS if cell.kind == "code" and not cell.colab]
    names: dict[str, Any] = {}
    run(code[0], names)
    common = [
        "--base",
        str(tiny.save(tmp_path / "tiny")),
        "--rank",
        "4",
        "--log-steps",
        "1",
        "--eval-steps",
        "1",
    ]
    own = {
        "forms": "--max-tokens 2000 --holdout 3 --augment-values 0 --augment-fields 0 --augment-style 0",
        "chat": "--chat gemma --precision fp32 --optimizer adamw_torch --batch 4 --accumulation 1",
    }
    names |= {
        "task": task,
        "data": write_rows(tmp_path / "mine.jsonl", task, 0),
        "held": write_rows(tmp_path / "held.jsonl", task, 8),
        "budget": 3_000 if task == "forms" else 2,
        "settings": str(ROOT / f"training/configs/{'own' if task == 'forms' else 'chat'}.yaml"),
        "chosen": [*common, *own[task].split()],
        "base_gguf": base_file(tmp_path / "base.gguf"),
    }
    for cell in code[1:]:
        run(cell, names)
    said = capsys.readouterr().out
    assert "0 of them stop training" in said
    assert "14 layers adapted" in said
    assert "would push mine.gguf" in said
    assert (tmp_path / "runs/mine/curves.png").read_bytes().startswith(b"\x89PNG")


def run(cell: Cell, names: dict[str, Any]) -> None:
    """Run a cell as a notebook does: in the names of those before it."""
    exec(compile(cell.text, cell.text.split("\n")[0], "exec"), names)
