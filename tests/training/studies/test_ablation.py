"""The recipe less one thing at a time: what each arm learns from, and what counts as right."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml

from tests.training import tiny
from training.config import read_config
from training.objective import Batch, Head
from training.studies import ablation
from training.studies.ablation import ARMS, free, in_normal_form, main, material, shares
from training.targets import load_rows
from training.train_forms import is_held_out, train

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")

NAMES = ("Ada", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hal", "Ida", "Jon", "Kim", "Leo") * 3


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = [
        {
            "id": f"t-{number}", "lang": "en", "style": "chat", "text": f"I am {name}, there at 18.30.",
            "form_fields": [
                {"name": "name", "type": "text", "value": name},
                {"name": "arrival", "type": "time", "value": "18:30"},
                {"name": "city", "type": "text", "value": None},
            ],
        }
        for number, name in enumerate(NAMES)
    ]  # fmt: skip
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def config(tmp_path: Path, data: Path) -> Path:
    settings = {
        "name": "forms", "base": str(tiny.save(tmp_path / "tiny")), "runs": str(tmp_path / "runs"), "rank": 4,
        "alpha": 8, "learning_rate": 1e-2, "max_tokens": 2_000, "holdout": 6, "head": "full",
        "examples_per_step": 4, "augment_values": 0.5, "data": [str(data)],
    }  # fmt: skip
    path = tmp_path / "forms.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


def test_normal_form_stands_in_the_place_of_the_expression(data: Path) -> None:
    example, gold = load_rows([data])[0]
    assert example.targets == {"name": "Ada", "arrival": "18.30", "city": "NO_DATA"}
    assert in_normal_form(example, gold).targets == {"name": "Ada", "arrival": "18:30", "city": "NO_DATA"}


def test_nothing_held_out_is_learnt_and_few_texts_are_few(config: Path) -> None:
    run = read_config(config, {})
    every, augment = material(run, ARMS["recipe"])
    assert augment is not None
    assert not any(is_held_out(example, run.holdout) for example in every)
    assert len(every) == sum(not is_held_out(e, run.holdout) for e, _ in load_rows(run.data))
    few, none = material(replace(run, augment_values=0.0), replace(ARMS["few texts"], texts=4))
    assert len({example.id for example in few}) == 4
    assert none is None


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (None, {"found": 1.0, "typed": 1.0, "silent": 1.0}),
        ("name", {"found": 0.5, "typed": 1.0, "silent": 1.0}),
        ("arrival", {"found": 0.5, "typed": 0.0, "silent": 1.0}),
        ("city", {"found": 1.0, "typed": 1.0, "silent": 0.0}),
    ],
)
def test_a_field_is_right_where_each_of_its_tokens_is(
    config: Path, monkeypatch: pytest.MonkeyPatch, wrong: str | None, expected: dict[str, float]
) -> None:
    run = replace(read_config(config, {}), total_tokens=0, eval_examples=0)
    example, _ = load_rows(run.data)[0]

    def right(head: Head, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
        """All but one token of the branch of the wrong field."""
        branches = batch.branches[batch.rows, batch.columns]
        said = torch.ones(len(branches), dtype=torch.bool)
        if wrong:
            said[(branches == example.form.names.index(wrong)).nonzero()[-1]] = False
        return said

    monkeypatch.setattr(Head, "right", right)
    loss, rights = free(train(run, [example]), run, [example])
    assert loss > 0
    assert shares(rights) == expected


def test_a_comparison_goes_on_where_it_was(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--config", str(config), "--tokens", "3000", "--held", "3", "--out", str(tmp_path)]
    main([*flags, "--arms", "recipe"])
    monkeypatch.setattr(
        ablation, "measured", lambda run, arm, held: [{"arm": arm, "seed": 1, "tokens": 0, "loss": 1.0}
        | {"found": 0.25, "typed": 0.5, "silent": 0.75}],
    )  # fmt: skip
    main([*flags, "--arms", "recipe", "no augmentation"])
    first, second = [json.loads(line) for line in (tmp_path / "ablation.jsonl").read_text().splitlines()]
    assert first["arm"] == "recipe" and first["loss"] > 0
    assert all(0 <= first[key] <= 1 for key in ("found", "typed", "silent"))
    assert (second["arm"], second["found"]) == ("no augmentation", 0.25)
    assert "| no augmentation | 1.000 | 0.250 | 0.500 | 0.750 | 1 |" in capsys.readouterr().out
    assert (tmp_path / "ablation.png").stat().st_size > 0
