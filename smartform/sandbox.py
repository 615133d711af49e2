"""Run a function on files from strangers in a process of its own, with limits on time and memory.

    text = run("smartform.documents", "read_pdf", data)

The child gets the arguments as a pickle and answers with JSON or raw bytes, so that nothing a
hostile file makes of it is ever unpickled here. It sees none of our environment's secrets.
"""

from __future__ import annotations

import base64
import importlib
import json
import logging
import os
import pickle
import resource
import subprocess
import sys
import traceback
from typing import Any

from smartform import errors
from smartform.errors import DocumentError, InputError

_LOG = logging.getLogger(__name__)


def run(
    module: str,
    function: str,
    *arguments: Any,
    cpu_seconds: int = 20,
    wall_seconds: float = 60.0,
    memory_bytes: int = 1_000_000_000,
    what: str = "document",
) -> Any:
    """`module.function(*arguments)`, computed in a limited child process.

    Args:
        module: importable module of the function.
        function: top-level function that returns JSON data or bytes.
        arguments: anything that can be pickled.
        cpu_seconds: processor time after which the child is killed.
        wall_seconds: time by the clock after which it is killed.
        memory_bytes: address space it may use.
        what: what the person gave us, for messages ('document', 'PDF', 'page').

    Raises:
        InputError: the function raised one; the same class, message and hint.
        DocumentError: it took too long, needed too much memory, crashed or raised anything else.
    """
    limits = (cpu_seconds, memory_bytes)
    environment = {"PYTHONPATH": os.pathsep.join(p or os.getcwd() for p in sys.path)}
    environment |= {key: os.environ[key] for key in ("PATH", "LANG", "LD_LIBRARY_PATH") if key in os.environ}
    try:
        child = subprocess.run(
            [sys.executable, "-m", "smartform.sandbox"],
            input=pickle.dumps((limits, module, function, arguments)),
            capture_output=True,
            timeout=wall_seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise _too_heavy(what) from exc
    if child.returncode == 0:
        return _answer(json.loads(child.stdout), what)
    complaint = child.stderr[-2000:].decode(errors="replace")
    _LOG.info("reading a %s ended with %s: %s", what, child.returncode, complaint)
    if child.returncode < 0:
        raise _too_heavy(what)
    raise _unreadable(what)


def _answer(answer: dict[str, Any], what: str) -> Any:
    if "bytes" in answer:
        return base64.b64decode(answer["bytes"])
    if "error" in answer:
        kind = getattr(errors, answer["error"])
        raise kind(answer["message"], answer["hint"])
    if "failure" in answer:
        _LOG.info("reading a %s failed: %s", what, answer["failure"])
        raise _too_heavy(what) if answer["heavy"] else _unreadable(what)
    return answer["value"]


def _too_heavy(what: str) -> DocumentError:
    return DocumentError(
        f"The {what} takes too much time or memory to read.",
        "Use a smaller or simpler one, or paste its text.",
    )


def _unreadable(what: str) -> DocumentError:
    return DocumentError(
        f"The {what} is damaged or cannot be read.", "Open it, save it anew and try again, or paste its text."
    )


def _child() -> None:
    # What a library prints goes to standard error; the answer alone goes to standard output.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    (cpu_seconds, memory_bytes), module, function, arguments = pickle.load(sys.stdin.buffer)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS knows this limit but refuses to set it
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    answer: dict[str, Any]
    try:
        value = getattr(importlib.import_module(module), function)(*arguments)
        is_bytes = isinstance(value, bytes)
        answer = {"bytes": base64.b64encode(value).decode()} if is_bytes else {"value": value}
    except InputError as exc:
        answer = {"error": type(exc).__name__, "message": str(exc), "hint": exc.hint}
    except Exception as exc:  # a library stumbling over a hostile file may raise anything
        heavy = isinstance(exc, (MemoryError, RecursionError))
        answer = {"failure": traceback.format_exc(limit=-3), "heavy": heavy}
    with out:
        out.write(json.dumps(answer).encode())


if __name__ == "__main__":
    _child()
