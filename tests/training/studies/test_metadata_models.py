"""Every architecture learns metadata from prompts and schemas, is saved to be served, and is evaluated."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from tests.training.studies import tiny_metadata
from tests.training.tiny import byte_tokenizer
from training.conversations import IGNORED
from training.curves import read_metrics
from training.lora_config import LoraRun
from training.studies.metadata_inputs import (
    ASKED,
    END,
    INPUTS,
    Page,
    Tokens,
    answer,
    collator,
    question,
    question_ids,
    read_answer,
    read_pages,
    task,
)
from training.studies.metadata_models import ARCHITECTURES, Study, learn, load, main, rate, write
from training.train_lora import CannotRun

# peft asks transformers by a name that transformers gives up.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")

ROOT = Path(__file__).parents[3]
THESIS = Page(
    "t", "es", "thesis", "Mareas lentas\nAna Gil\n2019",
    {"title": "Mareas lentas", "authors": ["Ana Gil"], "date": "2019", "issn": "1234-5678"},
)  # fmt: skip
BOOK = Page("b", "en", "book", "Tides. Bo Li. ISBN 1", {"title": "Tides", "authors": ["Bo Li"], "isbn": "1"})


def study(name: str, inputs: str, loop: str, base: Path, runs: Path) -> Study:
    run = LoraRun(
        name="study", base=str(base), data=(), runs=str(runs), precision="fp32", rank=2, dropout=0.0,
        gradient_checkpointing=False, max_steps=3, batch=2, accumulation=1, learning_rate=1e-2, log_steps=1,
    )  # fmt: skip
    return Study(run, ARCHITECTURES[name].causal, inputs, loop, most=(720, 12))


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_learns_and_what_it_leaves_can_be_served(
    name: str, inputs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loop = "trainer" if inputs == "prompt" else "plain"
    base = tiny_metadata.save(name, tmp_path / "base")
    chosen = study(name, inputs, loop, base, tmp_path)
    result = learn(chosen, [THESIS, BOOK], [BOOK])
    losses = [line["loss"] for line in read_metrics(tmp_path / "study/metrics.jsonl") if "loss" in line]
    assert len(losses) == 3
    assert losses[-1] < losses[0]
    assert result["tested"] == 1
    assert "title" in capsys.readouterr().out

    kind = AutoModelForCausalLM if chosen.causal else AutoModelForSeq2SeqLM
    before, served = kind.from_pretrained(base), kind.from_pretrained(tmp_path / "study/model")
    moved = {
        part
        for part, values in served.state_dict().items()
        if not torch.equal(values, before.state_dict()[part])
    }
    assert moved
    # Under a LoRA embeddings stay as they are; an encoder-decoder learns them, too.
    assert any("embed" in part or "shared" in part for part in moved) != chosen.causal
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "study/model")
    (line,) = (tmp_path / "study/answers.jsonl").read_text().splitlines()
    assert write(chosen, served, tokenizer, BOOK) == json.loads(line)["answer"]


@pytest.mark.parametrize("inputs", INPUTS)
def test_a_model_that_answers_rightly_scores_so(inputs: str) -> None:
    found = read_answer("Here: " + answer(THESIS, inputs))
    assert found == {"title": "Mareas lentas", "authors": ["Ana Gil"], "date": "2019"}
    assert read_answer("{'title': 1}") is None
    assert read_answer('{"title": ["a", 1], "authors": "Bo", "else": "x", "date": ""}') == {
        "title": "a, 1", "authors": ["Bo"]
    }  # fmt: skip


def test_prompts_differ_by_type_and_templates_hold_what_is_asked() -> None:
    texts = {inputs: question(THESIS, inputs, "PAGE") for inputs in INPUTS}
    assert "a thesis" in texts["prompt"]
    assert "- advisors: list, who supervised" in texts["prompt"]
    assert "issn" not in texts["prompt"]
    template, page = texts["schema"].removeprefix("<|input|>\n### Template:\n").split("\n### Text:\n")
    assert list(json.loads(template)) == list(ASKED["thesis"])
    assert page == "PAGE\n\n<|output|>\n"
    written = answer(THESIS, "schema")
    assert written.endswith(END)
    assert json.loads(written.removesuffix(END)) == {
        "title": "Mareas lentas", "subtitle": "", "authors": ["Ana Gil"], "date": "2019", "language": "",
        "keywords": [], "advisors": [], "institution": "",
    }  # fmt: skip


@pytest.mark.parametrize("inputs", INPUTS)
def test_a_long_page_is_cut_and_the_task_around_it_is_not(inputs: str) -> None:
    tokenizer = byte_tokenizer()
    long = replace(THESIS, text="Ñandú " * 900, metadata={"title": "Ñ" * 900})
    made = task(long, inputs, tokenizer, causal=False)
    assert (len(made.ids) <= 2_048, len(made.ids) > 2_000, len(made.labels)) == (True, True, 512)
    text = tokenizer.decode(made.ids)
    assert text.startswith(question(long, inputs, "")[:40])
    assert text.endswith("JSON:\n" if inputs == "prompt" else "<|output|>\n")
    assert made.labels[-1] == tokenizer.eos_token_id
    with pytest.raises(ValueError, match="100 tokens do not hold the question"):
        question_ids(THESIS, inputs, tokenizer, 100)


def test_padding_is_not_learnt_and_a_causal_model_learns_the_answer_alone() -> None:
    tokenizer = byte_tokenizer()
    causal = task(BOOK, "prompt", tokenizer, causal=True)
    learnt = [label for label in causal.labels if label != IGNORED]
    assert tokenizer.decode(learnt) == answer(BOOK, "prompt") + "<eos>"
    assert causal.ids[-len(learnt) :] == learnt
    batch = collator(9, global_first=True)([Tokens([5, 6, 7], [3]), Tokens([8], [4, 2])])
    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 9, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["labels"].tolist() == [[3, -100], [4, 2]]
    assert batch["global_attention_mask"].tolist() == [[1, 0, 0], [1, 0, 0]]


def test_gradients_are_clipped_and_the_rate_rises_and_falls(tmp_path: Path) -> None:
    base = tiny_metadata.save("t5", tmp_path / "base")
    weights = []
    for clip in (1e9, 1e-12):
        chosen = study("t5", "prompt", "plain", base, tmp_path / str(clip))
        # A step of plain Adam is as large for a small gradient: its epsilon makes a clipped one smaller.
        run = replace(chosen.run, clip=clip, max_steps=1, batch=1)
        learn(replace(chosen, run=run, most=(720, 2)), [BOOK], [BOOK])
        weights.append(
            AutoModelForSeq2SeqLM.from_pretrained(tmp_path / str(clip) / "study/model").shared.weight
        )
    before = AutoModelForSeq2SeqLM.from_pretrained(base).shared.weight
    free, clipped = ((after - before).abs().max().item() for after in weights)
    assert clipped < free / 100
    assert [round(rate(step, 10, 0.2), 2) for step in (0, 1, 2, 6, 10)] == [0.5, 1.0, 1.0, 0.5, 0.0]


def test_our_pages_are_read_and_others_refused(tmp_path: Path) -> None:
    pages = read_pages([str(ROOT / "training/data/metadata/train*.jsonl")])
    assert {page.kind for page in pages} == set(ASKED)
    assert all(page.metadata["title"] for page in pages)
    other = tmp_path / "other.jsonl"
    other.write_text('{"id": "1", "doc_type": "poem", "text": "x", "metadata": {}}\n')
    with pytest.raises(ValueError, match="row 1: no first page: poem"):
        read_pages([str(other)])


def test_four_bits_need_a_causal_model(tmp_path: Path) -> None:
    for name in ("mistral", "led"):
        base = tiny_metadata.save(name, tmp_path / name)
        chosen = study(name, "schema", "trainer", base, tmp_path)
        four_bits = replace(chosen, run=replace(chosen.run, precision="4bit"))
        if chosen.causal:
            model, _ = load(four_bits)
            assert model.get_base_model().is_loaded_in_4bit
        else:
            with pytest.raises(CannotRun, match="quantised"):
                load(four_bits)


def test_the_command_trains_and_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = tiny_metadata.save("nuextract", tmp_path / "base")
    page = {"id": "b", "doc_type": "book", "text": "Tides", "metadata": {"title": "Tides", "isbn": None}}
    (tmp_path / "pages.jsonl").write_text(json.dumps(page) + "\n")
    main(
        f"--model nuextract --inputs schema --base {base} --max-output 8 --data {tmp_path}/pages.jsonl "
        f"--evaluation {tmp_path}/pages.jsonl --config {ROOT}/training/configs/metadata_models.yaml "
        f"--set runs={tmp_path} max_steps=1 gradient_checkpointing=false rank=2".split()
    )
    folder = tmp_path / "metadata-nuextract-schema-trainer"
    assert capsys.readouterr().out.endswith(f"{folder}/model\n")
    result = json.loads((folder / "result.json").read_text())
    assert (result["pages"], result["inputs"], result["readable"]) == (1, "schema", 0.0)
    assert (folder / "adapter/adapter_config.json").exists()
