"""Any OpenAI-compatible server as a text engine and rewriter: OpenAI, Mistral, vLLM, llama-server, …

Two ways to ask for forms. `protocol` sends the line protocol and reads its lines back, which every chat
model can try. `schema` asks for JSON held to a schema made from the branches. The server is
never trusted with either: lines are parsed leniently, JSON is validated, and an answer that
does not fit is an error, not a guess. Revisions are plain answers, without log-probabilities.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
import jsonschema
import openai
from openai.types.chat import ChatCompletionChunk

from smartform.engines.base import Branch, Cancel, Copy, Decoded, OneOf, Rewritten, never
from smartform.errors import Cancelled, RemoteError, TextError
from smartform.mail_prompts import RevisionPrompt
from smartform.prompts import MARK, NO_DATA, Prompt, parse_answer
from smartform.revision import ProofreadOptions
from smartform.schema import Cell, Field, FieldType, FormSpec

PROTOCOL, SCHEMA = "protocol", "schema"

TIMEOUT_SECONDS = 120.0
"""How long one answer may take, retries included."""

RETRIES = 2
"""The client tries again after 408, 409, 429 and 5xx and lost connections, waiting longer each time."""

WINDOW_TOKENS = 8_192
"""What servers are taken to read in one call; the interface has no way to ask them."""

PARAGRAPH_TOKENS = 2_048
"""Longest paragraph that servers are asked to revise."""

_POLL_SECONDS = 0.05
_LONG_TEXT_CHARS = 240
_TOKENS_A_FIELD = 32

_JSON_RULE = (
    "Answer with one JSON object in place of FIELD lines: the name of each field with its value as a "
    "string, or a list of strings where there can be several; null in place of NO_DATA."
)
_REVISION_RULE = "Answer with the revised text alone."

_LIMIT, _NEWER_LIMIT = "max_tokens", "max_completion_tokens"
_OPTIONS = frozenset({_LIMIT, _NEWER_LIMIT, "temperature", "top_p", "seed"})
"""What a server may refuse to be told."""


class RemoteEngine:
    """A language model behind an OpenAI-compatible address.

    Args:
        url: base address, up to and including `/v1` where the server has it.
        model: the server's name for the model.
        key: secret of the server, '' where it needs none; never shown or logged.
        mode: `PROTOCOL` or `SCHEMA`.
        timeout: seconds that one answer may take, retries included.
        retries: how often a failed request is repeated.
    """

    def __init__(
        self,
        url: str,
        model: str,
        key: str = "",
        mode: str = PROTOCOL,
        *,
        timeout: float = TIMEOUT_SECONDS,
        retries: int = RETRIES,
    ) -> None:
        self._model = model
        self._key = key
        self._mode = mode
        self._timeout = timeout
        # The client refuses to start without a key; servers that need none ignore it.
        self._client = openai.OpenAI(
            base_url=url, api_key=key or "none", timeout=timeout, max_retries=retries
        )
        self._refused: set[str] = set()
        self._plain_schema = False
        self._stats: dict[str, float] = {}

    @property
    def name(self) -> str:
        """The server's name for the model."""
        return self._model

    @property
    def window_tokens(self) -> int:
        """`WINDOW_TOKENS`."""
        return WINDOW_TOKENS

    def count_tokens(self, text: str) -> int:
        """An estimate that is high for prose: one token for each two bytes."""
        return len(text.encode("utf-8", "replace")) // 2 + 1

    def stats(self) -> dict[str, float]:
        """What the server reported of the last answer; zeros where it reports nothing."""
        return dict(self._stats)

    def decode(
        self, prompt: Prompt, branches: Sequence[Branch], *, cancel: Cancel = never
    ) -> Iterator[Decoded]:
        """Ask the server for every branch in one request.

        Values are the server's words: whether they meet their constraint is for the caller to
        check. Probabilities are None and spans empty.

        Raises:
            RemoteError: the server refused, failed, took too long, or answered something else.
            Cancelled: `cancel` said so.
        """
        form = _form(branches)
        reply = _Reply()
        told: set[str] = set()
        for chunk in self._chunks(self._request(prompt, branches), cancel):
            ended_line = reply.add(chunk)
            if self._mode == PROTOCOL and ended_line:
                # A value is known once another FIELD line has begun after it.
                known = parse_answer(reply.text.rpartition("\n")[0].rpartition("FIELD")[0], form)
                yield from _decoded({n: v for n, v in known.items() if v and n not in told})
                told.update(n for n, v in known.items() if v)
        self._stats = reply.stats()
        values = self._read(reply, form, branches)
        yield from _decoded({n: v for n, v in values.items() if n not in told})

    def _request(self, prompt: Prompt, branches: Sequence[Branch]) -> dict[str, Any]:
        messages = prompt.messages([branch.name for branch in branches])
        request: dict[str, Any] = {"model": self._model, "messages": messages}
        request |= self._accepted(temperature=0.0, max_tokens=sum(map(_most_tokens, branches)))
        if self._mode == SCHEMA:
            request["messages"][0]["content"] += "\n" + _JSON_RULE
            request["response_format"] = _response_format(answer_schema(branches), self._plain_schema)
        return request

    def _accepted(self, **options: Any) -> dict[str, Any]:
        """The options in the server's dialect, without those it has refused."""
        if _LIMIT in self._refused:
            options[_NEWER_LIMIT] = options.pop(_LIMIT)
        return {name: value for name, value in options.items() if name not in self._refused}

    @property
    def paragraph_tokens(self) -> int:
        """`PARAGRAPH_TOKENS`."""
        return PARAGRAPH_TOKENS

    def rewrite(
        self,
        prompt: RevisionPrompt,
        options: ProofreadOptions,
        *,
        caution: float = 0.0,
        on_text: Callable[[str], None] | None = None,
        cancel: Cancel = never,
    ) -> Rewritten:
        """Ask the server for a paragraph's revision; arguments as in `Rewriter.rewrite`.

        The repetition penalty is not sent: servers agree on no name for it.

        Raises:
            TextError: the paragraph has more tokens than `paragraph_tokens`.
            RemoteError: the server refused, failed, took too long, or answered nothing.
            Cancelled: `cancel` said so.
        """
        if self.count_tokens(prompt.text) > PARAGRAPH_TOKENS:
            raise TextError("A paragraph is too long for the model.", "Divide it.")
        request: dict[str, Any] = {"model": self._model, "messages": prompt.messages()}
        request["messages"][0]["content"] += "\n" + _REVISION_RULE
        request |= self._accepted(
            temperature=options.temperature, top_p=options.top_p,
            max_tokens=options.max_tokens, seed=options.seed,
        )  # fmt: skip
        reply = _Reply()
        for chunk in self._chunks(request, cancel):
            reply.add(chunk)
            if on_text is not None:
                on_text(reply.text.strip())
        self._stats = reply.stats()
        _need_words(reply)
        return Rewritten(reply.text.strip(), complete=reply.finish != "length", steps=reply.answer_tokens)

    def _read(self, reply: _Reply, form: FormSpec, branches: Sequence[Branch]) -> dict[str, Cell]:
        _need_words(reply)
        if self._mode == SCHEMA:
            return _validated(reply, branches)
        values = parse_answer(reply.text, form)
        answered = reply.text.casefold()
        silent = [name for name in values if f"{name}{MARK}".casefold() not in answered]
        if len(silent) == len(values):
            raise RemoteError(
                "The server's answer does not follow the line protocol.",
                "Use a larger or fine-tuned model, or set SMARTFORM_REMOTE_MODE to schema.",
            )
        if silent and reply.finish == "length":
            raise RemoteError(
                "The server's answer was cut off before every field was answered.",
                "Raise the server's limit of tokens, or set SMARTFORM_REMOTE_MODE to schema.",
            )
        return values

    def _chunks(self, request: dict[str, Any], cancel: Cancel) -> Iterator[ChatCompletionChunk]:
        """The pieces of the answer; looks at `cancel` and the clock also while the server is silent."""
        pieces: queue.Queue[ChatCompletionChunk | Exception | None] = queue.Queue()
        left = threading.Event()
        threading.Thread(target=self._pump, args=(request, pieces, left), daemon=True).start()
        deadline = time.monotonic() + self._timeout
        try:
            while True:
                if cancel():
                    raise Cancelled("Cancelled.")
                if time.monotonic() > deadline:
                    raise self._too_slow()
                try:
                    piece = pieces.get(timeout=_POLL_SECONDS)
                except queue.Empty:
                    continue
                if piece is None:
                    return
                if isinstance(piece, Exception):
                    raise self._translated(piece) from piece
                yield piece
        finally:
            left.set()

    def _pump(
        self,
        request: dict[str, Any],
        pieces: queue.Queue[ChatCompletionChunk | Exception | None],
        left: threading.Event,
    ) -> None:
        try:
            with self._stream(request) as stream:
                for chunk in stream:
                    if left.is_set():
                        return
                    pieces.put(chunk)
            pieces.put(None)
        except Exception as problem:  # carried to the thread that waits, which translates it
            pieces.put(problem)

    def _stream(self, request: dict[str, Any]) -> openai.Stream[ChatCompletionChunk]:
        """Begin the answer, in the server's dialect, which its refusals teach."""
        while True:
            try:
                return self._create(request)
            except openai.APIStatusError as refusal:
                if not self._learn(request, refusal):
                    raise

    def _learn(self, request: dict[str, Any], refusal: openai.APIStatusError) -> bool:
        """Put `request`, and those to come, in other words for the same; whether there are any.

        Newer OpenAI models rename `max_tokens` and refuse `temperature`; llama-cpp-python,
        Together and Fireworks want a schema as `json_object`. The answer is validated all the same.
        """
        option = refusal.param
        if option in _OPTIONS and option in request:
            value = request.pop(option)
            self._refused.add(option)
            if option == _LIMIT:
                request[_NEWER_LIMIT] = value
            return True
        form = request.get("response_format", {})
        if form.get("type") == "json_schema" and "response_format" in refusal.message:
            self._plain_schema = True
            request["response_format"] = _response_format(form["json_schema"]["schema"], plain=True)
            return True
        return False

    def _create(self, request: dict[str, Any]) -> openai.Stream[ChatCompletionChunk]:
        stream: openai.Stream[ChatCompletionChunk] = self._client.chat.completions.create(
            **request, stream=True
        )
        return stream

    def _translated(self, problem: Exception) -> Exception:
        """The one place where the client's errors become ours."""
        match problem:
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return RemoteError("The server refused the key.", "Check SMARTFORM_REMOTE_KEY.")
            case openai.NotFoundError():
                return RemoteError(
                    f"The server does not know the model '{self._model}' or the address is wrong.",
                    "Check SMARTFORM_REMOTE_MODEL and SMARTFORM_REMOTE_URL.",
                )
            case openai.RateLimitError():
                return RemoteError(
                    "The server takes no more requests now.", "Wait a little, or check your quota there."
                )
            case openai.BadRequestError() | openai.UnprocessableEntityError():
                return RemoteError(
                    f"The server did not accept the request: {self._said(problem)}",
                    "Check that the model supports SMARTFORM_REMOTE_MODE and texts of this length.",
                )
            case openai.APIStatusError():
                return RemoteError(
                    f"The server failed with status {problem.status_code}.", "Try again later."
                )
            case openai.APITimeoutError() | httpx2.TimeoutException():
                return self._too_slow()
            case openai.APIConnectionError() | httpx2.HTTPError():
                return RemoteError(
                    "The server cannot be reached or broke off.",
                    "Check that it is running and SMARTFORM_REMOTE_URL is its address.",
                )
            case openai.OpenAIError() | ValueError():
                return RemoteError(
                    "The server's answer cannot be read.", "Check that its address is OpenAI-compatible."
                )
        return problem

    def _too_slow(self) -> RemoteError:
        return RemoteError(
            f"The server did not answer within {self._timeout:.0f} seconds.",
            "Try again, or use a smaller model.",
        )

    def _said(self, problem: openai.APIStatusError) -> str:
        body = problem.body
        said = body.get("message", "") if isinstance(body, dict) else ""
        said = " ".join(str(said).split())[:200]
        return (said.replace(self._key, "…") if self._key else said) or "no reason given."


@dataclass(slots=True)
class _Reply:
    """An answer as it grows."""

    text: str = ""
    finish: str | None = None
    prompt_tokens: int = 0
    answer_tokens: int = 0

    def add(self, chunk: ChatCompletionChunk) -> bool:
        """Take in one piece; whether it ends a line."""
        piece = ""
        for choice in chunk.choices[:1]:
            piece = choice.delta.content or ""
            self.finish = choice.finish_reason or self.finish
        self.text += piece
        if chunk.usage:
            self.prompt_tokens = chunk.usage.prompt_tokens
            self.answer_tokens = chunk.usage.completion_tokens
        return "\n" in piece

    def stats(self) -> dict[str, float]:
        return {
            "prompt_tokens": self.prompt_tokens,
            "cached_tokens": 0,
            "branch_tokens": self.answer_tokens,
            "steps": self.answer_tokens,
        }


def _need_words(reply: _Reply) -> None:
    if not reply.text.strip():
        raise RemoteError(
            "The server answered nothing.", "Check that its address and model are right for chat."
        )


def answer_schema(branches: Sequence[Branch]) -> dict[str, Any]:
    """The JSON Schema of an answer, in the subset that strict servers accept."""
    return {
        "type": "object",
        "properties": {branch.name: _value_schema(branch) for branch in branches},
        "required": list(dict.fromkeys(branch.name for branch in branches)),
        "additionalProperties": False,
    }


def _response_format(schema: dict[str, Any], plain: bool) -> dict[str, Any]:
    if plain:
        return {"type": "json_object", "schema": schema}
    return {"type": "json_schema", "json_schema": {"name": "form", "strict": True, "schema": schema}}


def _value_schema(branch: Branch) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "string"}
    if isinstance(branch.constraint, OneOf):
        if not branch.constraint.texts:
            return {"type": "null"}
        item["enum"] = list(branch.constraint.texts)
    value = {"type": "array", "items": item} if branch.constraint.many else item
    # Not a list of types: some servers then forget the enum.
    return {"anyOf": [value, {"type": "null"}]}


def _validated(reply: _Reply, branches: Sequence[Branch]) -> dict[str, Cell]:
    try:
        data = json.loads(reply.text)
        jsonschema.validate(data, answer_schema(branches))
    except (ValueError, RecursionError, jsonschema.ValidationError) as problem:
        raise RemoteError(
            "The server's answer does not fit the form's JSON schema.",
            "Use a server that holds to schemas, or set SMARTFORM_REMOTE_MODE to protocol.",
        ) from problem
    values: dict[str, Cell] = data
    return {name: None if value in (NO_DATA, "", []) else value for name, value in values.items()}


def _form(branches: Sequence[Branch]) -> FormSpec:
    """The branches as fields, for the parser of answers."""
    kinds = {branch.name: _kind(branch) for branch in branches}
    return FormSpec(tuple(Field(name, kind) for name, kind in kinds.items()))


def _kind(branch: Branch) -> FieldType:
    if branch.constraint.many:
        return FieldType.LIST
    long = isinstance(branch.constraint, Copy) and branch.constraint.max_chars > _LONG_TEXT_CHARS
    return FieldType.LONGTEXT if long else FieldType.TEXT


def _most_tokens(branch: Branch) -> int:
    """Room for a field's line: its name, its mark and the longest value it may have."""
    constraint = branch.constraint
    if isinstance(constraint, Copy):
        return _TOKENS_A_FIELD + constraint.max_chars // 2
    lengths = [len(text) for text in constraint.texts] or [0]
    return _TOKENS_A_FIELD + (sum(lengths) if constraint.many else max(lengths)) // 2


def _decoded(values: dict[str, Cell]) -> Iterator[Decoded]:
    for name, value in values.items():
        texts = (value,) if isinstance(value, str) else tuple(value or ())
        yield Decoded(name, texts, None, None)
