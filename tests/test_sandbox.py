"""The limited child process: values come back, limits hold, failures become errors."""

from __future__ import annotations

import os
import time

import pytest

from smartform import sandbox
from smartform.errors import DocumentError, FormError

HERE = "tests.test_sandbox"


def answer(first: str, second: bytes) -> dict[str, object]:
    print("libraries print things")
    return {"joined": first + second.decode(), "list": [1, None, True]}


def raw() -> bytes:
    return bytes(range(256)) * 1_000


def refuse() -> None:
    raise FormError("No fields.", "Add one.")


def stumble() -> None:
    raise KeyError("/Root")


def spin() -> None:
    while True:
        pass


def sleep() -> None:
    time.sleep(60)


def swell() -> int:
    return len(bytearray(4_000_000_000))


def die() -> None:
    os.abort()


def look_around() -> list[str]:
    return sorted(os.environ)


def test_values_and_bytes_come_back() -> None:
    assert sandbox.run(HERE, "answer", "a", b"b") == {"joined": "ab", "list": [1, None, True]}
    assert sandbox.run(HERE, "raw") == raw()


def test_our_own_errors_keep_their_class_and_hint() -> None:
    with pytest.raises(FormError, match="No fields") as raised:
        sandbox.run(HERE, "refuse")
    assert raised.value.hint == "Add one."


@pytest.mark.parametrize("function", ["stumble", "die", "swell"])
def test_failures_become_document_errors(function: str) -> None:
    with pytest.raises(DocumentError, match="The PDF") as raised:
        sandbox.run(HERE, function, what="PDF")
    assert raised.value.hint and "Root" not in str(raised.value)


@pytest.mark.parametrize(
    ("function", "limits"),
    [
        ("spin", {"cpu_seconds": 1}),
        ("sleep", {"wall_seconds": 1.5}),
    ],
)
def test_time_is_limited(function: str, limits: dict[str, float]) -> None:
    started = time.monotonic()
    with pytest.raises(DocumentError, match="too much time"):
        sandbox.run(HERE, function, **limits)  # type: ignore[arg-type]
    assert time.monotonic() - started < 30


def test_the_child_does_not_see_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTFORM_REMOTE_KEY", "secret")
    seen = sandbox.run(HERE, "look_around")
    assert "PATH" in seen and not any("KEY" in name for name in seen)
