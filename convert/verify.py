"""Whether llama.cpp with a GGUF adapter or merged model says what transformers says with the PEFT adapter.

    python -m convert.verify runs/forms/best --base model.gguf --adapter models/forms.gguf
    python -m convert.verify runs/forms/best --base model.gguf --adapter forms.gguf --merged merged.gguf

llama.cpp quantises activations and keeps the base quantised, so logits differ a little; the
check is on the mean difference, measured by what the adapter changes, and on how often both put
the same token first.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import llama_cpp
import numpy as np
import torch
from peft import PeftModel

from smartform.engines.llama_context import quieten
from smartform.prompts import ChatFormat, Segment, extraction_prompt
from smartform.schema import Field, FieldType, FormSpec
from training.model import load_base
from training.objective import tokens

FORM = FormSpec(
    (
        Field("name", description="Who is writing"),
        Field("arrival", FieldType.DATE, "Day of arrival"),
        Field("email", FieldType.EMAIL),
        Field("board", FieldType.CHOICE, options=("breakfast", "half board", "full board")),
    )
)
TEXTS = (
    "Hello, I am Maria Rossi. I would like a room with breakfast from 3 May: write to m.rossi@example.com.",
    "Buongiorno, arriviamo venerdì sera e ci basta la colazione. Grazie, Luca Bianchi",
    "Guten Tag, ich komme am 12. März mit Vollpension. Jonas Weber",
)


@dataclass(frozen=True)
class Agreement:
    """How near two sets of logits are.

    Args:
        largest, mean: absolute difference of a logit, each row centred on its mean.
        same_first: share of places where both put the same token first.
    """

    largest: float
    mean: float
    same_first: float

    def __str__(self) -> str:
        return f"largest {self.largest:.3f}  mean {self.mean:.4f}  same first token {self.same_first:.1%}"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Compare a GGUF adapter with the PEFT adapter it came from.")
    parser.add_argument("peft", type=Path, help="folder with adapter_config.json")
    parser.add_argument("--base", type=Path, required=True, help="GGUF file of the base model")
    parser.add_argument("--adapter", type=Path, help="GGUF adapter")
    parser.add_argument("--merged", type=Path, help="GGUF model that convert.merge wrote")
    parser.add_argument("--chat", choices=[c.value for c in ChatFormat], default=ChatFormat.GEMMA.value)
    parser.add_argument(
        "--max-share", type=float, default=0.25, help="largest mean difference, as a share of the effect"
    )
    parser.add_argument("--min-same-first", type=float, default=0.9)
    arguments = parser.parse_args(argv)
    loads = [(arguments.base, arguments.adapter)] if arguments.adapter else []
    loads += [(arguments.merged, None)] if arguments.merged else []
    if not loads:
        parser.error("name --adapter, --merged or both")

    model, tokenizer = load_base(str(arguments.base), torch.device("cpu"), torch.float32)
    chat = ChatFormat(arguments.chat)
    bos = [tokenizer.bos_token_id] if chat is ChatFormat.GEMMA else []
    prompts = [bos + [t for s in segments for t in tokens(tokenizer, s)] for segments in sample_prompts(chat)]
    adapted = PeftModel.from_pretrained(model, str(arguments.peft))
    wanted = [peft_logits(adapted, prompt) for prompt in prompts]
    with adapted.disable_adapter():
        moved = compare(wanted, [peft_logits(adapted, prompt) for prompt in prompts])
    print(f"the adapter itself moves a logit by {moved.mean:.4f} in the mean")
    for base, adapter in loads:
        found = compare(wanted, llama_logits(base, adapter, prompts))
        print(f"{adapter or base}: {found}")
        if not agrees(found, moved, arguments.max_share, arguments.min_same_first):
            sys.exit(f"{adapter or base} does not say what the PEFT adapter says.")


def agrees(found: Agreement, moved: Agreement, max_share: float, min_same_first: float) -> bool:
    """Whether a GGUF file says what the PEFT adapter says.

    Args:
        found: the file against the adapter.
        moved: the adapter against the bare base.
        max_share: largest mean difference of the file, as a share of the adapter's own effect.
        min_same_first: least share of places with the same first token.
    """
    return found.mean <= max_share * moved.mean and found.same_first >= min_same_first


def sample_prompts(chat: ChatFormat) -> Iterator[list[Segment]]:
    """A prompt with one branch's header for each text and field of the sample."""
    for text in TEXTS:
        prompt = extraction_prompt(FORM, text, date(2026, 3, 2))
        form, rest = prompt.prefix(chat)
        for field in FORM.fields:
            yield [*form, *rest, Segment(prompt.header(field.name), False)]


def compare(left: Sequence[np.ndarray], right: Sequence[np.ndarray]) -> Agreement:
    """Compare logits prompt by prompt; each array is (tokens, vocabulary)."""
    differences, same = [], []
    for one, other in zip(left, right, strict=True):
        centred = (a - a.mean(axis=-1, keepdims=True) for a in (one, other))
        differences.append(np.abs(np.subtract(*centred)))
        same.append(one.argmax(-1) == other.argmax(-1))
    return Agreement(
        largest=float(max(d.max() for d in differences)),
        mean=float(np.mean([d.mean() for d in differences])),
        same_first=float(np.concatenate(same).mean()),
    )


@torch.no_grad()
def peft_logits(model: torch.nn.Module, prompt: Sequence[int]) -> np.ndarray:
    """Logits (tokens, vocabulary) of a transformers model for one prompt."""
    logits: np.ndarray = model(input_ids=torch.tensor([list(prompt)])).logits[0].float().numpy()
    return logits


def llama_logits(base: Path, adapter: Path | None, prompts: Sequence[Sequence[int]]) -> list[np.ndarray]:
    """Logits (tokens, vocabulary) of llama.cpp for each prompt, with the adapter where one is given.

    Raises:
        RuntimeError: llama.cpp cannot load the model or the adapter, or fails to evaluate.
    """
    size = max(map(len, prompts))
    with _context(base, adapter, size) as context:
        return [_evaluate(context, prompt) for prompt in prompts]


@contextmanager
def _context(base: Path, adapter: Path | None, size: int) -> Iterator[llama_cpp.llama_context_p]:
    quieten()
    llama_cpp.llama_backend_init()
    model = llama_cpp.llama_model_load_from_file(str(base).encode(), llama_cpp.llama_model_default_params())
    if not model:
        raise RuntimeError(f"llama.cpp cannot load {base}")
    settings = llama_cpp.llama_context_default_params()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    settings.n_ctx = settings.n_batch = settings.n_ubatch = max(32, size)
    settings.n_threads = settings.n_threads_batch = cores
    context = llama_cpp.llama_init_from_model(model, settings)
    try:
        if adapter is not None:
            _apply(context, model, adapter)
        yield context
    finally:
        llama_cpp.llama_free(context)
        llama_cpp.llama_model_free(model)


def _apply(context: llama_cpp.llama_context_p, model: llama_cpp.llama_model_p, adapter: Path) -> None:
    lora = llama_cpp.llama_adapter_lora_init(model, str(adapter).encode())
    if not lora:
        raise RuntimeError(f"llama.cpp cannot load {adapter}")
    adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(lora)
    if llama_cpp.llama_set_adapters_lora(context, adapters, 1, (ctypes.c_float * 1)(1.0)) != 0:
        raise RuntimeError("llama.cpp refuses the adapter")


def _evaluate(context: llama_cpp.llama_context_p, prompt: Sequence[int]) -> np.ndarray:
    llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
    vocabulary = llama_cpp.llama_vocab_n_tokens(
        llama_cpp.llama_model_get_vocab(llama_cpp.llama_get_model(context))
    )
    batch = llama_cpp.llama_batch_init(len(prompt), 0, 1)
    try:
        batch.n_tokens = len(prompt)
        for place, token in enumerate(prompt):
            batch.token[place] = token
            batch.pos[place] = place
            batch.n_seq_id[place] = 1
            batch.seq_id[place][0] = 0
            batch.logits[place] = True
        if llama_cpp.llama_decode(context, batch) != 0:
            raise RuntimeError("llama.cpp fails to evaluate the prompt")
        pointer = llama_cpp.llama_get_logits(context)
        return np.ctypeslib.as_array(pointer, shape=(len(prompt), vocabulary)).copy()
    finally:
        llama_cpp.llama_batch_free(batch)


if __name__ == "__main__":
    main()
