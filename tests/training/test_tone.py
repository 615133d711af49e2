"""The tone run: what it learns from, that it learns, stops and resumes, and ships what it learnt."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import softmax

from convert.tone_to_onnx import convert
from smartform.engines.tone import OnnxTone
from tests.training import tiny_bert
from training.config import read_settings
from training.leakage import LIMIT, overlaps, read_texts
from training.tone import ToneConfig, fit, learning_rate, steps, train
from training.tone_evaluation import accuracy, interval, macro_f1, vader_label
from training.tone_model import ToneModel, load_base, load_tokenizer, logits_of
from training.tone_rows import (
    Part,
    Row,
    blurred,
    feeling,
    load_rows,
    manner,
    only,
    part_of,
    repeated,
    spoken,
    ticket_label,
    weak,
    whole_sentences,
)

# What torch.onnx.export says of its older tracer and of the code it traces.
pytestmark = [
    pytest.mark.filterwarnings("ignore:You are using the legacy TorchScript:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]

PARTS = (Part.TRAIN, Part.TRAIN, Part.TRAIN, Part.FIT, Part.HELD)
ROWS = [
    Row(
        f"{'bad' if number % 2 else 'good'} {number}",
        "sst2",
        feeling("negative" if number % 2 else "positive"),
        manner("polite") if number % 3 else None,
        PARTS[number % 5],
    )
    for number in range(200)
]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> ToneConfig:
    return ToneConfig(
        name="straight",
        base=str(tiny_bert.save(tmp_path_factory.mktemp("tiny"))),
        sets=(),
        passes={"sst2": 6},
        runs=str(tmp_path_factory.mktemp("runs")),
        learning_rate=5e-3,
        rows_per_step=8,
    )


@pytest.fixture(scope="module")
def straight(config: ToneConfig) -> ToneModel:
    return train(config, ROWS)


def test_it_learns_and_leaves_the_embeddings_alone(config: ToneConfig, straight: ToneModel) -> None:
    measured = json.loads((config.folder / "metrics.jsonl").read_text().splitlines()[-1])
    assert measured["calibrated"] and measured["sst2"] > 0.9
    untrained, _ = load_base(Path(config.base))
    before, after = untrained.state_dict(), straight.state_dict()
    moved = {name for name in after if not torch.equal(before[name], after[name])}
    assert not {name for name in moved if "embeddings" in name}
    assert any("encoder.layer.0" in name for name in moved)
    assert any("heads.politeness" in name for name in moved)


def test_embeddings_are_learnt_where_the_run_says_so(config: ToneConfig) -> None:
    rows = ROWS[:40]
    learnt = train(replace(config, name="embeddings", embeddings=True, passes={}), rows).state_dict()
    name = "encoder.embeddings.word_embeddings.weight"
    assert not torch.equal(learnt[name], load_base(Path(config.base))[0].state_dict()[name])


def test_a_stopped_run_resumes_where_it_was(config: ToneConfig, straight: ToneModel) -> None:
    halted = replace(config, name="halted")
    train(halted, ROWS, max_minutes=0)
    with pytest.raises(FileExistsError, match="--resume"):
        train(halted, ROWS)
    resumed = train(halted, ROWS, resume=True)
    for name, values in straight.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], values, msg=name)


def test_a_run_can_begin_with_another_ones_weights(config: ToneConfig, straight: ToneModel) -> None:
    start = str(config.folder / "checkpoint.pt")
    idle = replace(config, name="second", start=start, learning_rate=0.0, rows_per_step=96)
    second = train(idle, ROWS).state_dict()
    learnt = {name for name, _ in straight.named_parameters()}
    assert all(
        torch.equal(second[name], values) for name, values in straight.state_dict().items() if name in learnt
    )


def test_what_ships_answers_as_what_was_trained(
    config: ToneConfig, straight: ToneModel, tmp_path: Path
) -> None:
    full = tmp_path / "full.onnx"
    out, tokenizer = convert(config.folder, tmp_path / "tone.onnx", full)
    texts = ["good 7", "bad 12, or worse: very bad indeed!", "x"]
    ids = [e.ids for e in load_tokenizer(config.folder / "tokenizer.json").encode_batch(texts)]
    expected = [
        [softmax(logits, -1)[i].tolist() for logits in logits_of(straight, ids)] for i in range(len(ids))
    ]
    for path, tolerance in ((full, 1e-4), (out, 0.1)):
        tones = OnnxTone(path, tokenizer, threads=1).score(texts)
        found = [[tone.sentiment, tone.politeness] for tone in tones]
        np.testing.assert_allclose(found, expected, atol=tolerance)
    shipped = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    assert not set(tiny_bert.OTHER) & set(shipped)
    assert sorted(shipped.values()) == list(range(len(shipped)))


def test_calibration_finds_the_temperature_of_overconfident_logits() -> None:
    torch.manual_seed(0)
    true = torch.randn(4_000, 3)
    labels = torch.nn.functional.one_hot(torch.multinomial(softmax(true, -1), 1)[:, 0], 3).float()
    temperature, bias = fit(true * 3, labels, torch.full((4_000,), 1 / 4_000))
    assert temperature.item() == pytest.approx(3, rel=0.1)
    assert bias.abs().max() < 0.1


def test_rate_and_batches(config: ToneConfig) -> None:
    rates = [learning_rate(config, step, 100) for step in range(1, 101)]
    assert max(rates) == config.learning_rate == rates[5]
    assert rates == sorted(rates[:6]) + sorted(rates[6:], reverse=True)
    assert rates[-1] > 0
    rows = [Encodedish(n) for n in range(50)]
    assert sorted(len(r.ids) for batch in steps(rows, 8, 0) for r in batch) == list(range(50))


class Encodedish:
    """As many ids as it is told."""

    def __init__(self, length: int) -> None:
        self.ids = [1] * length


def test_settings_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("name: x\nbase: y\nsets: []\nspeed: 3\n")
    with pytest.raises(ValueError, match="speed"):
        read_settings(ToneConfig, path)
    shipped = read_settings(ToneConfig, Path("training/configs/tone.yaml"), {"name": "other"})
    assert (shipped.name, shipped.sets[0]["set"]) == ("other", "written")


# Rows


def test_no_phrase_of_a_held_sentence_is_learnt(tmp_path: Path) -> None:
    sentences = [f"the film number {n} was a joy to see ." for n in range(1_000, 1_200)]
    records = [{"text": s, "label": "positive"} for s in sentences]
    records += [{"text": " ".join(s.split()[3:]), "label": "positive"} for s in sentences]
    records.append({"text": "nothing like the others", "label": "negative"})
    path = tmp_path / "sst2.jsonl"
    path.write_text("\n".join(json.dumps(r) for r in records))
    rows = load_rows("sst2", str(path))
    held = {spoken(r.text).lower() for r in rows if r.part is not Part.TRAIN}
    learnt = [spoken(r.text).lower() for r in only(rows, Part.TRAIN)]
    assert 10 < len(held) < 60
    assert not [text for text in learnt if any(text in sentence for sentence in held)]
    assert "nothing like the others" in learnt


def test_whole_sentences_and_spoken_text() -> None:
    texts = ["it 's a bad film .", "a bad film .", "a bad film", "is n't it fun , then ?"]
    assert whole_sentences(texts) == {"it 's a bad film .", "is n't it fun , then ?"}
    assert spoken("is n't it fun , then ? -lrb- no -rrb-") == "Isn't it fun, then? (no)"


def test_quartile_borders_are_blurred() -> None:
    assert blurred(-2.0, -0.4, 0.4)[0] > 0.99
    assert blurred(0.0, -0.4, 0.4)[1] > 0.9
    assert blurred(0.4, -0.4, 0.4)[2] == pytest.approx(0.5)
    assert sum(blurred(0.1, -0.4, 0.4)) == pytest.approx(1)


def test_courtesy_is_no_feeling() -> None:
    quiet = weak("Could you please help me with the form? Thanks.")
    assert quiet is not None and quiet[1] > 0.9
    happy, sad = weak("What a wonderful, lovely surprise!"), weak("This is a horrible disaster.")
    assert happy is not None and happy[2] > 0.7
    assert sad is not None and sad[0] > 0.7
    assert weak("It was a nice try.") is None


def test_tickets_are_labelled_where_kind_and_satisfaction_agree() -> None:
    assert ticket_label("Complaint", 1) == "negative"
    assert ticket_label("Question", 6) == "neutral"
    assert ticket_label("Idea", 9) == "positive"
    assert (
        ticket_label("Question", 2) is ticket_label("Complaint", 6) is ticket_label("Returns", None) is None
    )


def test_parts_and_passes() -> None:
    parts = [part_of(f"text {n}", held=10, fit=20) for n in range(2_000)]
    assert parts == [part_of(f"text {n}", held=10, fit=20) for n in range(2_000)]
    assert [round(parts.count(p) / 2_000, 1) for p in (Part.HELD, Part.FIT)] == [0.1, 0.2]
    learnt = repeated([Row("a", "x"), Row("b", "y")] * 500, {"x": 2, "y": 0.5}, seed=0)
    assert [r.text for r in learnt].count("a") == 1_000
    assert 200 < [r.text for r in learnt].count("b") < 300


def test_the_written_rows_cover_all_nine_combinations() -> None:
    rows = load_rows("written", "training/data/tone/train.jsonl")
    kinds = {(max(r.sentiment or ()), r.sentiment, r.politeness) for r in rows}
    assert len(kinds) == 9


def test_the_written_rows_share_no_passage_with_what_is_measured() -> None:
    learnt = read_texts([f"training/data/tone/{name}.jsonl" for name in ("train", "train_b", "posts")])
    measured = read_texts(["training/data/tone/dev.jsonl", "training/data/email_dev.jsonl"])
    assert len(learnt) == 145 + 150 + 1_040
    assert max(overlaps(learnt, measured).values()) <= LIMIT


def test_posts_tell_of_sentiment_alone() -> None:
    rows = load_rows("post", "training/data/tone/posts.jsonl")
    assert {r.politeness for r in rows} == {None}
    assert len({r.sentiment for r in rows}) == 3
    assert 0.12 < sum(r.part is Part.FIT for r in rows) / len(rows) < 0.2


# Measures


def test_measures() -> None:
    pairs = [("a", "a"), ("a", "b"), ("b", "b"), ("c", "a")]
    assert accuracy(pairs) == 0.5
    assert macro_f1(pairs) == pytest.approx((0.5 + 2 / 3 + 0) / 3)
    low, high = interval(pairs * 25, accuracy)
    assert 0.35 < low < 0.5 < high < 0.65
    assert [vader_label(t) for t in ("I love it!", "The door is brown.", "I hate it!")] == [
        "positive",
        "neutral",
        "negative",
    ]
