"""colab_t4.py → colab_t4.ipynb, which Colab opens. A test holds the two together.

    python -m training.notebooks.build
    python -m training.notebooks.build --repository https://github.com/you/smart-form

With the address of your copy its badge opens the notebook there and the notebook fetches the code from
there; without one the badge opens Colab, where the file is uploaded and the address filled in.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("colab_t4.py")
NOTEBOOK = SOURCE.with_suffix(".ipynb")
COLAB = "https://colab.research.google.com"

_CELL = re.compile(r"^# %%(?P<about>.*)\n(?P<body>(?:(?!^# %%).*\n?)*)", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A part of the notebook.

    Args:
        kind: 'markdown' or 'code'.
        text: what stands in it.
        colab: whether it needs Colab or a GPU.
    """

    kind: str
    text: str
    colab: bool = False


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write the notebook.")
    parser.add_argument("--repository", default="", metavar="URL", help="your copy on github.com")
    arguments = parser.parse_args(argv)
    parts = cells(SOURCE.read_text(encoding="utf-8"), arguments.repository.rstrip("/"))
    NOTEBOOK.write_text(render(parts), encoding="utf-8")
    print(NOTEBOOK)


def cells(source: str, repository: str = "") -> list[Cell]:
    """The cells of a script in the percent format.

    Args:
        repository: address of the code on github.com; empty leaves it to the reader.
    """
    found = _CELL.finditer(source)
    return [_cell(match["about"].strip(), match["body"].strip("\n"), repository) for match in found]


def render(parts: list[Cell]) -> str:
    """The notebook's file, in format 4.5."""
    notebook = {
        "cells": [_json(number, part) for number, part in enumerate(parts)],
        "metadata": {
            "accelerator": "GPU",
            "colab": {"gpuType": "T4", "provenance": []},
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _cell(about: str, body: str, repository: str) -> Cell:
    if about == "[markdown]":
        opened = repository.replace("https://github.com", f"{COLAB}/github")
        badge = f"{opened}/blob/main/training/notebooks/{NOTEBOOK.name}" if repository else COLAB
        return Cell("markdown", re.sub(r"^# ?", "", body, flags=re.MULTILINE).replace("{badge}", badge))
    # Commands of the notebook are comments in the script, so that it stays Python.
    text = re.sub(r"^# (?=[!%])", "", body, flags=re.MULTILINE)
    return Cell("code", text.replace("{repository}", repository), colab="colab" in about)


def _json(number: int, cell: Cell) -> dict[str, Any]:
    about = {
        "cell_type": cell.kind,
        "id": f"cell-{number}",
        "metadata": {"tags": ["colab"]} if cell.colab else {},
    }
    code = {"execution_count": None, "outputs": []} if cell.kind == "code" else {}
    return about | code | {"source": cell.text.splitlines(keepends=True)}


if __name__ == "__main__":
    main()
