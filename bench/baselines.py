"""What one would use instead, on the same weights: grammar-held JSON, and the protocol in one go."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
from llama_cpp import Llama, LlamaGrammar

from smartform.prompts import NO_DATA, ChatFormat, branch_header, extraction_prompt
from smartform.schema import Field, FieldType, FormSpec

TOKENS_A_FIELD = 32
"""How much each baseline may write: enough for every value, and a bound for answers that never end."""

MOST_CHARS = 60
"""Longest text in the JSON schema, four times that for long texts: without it, strings run on and on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a baseline wrote.

    Args:
        tokens: how many tokens it wrote.
        complete: whether the answer is whole and valid: JSON that meets the schema, a line for every field.
    """

    tokens: int
    complete: bool


def load(base: Path, adapter: Path | None, threads: int) -> Llama:
    """The same model and adapter in llama-cpp-python's own interface."""
    return Llama(
        str(base),
        lora_path=str(adapter) if adapter else None,
        n_ctx=4096,
        n_batch=512,
        n_threads=threads,
        n_threads_batch=threads,
        swa_full=True,  # lets it keep the prompt's shared beginning, as ours does
        chat_format="gemma",
        verbose=False,
    )


def grammar_chat(llama: Llama, form: FormSpec, text: str, today: date) -> Answer:
    """`create_chat_completion` under a JSON schema of the form.

    Raises:
        ValueError: the schema does not compile to a grammar. (The library itself would go on with
            a grammar for any JSON.)
    """
    schema = json_schema(form)
    LlamaGrammar.from_json_schema(json.dumps(schema), verbose=False)
    prompt = extraction_prompt(form, text, today)
    rule = f"Answer with one JSON object: field names with values, null in place of {NO_DATA}."
    reply: Any = llama.create_chat_completion(
        messages=[{"role": "user", "content": f"{prompt.system}\n{rule}\nUSER_DATA: {prompt.user}"}],
        response_format={"type": "json_object", "schema": schema},
        temperature=0.0,
        max_tokens=TOKENS_A_FIELD * len(form.fields),
    )
    written = reply["choices"][0]["message"]["content"] or ""
    return Answer(reply["usage"]["completion_tokens"], meets(written, schema))


def json_schema(form: FormSpec) -> dict[str, Any]:
    """The form as a JSON schema; every field may be null."""
    return {
        "type": "object",
        "properties": {field.name: _member(field) for field in form.fields},
        "required": list(form.names),
        "additionalProperties": False,
    }


def _member(field: Field) -> dict[str, Any]:
    if field.type is FieldType.CHOICE:
        return {"enum": [*field.options, None]}
    if field.type is FieldType.MULTICHOICE:
        return {"anyOf": [{"type": "array", "items": {"enum": list(field.options)}}, {"type": "null"}]}
    if field.type is FieldType.LIST:
        return {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]}
    if field.type in (FieldType.TEXT, FieldType.LONGTEXT):
        longest = MOST_CHARS if field.type is FieldType.TEXT else 4 * MOST_CHARS
        return {"anyOf": [{"type": "string", "maxLength": longest}, {"type": "null"}]}
    kinds = {FieldType.INTEGER: "integer", FieldType.NUMBER: "number", FieldType.BOOLEAN: "boolean"}
    return {"anyOf": [{"type": kinds.get(field.type, "string")}, {"type": "null"}]}


def meets(written: str, schema: dict[str, Any]) -> bool:
    """Whether an answer is JSON that meets the schema."""
    try:
        jsonschema.validate(json.loads(written), schema)
    except (ValueError, jsonschema.ValidationError):
        return False
    return True


def one_sequence(llama: Llama, form: FormSpec, text: str, today: date) -> Answer:
    """Our prompt, answered greedily in one go: FIELD line after FIELD line.

    Each line's header is given, as a model left to itself skips, repeats and invents fields; it
    writes the values, each up to a line break or `TOKENS_A_FIELD` tokens.
    """
    opener, *others = (tokens_of(llama, branch_header(name)) for name in form.names)
    reading = llama.generate([*protocol_tokens(llama, form, text, today), *opener], temp=0.0)
    token = next(reading)  # evaluates what the prompt does not share with the last one
    reading.close()
    total = count = lines = 1
    while True:
        ended = b"\n" in llama.detokenize([token]) or token == llama.token_eos()
        if not ended and count < TOKENS_A_FIELD:
            llama.eval([token])
            count += 1
        elif others:
            llama.eval([token, *tokens_of(llama, ("" if ended else "\n") + "FIELD"), *others.pop(0)])
            lines, count = lines + 1, 1
        else:
            return Answer(total, lines == len(form.fields))
        token = llama.sample(temp=0.0)
        total += 1


def protocol_tokens(llama: Llama, form: FormSpec, text: str, today: date) -> list[int]:
    """The prompt's tokens, as our own engine makes them."""
    system, user = extraction_prompt(form, text, today).prefix(ChatFormat.GEMMA)
    return [
        llama.token_bos(),
        *(
            token
            for segment in (*system, *user)
            for token in llama.tokenize(segment.text.encode(), add_bos=False, special=segment.trusted)
        ),
    ]


def tokens_of(llama: Llama, text: str) -> list[int]:
    """The tokens of a piece of the answer."""
    tokens: list[int] = llama.tokenize(text.encode(), add_bos=False, special=False)
    return tokens
