"""colab_t4.py → colab_t4.ipynb, which Colab opens. A test holds the two together.

python -m training.notebooks.build
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("colab_t4.py")
NOTEBOOK = SOURCE.with_suffix(".ipynb")
REPOSITORY = "https://github.com/OWNER/smart-form"
"""Where the notebook clones from and Colab opens it: put your fork here, then build again."""

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


def main() -> None:
    NOTEBOOK.write_text(render(cells(SOURCE.read_text(encoding="utf-8"))), encoding="utf-8")
    print(NOTEBOOK)


def cells(source: str) -> list[Cell]:
    """The cells of a script in the percent format."""
    return [_cell(match["about"].strip(), match["body"].strip("\n")) for match in _CELL.finditer(source)]


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


def _cell(about: str, body: str) -> Cell:
    if about == "[markdown]":
        opened = REPOSITORY.replace("https://github.com", "https://colab.research.google.com/github")
        text = re.sub(r"^# ?", "", body, flags=re.MULTILINE)
        return Cell(
            "markdown", text.replace("{badge}", f"{opened}/blob/main/training/notebooks/{NOTEBOOK.name}")
        )
    # Commands of the notebook are comments in the script, so that it stays Python.
    text = re.sub(r"^# (?=[!%])", "", body, flags=re.MULTILINE)
    return Cell("code", text.replace("{repository}", REPOSITORY), colab="colab" in about)


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
