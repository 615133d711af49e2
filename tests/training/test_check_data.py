"""Every problem of a data file names its row and the remedy; sound data has none."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.training import tiny
from training.chat_rows import Message, messages_of, read_rows
from training.check_data import DataError, main, problems, require

ROOT = Path(__file__).parents[2]
SHIPPED = [str(ROOT / f"training/data/forms/{name}*.jsonl") for name in ("en_", "it", "xx")]

FIELDS = [{"name": "name", "type": "text", "value": "Ada"}, {"name": "vip", "type": "boolean", "value": None}]
LONG = "the quick brown fox jumps over the lazy dog and then sleeps for the rest of the day"


def talk(*turns: tuple[str, str]) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def form(identity: str = "a", text: str = "I am Ada", **changes: Any) -> dict[str, Any]:
    return {"id": identity, "text": text, "form_fields": [FIELDS[0] | changes, FIELDS[1]]}


def write(path: Path, *rows: Any) -> Path:
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


JOBS = {"type": "group", "fields": [{"name": "position", "type": "text"}, {"name": "start", "type": "date"}]}

MAIL = {
    "id": "m",
    "kind": "grammar",
    "draft": "Hi,\n\nI has it.",
    "revision": "Hi,\n\nI have it.",
    "politeness_before": "neutral",
    "sentiment_before": "neutral",
}

SOUND = (
    MAIL,
    form(),
    talk(("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello")),
    {"conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "Because."}]},
    {"prompt": "Correct: he go", "completion": "he goes"},
)


def test_sound_rows_of_every_kind_have_no_problems(tmp_path: Path) -> None:
    rows = read_rows([write(tmp_path / "all.jsonl", *SOUND)])
    assert problems(rows) == []
    require(rows)
    assert [messages_of(row)[-1].content for row in rows[2:]] == ["Hello", "Because.", "he goes"]


def test_groups_have_rows_of_their_own_fields(tmp_path: Path) -> None:
    rows = [{"position": "Nurse", "start": None}, {"position": "Cook"}]
    assert problems(read_rows([write(tmp_path / "groups.jsonl", form(**JOBS, value=rows))])) == []


def test_the_shipped_mails_are_sound_and_apart_from_their_evaluation() -> None:
    mails = read_rows([ROOT / "training/data/email/*.jsonl"])
    evaluation = read_rows([ROOT / "training/data/email_dev.jsonl"])
    require(mails, evaluation, "training.train_email")
    with pytest.raises(DataError, match=r"row 1: 100% of this evaluation text"):
        require([*mails, evaluation[0]], evaluation)


@pytest.mark.parametrize("trainer", ["train_forms", "train_email"])
def test_no_training_begins_on_other_rows(trainer: str, tmp_path: Path) -> None:
    file, config = write(tmp_path / "mine.jsonl", *SOUND[:2]), tmp_path / "run.yaml"
    config.write_text(f"name: x\nbase: none\ndata: ['{file}']\n")
    other = {"train_forms": r"row 1: .*Use training\.train_email", "train_email": r"row 2: .*train_forms"}
    with pytest.raises(SystemExit, match=other[trainer]):
        import_module(f"training.{trainer}").main(["--config", str(config)])


def test_the_shipped_data_is_sound_and_apart_from_its_evaluation() -> None:
    evaluation = read_rows([ROOT / "training/data/forms/dev.jsonl"])
    assert [str(p) for p in problems(read_rows(SHIPPED), evaluation) if p.stops] == []


@pytest.mark.parametrize(
    ("row", "what", "remedy"),
    [
        ("{", "no JSON", "one JSON object"),
        ("[1]", "no JSON object", "one JSON object"),
        ({"question": "a", "answer": "b"}, "its columns are question, answer", "prompt, completion"),
        ({"prompt": "a", "completion": " "}, "its completion is empty", "leave the row out"),
        ({"prompt": None, "completion": "b"}, "its prompt is empty", "leave the row out"),
        (talk(("user", "a")), "no message is the assistant's", "Add the answer"),
        (talk(("user", "a"), ("bot", "b")), "role 'bot' is unknown", "system, user, assistant"),
        (talk(("assistant", "a"), ("user", "b")), "assistant → user", "user first"),
        (talk(("user", "a"), ("assistant", "")), "message 2 is empty", "Fill it in"),
        ({"messages": [{"role": "user"}]}, "lacks a member", "'role' and 'content'"),
        ({"messages": "hello"}, "lacks a member", "'role' and 'content'"),
        (form(text=" "), "its text is empty", "leave the row out"),
        (form(identity=""), "no id", "'id' of its own"),
        (form(type="riddle"), "form cannot be used", "FORMAT.md"),
        (form(type="boolean", value="yes"), "'yes' of 'name' is no boolean", '"true", "false"'),
        (form(type="choice", options=["a", "b"], value="c"), "'c' of 'name' is no choice", "options"),
        (form(type="list", value="c"), "'c' of 'name' is no list", "a list of strings"),
        (form(**JOBS, value=[{"place": "Rome"}]), "of 'name' is no group", "a list of rows"),
        (form(**JOBS, value=[{"position": ["a"]}]), "of 'name' is no group", "a list of rows"),
        (form(**JOBS, value="Nurse"), "'Nurse' of 'name' is no group", "a list of rows"),
        (MAIL | {"kind": "odd"}, "its kind is 'odd'", "clean, grammar"),
        (MAIL | {"revision": ""}, "its revision is empty", "leave the row out"),
        (MAIL | {"revision": "I have it."}, "not the same paragraphs", "Part both"),
        (form(value=7), "7 of 'name' is no text", "a string"),
    ],
)
def test_a_wrong_row_is_named_with_its_remedy(row: Any, what: str, remedy: str, tmp_path: Path) -> None:
    rows = read_rows([write(tmp_path / "mine.jsonl", SOUND[2], "", row)])
    with pytest.raises(DataError) as caught:
        require(rows)
    said = str(caught.value)
    assert said.startswith("mine.jsonl, row 3: ")
    assert what in said
    assert remedy in said


def test_duplicates_are_told_and_the_same_id_stops(tmp_path: Path) -> None:
    rows = read_rows([write(tmp_path / "mine.jsonl", form("a"), form("b", "i am: ADA"), form("a", "Other"))])
    again, same = problems(rows)
    assert (again.place, again.stops) == ("mine.jsonl, row 2", False)
    assert "says the same as mine.jsonl, row 1" in again.what
    assert (same.place, same.stops) == ("mine.jsonl, row 3", True)


def test_leakage_is_found_in_part_and_in_whole(tmp_path: Path) -> None:
    train = read_rows(
        [write(tmp_path / "train.jsonl", talk(("user", f"Now {LONG}."), ("assistant", "x")), form())]
    )
    held = read_rows(
        [write(tmp_path / "held.jsonl", form("b"), form("c", LONG + " again"), form("d", "New"))]
    )
    assert [p.place for p in problems(train, held)] == ["held.jsonl, row 1", "held.jsonl, row 2"]


def test_rows_that_are_too_long_are_counted_in_tokens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.byte_tokenizer().save_pretrained(tmp_path / "base")
    file = write(tmp_path / "mine.jsonl", SOUND[2], {"prompt": LONG, "completion": "yes"})
    main([str(file), "--base", str(tmp_path / "base"), "--max-tokens", "40"])
    said = capsys.readouterr().out
    assert f"mine.jsonl, row 2: it has {len(LONG) + 4} tokens. Cut it to 40" in said
    assert "2 rows, 1 problems, 0 of them stop training" in said


def test_sheets_count_from_their_head_and_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('prompt,completion\n"two\nlines",b\nc,\n', encoding="utf-8-sig")
    rows = read_rows([tmp_path / "a.csv"])
    assert messages_of(rows[0])[0] == Message("user", "two\nlines")
    assert [p.place for p in problems(rows)] == ["a.csv, row 3"]
    (tmp_path / "a.xlsx").write_bytes(b"")
    with pytest.raises(ValueError, match="none of"):
        read_rows([tmp_path / "a.xlsx"])
    with pytest.raises(FileNotFoundError, match="no data file"):
        read_rows([tmp_path / "b.csv"])


def test_the_command_fails_where_training_must_not_start(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main([str(write(tmp_path / "mine.jsonl", talk(("user", "a"))))])
    assert caught.value.code == 1
    with pytest.raises(DataError, match="no rows"):
        require([])
