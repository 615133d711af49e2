"""Greedy, unconstrained answers of a tuned model, through llama.cpp or transformers.

A prompt is rendered with the chat template that the model was trained with, as tokens, so that both
libraries read the same. llama.cpp keeps what prompts have in common evaluated, which short tasks with
one long instruction gain most from; transformers answers in batches, which a GPU gains from.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import torch
from llama_cpp import Llama
from peft import PeftModel
from torch.nn.utils.rnn import pad_sequence

from convert.to_gguf import convert
from smartform.engines import models
from training.chat_rows import Message
from training.conversations import IGNORED, encode, templated
from training.model import load_base, load_tokenizer


class Writer(Protocol):
    """Continues prompts with the most probable token each time."""

    def write(self, prompts: Sequence[Sequence[int]], stop: int, most: int) -> Iterator[list[int]]:
        """The tokens behind each prompt, in order: up to `stop`, which is left out, `most` at most."""
        ...


class Answerer:
    """Answers questions as a tuned model does.

    Args:
        tokenizer: of the base, with the chat template of the training.
        writer: what continues a prompt.
    """

    def __init__(self, tokenizer: Any, writer: Writer) -> None:
        self._tokenizer, self._writer = tokenizer, writer
        turn = encode((Message("user", "?"), Message("assistant", "!")), tokenizer)
        self._stop = [label for label in turn.labels if label != IGNORED][-1]

    def answers(self, questions: Sequence[str], most: int) -> Iterator[str]:
        """The answer to each question, of `most` tokens at most, as soon as it is written."""
        for tokens in self._writer.write([self._prompt(q) for q in questions], self._stop, most):
            yield self._tokenizer.decode(tokens, skip_special_tokens=True)

    def _prompt(self, question: str) -> list[int]:
        turns = [{"role": "user", "content": question}]
        text = self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return list(self._tokenizer(text, add_special_tokens=False).input_ids)


@contextmanager
def answerer(base: str, adapter: Path | None, chat: str, *, threads: int, batch: int) -> Iterator[Answerer]:
    """Load a base with a PEFT adapter, if any: GGUF bases into llama.cpp, others into transformers.

    Args:
        base: an id of the manifest, a GGUF file, a Hugging Face folder or a Hub id.
        chat: as `training.lora_config.LoraRun` names it.
        threads: of llama.cpp.
        batch: prompts that transformers continues side by side.
    """
    path = models.locate(base) if base in models.manifest() else Path(base)
    if path.suffix == ".gguf":
        tokenizer = load_tokenizer(base)
        with tempfile.TemporaryDirectory() as folder:
            lora = Path(folder) / "adapter.gguf" if adapter else None
            if adapter and lora:
                convert(adapter, path, lora, "study")
            yield Answerer(templated(tokenizer, chat), LlamaWriter(path, lora, threads))
        return
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model, tokenizer = load_base(base, device, torch.bfloat16 if device.type == "cuda" else torch.float32)
    if adapter:
        model = PeftModel.from_pretrained(model, str(adapter))
    yield Answerer(templated(tokenizer, chat), TransformersWriter(model, tokenizer, batch))


class LlamaWriter:
    """llama.cpp, one prompt after the other.

    Args:
        base: GGUF file of the model.
        adapter: GGUF LoRA for it.
        window: tokens of a prompt and its answer together, at most.
    """

    def __init__(self, base: Path, adapter: Path | None, threads: int, window: int = 2_560) -> None:
        self._llama = Llama(
            str(base),
            lora_path=str(adapter) if adapter else None,
            n_ctx=window,
            n_threads=threads,
            n_threads_batch=threads,
            swa_full=True,  # keeps the prompts' shared beginning
            verbose=False,
        )

    def write(self, prompts: Sequence[Sequence[int]], stop: int, most: int) -> Iterator[list[int]]:
        """See `Writer`."""
        ends = {stop, self._llama.token_eos()}
        for prompt in prompts:
            written: list[int] = []
            for token in self._llama.generate(list(prompt), temp=0.0, repeat_penalty=1.0):
                if token in ends or len(written) == most:
                    break
                written.append(token)
            yield written


class TransformersWriter:
    """transformers, `batch` prompts side by side."""

    def __init__(self, model: Any, tokenizer: Any, batch: int) -> None:
        self._model, self._batch = model.eval(), batch
        self._ends = {tokenizer.eos_token_id} - {None}
        self._pad = tokenizer.pad_token_id or 0

    def write(self, prompts: Sequence[Sequence[int]], stop: int, most: int) -> Iterator[list[int]]:
        """See `Writer`."""
        ends = self._ends | {stop}
        for start in range(0, len(prompts), self._batch):
            rows = [torch.tensor(prompt) for prompt in prompts[start : start + self._batch]]
            ids = pad_sequence(rows, batch_first=True, padding_value=self._pad, padding_side="left")
            mask = pad_sequence([torch.ones_like(row) for row in rows], batch_first=True, padding_side="left")
            device = self._model.device
            with torch.no_grad():
                whole = self._model.generate(
                    input_ids=ids.to(device),
                    attention_mask=mask.to(device),
                    do_sample=False,
                    max_new_tokens=most,
                    eos_token_id=sorted(ends),
                    pad_token_id=self._pad,
                )
            for row in whole[:, ids.shape[1] :].tolist():
                yield row[: next((n for n, token in enumerate(row) if token in ends), len(row))]
