"""The remote engine against a real llama.cpp server and against a scripted one that misbehaves."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from smartform.engines import models
from smartform.engines.base import Branch, Copy, Decoded, OneOf, Rewriter, Rewritten, TextEngine
from smartform.engines.remote import PARAGRAPH_TOKENS, RemoteEngine, answer_schema
from smartform.errors import Cancelled, RemoteError, TextError
from smartform.mail_prompts import revision_prompt
from smartform.prompts import extraction_prompt
from smartform.revision import Amount, ProofreadOptions
from smartform.schema import Field, FieldType, FormSpec

KEY = "sk-very-secret-4711"
FORM = FormSpec(
    (
        Field("name", description="Full name"),
        Field("plan", FieldType.CHOICE, options=("monthly", "yearly")),
        Field("tags", FieldType.LIST),
    )
)
TEXT = "I am Jane Doe and I take the yearly plan."
PROMPT = extraction_prompt(FORM, TEXT, date(2026, 3, 14))
BRANCHES = (
    Branch("name", Copy()),
    Branch("plan", OneOf(("monthly", "yearly"))),
    Branch("tags", Copy(many=True)),
)
ANSWER = "Sure!\nFIELD name^^^Jane Doe\nFIELD plan^^^yearly\nFIELD tags^^^a | b\nEND_RESPONSE\n"

Handler = Callable[["Request"], None]


class Request:
    """One request to the scripted server, with the means to answer it."""

    def __init__(self, http: BaseHTTPRequestHandler, number: int) -> None:
        self._http = http
        self.number = number
        self.headers = http.headers
        self.body: dict[str, Any] = json.loads(http.rfile.read(int(http.headers["Content-Length"])))

    def send(self, status: int, content: bytes, kind: str = "application/json") -> None:
        self._http.send_response(status)
        self._http.send_header("Content-Type", kind)
        self._http.send_header("Content-Length", str(len(content)))
        self._http.end_headers()
        self._http.wfile.write(content)

    def refuse(self, status: int, message: str = "no", param: str | None = None) -> None:
        error = {"error": {"message": message, "param": param, "type": "x", "code": None}}
        self.send(status, json.dumps(error).encode())

    def stream(self, text: str, finish: str = "stop", pause: float = 0.0) -> None:
        """Answer as OpenAI does: one event for each few characters."""
        self._http.send_response(200)
        self._http.send_header("Content-Type", "text/event-stream")
        self._http.end_headers()
        for start in range(0, len(text), 7):
            self._event({"content": text[start : start + 7]}, None)
            time.sleep(pause)
        self._event({}, finish)
        self._http.wfile.write(b"data: [DONE]\n\n")

    def _event(self, delta: dict[str, str], finish: str | None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        chunk = {
            "id": "1",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": "m",
            "choices": [choice],
            "usage": {"prompt_tokens": 90, "completion_tokens": 20, "total_tokens": 110} if finish else None,
        }
        self._http.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self._http.wfile.flush()


@contextmanager
def scripted(answer: Handler) -> Iterator[tuple[str, list[Request]]]:
    """A server on this machine that answers by `answer`; yields its address and the requests."""
    requests: list[Request] = []

    class Http(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requests.append(Request(self, len(requests)))
            # The client leaves early where a test wants it to.
            with suppress(BrokenPipeError, ConnectionResetError):
                answer(requests[-1])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Http)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(url: str, mode: str = "protocol", **options: Any) -> dict[str, Decoded]:
    engine = RemoteEngine(url, "m", KEY, mode, **{"timeout": 10.0, "retries": 0, **options})
    return {decoded.name: decoded for decoded in engine.decode(PROMPT, BRANCHES)}


def test_protocol_answer_becomes_one_decoded_a_branch() -> None:
    with scripted(lambda r: r.stream(ANSWER)) as (url, requests):
        engine = RemoteEngine(url, "m", KEY)
        answers = {d.name: d for d in engine.decode(PROMPT, BRANCHES)}
    assert isinstance(engine, TextEngine)
    assert {name: d.texts for name, d in answers.items()} == {
        "name": ("Jane Doe",),
        "plan": ("yearly",),
        "tags": ("a", "b"),
    }
    assert all(d.probability is None and d.p_no_data is None and d.spans == () for d in answers.values())
    assert requests[0].body["messages"] == PROMPT.messages()
    assert requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert engine.stats()["prompt_tokens"] == 90


def test_fields_arrive_while_the_server_still_writes() -> None:
    gate = threading.Event()

    def answer(request: Request) -> None:
        request.stream(ANSWER[: ANSWER.index("FIELD tags") + 9])
        gate.wait(10)

    with scripted(answer) as (url, _):
        fields = RemoteEngine(url, "m").decode(PROMPT, BRANCHES)
        assert next(fields).texts == ("Jane Doe",)
        assert next(fields).texts == ("yearly",)
        gate.set()
        assert [d.texts for d in fields] == [()]


def test_no_data_and_unasked_fields() -> None:
    said = "FIELD name^^^NO_DATA\nFIELD age^^^42\nFIELD plan^^^no_data \nFIELD tags^^^x\n"
    with scripted(lambda r: r.stream(said)) as (url, _):
        answers = ask(url)
    assert {name: d.texts for name, d in answers.items()} == {"name": (), "plan": (), "tags": ("x",)}


def test_schema_mode_sends_a_strict_schema_and_reads_json() -> None:
    said = json.dumps({"name": "Jane Doe", "plan": None, "tags": ["a"]})
    with scripted(lambda r: r.stream(said)) as (url, requests):
        answers = ask(url, "schema")
    assert {name: d.texts for name, d in answers.items()} == {
        "name": ("Jane Doe",),
        "plan": (),
        "tags": ("a",),
    }
    sent = requests[0].body["response_format"]["json_schema"]
    assert sent["strict"] is True
    assert sent["schema"] == answer_schema(BRANCHES)
    assert sent["schema"]["properties"]["plan"]["anyOf"][0]["enum"] == ["monthly", "yearly"]


@pytest.mark.parametrize(
    "said",
    [
        '{"name": "Jane Doe", "plan": "weekly", "tags": null}',
        '{"name": "Jane Doe"}',
        '{"name": 3, "plan": null, "tags": null}',
        '{"name": "Jane Doe", "plan": null, "ta',
        "I cannot do that.",
        "[" * 5_000,
    ],
)
def test_json_that_does_not_fit_the_schema_is_an_error(said: str) -> None:
    with scripted(lambda r: r.stream(said)) as (url, _), pytest.raises(RemoteError) as caught:
        ask(url, "schema")
    assert "schema" in str(caught.value)
    assert "protocol" in caught.value.hint


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "key"),
        (403, "key"),
        (404, "model 'm'"),
        (429, "no more requests"),
        (400, "context is full"),
        (422, "context is full"),
        (500, "status 500"),
        (503, "status 503"),
    ],
)
def test_refusals_are_told_without_the_key(status: int, said: str) -> None:
    with (
        scripted(lambda r: r.refuse(status, f"context is full, {KEY}")) as (url, _),
        pytest.raises(RemoteError) as caught,
    ):
        ask(url)
    assert said in str(caught.value)
    assert caught.value.hint
    assert KEY not in f"{caught.value} {caught.value.hint}"


def test_busy_server_is_asked_again() -> None:
    def answer(request: Request) -> None:
        request.refuse(429 if request.number == 0 else 500) if request.number < 2 else request.stream(ANSWER)

    with scripted(answer) as (url, requests):
        answers = ask(url, retries=2)
    assert len(requests) == 3
    assert answers["name"].texts == ("Jane Doe",)


def test_servers_that_rename_or_refuse_options_are_asked_their_way() -> None:
    def answer(request: Request) -> None:
        for option in ("max_tokens", "temperature"):
            if option in request.body:
                return request.refuse(400, f"Unsupported parameter: {option}", option)
        return request.stream(ANSWER)

    with scripted(answer) as (url, requests):
        engine = RemoteEngine(url, "m", retries=0)
        for _ in range(2):
            assert len(list(engine.decode(PROMPT, BRANCHES))) == 3
    assert len(requests) == 4, "the dialect is learnt once"
    assert requests[-1].body["max_completion_tokens"] > 0


def test_server_that_wants_schemas_in_the_older_form() -> None:
    def answer(request: Request) -> None:
        if request.body["response_format"]["type"] == "json_schema":
            return request.refuse(422, "response_format.type: should be json_object")
        return request.stream('{"name": null, "plan": null, "tags": null}')

    with scripted(answer) as (url, requests):
        answers = ask(url, "schema")
    assert requests[1].body["response_format"] == {"type": "json_object", "schema": answer_schema(BRANCHES)}
    assert answers["name"].texts == ()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<html>Welcome</html>", "text/html"),
        (b"", "text/event-stream"),
        (b"data: {not json}\n\n", "text/event-stream"),
        (b"\xff\xfe\x00", "text/event-stream"),
        (b'{"choices": []}', "application/json"),
        (b'data: {"error": {"message": "out of memory"}}\n\n', "text/event-stream"),
    ],
)
def test_garbage_is_an_error_with_a_hint(content: bytes, kind: str) -> None:
    with scripted(lambda r: r.send(200, content, kind)) as (url, _), pytest.raises(RemoteError) as caught:
        ask(url)
    assert caught.value.hint


def test_chatter_without_the_protocol_is_an_error() -> None:
    chatter = "The person is called Jane."
    with (
        scripted(lambda r: r.stream(chatter)) as (url, _),
        pytest.raises(RemoteError, match="line protocol") as caught,
    ):
        ask(url)
    assert "SMARTFORM_REMOTE_MODE" in caught.value.hint


def test_answer_cut_off_before_the_last_field_is_an_error() -> None:
    said = "FIELD name^^^Jane Doe\nFIELD pl"
    with (
        scripted(lambda r: r.stream(said, "length")) as (url, _),
        pytest.raises(RemoteError, match="cut off"),
    ):
        ask(url)


def test_broken_connection() -> None:
    def answer(request: Request) -> None:
        request.send(200, b"")
        request._http.connection.shutdown(socket.SHUT_RDWR)

    with scripted(answer) as (url, _), pytest.raises(RemoteError):
        ask(url)
    with pytest.raises(RemoteError, match="cannot be reached"):
        ask("http://127.0.0.1:9/v1")


def test_silent_server_times_out() -> None:
    gate = threading.Event()
    with scripted(lambda r: gate.wait(10) and None) as (url, _):
        began = time.monotonic()
        with pytest.raises(RemoteError, match="within 1 seconds"):
            ask(url, timeout=0.6)
        assert time.monotonic() - began < 3
        gate.set()


def test_server_that_drips_for_ever_times_out() -> None:
    with scripted(lambda r: r.stream(ANSWER * 50, pause=0.05)) as (url, _):
        began = time.monotonic()
        with pytest.raises(RemoteError, match="did not answer"):
            ask(url, timeout=0.6)
        assert time.monotonic() - began < 3


def test_cancel_while_the_server_is_silent() -> None:
    gate, cancelled = threading.Event(), threading.Event()
    with scripted(lambda r: gate.wait(10) and None) as (url, requests):
        threading.Timer(0.3, cancelled.set).start()
        with pytest.raises(Cancelled):
            list(RemoteEngine(url, "m").decode(PROMPT, BRANCHES, cancel=cancelled.is_set))
        gate.set()
    assert len(requests) == 1


def test_key_is_never_shown() -> None:
    engine = RemoteEngine("http://127.0.0.1:9/v1", "m", KEY)
    assert KEY not in f"{engine!r} {engine.name} {engine.stats()}"


def test_token_estimate_errs_high_for_prose() -> None:
    engine = RemoteEngine("http://127.0.0.1:9/v1", "m")
    assert engine.count_tokens(TEXT) > len(TEXT.split())
    assert engine.window_tokens >= 4_096


LETTER = revision_prompt("I has not recieved it.", amount=Amount.ERRORS)
CHOSEN = ProofreadOptions(temperature=0.3, top_p=0.8, max_tokens=64, seed=7)


def test_revision_is_asked_for_with_the_options_and_streams() -> None:
    said: list[str] = []
    with scripted(lambda r: r.stream("\nI have not received it. ")) as (url, requests):
        engine = RemoteEngine(url, "m", KEY)
        written = engine.rewrite(LETTER, CHOSEN, on_text=said.append)
    assert isinstance(engine, Rewriter)
    assert written == Rewritten("I have not received it.", steps=20)
    assert said[-1] == written.text and said[0] and written.text.startswith(said[0])
    body = requests[0].body
    assert {name: body[name] for name in ("temperature", "top_p", "max_tokens", "seed")} == {
        "temperature": 0.3, "top_p": 0.8, "max_tokens": 64, "seed": 7,
    }  # fmt: skip
    system, user = body["messages"]
    assert system["content"].startswith(LETTER.system) and user == LETTER.messages()[1]


def test_revision_that_is_cut_off_is_told_as_such() -> None:
    with scripted(lambda r: r.stream("I have", "length")) as (url, _):
        assert not RemoteEngine(url, "m").rewrite(LETTER, CHOSEN).complete


def test_revision_from_servers_that_refuse_options() -> None:
    def answer(request: Request) -> None:
        for option in ("max_tokens", "temperature", "top_p", "seed"):
            if option in request.body:
                return request.refuse(400, f"Unsupported parameter: {option}", option)
        return request.stream("Right.")

    with scripted(answer) as (url, requests):
        engine = RemoteEngine(url, "m", retries=0)
        assert [engine.rewrite(LETTER, CHOSEN).text for _ in range(2)] == ["Right.", "Right."]
    assert len(requests) == 6, "the dialect is learnt once"
    assert requests[-1].body["max_completion_tokens"] == 64


def test_revision_errors() -> None:
    with scripted(lambda r: r.stream(" ")) as (url, _), pytest.raises(RemoteError, match="nothing") as caught:
        RemoteEngine(url, "m").rewrite(LETTER, CHOSEN)
    assert caught.value.hint
    with scripted(lambda r: r.refuse(401)) as (url, _), pytest.raises(RemoteError, match="key"):
        RemoteEngine(url, "m", retries=0).rewrite(LETTER, CHOSEN)
    long = revision_prompt("word " * PARAGRAPH_TOKENS, amount=Amount.ERRORS)
    with pytest.raises(TextError, match="too long"):
        RemoteEngine("http://127.0.0.1:9/v1", "m").rewrite(long, CHOSEN)
    with scripted(lambda r: r.stream("x" * 700, pause=0.05)) as (url, _), pytest.raises(Cancelled):
        RemoteEngine(url, "m").rewrite(LETTER, CHOSEN, cancel=lambda: True)


@pytest.fixture(scope="module")
def llama_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of llama-cpp-python's own server with SmolLM2-135M."""
    weights = models.locate("smollm2-135m-instruct")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (tmp_path_factory.mktemp("server") / "log").open("wb")
    command = [
        *(sys.executable, "-m", "llama_cpp.server", "--model", str(weights), "--n_ctx", "2048"),
        *("--host", "127.0.0.1", "--port", str(port), "--n_threads", "2"),
    ]
    environment = {k: v for k, v in os.environ.items() if k not in ("HOST", "PORT", "MODEL")}
    server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        _wait_for(f"http://127.0.0.1:{port}/v1/models", server, Path(log.name))
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


SHORT = (Branch("name", Copy(max_chars=40)), Branch("plan", OneOf(("monthly", "yearly"))))


def test_schema_mode_on_a_real_server(llama_server: str) -> None:
    engine = RemoteEngine(llama_server, "smollm2", mode="schema")
    answers = {d.name: d for d in engine.decode(PROMPT, SHORT)}
    assert set(answers) == {"name", "plan"}
    assert answers["plan"].texts in ((), ("monthly",), ("yearly",))
    assert "Jane Doe" in answers["name"].texts[0]


def test_protocol_mode_on_a_real_server(llama_server: str) -> None:
    # This untrained model chats instead of following the protocol: a real stream, told as what it is.
    engine = RemoteEngine(llama_server, "smollm2")
    with pytest.raises(RemoteError, match="line protocol"):
        list(engine.decode(PROMPT, SHORT[:1]))


def test_revision_on_a_real_server(llama_server: str) -> None:
    said: list[str] = []
    options = ProofreadOptions(max_tokens=12)
    written = RemoteEngine(llama_server, "smollm2").rewrite(LETTER, options, on_text=said.append)
    assert written.text and said[-1] == written.text
    assert written.tokens == () and written.logprob is None


def test_text_longer_than_the_real_server_reads(llama_server: str) -> None:
    prompt = extraction_prompt(FORM, "word " * 5_000)
    with pytest.raises(RemoteError) as caught:
        list(RemoteEngine(llama_server, "smollm2", retries=0).decode(prompt, BRANCHES))
    assert caught.value.hint
