"""The studies on tiny models: what they measure is right where it can be known, and figures are drawn."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import pytest
import torch
from weightwatcher import WeightWatcher

from convert.to_gguf import convert
from tests.convert.tiny_gguf import write_base
from tests.training import tiny, tiny_bert
from training.model import add_lora, load_base
from training.studies import head_pruning, intrinsic_dimension, overfitting, sentiment, spectral_health
from training.studies.pages import table
from training.studies.sentiment import Task, task_of
from training.tone import ToneConfig, measure
from training.tone_model import ToneModel, load_tokenizer
from training.tone_rows import Part, Row, feeling
from training.train_forms import save_adapter

pytestmark = [
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
    # WeightWatcher fits more eigenvalues than so small a matrix has.
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]

PARTS = (Part.TRAIN, Part.TRAIN, Part.FIT, Part.HELD)
ROWS = [
    Row(
        f"{'bad' if n % 2 else 'good'} {n}",
        "sst2",
        feeling("negative" if n % 2 else "positive"),
        part=PARTS[n // 2 % 4],
    )
    for n in range(96)
]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> ToneConfig:
    base = tiny_bert.save(tmp_path_factory.mktemp("bert"))
    return ToneConfig(
        name="tiny", base=str(base), sets=(), passes={"sst2": 2}, learning_rate=3e-3, rows_per_step=8
    )


@pytest.fixture(scope="module")
def task(config: ToneConfig) -> Task:
    tokenizer = load_tokenizer(Path(config.base) / "tokenizer.json")
    return task_of(ROWS, tokenizer, count=40, held=20, tokens=12, seed=0)


# Spectral health


def test_spectral_health_measures_the_base_and_what_an_adapter_moves(tmp_path: Path) -> None:
    base = tiny.save(tmp_path / "tiny")
    model, _ = load_base(str(base), torch.device("cpu"), torch.float32)
    adapted = add_lora(model, str(base), 4, 8, 0.0)
    for name, values in adapted.named_parameters():
        if "lora_B" in name and "layers.1." in name:
            values.data.normal_(std=0.1)
    save_adapter(adapted, tmp_path / "adapter")
    convert(
        tmp_path / "adapter",
        write_base(model, "gemma3", tmp_path / "base.gguf"),
        tmp_path / "a.gguf",
        "forms",
        "f32",
    )

    rows = list(spectral_health.measure_all(str(base), {"mine": tmp_path / "a.gguf"}))
    assert len(rows) == 2 * 2 * 7
    assert all(row["moved"] == 0 for row in rows if row["model"] == "base" or row["layer"] == 0)
    assert all(row["moved"] > 0.01 for row in rows if row["model"] == "mine" and row["layer"] == 1)

    model, _ = load_base(str(base), torch.device("cpu"), torch.float32)
    watched = WeightWatcher(model=spectral_health.decoder_layers(model)).analyze(min_evals=8)
    for row, (_, theirs) in zip(rows[:14], watched.iterrows(), strict=True):
        assert theirs["longname"] == f"{row['layer']}.{row['matrix']}"
        for name in ("alpha", "log_norm", "stable_rank"):
            assert row[name] == pytest.approx(theirs[name], rel=1e-3)

    assert "| mine |" in spectral_health.summary(rows)
    spectral_health.draw_base(rows, tmp_path / "base.png")
    spectral_health.draw_moves(rows, tmp_path / "moves.png")
    assert all((tmp_path / name).stat().st_size > 1_000 for name in ("base.png", "moves.png"))


# Overfitting


def test_overfitting_shows_a_gap_and_stops_at_the_lowest_watched_loss(
    config: ToneConfig, task: Task, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    model, _ = sentiment.fresh_model(config)
    train, held = overfitting.texts_of(model, task.train), overfitting.texts_of(model, task.held)
    guessed = overfitting.Texts(train.states, train.labels[torch.randperm(len(train))])  # nothing to learn
    rows = []
    for arm, learnt, watched in overfitting.arms(guessed):
        head = overfitting.Head(32, 0.0)
        curve = list(overfitting.learn(head, learnt, watched, held, epochs=25, rate=1e-2))
        rows.append({"size": 40, "seed": 0, "arm": arm} | overfitting.columns(curve))
        assert curve[-1]["loss"] < curve[0]["loss"]
        taken = overfitting.stop(curve, patience=3)
        if watched is None:
            assert taken is curve[-1] and len(learnt) == 40
        else:
            assert len(learnt) == 32 and len(watched) == 8
            assert taken["watched_loss"] == min(line["watched_loss"] for line in curve[: taken["epoch"] + 4])
    ends = overfitting.curves(rows)
    assert ends[40, overfitting.ALL][0][-1]["held_loss"] > ends[40, overfitting.ALL][0][-1]["loss"] + 0.03
    assert "split, no stop" in overfitting.summary(rows, 3)
    overfitting.draw_curves(rows, 3, tmp_path / "curves.png")
    metrics = [{"tokens": 5, "epoch": 0, "loss": loss} for loss in (1.0, 0.5)]
    runs = {"run": [*metrics, {"tokens": 7, "epoch": 0, "eval_loss": 1.25}]}
    assert "| run | 7 | 1 | 0.750 | 1.250 | 0.500 |" in overfitting.runs_summary(runs)
    overfitting.draw_runs(runs, tmp_path / "runs.png")


# Intrinsic dimension


def test_intrinsic_dimension_tunes_in_a_subspace_and_finds_d90(
    config: ToneConfig, task: Task, tmp_path: Path
) -> None:
    rows = [
        intrinsic_dimension.tune(config, task, run, multiple, 0, tmp_path)
        for run, multiple in (("untuned", 0.0), ("free", 1.0), ("50", 1.0), ("50", 8.0))
    ]
    assert rows[1]["fit_loss"] < rows[0]["fit_loss"] and rows[2]["fit_loss"] < rows[0]["fit_loss"]
    assert rows[2]["weights"] == 50 + 4
    kept = intrinsic_dimension.chosen(rows)
    assert [row["run"] for row in kept] == ["untuned", "50", "free"]
    assert (tmp_path / "intrinsic_dimension" / "full-1.pt").exists()
    assert "d90" in intrinsic_dimension.summary(kept)
    intrinsic_dimension.draw_accuracy(kept, tmp_path / "d90.png")
    intrinsic_dimension.draw_embeddings(kept, tmp_path / "embeddings.png")


def test_d90_is_where_accuracy_stays_above_nine_tenths() -> None:
    accuracies = {"untuned": 0.5, "10": 0.73, "100": 0.70, "1000": 0.725, "10000": 0.79, "free": 0.80}
    rows = [{"run": run, "accuracy": accuracy} for run, accuracy in accuracies.items()]
    assert intrinsic_dimension.d90(rows) == 1_000
    assert intrinsic_dimension.d90([row for row in rows if row["run"] in ("100", "free")]) is None


def test_principal_components_are_the_directions_of_most_variance() -> None:
    values = torch.randn(400, 5, generator=torch.Generator().manual_seed(0)) * torch.tensor(
        [9, 3, 0.1, 0.1, 0.1]
    )
    plane = intrinsic_dimension.principal_components(values)
    assert plane[:, 0].std().item() == pytest.approx(1, abs=0.02)
    assert torch.corrcoef(torch.stack([plane[:, 0], values[:, 0]]))[0, 1].abs() > 0.99
    assert torch.corrcoef(torch.stack([plane[:, 1], values[:, 1]]))[0, 1].abs() > 0.99


# Head pruning


def test_a_pruned_head_is_as_one_whose_answer_is_nought(config: ToneConfig, task: Task) -> None:
    def model() -> ToneModel:
        torch.manual_seed(0)
        return sentiment.fresh_model(config)[0].eval()

    importance = head_pruning.importances(model(), task.train)
    assert set(importance) == {(layer, head) for layer in range(2) for head in range(2)}
    assert all(value > 0 for value in importance.values())

    whole, pruned = model(), model()
    whole.encoder.encoder.layer[1].attention.output.dense.weight.data[:, 16:] = 0
    head_pruning.prune(pruned, [(1, 1)])
    inputs = torch.tensor([[5, 9, 8, 7]]), torch.ones(1, 4, dtype=torch.long)
    torch.testing.assert_close(pruned(*inputs)[0], whole(*inputs)[0])
    assert pruned.encoder.encoder.layer[1].attention.self.query.weight.shape == (16, 32)
    assert 0 <= measure(pruned, task.held)["sst2"] <= 1
    assert head_pruning.processor_seconds(pruned, task.held[:2], 1) > 0


def test_one_head_a_layer_stays() -> None:
    order = [(0, 0), (0, 1), (1, 1), (1, 0), (0, 2)]
    assert head_pruning.removable(order, 1.0) == [(0, 0), (0, 1), (1, 1)]
    assert head_pruning.removable(order, 0.34) == [(0, 0)]


def test_head_pruning_draws_what_it_measured(tmp_path: Path) -> None:
    rows = [
        {
            "order": order,
            "share": share,
            "heads": 4 - 2 * share,
            "parameters": 9,
            "accuracy": 0.8,
            "seconds": 1.0,
        }
        for order, share in (
            ("least important first", 0.0),
            ("least important first", 1.0),
            ("at random", 1.0),
        )
    ]
    assert "| at random | 2 |" in head_pruning.summary(rows)
    head_pruning.draw(rows, tmp_path / "pruning.png")
    assert (tmp_path / "pruning.png").stat().st_size > 1_000


# What they share


def test_the_task_is_read_as_the_tone_config_says(config: ToneConfig, tmp_path: Path) -> None:
    lines = [{"text": f"{'bad' if n % 2 else 'good'} film number {n} .", "label": n % 2} for n in range(60)]
    lines = [line | {"label": "negative" if line["label"] else "positive"} for line in lines]
    (tmp_path / "sst2.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "tone.yaml").write_text(
        f"{{name: x, base: none, sets: [{{set: sst2, path: {tmp_path / 'sst2.jsonl'}}}]}}"
    )
    flags = Namespace(
        config=tmp_path / "tone.yaml", base=config.base, rows=20, held=9, tokens=40, threads=1, seed=0
    )
    read, task = sentiment.read_task(flags)
    assert read.base == config.base and len(task.train) == 20 and 0 < len(task.held) <= 9
    assert {e.row.part for e in task.held} == {Part.HELD} and {e.row.part for e in task.fit} <= {Part.FIT}


def test_tables_are_markdown() -> None:
    assert table(["a", "b"], [["x", 0.25], [3, "y"]]) == "| a | b |\n| --- | --- |\n| x | 0.250 |\n| 3 | y |"
