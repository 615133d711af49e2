"""The studies of tuning a language model, on a tiny one: methods learn, a search halves, resumes and ends."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.training import tiny_llama
from training.common_prompt import Conversation
from training.config import TrainConfig
from training.conversations import TEMPLATES
from training.lora_config import LoraRun
from training.model import load_base
from training.studies import corrections, data_centric, peft_methods, search
from training.studies.corrections import Sentence, Task, drawn, encoded, loss_on, read_task
from training.studies.peft_methods import METHODS, measured

pytestmark = [
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Could not find a config file:UserWarning"),
    # generate() counts positions; peft counts them anew behind a prompt, and says so.
    pytest.mark.filterwarnings("ignore:Position ids are not supported:UserWarning"),
]

SENTENCES = [Sentence(f"s{n}", f"She have {n} cat.", f"She has {n} cats.") for n in range(40)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = [f"{s.draft} {s.revision}" for s in SENTENCES]
    return tiny_llama.save(tmp_path_factory.mktemp("base") / "tiny.gguf", texts)


@pytest.fixture
def run(base: Path, tmp_path: Path) -> LoraRun:
    return LoraRun(
        name="study", base=str(base), data=(), runs=str(tmp_path / "runs"), precision="fp32", chat="chatml",
        rank=4, alpha=8, dropout=0.0, sequence_len=128, packing=False, gradient_checkpointing=False, batch=4,
        accumulation=1, learning_rate=1e-2, holdout=0.0, eval_steps=1_000, patience=0,
    )  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "sentences.jsonl"
    rows = ({"id": s.id, "draft": s.draft, "revision": s.revision} for s in SENTENCES)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_sentences_are_in_one_part_whatever_else_there_is(data: Path) -> None:
    task = read_task(Namespace(data=[str(data)], watch=100, test=100))
    parts = [{s.id for s in part} for part in (task.train, task.watch, task.test)]
    assert [len(part) for part in parts] == [len(set(part)) for part in parts]
    assert sum(map(len, parts)) == len(set().union(*parts)) == len(SENTENCES)
    data.write_text("\n".join(data.read_text().splitlines()[::2]))
    fewer = read_task(Namespace(data=[str(data)], watch=100, test=100))
    assert {s.id for s in fewer.train} < parts[0] and {s.id for s in fewer.test} < parts[2]


def test_more_rows_than_sentences_are_read_again() -> None:
    order = drawn(SENTENCES[:3], 7, seed=1)
    assert len(order) == 7
    assert {s.id for s in order[:3]} == {s.id for s in order[3:6]} == {"s0", "s1", "s2"}


def test_loss_does_not_depend_on_the_batches(run: LoraRun) -> None:
    model, tokenizer = load_base(run.base, torch.device("cpu"), torch.float32)
    tokenizer.chat_template = TEMPLATES["chatml"]
    rows = encoded(SENTENCES[:9], tokenizer)
    assert loss_on(model, rows, pad=0, batch=2) == pytest.approx(
        loss_on(model, rows, pad=0, batch=9), abs=1e-4
    )


TASK = Task(SENTENCES[:24], [], SENTENCES[24:30])


@pytest.mark.parametrize("method", METHODS)
def test_every_method_learns_with_what_it_says_it_trains(
    method: str, run: LoraRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = measured(run, TASK, method, rows=24, seed=1)
    before = row["before"]
    if method == "prompt":  # the words that it begins with are not nothing
        monkeypatch.setattr(peft_methods, "METHODS", {method: replace(METHODS[method], rate=0.0)})
        before = measured(run, TASK, method, rows=24, seed=1)["loss"]
    assert row["loss"] < before
    assert row["parameters"] > 0 and row["memory"] > 0 and row["seconds"] >= 0
    assert 0 <= row["f_half"] <= 1


def test_methods_are_compared_in_processes_of_their_own_and_what_is_there_stays(
    run: LoraRun, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "peft.yaml"
    settings.write_text(json.dumps(run.to_dict()))
    run.folder.mkdir(parents=True)
    there = {
        "method": "ia3", "seed": 1, "parameters": 7, "seconds": 1.0, "memory": 9, "before": 3.0, "loss": 0.1,
        "precision": 0.5, "recall": 0.5, "f_half": 0.5,
    }  # fmt: skip
    for seed in (1, 2):
        (run.folder / f"ia3-{seed}.json").write_text(json.dumps(there | {"seed": seed}))
    flags = ["--config", settings, "--data", data, "--watch", 2, "--test", 3, "--rows", 8, "--out", tmp_path]
    peft_methods.main([*map(str, flags), "--methods", "lora", "ia3", "--seeds", "1", "2", "--again", "1"])
    rows = [json.loads(line) for line in (tmp_path / "peft_methods.jsonl").read_text().splitlines()]
    assert [(row["method"], row["seed"]) for row in rows] == [("lora", 1), ("ia3", 1), ("ia3", 2)]
    assert rows[0]["parameters"] == sum(p.numel() for p in lora_of(run).parameters() if p.requires_grad)
    printed = capsys.readouterr().out
    assert "| LoRA |" in printed and "| IA3 | 7 | 1 | 9 | 20.09 | 1.11 | 0.100 ± 0.000 |" in printed
    assert (tmp_path / "peft_methods.png").read_bytes().startswith(b"\x89PNG")


def lora_of(run: LoraRun) -> torch.nn.Module:
    model, tokenizer = load_base(run.base, torch.device("cpu"), torch.float32)
    adapted: torch.nn.Module = METHODS["lora"].put(model, tokenizer, 1)
    return adapted


def test_search_halves_resumes_and_holds_the_winner_against_the_recipe(
    run: LoraRun, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "search.yaml"
    settings.write_text(json.dumps(run.to_dict()))
    flags = ["--config", settings, "--data", data, "--watch", 4, "--test", 4, "--rows", 16, "--out", tmp_path]
    flags += ["--confirm-rows", 16, "--seeds", 1]
    for trials in (3, 5):
        search.main(list(map(str, [*flags, "--trials", trials])))
    rows = [json.loads(line) for line in (tmp_path / "search.jsonl").read_text().splitlines()]
    assert [row["trial"] for row in rows] == list(range(5))
    assert (rows[0]["rank"], rows[0]["learning_rate"]) == (run.rank, run.learning_rate)
    assert len(rows[0]["losses"]) == len(search.RUNGS)
    assert min(len(row["losses"]) for row in rows) < len(search.RUNGS)
    confirmed = [json.loads(line) for line in (tmp_path / "search-confirmed.jsonl").read_text().splitlines()]
    assert [row["run"] for row in confirmed] == [search.RECIPE, search.WINNER]
    assert "| winner | 1 |" in capsys.readouterr().out
    assert (tmp_path / "search.png").read_bytes().startswith(b"\x89PNG")


def test_a_trial_reads_as_many_rows_whatever_its_epochs(run: LoraRun) -> None:
    for epochs, lines in ((1, 12), (2, 6), (3, 4)):
        made = search.with_rows(replace(run, epochs=epochs), SENTENCES, 12)
        assert len(Path(made.data[0]).read_text().splitlines()) == lines


def test_prompts_are_those_of_the_task() -> None:
    assert SENTENCES[0].messages[0].content.startswith(corrections.ASKED)


def test_arms_read_the_same_tokens_and_what_was_measured_stays(
    base: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = TrainConfig(
        "arms", str(base), (), chat="chatml", runs=str(tmp_path), rank=2, alpha=4, learning_rate=1e-2,
        head="full", holdout=0, length_power=0.0, examples_per_step=1, log_steps=1,
    )  # fmt: skip
    settings = tmp_path / "arms.yaml"
    settings.write_text(json.dumps(run.to_dict()))
    general = tmp_path / "general.jsonl"
    rows = (
        {
            "id": f"g{n}",
            "messages": [{"role": "user", "content": s.draft}, {"role": "assistant", "content": "no"}],
        }
        for n, s in enumerate(SENTENCES)
    )
    general.write_text("".join(json.dumps(row) + "\n" for row in rows))
    learners = tmp_path / "learners.jsonl"
    learners.write_text(json.dumps({"src": "She have 2 cat .", "refs": ["She has 2 cats ."] * 4}) + "\n")
    flags = [
        "--config",
        settings,
        "--data",
        data,
        "--general",
        general,
        "--jfleg",
        learners,
        "--out",
        tmp_path,
    ]
    flags += ["--test", 5, "--tokens", 900, "--threads", 1]
    data_centric.main(list(map(str, flags)))
    measured = (tmp_path / "data_centric.jsonl").read_text()
    arms = {row["arm"]: row for row in map(json.loads, measured.splitlines())}
    assert list(arms) == list(data_centric.ARMS)
    assert arms["general"]["loss_general"] < arms["base"]["loss_general"]
    assert arms["grammar"]["loss_grammar"] < arms["base"]["loss_grammar"]
    assert arms["both"]["loss_general"] < arms["grammar"]["loss_general"]
    assert all(
        0 <= row["gleu"][1] <= row["gleu"][2] <= 1 and 0 <= row["sentences"] <= 1 for row in arms.values()
    )
    read = [
        json.loads((tmp_path / f"arms/{arm}-1/metrics.jsonl").read_text().splitlines()[-1])["tokens"]
        for arm in ("general", "grammar", "both")
    ]
    assert all(900 <= tokens < 1_300 for tokens in read)
    data_centric.main(list(map(str, flags)))
    assert (tmp_path / "data_centric.jsonl").read_text() == measured
    assert "| both |" in capsys.readouterr().out
    assert (tmp_path / "data_centric.png").read_bytes().startswith(b"\x89PNG")


def test_kinds_are_mixed_by_turns() -> None:
    kinds = [[Conversation(f"{kind}{n}", ()) for n in range(count)] for kind, count in (("a", 5), ("b", 3))]
    assert [talk.id[0] for talk in data_centric.mixed(kinds, 1)] == list("ababab")
    assert data_centric.mixed([], 1) == []


def test_scores_of_sentences_count_the_faultless_ones_that_were_changed() -> None:
    sentences = [
        Sentence("a", "He go.", "He goes."),
        Sentence("b", "Fine.", "Fine."),
        Sentence("c", "So.", "So."),
    ]
    found = data_centric.scores(sentences, [["He", "goes", "."], ["Good", "."], ["So", "."]])
    assert (found["sentences"], found["touched"], found["precision"], found["recall"]) == (
        pytest.approx(2 / 3), 0.5, 0.5, 1.0,
    )  # fmt: skip
    assert data_centric.scores(sentences[:1], [["He", "go", "."]])["touched"] is None
