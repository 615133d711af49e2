"""ViGGO is read, drawn in proportion, asked, scored strictly, and a tiny model is run through all of it."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training import tiny, tiny_llama
from training.chat_rows import Kind, read_rows
from training.config import read_config
from training.conversations import TEMPLATES as CHATS
from training.model import load_base
from training.studies.greedy import Answerer, TransformersWriter, answerer
from training.studies.viggo import main
from training.studies.viggo_data import (
    ATTRIBUTES,
    FUNCTIONS,
    TEMPLATES,
    Example,
    Meaning,
    load,
    parsed,
    prompt,
    representative,
    shares,
)
from training.studies.viggo_scores import Answered, draw_chart, fault, figures, table

pytestmark = [
    # peft asks transformers by a name that transformers gives up,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
    # and looks for the config of a base that is one GGUF file.
    pytest.mark.filterwarnings("ignore:Could not find a config file:UserWarning"),
]

ROOT = Path(__file__).parents[3]
PNG = b"\x89PNG"
MEANINGS = {
    "inform(name[Orbit], release_year[1999], genres[puzzle, sport])": "Orbit is a sporty puzzle of 1999.",
    "request(specifier[odd])": "Which odd games do you know?",
    "request_attribute(esrb[])": "Is there a content rating that you prefer?",
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A set of the real columns: 12 rows to learn from, 3 to test, one to watch."""
    rows = list(MEANINGS.items())
    parts = {"train": rows[:1] * 6 + rows[1:2] * 4 + rows[2:] * 2, "valid": rows[:1], "test": rows}
    folder = tmp_path / "set"
    folder.mkdir()
    for name, part in parts.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("mr", "ref"), *part])
    return folder


def test_meanings_are_read_and_malformed_ones_as_far_as_they_go() -> None:
    meaning = "inform(name[Tony's 2], genres[driving/racing, sport], esrb[E 10+ (for Everyone 10 and Older)])"
    assert parsed(meaning) == Meaning(
        "inform",
        (
            ("name", "Tony's 2"),
            ("genres", "driving/racing, sport"),
            ("esrb", "E 10+ (for Everyone 10 and Older)"),
        ),
    )
    assert parsed("request_attribute(esrb[])") == Meaning("request_attribute", (("esrb", ""),))
    assert parsed("It means name[Orbit], rating[go") == Meaning("", (("name", "Orbit"),))


def test_columns_of_each_kind_are_read(source: Path, tmp_path: Path) -> None:
    assert load(str(source), "validation") == [
        Example("Orbit is a sporty puzzle of 1999.", next(iter(MEANINGS)))
    ]
    hub = tmp_path / "hub"
    hub.mkdir()
    (hub / "test.jsonl").write_text(json.dumps({"target": "Odd?", "meaning_representation": "request()"}))
    assert load(str(hub), "test") == [Example("Odd?", "request()")]
    with pytest.raises(FileNotFoundError, match=r"train\.csv"):
        load(str(hub), "train")
    (hub / "train.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"row 2: its columns are a, b"):
        load(str(hub), "train")


def test_the_drawn_rows_have_the_functions_of_all(source: Path) -> None:
    whole = load(str(source), "train")
    drawn = representative(whole, 7)
    assert Counter(example.function for example in drawn) == {
        "inform": 4,
        "request": 2,
        "request_attribute": 1,
    }
    assert drawn == representative(whole, 7)
    assert drawn != representative(whole, 7, seed=1)
    assert Counter(representative(whole, 99)) == Counter(whole)
    assert shares(whole)["inform"] == 0.5


def test_prompts_name_every_function_and_attribute_and_hold_the_sentence() -> None:
    example = Example("Orbit {rocks}.", "inform(name[Orbit])")
    first, second = (prompt(example, template) for template in sorted(TEMPLATES))
    assert all(name in text for name in (*FUNCTIONS, *ATTRIBUTES) for text in (first, second))
    assert first.endswith("Sentence: Orbit {rocks}.")
    assert second.endswith("Sentence: Orbit {rocks}.")
    assert "means\nsuggest(name[Sternfahrt], genres[" in second


def test_scores_are_strict_and_attributes_are_counted_one_by_one() -> None:
    gold = "inform(name[Orbit], release_year[1999], esrb[])"
    answers = {
        gold + "\n": "",
        "inform(release_year[1999], name[Orbit], esrb[])": "only order or writing",
        "inform(name[Orbit],release_year[1999],esrb[])": "only order or writing",
        "confirm(name[Orbit], release_year[1999], esrb[])": "another function",
        "inform(name[Orbit], release_year[1998], esrb[])": "another value",
        "inform(name[Orbit])": "attributes missed",
        "inform(name[Orbit], name[Orbit], release_year[1999], esrb[])": "attributes invented",
        "inform(name[Orbit], rating[good], esrb[])": "attributes missed and invented",
        "Orbit was made in 1999.": "no function",
    }
    assert {answer: fault(Answered(gold, answer)) for answer in answers} == answers
    found = figures([Answered(gold, answer) for answer in answers])
    assert found["exact"][0] == pytest.approx(1 / 9)
    assert found["unordered"][0] == pytest.approx(3 / 9)
    assert found["function"][0] == pytest.approx(7 / 9)
    # 20 of the 23 attributes given and of the 27 of gold are right.
    assert found["precision"][0] == pytest.approx(20 / 23)
    assert found["recall"][0] == pytest.approx(20 / 27)
    assert found["f1"][0] == pytest.approx(2 * 20 / 50)
    assert all(low <= value <= high for value, low, high in found.values())
    assert found["exact"][1] == 0 < found["exact"][2] < 1


def test_larger_models_have_room_in_table_and_chart(tmp_path: Path) -> None:
    measured = {
        "name": "tiny",
        "rows": 9,
        "template": 1,
        "tested": 2,
        "training_seconds": 720.0,
        "cost": 0.02,
    }
    results: list[dict[str, Any]] = [
        measured | figures([Answered("inform()", "inform()"), Answered("inform()", "confirm()")]),
        *json.loads((ROOT / "training/studies/viggo_larger.json").read_text()),
    ]
    lines = table(results).splitlines()
    assert "| 0.500 [0.000, 1.000] |" in lines[2]
    assert "| 12 min |" in lines[2]
    assert "| 0.688 | – |" in lines[3]
    assert len({line.count("|") for line in lines}) == 1
    draw_chart(results, tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(PNG)


def test_rows_are_prepared_as_csv_that_the_trainer_reads(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    main(["prepare", "--data", str(source), "--rows", "7", "--template", "2", "--out", str(out)])
    rows = read_rows([out / "viggo.csv"])
    assert Counter(row.data["split"] for row in rows) == {"train": 7, "test": 3, "validation": 1}
    assert {row.kind for row in rows} == {Kind.PAIRS}
    assert rows[-1].data["completion"] == "request_attribute(esrb[])"
    assert len(read_rows([out / "train.csv"])) == 7
    assert (out / "functions.png").read_bytes().startswith(PNG)
    assert "inform                50.00%  57.14%" in capsys.readouterr().out


@pytest.mark.parametrize("base", ["transformers", "llama.cpp"])
def test_a_tiny_model_is_trained_asked_and_scored(
    base: str, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if base == "transformers":
        model, chat = str(tiny.save(tmp_path / "tiny")), "gemma"
    else:
        texts = [*MEANINGS, *MEANINGS.values(), *TEMPLATES.values()]
        model, chat = str(tiny_llama.save(tmp_path / "tiny.gguf", texts)), "chatml"
    settings = f"runs={tmp_path / 'runs'} rank=2 alpha=4 log_steps=1"
    main(
        f"run --data {source} --base {model} --chat {chat} --rows 7 --test 2 --name study --batch 2 "
        f"--threads 1 --epochs 2 --price 0.5 --set {settings}".split()
    )
    result = json.loads((tmp_path / "runs/study/result.json").read_text())
    assert result["tested"] == 2
    assert result["cost"] == pytest.approx(
        0.5 * (result["training_seconds"] + 2 * result["answer_seconds"]) / 3600
    )
    assert 0 <= result["exact"][0] <= result["exact"][2] <= 1
    answers = [json.loads(line) for line in (tmp_path / "runs/study/answers.jsonl").read_text().splitlines()]
    assert [answer["gold"] in MEANINGS for answer in answers] == [True, True]
    assert "| study | 7 | 1 | 2 |" in capsys.readouterr().out


def test_llama_cpp_and_transformers_write_the_same(tmp_path: Path) -> None:
    base = tiny_llama.save(tmp_path / "tiny.gguf", MEANINGS.values())
    questions = ["Orbit is a puzzle.", "Orbit is odd.", "Odd?"]
    with answerer(str(base), None, "chatml", threads=1, batch=1) as model:
        written = list(model.answers(questions, 6))
    loaded, tokenizer = load_base(str(base), torch.device("cpu"), torch.float32)
    tokenizer.chat_template = CHATS["chatml"]
    for batch in (1, 3):
        writer = TransformersWriter(loaded, tokenizer, batch)
        assert list(Answerer(tokenizer, writer).answers(questions, 6)) == written
    assert any(written)


def test_the_recipe_keeps_no_row_back_and_learns_like_the_published_one() -> None:
    recipe = read_config(ROOT / "training/configs/viggo.yaml")
    assert (recipe.rank, recipe.holdout, recipe.length_power, recipe.head) == (16, 0, 0.0, "full")
