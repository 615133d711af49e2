"""The REST door over real HTTP: answers, errors, limits, turns and clients that leave."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from app import build
from smartform import rest
from smartform.rest_jobs import MAX_JOBS
from smartform.revision import Amount, ProofreadOptions, Register
from smartform.service import Service
from tests.doors import mail_service, scripted_service

FORM = {"fields": [{"name": "name", "required": True}, {"name": "city", "required": True}]}


@contextmanager
def serving(service: Service) -> Iterator[httpx.Client]:
    """A client of the whole app, served on this machine."""
    server = uvicorn.Server(
        uvicorn.Config(
            build(service), host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=1
        )
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=20) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving(scripted_service()[0]) as client:
        yield client


def fill(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post("/api/v1/fill", json={"form": FORM, "text": "name: Jane", **body})


def test_fill(client: httpx.Client) -> None:
    answer = fill(client, today="2026-03-14")
    assert answer.status_code == 200
    data = answer.json()
    assert data["values"] == {"name": "Jane", "city": None}
    assert data["missing"] == ["city"]
    assert data["fields"][0] == {
        "name": "name", "value": "Jane", "confidence": 0.9, "p_no_data": 0.05,
        "spans": [[6, 10]], "state": "found",
    }  # fmt: skip


def test_a_suggestion_stands_beside_the_value_that_is_missing(client: httpx.Client) -> None:
    data = fill(client, text="name? Jane").json()
    assert data["values"]["name"] is None
    suggestion = data["fields"][0]["suggestion"]
    assert (suggestion["value"], suggestion["spans"], suggestion["confidence"]) == ("Jane", [[6, 10]], 0.4)


def test_half_characters_in_the_text_are_replaced(client: httpx.Client) -> None:
    body = rb'{"form": {"fields": [{"name": "name"}]}, "text": "name: J\ud800ne"}'
    answer = client.post("/api/v1/fill", content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["values"] == {"name": "J\ufffdne"}


@pytest.mark.parametrize(
    "form",
    [
        "contact",
        {"type": "object", "properties": {"name": {"type": "string"}}},
        json.dumps(FORM),
        "<form><label>Name <input name='name'></label></form>",
    ],
)
def test_forms_of_every_kind(client: httpx.Client, form: Any) -> None:
    answer = fill(client, form=form)
    assert answer.status_code == 200, answer.text
    assert answer.json()["values"]


def test_transcribe(client: httpx.Client) -> None:
    answer = client.post("/api/v1/transcribe", files={"file": ("a.wav", b"hello")}, data={"language": "it"})
    assert answer.json()["text"] == "hello"
    assert answer.json()["language"] == "it"
    refused = client.post("/api/v1/transcribe", files={"file": ("a.wav", b"NOISE")})
    assert refused.status_code == 422
    assert refused.json() == {"error": "Nothing was said.", "hint": "Speak closer to the microphone."}


def test_proofread(client: httpx.Client) -> None:
    answer = client.post("/api/v1/proofread", json={"draft": "Send teh bill. At once!", "tone": "warm"})
    assert answer.status_code == 200, answer.text
    data = answer.json()
    assert data["revision"] == "Send the bill. Thank you." and data["changed"] is True
    assert data["edits"][0] == {
        "span": [5, 8], "original": "teh", "replacement": "the", "kind": "spelling", "probability": 0.9,
    }  # fmt: skip
    assert data["tone_before"]["politeness"] == "impolite"
    assert data["tone_after"]["politeness_score"] > 0.8
    assert data["refused"] == []


def test_proofreading_options_reach_the_model() -> None:
    service, reader = mail_service()
    chosen = {
        "amount": "rewrite", "tone": "firm", "system_prompt": "Be brief.", "temperature": 0.7,
        "top_p": 0.5, "max_tokens": 99, "repetition_penalty": 1.2, "seed": 3,
    }  # fmt: skip
    with serving(service) as client:
        assert client.post("/api/v1/proofread", json={"draft": "Fine.", **chosen}).status_code == 200
        assert client.post("/api/v1/proofread", json={"draft": "Fine."}).json()["revision"] == "Fine."
    assert [options for _, options in reader.calls] == [
        ProofreadOptions(Amount.REWRITE, Register.FIRM, "Be brief.", 0.7, 0.5, 99, 1.2, 3),
        ProofreadOptions(),
    ]


def test_tone(client: httpx.Client) -> None:
    asked = {"text": "Send it at once. Thank you for Monday.", "weights": True}
    data = client.post("/api/v1/tone", json=asked).json()
    assert [part["politeness"] for part in data["sentences"]] == ["impolite", "polite"]
    assert data["sentences"][0]["span"] == [0, 16]
    assert data["words"] and data["language"] == "en"


@pytest.mark.parametrize(
    ("status", "route", "body"),
    [
        (422, "proofread", {}),
        (422, "proofread", {"draft": " "}),
        (422, "proofread", {"draft": 3}),
        (422, "proofread", {"draft": "x", "amount": "everything"}),
        (422, "proofread", {"draft": "x", "tone": "rude"}),
        (422, "proofread", {"draft": "x", "temperature": 9}),
        (422, "proofread", {"draft": "x", "top_p": 0}),
        (422, "proofread", {"draft": "x", "max_tokens": 0}),
        (422, "proofread", {"draft": "x", "seed": -1}),
        (422, "proofread", {"draft": "x", "system_prompt": "x" * 2_001}),
        (503, "proofread", {"draft": "BROKEN"}),
        (422, "tone", {}),
        (422, "tone", {"text": "x" * 40_001}),
        (503, "tone", {"text": "BROKEN"}),
    ],
)
def test_mail_errors_have_a_message_and_a_hint(
    client: httpx.Client, status: int, route: str, body: dict[str, Any]
) -> None:
    answer = client.post(f"/api/v1/{route}", json=body)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error", "hint"} and all(answer.json().values())


def test_presets_and_health(client: httpx.Client) -> None:
    known = {preset["name"]: preset for preset in client.get("/api/v1/presets").json()}
    assert known["contact"]["fields"]
    assert client.get("/api/v1/health").json() == {"status": "ok", "ready": True}


def test_openapi_page_needs_no_other_host(client: httpx.Client) -> None:
    page = client.get("/api/v1/docs")
    assert page.status_code == 200
    assert "https://" not in page.text
    description = client.get("/api/v1/openapi.json").json()
    assert set(description["paths"]) == {
        f"/api/v1/{route}"
        for route in ("fill", "resume", "proofread", "tone", "transcribe", "presets", "health")
    }
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
        assert client.get(f"/api/v1/docs/{asset}").status_code == 200


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (400, b"{not json"),
        (400, b'{"form": "contact", "text": "\xff"}'),
        (422, b""),
        (422, b"[]"),
        (422, b'{"form": "contact"}'),
        (422, b'{"form": "contact", "text": 3}'),
        (422, b'{"form": "contact", "text": "x", "today": "tomorrow"}'),
        (422, b'{"form": "contact", "text": ""}'),
        (422, b'{"form": "/etc/passwd", "text": "x"}'),
        (422, b'{"form": {"fields": []}, "text": "x"}'),
        (422, b'{"form": [1], "text": "x"}'),
        (503, b'{"form": "contact", "text": "BROKEN"}'),
        (400, b'{"form": ' + b"[" * 50_000),
        (422, b'{"form": {"fields": [{"name": "\\ud800"}]}, "text": "x"}'),
        (422, b'{"form": {"fields": [{"name": "a", "type": "\\ud800"}]}, "text": "x"}'),
        (422, b'{"form": "\\ud800", "text": "x"}'),
        (422, b'{"\\ud800": 3}'),
    ],
)
def test_errors_have_a_message_and_a_hint(client: httpx.Client, status: int, content: bytes) -> None:
    answer = client.post("/api/v1/fill", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error", "hint"}
    assert all(answer.json().values())
    assert "root:" not in answer.text and "Traceback" not in answer.text


def test_bodies_that_are_too_large(client: httpx.Client) -> None:
    too_much = b" " * (rest.MAX_JSON_BYTES + 1)
    headers = {"Content-Type": "application/json"}
    announced = client.post("/api/v1/fill", content=too_much, headers=headers)
    pieces = (too_much[start : start + 2**20] for start in range(0, len(too_much), 2**20))
    streamed = client.post("/api/v1/fill", content=pieces, headers=headers)
    for answer in (announced, streamed):
        assert answer.status_code == 413
        assert "10 MB" in answer.json()["hint"]


def test_jobs_beyond_the_queue_are_turned_away() -> None:
    gate = threading.Event()
    service, _ = scripted_service(gate)
    with serving(service) as client, ThreadPoolExecutor(MAX_JOBS + 1) as pool:
        try:
            jobs = [pool.submit(fill, client, text="WAIT name: Jane") for _ in range(MAX_JOBS + 1)]
            turned_away = next(as_completed(jobs)).result()
            assert turned_away.status_code == 503
            assert turned_away.headers["Retry-After"] == "5"
            assert client.get("/api/v1/health").status_code == 200, "the loop is free while jobs run"
        finally:
            gate.set()
        assert sorted(job.result().status_code for job in jobs) == [200] * MAX_JOBS + [503]
        assert fill(client).status_code == 200


def test_a_client_that_leaves_cancels_its_job() -> None:
    service, filler = scripted_service()
    with serving(service) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post("/api/v1/fill", json={"form": FORM, "text": "WAIT"}, timeout=0.5)
        began = time.monotonic()
        assert fill(client).status_code == 200, "the turn was given back"
        assert time.monotonic() - began < 5
        assert len(filler.calls) == 2


def test_faults_surface_as_500_without_details() -> None:
    with serving(scripted_service()[0]) as client:
        answer = fill(client, text="CRASH")
    assert answer.status_code == 500
    assert "secret" not in answer.text
