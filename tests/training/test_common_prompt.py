"""Conversations behind a common beginning teach what each teaches alone."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
import torch

from tests.training import tiny_llama
from training.chat_rows import Message
from training.common_prompt import SIDE_BY_SIDE, CommonPromptEncoder, Conversation, side_by_side
from training.config import TrainConfig
from training.conversations import IGNORED, Tokens
from training.model import load_base, load_tokenizer
from training.objective import PREFIX, Head, collate, hidden_states
from training.train_forms import train

pytestmark = [
    # peft asks transformers by a name that transformers gives up,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
    # and looks for the config of a base that is one GGUF file.
    pytest.mark.filterwarnings("ignore:Could not find a config file:UserWarning"),
]

ASKED = "Say what follows once more, word for word."
TALKS = [
    Conversation(f"c{n}", (Message("user", f"{ASKED}\n{words}"), Message("assistant", words)))
    for n, words in enumerate(["one red fox", "one red hen", "two", "three blind mice and a cat"])
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    texts = [ASKED, *(message.content for talk in TALKS for message in talk.messages)]
    return str(tiny_llama.save(tmp_path_factory.mktemp("base") / "tiny.gguf", texts))


def encoder(base: str, **settings: object) -> CommonPromptEncoder:
    config = TrainConfig("common", base, (), chat="chatml", length_power=0.0, head="full")
    for name, value in settings.items():
        object.__setattr__(config, name, value)
    return CommonPromptEncoder(config, load_tokenizer(base))


@torch.no_grad()
def test_the_loss_is_that_of_each_conversation_alone(base: str) -> None:
    model, _ = load_base(base, torch.device("cpu"), torch.float32)
    head = Head(model.get_output_embeddings().weight)

    def loss(talks: list[Conversation]) -> float:
        (row,) = encoder(base).encode(talks, Random(0))
        batch = collate([row], torch.device("cpu"))
        return head.loss(hidden_states(model.model, batch, torch.float32), batch).item()

    alone = [loss([talk]) for talk in TALKS]
    assert loss(TALKS) == pytest.approx(sum(alone), rel=1e-4)
    assert min(alone) > 0


def test_what_is_shared_stands_once_and_every_answer_in_its_branch(base: str) -> None:
    whole = encoder(base)
    (row,) = whole.encode(TALKS, Random(0))
    shared = row.branches.count(PREFIX)
    lengths = [len(whole.encode([talk], Random(0))[0]) for talk in TALKS]
    assert shared > 5
    assert len(row) == sum(lengths) - 3 * shared
    assert set(row.branches) == {PREFIX, 0, 1, 2, 3}
    places = list(zip(row.branches, row.positions, strict=True))
    ends = [max(place for branch, place in places if branch == number) for number in range(4)]
    assert [end + 1 for end in ends] == lengths


def test_answers_that_begin_alike_are_not_shared() -> None:
    row = Tokens([1, 2, 3, 4], [0, 1, 2, 3], [IGNORED, IGNORED, 3, 4])
    packed = side_by_side([row, row], 0.0)
    assert packed.branches == [PREFIX, 0, 0, 0, 1, 1, 1]
    assert packed.weights == [0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]
    assert side_by_side([row], 1.0).weights == [0.0, 0.0, 0.5, 0.5]


def test_rows_hold_so_many_and_what_is_too_long_is_named(base: str) -> None:
    rows = encoder(base).encode(TALKS * 3, Random(0))
    assert [len(set(row.branches)) - 1 for row in rows] == [SIDE_BY_SIDE, 4]
    short = encoder(base, max_tokens=1)
    assert short.encode(TALKS, Random(0)) == []
    assert short.too_long == {"c0", "c1", "c2", "c3"}


def test_conversations_are_trained_on(base: str, tmp_path: Path) -> None:
    config = TrainConfig(
        "common", base, (), chat="chatml", runs=str(tmp_path), rank=4, alpha=8, learning_rate=1e-2,
        length_power=0.0, total_tokens=6_000, examples_per_step=1, head="full", holdout=0, log_steps=1,
        threads=1,
    )  # fmt: skip
    train(config, TALKS, encoding=CommonPromptEncoder)
    lines = (tmp_path / "common/metrics.jsonl").read_text().splitlines()
    first, last = (float(line.split('"loss": ')[1].split(",")[0]) for line in (lines[0], lines[-1]))
    assert last < first / 2
