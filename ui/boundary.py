"""Where errors become messages: nothing that goes wrong in a handler reaches the person raw.

Handlers return {component: value}. When one fails, only its notice is answered, so every other
component keeps what it holds.
"""

from __future__ import annotations

import functools
import inspect
import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from smartform.errors import Cancelled, SmartFormError
from ui.components import fault, notice, problem

log = logging.getLogger(__name__)

Answer = dict[Any, Any]


def explain(error: Exception, cancelled: str = "done_cancelled") -> dict[str, Any]:
    """The notice for an error; unexpected ones are logged by place alone, never with content.

    Args:
        cancelled: key of the string that says what became of a cancelled job.
    """
    if isinstance(error, Cancelled):
        return notice(cancelled)
    if isinstance(error, SmartFormError):
        return problem(str(error), error.hint)
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{f.name}@{f.filename.rsplit('/', 1)[-1]}:{f.lineno}" for f in reversed(frames))
    log.error("unexpected %s at %s", type(error).__name__, places)
    return fault()


def answering(function: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Decorator for functions that scripts of the page call: an error is answered as {"problem": notice}."""

    @functools.wraps(function)
    def call(*args: Any) -> dict[str, Any]:
        try:
            return function(*args)
        except Exception as error:
            return {"problem": explain(error)}

    return call


def guarded(
    box: gr.HTML, *, cancelled: str = "done_cancelled"
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator for handlers, plain or generator, that answer {component: value}.

    Args:
        box: where the message appears.
        cancelled: as in `explain`.
    """

    def wrap(handler: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isgeneratorfunction(handler):

            @functools.wraps(handler)
            def stream(*args: Any) -> Iterator[Answer]:
                try:
                    yield from handler(*args)
                except Exception as error:
                    yield {box: explain(error, cancelled)}

            return stream

        @functools.wraps(handler)
        def call(*args: Any) -> Answer:
            try:
                return handler(*args)
            except Exception as error:
                return {box: explain(error, cancelled)}

        return call

    return wrap
