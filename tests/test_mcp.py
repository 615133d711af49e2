"""The MCP tools, called by a real MCP client over HTTP."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from app import build
from tests.doors import scripted_service


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The MCP address of the whole app on this machine."""
    app = build(scripted_service()[0])
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=1)
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/gradio_api/mcp/"
        server.should_exit = True
        thread.join(10)


def call(address: str, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    async def session() -> dict[str, Any]:
        async with (
            streamable_http_client(address) as (read, write, _),
            ClientSession(read, write) as client,
        ):
            await client.initialize()
            result = await client.call_tool(name, arguments)
            assert not result.isError, result
            data: dict[str, Any] = json.loads(result.content[0].text)
            return data

    return asyncio.run(asyncio.wait_for(session(), 30))


def test_tools_tell_an_assistant_what_they_do(address: str) -> None:
    async def listing() -> dict[str, Any]:
        async with (
            streamable_http_client(address) as (read, write, _),
            ClientSession(read, write) as client,
        ):
            await client.initialize()
            return {tool.name: tool for tool in (await client.list_tools()).tools}

    tools = asyncio.run(asyncio.wait_for(listing(), 30))
    assert set(tools) == {
        "fill_form", "transcribe_audio", "list_presets", "read_resume", "proofread_email", "read_tone"
    }  # fmt: skip
    asked = tools["fill_form"].inputSchema["properties"]
    assert set(asked) == {"form", "text", "today"}
    assert all(argument["description"] for argument in asked.values())
    assert "form" in tools["fill_form"].description


def test_fill_form(address: str) -> None:
    form = json.dumps({"fields": [{"name": "name"}]})
    answer = call(address, "fill_form", {"form": form, "text": "name: Jane"})
    assert answer["values"] == {"name": "Jane"}
    assert call(address, "fill_form", {"form": "contact", "text": "hi", "today": "2026-03-14"})["values"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"form": "/etc/passwd", "text": "x"},
        {"form": "contact", "text": ""},
        {"form": "contact", "text": "x", "today": "soon"},
        {"form": "contact", "text": "BROKEN"},
    ],
)
def test_what_can_be_mended_comes_back_with_a_hint(address: str, arguments: dict[str, str]) -> None:
    answer = call(address, "fill_form", arguments)
    assert set(answer) == {"error", "hint"}
    assert all(answer.values())


def test_proofread_email(address: str) -> None:
    draft = {"draft": "Send teh bill. At once!"}
    answer = call(address, "proofread_email", draft | {"amount": "errors", "tone": "warm"})
    assert answer["revision"] == "Send the bill. Thank you."
    assert answer["tone_before"]["politeness"] == "impolite"
    for wrong in (draft | {"amount": "all"}, draft | {"tone": "rude"}, {"draft": ""}, {"draft": "BROKEN"}):
        assert set(call(address, "proofread_email", wrong)) == {"error", "hint"}


def test_read_tone(address: str) -> None:
    answer = call(address, "read_tone", {"text": "Thank you.", "weights": True})
    assert answer["politeness"] == "polite" and answer["words"]
    assert set(call(address, "read_tone", {"text": "BROKEN"})) == {"error", "hint"}


def test_transcribe_audio(address: str) -> None:
    sound = base64.b64encode(b"hello there").decode()
    for written in (sound, f"data:audio/wav;base64,{sound}"):
        answer = call(address, "transcribe_audio", {"audio": written, "language": "en"})
        assert answer["text"] == "hello there"
    for wrong in ("", "not base64!", "http://127.0.0.1/a.wav", "/etc/passwd"):
        assert call(address, "transcribe_audio", {"audio": wrong})["hint"]


def test_list_presets(address: str) -> None:
    assert call(address, "list_presets", {})["contact"]["fields"]
