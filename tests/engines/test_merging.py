"""An adapter worked into its base, against llama.cpp's own application of the same adapter."""

from __future__ import annotations

import os
from pathlib import Path

import gguf
import numpy as np
import pytest

from smartform.engines import load, merging, models
from smartform.engines.llama_context import Item, LlamaContext
from smartform.engines.merging import difference, merge, prepared
from smartform.tasks import Task
from tests.convert.tiny_gguf import tiny_lora

ADAPTERS = {task: models.ROOT / "models" / f"{task}.gguf" for task in Task}
TOKENS = tuple(range(1000, 1024))
NAME = "blk.0.ffn_up.weight"
DRAW = np.random.default_rng(1)
WEIGHTS = DRAW.normal(size=(4, 6)).astype(np.float32)
CHANGE = {f"{NAME}.lora_a": DRAW.normal(size=(2, 6)), f"{NAME}.lora_b": DRAW.normal(size=(4, 2))}
OTHER = {f"{NAME}.lora_a": DRAW.normal(size=(1, 6)), f"{NAME}.lora_b": DRAW.normal(size=(4, 1))}


@pytest.fixture(scope="module")
def base() -> Path:
    return models.locate(load.BASE_MODEL)


def logits(base: Path, adapter: Path | None) -> np.ndarray:
    """Logits after each of `TOKENS`, (n, vocabulary)."""
    adapters = {"task": adapter} if adapter else {}
    context = LlamaContext(base, adapters, threads=1, cells=256, sequences=1)
    context.use("task")
    rows = np.stack(context.evaluate([Item(t, i, 0, wanted=True) for i, t in enumerate(TOKENS)]))
    context.close()
    return rows


def tiny_model(path: Path, values: np.ndarray, kind: gguf.GGMLQuantizationType | None = None) -> Path:
    writer = gguf.GGUFWriter(path, "gemma3")
    stored = gguf.quants.quantize(values, kind) if kind else values
    writer.add_tensor(NAME, stored, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_all_tasks_score_as_with_their_adapters(base: Path) -> None:
    files = prepared(base, ADAPTERS, Task.FORMS)
    assert files.base != base and set(files.adapters) == {Task.EMAIL, Task.RESUME, Task.PAGES}
    for task, adapter in ADAPTERS.items():
        ours = logits(files.base, files.adapters.get(task))
        beside = logits(base, adapter)
        rounding = np.abs(ours - beside).mean()
        assert rounding < 0.05 * np.abs(logits(base, None) - beside).mean()
        assert (ours.argmax(1) == beside.argmax(1)).mean() > 0.9


def test_what_is_made_is_made_once(base: Path) -> None:
    first = prepared(base, ADAPTERS, Task.FORMS)
    number = first.base.stat().st_ino
    assert prepared(base, ADAPTERS, Task.FORMS) == first
    assert first.base.stat().st_ino == number


def test_nothing_to_merge_leaves_the_files(base: Path) -> None:
    others = {Task.EMAIL: ADAPTERS[Task.EMAIL]}
    assert prepared(base, others, Task.FORMS) == merging.Loaded(base, others)


def test_merged_weights_are_the_sum(tmp_path: Path) -> None:
    base, adapter = tiny_model(tmp_path / "base.gguf", WEIGHTS), tiny_lora(tmp_path / "a.gguf", CHANGE)
    merge(base, adapter, tmp_path / "merged.gguf")
    [tensor] = gguf.GGUFReader(tmp_path / "merged.gguf").tensors
    wanted = WEIGHTS + 2.0 * CHANGE[f"{NAME}.lora_b"] @ CHANGE[f"{NAME}.lora_a"]  # alpha 4, rank 2
    np.testing.assert_allclose(tensor.data, wanted, atol=1e-5)


def test_the_difference_leads_from_one_adapter_to_the_other(tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "base.gguf", WEIGHTS)
    one, two = tiny_lora(tmp_path / "one.gguf", CHANGE), tiny_lora(tmp_path / "two.gguf", OTHER, 1.0)
    merge(base, one, tmp_path / "with_one.gguf")
    difference(two, one, tmp_path / "difference.gguf")
    merge(tmp_path / "with_one.gguf", tmp_path / "difference.gguf", tmp_path / "with_two.gguf")
    merge(base, two, tmp_path / "wanted.gguf")
    [ours], [wanted] = (gguf.GGUFReader(tmp_path / f"{n}.gguf").tensors for n in ("with_two", "wanted"))
    np.testing.assert_allclose(ours.data, wanted.data, atol=1e-5)


@pytest.mark.parametrize(
    ("tensors", "alpha", "message"),
    [
        (CHANGE | {f"{NAME}.lora_a": np.ones((2, 5))}, 4.0, "does not have so"),
        (CHANGE, None, "is no LoRA"),
    ],
)
def test_adapters_that_do_not_fit_are_refused(
    tmp_path: Path, tensors: dict[str, np.ndarray], alpha: float | None, message: str
) -> None:
    base = tiny_model(tmp_path / "base.gguf", WEIGHTS)
    with pytest.raises(ValueError, match=message):
        merge(base, tiny_lora(tmp_path / "a.gguf", tensors, alpha), tmp_path / "merged.gguf")


def test_a_model_of_few_bits_keeps_its_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTFORM_CACHE", str(tmp_path / "cache"))
    values = np.random.default_rng(0).normal(size=(4, 32)).astype(np.float32)
    base = tiny_model(tmp_path / "base.gguf", values, gguf.GGMLQuantizationType.Q8_0)
    wide = {f"{NAME}.lora_a": np.ones((2, 32)), f"{NAME}.lora_b": np.ones((4, 2))}
    adapter = tiny_lora(tmp_path / "a.gguf", wide)
    adapters = {Task.FORMS: adapter}
    assert prepared(base, adapters, Task.FORMS) == merging.Loaded(base, adapters)


def test_old_files_give_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTFORM_CACHE", str(tmp_path / "cache"))
    base = tiny_model(tmp_path / "base.gguf", WEIGHTS)
    made = []
    for number in range(merging.KEPT + 2):
        adapter = tiny_lora(tmp_path / f"{number}.gguf", CHANGE, float(number + 1))
        made.append(prepared(base, {Task.FORMS: adapter}, Task.FORMS).base)
        os.utime(made[-1], (number, number))
    assert [path.exists() for path in made] == [False] * 2 + [True] * merging.KEPT


def test_a_cache_that_cannot_be_written_costs_speed_alone(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    monkeypatch.setenv("SMARTFORM_CACHE", str(tmp_path / "cache"))
    assert prepared(base, ADAPTERS, Task.FORMS) == merging.Loaded(base, ADAPTERS)
