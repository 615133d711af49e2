"""Files of the command line: '-' is standard input, errors name the file, JSONL jobs show a bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from tqdm import tqdm

from smartform import batch
from smartform.documents import MAX_BYTES, read_document
from smartform.errors import InputError

STDIN = "-"


@contextmanager
def binary(source: str) -> Iterator[BinaryIO]:
    """The bytes of a file.

    Raises:
        InputError: it cannot be read.
    """
    if source == STDIN:
        yield sys.stdin.buffer
        return
    with ExitStack() as opened:
        try:
            file = opened.enter_context(Path(source).open("rb"))
        except OSError as problem:
            raise InputError(
                f"{source} cannot be read: {problem.strerror}.", "Check the name of the file."
            ) from problem
        yield file


def document(source: str) -> str:
    """The text of a file: plain, or a PDF, DOCX, ODT or HTML document.

    Raises:
        InputError: it cannot be read.
    """
    with binary(source) as file:
        content = file.read(MAX_BYTES + 1)
    return read_document(content, source)


def each_line(source: str, out: Path, member: str, begin: Callable[[], batch.Job]) -> batch.Count:
    """Answer the lines of a JSONL file; a bar on standard error tells how far it is.

    Args:
        member: what tells a result of the job from other JSON.
        begin: loads the models; not called where the files cannot be used.

    Raises:
        InputError: a file cannot be used.
    """
    with jsonl(source, out) as lines:
        total = None if source == STDIN else _count_lines(lines)
        batch.resume(out, member)  # refuse a wrong file before models are loaded
        job = begin()
        with progress(" texts", total) as show:
            return batch.run(job, lines, out, on_line=show)


@contextmanager
def jsonl(source: str, out: Path) -> Iterator[BinaryIO]:
    """The lines of a job's input.

    Raises:
        InputError: it cannot be read, or is the output as well.
    """
    if out.exists() and Path(source).exists() and out.samefile(source):
        raise InputError("--jsonl and --out are the same file.", "Name another --out file.")
    with binary(source) as lines:
        yield lines


@contextmanager
def progress(unit: str, total: int | None) -> Iterator[Callable[[batch.Count], None]]:
    """A bar on standard error, and what moves it.

    Args:
        total: how many there are; None where that is not known.
    """
    with tqdm(total=total, unit=unit, file=sys.stderr, disable=None) as bar:

        def show(count: batch.Count) -> None:
            bar.set_postfix(errors=count.failed, refresh=False)
            bar.update(count.filled + count.skipped + count.failed - bar.n)

        yield show


def _count_lines(file: BinaryIO) -> int:
    total = sum(1 for line in file if line.strip())
    file.seek(0)
    return total
