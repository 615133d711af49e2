"""A llama.cpp model and context, reduced to the calls that field-parallel decoding makes.

The only module that touches llama_cpp's C interface. Tokens, positions and sequences are plain
integers; logits come back as NumPy rows.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llama_cpp as ll
import numpy as np
import numpy.typing as npt

from smartform.engines import ggml
from smartform.errors import EngineError, WeightsError

Logits = npt.NDArray[np.float32]

_STATE = b"result_norm"
"""What llama.cpp calls the last state before it is multiplied with the vocabulary."""

_MAX_PIECE = 256
_SLICE = 192
"""Tokens that matrices are multiplied with at a time: as many as stay in a core's second cache."""

_quiet = ll.llama_log_callback(lambda level, text, data: None)  # kept: C holds no reference


def quieten() -> None:
    """Keep llama.cpp's log, hundreds of lines for each model, off the screen."""
    ll.llama_log_set(_quiet, None)


@dataclass(frozen=True, slots=True)
class Item:
    """One token to evaluate: at `position` of sequence `sequence`; `wanted` asks for its logits.

    The sequences in `also` hold it, too: they must hold what `sequence` holds before it.
    """

    token: int
    position: int
    sequence: int
    wanted: bool = False
    also: tuple[int, ...] = ()


class LlamaContext:
    """One resident model with its key-value memory.

    Args:
        base: GGUF file of the model.
        adapters: GGUF LoRAs for it by the name of their task; none is on until `use`.
        threads: CPU threads.
        cells: tokens the key-value memory holds, all sequences together.
        sequences: how many sequences there may be.

    Raises:
        WeightsError: a file is missing or is no model that llama.cpp can load.
    """

    batch_tokens = 512

    def __init__(
        self, base: Path, adapters: Mapping[str, Path], *, threads: int, cells: int, sequences: int
    ) -> None:
        quieten()
        ll.llama_backend_init()
        parameters = ll.llama_model_default_params()
        self._model = (
            ll.llama_model_load_from_file(str(base).encode(), parameters) if base.is_file() else None
        )
        if not self._model:
            raise WeightsError(
                f"The model file {base.name} cannot be loaded.",
                "Fetch it again with: python -m smartform models fetch",
            )
        self._states: list[ggml.Values] | None = None
        self._observer = ll.ggml_backend_sched_eval_callback(self._observe)  # kept: C holds no reference
        self._context = self._new_context(threads, cells, sequences)
        self._memory = ll.llama_get_memory(self._context)
        self._vocabulary = ll.llama_model_get_vocab(self._model)
        self.vocabulary_size = int(ll.llama_vocab_n_tokens(self._vocabulary))
        self._batch = ll.llama_batch_init(self.batch_tokens, 0, sequences)
        self._adapters = {task: self._load_adapter(path) for task, path in adapters.items()}
        self._task: str | None = None
        self._pieces: dict[int, bytes] = {}

    def _new_context(self, threads: int, cells: int, sequences: int) -> Any:
        settings = ll.llama_context_default_params()
        settings.n_ctx = cells
        settings.n_seq_max = sequences
        settings.kv_unified = True
        settings.swa_full = True  # branches share the prefix's cells beyond the sliding window
        settings.n_batch = self.batch_tokens
        settings.n_ubatch = _SLICE
        settings.n_threads = settings.n_threads_batch = threads
        # A pass over a few branches takes a tenth longer with it on a CPU, and a long prompt gains nothing.
        settings.flash_attn_type = ll.LLAMA_FLASH_ATTN_TYPE_DISABLED
        settings.cb_eval = self._observer
        context = ll.llama_init_from_model(self._model, settings)
        if not context:
            raise EngineError(
                "There is not enough memory for the model.", "Close other programs, then try again."
            )
        return context

    def _load_adapter(self, adapter: Path) -> Any:
        lora = ll.llama_adapter_lora_init(self._model, str(adapter).encode()) if adapter.is_file() else None
        if not lora:
            raise WeightsError(
                f"The adapter {adapter.name} cannot be loaded onto this model.",
                "Use an adapter that was trained for the model, or fetch it again.",
            )
        return lora

    def use(self, task: str) -> None:
        """Put the adapter of `task` onto the model, or none where the task has none.

        What sequences hold stays as it was evaluated: only go on with those of the same task.

        Raises:
            EngineError: llama.cpp refused.
        """
        task_or_none = task if task in self._adapters else None
        if task_or_none == self._task:
            return
        loras = [self._adapters[task]] if task_or_none else []
        adapters = (ll.llama_adapter_lora_p_ctypes * len(loras))(*loras)
        scales = (ctypes.c_float * len(loras))(*[1.0] * len(loras))
        if ll.llama_set_adapters_lora(self._context, adapters, len(loras), scales) != 0:
            raise EngineError("The adapter could not be put onto the model.")
        self._task = task_or_none

    @property
    def name(self) -> str:
        """The model's own name."""
        buffer = ctypes.create_string_buffer(256)
        length = ll.llama_model_meta_val_str(self._model, b"general.name", buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if length > 0 else "llama.cpp"

    @property
    def architecture(self) -> str:
        """The model's architecture: 'gemma3', 'llama', …"""
        buffer = ctypes.create_string_buffer(64)
        ll.llama_model_meta_val_str(self._model, b"general.architecture", buffer, len(buffer))
        return buffer.value.decode()

    @property
    def bos(self) -> list[int]:
        """The tokens every prompt begins with: one, or none."""
        adds = ll.llama_vocab_get_add_bos(self._vocabulary)
        return [int(ll.llama_vocab_bos(self._vocabulary))] if adds else []

    def tokenise(self, text: str, *, special: bool = False) -> list[int]:
        """Tokens of `text`; markers of the chat template are plain text unless `special`."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        tokens = (ll.llama_token * room)()
        count = ll.llama_tokenize(self._vocabulary, data, len(data), tokens, room, False, special)
        return tokens[:count]

    def piece(self, token: int) -> bytes:
        """The bytes that `token` stands for."""
        known = self._pieces.get(token)
        if known is None:
            buffer = ctypes.create_string_buffer(_MAX_PIECE)
            length = ll.llama_token_to_piece(self._vocabulary, token, buffer, _MAX_PIECE, 0, True)
            known = self._pieces[token] = buffer.raw[: max(0, length)]
        return known

    def evaluate(self, items: Sequence[Item]) -> list[Logits]:
        """Evaluate tokens in one pass of at most `batch_tokens`.

        Returns:
            For each wanted item, in order, a copy of its logits, (vocabulary,).

        Raises:
            EngineError: llama.cpp refused (the memory is full).
        """
        self._decode(items)
        size = (self.vocabulary_size,)
        return [
            np.ctypeslib.as_array(ll.llama_get_logits_ith(self._context, i), shape=size).copy()
            for i, item in enumerate(items)
            if item.wanted
        ]

    def states(self, items: Sequence[Item]) -> ggml.Values:
        """Evaluate tokens, some of them wanted, as `evaluate` does, but for the last step, to the logits.

        Returns:
            For each wanted item, in order, the state that is multiplied with the vocabulary's rows: (wanted,
            width).

        Raises:
            EngineError: llama.cpp refused (the memory is full).
            ValueError: llama.cpp did not show its state.
        """
        self._states = []
        try:
            self._decode(items)
            shown = self._states
        finally:
            self._states = None
        if not shown:
            raise ValueError("llama.cpp did not show its last state")
        return np.concatenate(shown).reshape(sum(item.wanted for item in items), -1)

    def _observe(self, tensor: int, asks: bool, data: object) -> bool:
        """llama.cpp asks at each step whether it is of interest, and after such a one whether to go on."""
        if self._states is None:
            return False
        if asks:
            return ggml.is_named(tensor, _STATE)
        self._states.append(ggml.values(tensor))
        return False

    def _decode(self, items: Sequence[Item]) -> None:
        batch = self._batch
        batch.n_tokens = len(items)
        for i, item in enumerate(items):
            batch.token[i] = item.token
            batch.pos[i] = item.position
            batch.n_seq_id[i] = 1 + len(item.also)
            for n, sequence in enumerate((item.sequence, *item.also)):
                batch.seq_id[i][n] = sequence
            batch.logits[i] = item.wanted
        if ll.llama_decode(self._context, batch) != 0:
            raise EngineError("The text does not fit into the model's memory.", "Shorten the text.")

    def share(self, source: int, target: int) -> None:
        """Let sequence `target` see all that `source` holds; nothing is copied."""
        ll.llama_memory_seq_cp(self._memory, source, target, -1, -1)

    def forget(self, sequence: int, start: int = 0) -> None:
        """Drop sequence `sequence` from position `start` on."""
        ll.llama_memory_seq_rm(self._memory, sequence, start, -1)

    def close(self) -> None:
        """Free the model; it cannot be used afterwards."""
        if self._context:
            ll.llama_batch_free(self._batch)
            ll.llama_free(self._context)
            ll.llama_model_free(self._model)
            self._context = self._model = None
