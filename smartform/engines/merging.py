"""One task's adapter worked into the base model: added once, not at every matrix of every pass.

llama.cpp evaluates a LoRA beside the matrix it changes; what that costs, `python -m bench.weights`
measures. The resident model is therefore the base with the adapter that fills forms in it. The other
tasks' adapters are put onto that model as their differences from the first, LoRAs of both ranks, so one
model still serves all.

The files made here lie in the cache folder, named by what they were made of; the oldest are dropped.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt
from filelock import FileLock

from smartform.engines.models import cache_folder
from smartform.tasks import Task

log = logging.getLogger(__name__)

KEPT = 2 * len(Task)
"""Made files that stay: those of these adapters and of the ones before."""

_FLOATS = {gguf.GGMLQuantizationType.F16: np.float16, gguf.GGMLQuantizationType.F32: np.float32}

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lora:
    """What a GGUF LoRA file holds.

    Args:
        architecture: of the model it is for, as llama.cpp calls it.
        alpha: what it adds is scaled by alpha / rank.
        tensors: its matrices by the names they have there.
    """

    architecture: str
    alpha: float
    tensors: dict[str, Matrix]

    @classmethod
    def read(cls, path: Path) -> Lora:
        """Read a file.

        Raises:
            OSError: it cannot be read.
            ValueError: it is no LoRA.
        """
        try:
            reader = gguf.GGUFReader(path)
        except (IndexError, ValueError) as error:
            raise ValueError(f"{path.name} is no GGUF file") from error
        keys = (gguf.Keys.Adapter.TYPE, "general.architecture", gguf.Keys.Adapter.LORA_ALPHA)
        kind, architecture, alpha = (field and field.contents() for field in map(reader.get_field, keys))
        if kind != "lora" or alpha is None:
            raise ValueError(f"{path.name} is no LoRA")
        tensors = {
            t.name: gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32) for t in reader.tensors
        }
        return cls(str(architecture), float(alpha), tensors)

    def pairs(self) -> dict[str, tuple[Matrix, Matrix]]:
        """Changed matrix → A (rank, in) and B (out, rank), alpha / rank in the latter: B·A is added to it."""
        changed = {}
        for name in (n.removesuffix(".lora_a") for n in self.tensors if n.endswith(".lora_a")):
            down, up = self.tensors[f"{name}.lora_a"], self.tensors[f"{name}.lora_b"]
            changed[name] = (down, up * np.float32(self.alpha / len(down)))
        return changed


@dataclass(frozen=True, slots=True)
class Loaded:
    """What an engine loads.

    Args:
        base: GGUF file of the resident model.
        adapters: LoRAs for it by task; tasks that need none are left out.
    """

    base: Path
    adapters: Mapping[Task, Path]


def prepared(base: Path, adapters: Mapping[Task, Path], first: Task) -> Loaded:
    """The files to load so that the adapter of `first` costs nothing; those given where they cannot be made.

    Args:
        base: GGUF file with 16- or 32-bit matrices; others are not merged into.
        adapters: GGUF LoRAs for it by task.
        first: the task that must be fast.
    """
    adapter = adapters.get(first)
    if adapter is None:
        return Loaded(base, adapters)
    key = _key(base, adapter)
    try:
        whole = _made(f"{key}.gguf", partial(merge, base, adapter))
        others = {
            task: _made(f"{key}-{_key(other)}.gguf", partial(difference, other, adapter))
            for task, other in adapters.items()
            if task is not first
        }
    except (OSError, ValueError, KeyError) as error:
        log.warning("%s is not merged into %s: %s", adapter.name, base.name, error)
        return Loaded(base, adapters)
    return Loaded(whole, others)


def merge(base: Path, adapter: Path, target: Path) -> None:
    """Write `base` with the changes of `adapter` in it to `target`; all else stays as it is.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: the adapter does not fit, or a matrix that it changes has fewer than 16 bits.
    """
    changes = Lora.read(adapter).pairs()
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(base).tensors}
    shutil.copyfile(base, target)
    with target.open("r+b") as stream:
        for name, (down, up) in changes.items():
            tensor = tensors.get(name)
            if tensor is None or tensor.data.shape != (len(up), down.shape[1]):
                raise ValueError(f"the adapter changes '{name}', which the model does not have so")
            if tensor.tensor_type not in _FLOATS:
                raise ValueError(f"'{name}' is stored in {tensor.tensor_type.name}")
            merged = tensor.data.astype(np.float32) + up @ down
            stream.seek(tensor.data_offset)
            stream.write(merged.astype(_FLOATS[tensor.tensor_type]).tobytes())


def difference(adapter: Path, merged: Path, target: Path) -> None:
    """Write the LoRA that turns a base with `merged` in it into one with `adapter` in it.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: a file is no LoRA, or the two are for different architectures.
    """
    one, two = Lora.read(adapter), Lora.read(merged)
    if one.architecture != two.architecture:
        raise ValueError(f"{adapter.name} and {merged.name} are for different models")
    wanted, present = one.pairs(), two.pairs()
    writer = gguf.GGUFWriter(target, one.architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, 1.0)
    for name in sorted({*wanted, *present}):
        downs, ups = [], []
        for (down, up), sign in ((m[name], s) for m, s in ((wanted, 1), (present, -1)) if name in m):
            downs.append(down)
            ups.append(sign * up)
        joined = np.concatenate(downs)
        writer.add_tensor(f"{name}.lora_a", joined)
        # llama.cpp multiplies by alpha / rank.
        writer.add_tensor(f"{name}.lora_b", len(joined) * np.concatenate(ups, axis=1))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _key(*files: Path) -> str:
    """A name for what is made of `files`: of an adapter's content, of a model's path, size and age."""
    digest = hashlib.sha256()
    for file in files:
        about = file.stat()
        if about.st_size < 2**26:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        else:
            digest.update(f"{file.resolve()} {about.st_size} {about.st_mtime_ns}".encode())
    return digest.hexdigest()[:24]


def _made(name: str, make: Callable[[Path], None]) -> Path:
    """The made file of that name, made where it is not there yet."""
    folder = cache_folder() / "merged"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    with FileLock(folder / ".lock"):
        if path.exists():
            os.utime(path)
            return path
        with tempfile.TemporaryDirectory(prefix=".making-", dir=folder) as making:
            fresh = Path(making) / name
            make(fresh)
            fresh.rename(path)
        for old in sorted(folder.glob("*.gguf"), key=lambda p: p.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)
    return path
