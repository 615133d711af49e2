"""A run trains the adapter alone, stops and resumes exactly, and keeps its held-out examples apart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from transformers import AutoModelForCausalLM

from convert.to_gguf import ConversionError, convert
from smartform.schema import Field, FormSpec
from tests.convert.tiny_gguf import write_base
from tests.training import tiny
from training.config import TrainConfig, parse_arguments, read_config
from training.curves import draw, read_metrics
from training.examples import Example
from training.run_log import RunLog
from training.train_forms import Encoder, epoch_steps, is_held_out, learning_rate, train

# peft asks transformers by a name that transformers gives up.
pytestmark = [
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
    # torch.compile looks at what it is given.
    pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning"),
]

NAMES = ("Ada", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hal", "Ida", "Jon", "Kim", "Leo")
EXAMPLES = [
    Example(
        id=f"x-{number}",
        lang="en",
        style="chat",
        form=FormSpec((Field("name"), Field("city"))),
        text=f"I am {name}.",
        today=None,
        targets={"name": name, "city": "NO_DATA"},
    )
    for number, name in enumerate(NAMES)
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def config(base: Path, tmp_path: Path) -> TrainConfig:
    return TrainConfig(
        name="straight",
        base=str(base),
        data=(),
        runs=str(tmp_path),
        rank=4,
        alpha=8,
        learning_rate=1e-2,
        total_tokens=20_000,
        examples_per_step=4,
        max_tokens=2_000,
        holdout=4,
        log_steps=1,
        threads=1,
        eval_steps=2,
    )


def adapter(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "adapter_model.safetensors")


def test_the_base_is_frozen_and_the_adapter_moves(config: TrainConfig) -> None:
    model = train(config, EXAMPLES, max_steps=3)
    last = adapter(config.folder / "last")
    moved = [name for name, values in last.items() if "lora_B" in name and values.any()]
    assert len(moved) == 2 * 7
    frozen = AutoModelForCausalLM.from_pretrained(config.base).state_dict()
    trained = {
        name.removeprefix("base_model.model.").replace(".base_layer", ""): values
        for name, values in model.state_dict().items()
        if "lora_" not in name
    }
    assert set(trained) == set(frozen)
    assert all(torch.equal(trained[name], frozen[name]) for name in frozen)


@pytest.mark.parametrize("setting", [{"dropout": 0.2}, {"int8": True}])
def test_a_resumed_run_ends_as_the_one_that_was_not_stopped(
    config: TrainConfig, setting: dict[str, Any]
) -> None:
    config = replace(config, **setting)
    train(config, EXAMPLES, max_steps=4)
    parted = replace(config, name="parted")
    train(parted, EXAMPLES, max_steps=2)
    train(parted, EXAMPLES, max_steps=4, resume=True)
    straight, resumed = adapter(config.folder / "last"), adapter(parted.folder / "last")
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)
    losses = [
        [line["loss"] for line in read_metrics(c.folder / "metrics.jsonl") if "loss" in line]
        for c in (config, parted)
    ]
    assert len(losses[0]) == 4
    assert losses[0] == losses[1]


def test_a_run_learns_and_keeps_its_best(config: TrainConfig) -> None:
    train(config, EXAMPLES)
    lines = read_metrics(config.folder / "metrics.jsonl")
    evaluated = [line["eval_loss"] for line in lines if "eval_loss" in line]
    learnt = [line["loss"] for line in lines if "loss" in line]
    assert min(evaluated) < evaluated[0]
    assert learnt[-1] < learnt[0]
    assert lines[-1]["tokens"] >= config.total_tokens
    assert adapter(config.folder / "best").keys() == adapter(config.folder / "last").keys()


def test_a_run_is_not_overwritten(config: TrainConfig) -> None:
    train(config, EXAMPLES, max_steps=1)
    with pytest.raises(FileExistsError, match="--resume"):
        train(config, EXAMPLES, max_steps=1)


def test_a_run_without_time_stops_cleanly_with_a_checkpoint(config: TrainConfig) -> None:
    train(config, EXAMPLES, max_minutes=0.0)
    assert (config.folder / "checkpoint.pt").exists()
    train(config, EXAMPLES, resume=True, max_steps=1)
    assert read_metrics(config.folder / "metrics.jsonl")[0]["step"] == 1


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_run_begins_with_the_weights_of_an_adapter(config: TrainConfig, kind: str, tmp_path: Path) -> None:
    model = train(config, EXAMPLES, max_steps=2)
    start = config.folder / "last"
    wanted = adapter(start)
    if kind == "file":
        base = write_base(model, "gemma3", tmp_path / "base.gguf")
        convert(config.folder / "last", base, start := tmp_path / "adapter.gguf", "forms", "f32")
    more = replace(config, name="more", start=str(start))
    train(more, EXAMPLES, max_steps=0)
    assert all(torch.equal(values, wanted[name]) for name, values in adapter(more.folder / "best").items())
    assert read_metrics(more.folder / "metrics.jsonl")[0]["step"] == 0
    train(replace(more, start=""), EXAMPLES, max_steps=1, resume=True)
    assert read_config(more.folder / "config.yaml").start == str(start)
    assert not torch.equal(*(adapter(run.folder / "last")[min(wanted)] for run in (config, more)))


def test_an_adapter_of_another_shape_is_refused(config: TrainConfig) -> None:
    train(config, EXAMPLES, max_steps=0)
    other = replace(config, name="other", rank=8, start=str(config.folder / "last"))
    with pytest.raises(ConversionError, match="rank 4 and alpha 8, this run 8 and 8"):
        train(other, EXAMPLES)


def test_a_run_is_either_resumed_or_started(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("name: a\nbase: b\ndata: [x.jsonl]\n")
    given = ["--config", str(path), "--start", "models/forms.gguf"]
    assert parse_arguments(given, "")[0].start == "models/forms.gguf"
    with pytest.raises(SystemExit):
        parse_arguments([*given, "--resume"], "")
    assert "not allowed with" in capsys.readouterr().err


def test_held_out_examples_are_never_trained(config: TrainConfig) -> None:
    held = {e.id for e in EXAMPLES if is_held_out(e, config.holdout)}
    assert 0 < len(held) < len(EXAMPLES)
    assert held == {e.id for e in reversed(EXAMPLES) if is_held_out(replace(e, text="other"), config.holdout)}
    assert not any(is_held_out(e, 0) for e in EXAMPLES)
    again = {e.id for e in EXAMPLES if is_held_out(replace(e, id=f"{e.id}+"), config.holdout)}
    assert again == held  # the same text, asked for more


def test_an_epoch_is_the_same_each_time_and_leaves_long_examples_out(config: TrainConfig) -> None:
    long = replace(EXAMPLES[0], id="long", text="word " * 500)
    encoder = Encoder(config, tiny.byte_tokenizer())
    first, again, other = (
        [[e.ids for e in step] for step in epoch_steps(config, encoder, [*EXAMPLES, long], epoch)]
        for epoch in (0, 0, 1)
    )
    assert first == again != other
    assert sum(map(len, first)) == len(EXAMPLES)
    assert encoder.too_long == {"long"}


@pytest.mark.parametrize(("count", "sizes"), [(5, [5]), (7, [3, 4]), (9, [4, 5]), (3, [3])])
def test_a_few_left_over_join_the_step_before(config: TrainConfig, count: int, sizes: list[int]) -> None:
    config = replace(config, examples_per_step=4, max_fields=16)
    examples = [replace(EXAMPLES[0], id=str(n)) for n in range(count)]
    steps = epoch_steps(config, Encoder(config, tiny.byte_tokenizer()), examples, 0)
    assert sorted(map(len, steps)) == sizes


def test_the_rate_rises_and_falls_with_the_tokens_read(config: TrainConfig) -> None:
    rates = [learning_rate(config, tokens) for tokens in range(0, 20_001, 100)]
    peak = rates.index(max(rates))
    assert rates[0] > 0
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert max(rates) == pytest.approx(config.learning_rate)
    assert rates[-1] == pytest.approx(config.learning_rate * config.final_rate)


def test_flags_override_the_file_and_mistakes_are_named(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("name: a\nbase: b\ndata: [x.jsonl]\nlearning_rate: 1.0e-4\n")
    wanted = TrainConfig("a", "b", ("x.jsonl",), rank=32, learning_rate=1e-4)
    assert read_config(path, {"rank": "32"}) == wanted
    with pytest.raises(ValueError, match="rang"):
        read_config(path, {"rang": 32})


def test_a_run_stops_where_the_held_out_loss_no_longer_falls(config: TrainConfig) -> None:
    early = replace(config, name="early", learning_rate=0.0, patience=2, eval_steps=1)
    train(early, EXAMPLES)
    evaluated = [line for line in read_metrics(early.folder / "metrics.jsonl") if "eval_loss" in line]
    assert [line["step"] for line in evaluated] == [1, 2, 3]
    assert (early.folder / "best").is_dir()


def test_f1_counts_values_in_vain_and_values_missed(config: TrainConfig) -> None:
    train(config, EXAMPLES, max_steps=2)
    measured = read_metrics(config.folder / "metrics.jsonl")[-1]
    held = sum(is_held_out(example, config.holdout) for example in EXAMPLES)
    found, in_vain = measured["exact_found"] * held, (1 - measured["exact_silent"]) * held
    assert measured["f1"] == pytest.approx(2 * found / (2 * held + in_vain))


def test_the_log_is_what_tensorboard_shows_and_forgets_what_is_done_again(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    for step in (1, 2, 3):
        log.write({"step": step, "tokens": 100 * step, "loss": 4.0 - step})
    log.close()
    again = RunLog(tmp_path, step=2)
    again.write({"step": 3, "tokens": 300, "loss": 0.5, "eval_loss": 0.25})
    again.close()
    assert [line["loss"] for line in read_metrics(tmp_path / "metrics.jsonl")] == [3.0, 2.0, 0.5]
    shown = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(event.step, event.value) for event in shown.Scalars("loss/training")] == [
        (1, 3.0),
        (2, 2.0),
        (3, 0.5),
    ]
    assert [event.value for event in shown.Scalars("loss/held_out")] == [0.25]


def test_curves_are_drawn(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.jsonl"
    lines = [{"step": n, "tokens": 100 * n, "loss": 1 / n, "lr": 0.1, "norm": 1.0} for n in range(1, 9)]
    lines.append({"step": 8, "tokens": 800, "eval_loss": 1.0})
    metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    draw(read_metrics(metrics), tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
