"""README.md holds: its commands run, its address of MCP answers, its targets and settings exist."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import gradio
import pytest
import yaml
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from smartform import settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SERVING_SECONDS = 60


def blocks(language: str) -> list[str]:
    """The fenced blocks of README.md in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands run: it has the recording that they name."""
    path = tmp_path_factory.mktemp("readme")
    shutil.copy(ROOT / "tests/data/speech/en_quilter.wav", path / "recording.wav")
    return path


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    """The port of the app, started as its users start it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = int(probe.getsockname()[1])
    log = folder / "app.log"
    with log.open("wb") as output:
        app = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=os.environ | {"PORT": str(free)},
            stdout=output,
            stderr=output,
        )
    try:
        _wait(f"http://127.0.0.1:{free}/api/v1/health", app, log)
        yield free
    finally:
        app.kill()
        app.wait()


def _wait(url: str, app: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SERVING_SECONDS
    while time.monotonic() < deadline:
        assert app.poll() is None, log.read_text()
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"not serving after {SERVING_SECONDS} s: {log.read_text()}")


def run(script: str, folder: Path) -> str:
    """Run a block as it stands, with this Python first on the path."""
    places = [str(Path(sys.executable).parent), os.environ["PATH"]]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=os.environ | {"PATH": os.pathsep.join(places), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.mark.parametrize("script", [b for b in blocks("bash") if "curl" not in b])
def test_commands_run(script: str, folder: Path) -> None:
    said = run(script, folder)
    assert said or (folder / "filled.jsonl").exists()


def test_jsonl_example_answers_every_line(folder: Path) -> None:
    (script,) = (b for b in blocks("bash") if "--jsonl" in b)
    run(script, folder)
    answers = [json.loads(line) for line in (folder / "filled.jsonl").read_text().splitlines()]
    assert [answer["id"] for answer in answers] == ["a", "b"]
    assert set(answers[0]["values"]) == {"name", "age"}


def test_rest_examples_answer(port: int, folder: Path) -> None:
    (script,) = (b for b in blocks("bash") if "curl" in b)
    said = run(script.replace(":7860", f":{port}"), folder)
    assert '"values"' in said and "quilter" in said.lower()


def test_mcp_address_answers(port: int) -> None:
    (config,) = blocks("json")
    address = json.loads(config)["mcpServers"]["smart-form"]["url"].replace(":7860", f":{port}")

    async def tools() -> set[str]:
        async with (
            streamable_http_client(address) as (read, write, _),
            ClientSession(read, write) as client,
        ):
            await client.initialize()
            return {tool.name for tool in (await client.list_tools()).tools}

    offered = asyncio.run(asyncio.wait_for(tools(), 60))
    assert offered == {
        "fill_form", "transcribe_audio", "list_presets", "read_resume", "proofread_email", "read_tone"
    }  # fmt: skip
    assert all(f"`{name}`" in README for name in offered)


def test_make_targets_exist() -> None:
    named = {word for block in blocks("sh") for word in re.findall(r"^make (\S+)", block, re.MULTILINE)}
    assert named
    # make itself says what it does not know: one rule may be for several targets.
    asked = subprocess.run(
        ["make", "--dry-run", *named], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stderr


def test_every_setting_is_documented() -> None:
    known = set(re.findall(r"\| (SMARTFORM_\w+|PORT) \|", settings.__doc__ or ""))
    assert known
    assert known <= set(re.findall(r"\| `(SMARTFORM_\w+|PORT)` \|", README))


def test_space_front_matter() -> None:
    front = yaml.safe_load(README.split("---")[1])
    assert front["sdk"] == "gradio"
    assert front["sdk_version"] == gradio.__version__
    assert f"gradio[mcp]=={front['sdk_version']}" in (ROOT / "requirements.txt").read_text()
    assert (ROOT / front["app_file"]).is_file()
    assert len(front["short_description"]) <= 60


def test_links_and_pictures_exist() -> None:
    targets = re.findall(r"\]\((?!http)([^)#]+)", README)
    assert all((ROOT / target).exists() for target in targets)
