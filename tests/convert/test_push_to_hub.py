"""The real Hub client pushes to a small local Hub, and the app fetches what was pushed."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np
import pytest
import yaml
from huggingface_hub import HfApi

from convert import push_to_hub
from convert.push_to_hub import PushError
from smartform.engines import models
from tests.convert.hub_server import TOKEN, Hub, Repository, serving

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with serving() as served:
        yield served


CARD = "# mine\n\n| | F1 [95 %] | recall |\n|---|---|---|\n| this adapter | 0.6 [0.5, 0.7] | 0.4 |\n"


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF adapter with one small matrix, and a card beside it."""
    path = tmp_path_factory.mktemp("made") / "mine.gguf"
    writer = gguf.GGUFWriter(path, "gemma3")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.LORA_TASK_NAME, "forms")
    writer.add_tensor("blk.0.attn_q.weight.lora_a", np.ones((8, 32), np.float32))
    for write in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file):
        write()
    writer.close()
    path.with_suffix(".md").write_text(CARD)
    return path


def command(adapter: Path, *more: str) -> list[str]:
    card = str(adapter.with_suffix(".md"))
    return ["--repo", "me/mine", "--adapter", str(adapter), "--card", card, *more]


def python(hub: Hub, words: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a module as a person does, against the local Hub."""
    about = {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    return subprocess.run(
        [sys.executable, "-m", *words],
        env=os.environ | {"HF_HUB_DISABLE_TELEMETRY": "1"} | about | variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_what_is_pushed_is_what_the_app_fetches(hub: Hub, adapter: Path, tmp_path: Path) -> None:
    hub.repositories["space", "me/app"] = Repository()
    entry = tmp_path / "mine.toml"
    more = ["--base-model", "google/gemma-3-270m", "--restart-space", "me/app", "--entry", str(entry)]
    done = python(hub, ["convert.push_to_hub", *command(adapter, *more)], HF_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr

    pushed = hub.repositories["model", "me/mine"]
    files = pushed.commits[pushed.head]
    assert files["mine.gguf"] == adapter.read_bytes()
    about = yaml.safe_load(files["README.md"].decode().split("---\n")[1])
    assert about["license"] == "gemma"
    assert about["base_model"] == "google/gemma-3-270m"
    assert files["README.md"].endswith(CARD.encode())

    assert done.stdout == entry.read_text() + "\n"
    told = tomllib.loads(entry.read_text())["mine"]
    assert (told["job"], told["figures"]) == ("forms", "F1 0.6 [0.5, 0.7], recall 0.4")
    assert pushed.head in done.stderr
    space = hub.repositories["space", "me/app"]
    assert space.commits[space.head] == {"pushed.toml": entry.read_bytes()}
    assert space.variables == {"SMARTFORM_MODELS": "pushed.toml", "SMARTFORM_ADAPTER": "mine"}
    assert space.restarts == 1

    fetched = python(
        hub,
        ["smartform", "models", "fetch", "mine"],
        SMARTFORM_MODELS=str(entry),
        SMARTFORM_CACHE=str(tmp_path / "cache"),
    )
    assert fetched.returncode == 0, fetched.stderr
    (copy,) = (tmp_path / "cache").rglob("mine.gguf")
    assert copy.read_bytes() == adapter.read_bytes()


def test_a_dry_run_needs_no_hub_and_no_token(adapter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    push_to_hub.run(push_to_hub._parser().parse_args(command(adapter, "--dry-run")), {})
    said = capsys.readouterr().out
    assert f"would push mine.gguf, {adapter.stat().st_size:,} bytes, to me/mine" in said
    assert "license: gemma" in said
    assert 'revision = "main"' in said


def test_odd_names_are_valid_toml(adapter: Path) -> None:
    base = models.named("smollm2-135m-instruct")
    table = push_to_hub.entry('a "b".c', "Ünïcode \\ title", base, adapter, "me/mine", "abc", "F1 0.6")
    read = tomllib.loads(table)['a "b".c']
    assert read["title"] == "Ünïcode \\ title"
    assert read["licence"] == "Apache-2.0"
    assert read["sources"] == [{"kind": "hub", "repo": "me/mine", "revision": "abc"}]


def test_no_token_is_told_before_anything_is_sent(adapter: Path) -> None:
    with pytest.raises(PushError, match="HF_TOKEN is not set"):
        push_to_hub.run(push_to_hub._parser().parse_args(command(adapter)), {"HF_TOKEN": " "})


@pytest.mark.parametrize(
    ("repo", "token", "message", "hint"),
    [
        ("me/mine", "hf_wrong", "Invalid username", "HF_TOKEN"),
        ("somebody-else/mine", TOKEN, "rights", "may not write there"),
        ("no/such/name", TOKEN, "no name of a repository", "owner/name"),
    ],
)
def test_refusals_of_the_hub_name_the_remedy(
    hub: Hub, repo: str, token: str, message: str, hint: str
) -> None:
    with pytest.raises(PushError, match=message) as caught:
        push_to_hub.push(HfApi(endpoint=hub.url, token=token), repo, {"README.md": b""})
    assert hint in caught.value.hint
    assert token not in str(caught.value)


def test_an_unreachable_hub_is_told() -> None:
    with pytest.raises(PushError, match="cannot be reached"):
        push_to_hub.push(HfApi(endpoint="http://127.0.0.1:9", token=TOKEN), "me/mine", {"README.md": b""})


def test_files_that_are_not_what_they_should_be_are_refused(adapter: Path, tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_bytes(b"no model at all, but a line of text")
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "gemma3")
    writer.add_type(gguf.GGUFType.MODEL)
    for write in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file):
        write()
    writer.close()
    for name, message in {"text": "no GGUF", "none": "no GGUF", "model": "not an adapter"}.items():
        with pytest.raises(PushError, match=message):
            push_to_hub.adapter_bytes(tmp_path / f"{name}.gguf")
    (tmp_path / "card.md").write_text("---\nlicense: mit\n---\n")
    base = models.named("smollm2-135m-instruct")
    for name, message in {"card": "begins with metadata", "none": "cannot be read"}.items():
        with pytest.raises(PushError, match=message):
            push_to_hub.read_card(tmp_path / f"{name}.md", base, None)
