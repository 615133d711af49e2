"""Many resumes in one go: files, ZIP archives of files, or a JSONL file of texts → a JSONL file.

Every input has an id: a file that of its content (SHA-256), a line its own. Its line of the output
has `id`, `file` where there is one, `is_resume`, `json` (null where it is no resume), `fields`,
`trace`, `warnings`, `seconds`; or `id`, `file` or `line`, `error`, `hint`. Lines are appended as
they come, so a job that was stopped, however rudely, goes on where it stopped: what the output has
is not read again, lines with errors are tried again, and a half-written last line is dropped.

One input for each reader is in memory at a time.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from smartform import batch
from smartform.batch import Count, Key
from smartform.documents import MAX_BYTES, read_document
from smartform.engines.base import Cancel, never
from smartform.errors import Cancelled, DocumentError, InputError, NotAResume, TextError
from smartform.exports import cell
from smartform.service import Service

MAX_ARCHIVE_FILES = 20_000
MAX_ARCHIVE_BYTES = 4_000_000_000
"""What one archive may unpack to, over all its files."""

RESULTS = "resumes.jsonl"
"""The name of the output in a folder of results."""

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One input.

    Args:
        label: what it is called in the output: {"file": name} or {"line": number}.
        key: its id; None where it has none.
        text: reads it; can be pickled, so that another process may do so.
    """

    label: Answer
    key: Key | None
    text: Callable[[], str]

    @property
    def head(self) -> Answer:
        """What its line of the output begins with."""
        return {"id": self.key} | self.label


@dataclass(frozen=True, slots=True)
class Wish:
    """How resumes are to be read; as `smartform.resume.ResumeReader.read` takes it."""

    schema: str = "simple"
    force: bool = False


def run(
    service: Service,
    items: Iterable[Item],
    out: Path,
    wish: Wish,
    *,
    workers: int = 1,
    on_item: Callable[[Count], None] | None = None,
    cancel: Cancel = never,
) -> Count:
    """Read every input that `out` does not have yet and append the results to it.

    Args:
        items: the inputs; they are drawn as they are needed.
        out: output file; made where missing, gone on with where it holds results.
        workers: inputs read at once; more than one pays off where the model is on another machine.
        on_item: called after each input.
        cancel: asked between inputs and while they are read.

    Raises:
        InputError: `out` holds something else than results, or cannot be written.
        Cancelled: `cancel` said so; what was read until then is in `out`.
    """
    done = done_in(out, wish)
    with ThreadPoolExecutor(workers, thread_name_prefix="resume") as pool:
        read = answers(service, items, wish, done, pool, cancel=cancel, workers=workers)
        return batch.append(out, read, on_item)


def done_in(out: Path, wish: Wish) -> set[Key]:
    """Ids of the inputs that `out` has read as `wish` says; see `smartform.batch.resume`.

    Raises:
        InputError: `out` holds something else than results.
    """
    return batch.resume(out, "is_resume", lambda result: wish.force and result.get("json") is None)


def pending(items: Iterable[Item], done: set[Key]) -> Iterator[Item | None]:
    """The inputs that are to be read; None for those whose id `done` has. It gets the others' ids."""
    for item in items:
        if item.key is not None and item.key in done:
            yield None
            continue
        if item.key is not None:
            done.add(item.key)
        yield item


def answers(
    service: Service,
    items: Iterable[Item],
    wish: Wish,
    done: set[Key],
    pool: ThreadPoolExecutor,
    *,
    workers: int = 1,
    cancel: Cancel = never,
) -> Iterator[Answer | None]:
    """The answers as they come; None for inputs that are done already.

    Args:
        done: ids that are not read; those that are read are added.
        pool: where inputs are read, at most `workers` at once.

    Raises:
        Cancelled: `cancel` said so.
    """
    under_way: set[Future[Answer]] = set()
    for item in pending(items, done):
        if cancel():
            raise Cancelled("The job was cancelled.")
        if item is None:
            yield None
            continue
        under_way.add(pool.submit(answer, service, item, wish, cancel))
        if len(under_way) >= workers:
            finished, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in finished)
    for future in under_way:
        yield future.result()


def answer(service: Service, item: Item, wish: Wish, cancel: Cancel = never) -> Answer:
    """The output line for one input, whatever it is.

    Raises:
        Cancelled: `cancel` said so.
    """
    head = item.head
    try:
        text = item.text()
        read = service.read_resume(text, schema=wish.schema, force=wish.force, cancel=cancel).to_dict()
    except Cancelled:
        raise
    except NotAResume as problem:
        nothing: Answer = {"is_resume": False, "json": None, "fields": [], "trace": {}}
        return head | nothing | {"warnings": [str(problem)], "seconds": 0.0}
    except Exception as problem:  # one input must not cost the others, whatever it trips over
        return head | batch.failure(problem, "this file")
    names = ("is_resume", "json", "fields", "trace", "warnings", "seconds")
    return head | {name: read[name] for name in names}


def file_items(paths: Sequence[Path]) -> Iterator[Item]:
    """The documents of files and of ZIP archives of files; folders are read with all they hold."""
    for path in paths:
        if path.is_dir():
            yield from file_items(sorted(p for p in path.iterdir() if not p.name.startswith(".")))
        elif is_archive(path):
            yield from _archive_items(path)
        else:
            yield _document(path.name, partial(_read, path))


def count_files(paths: Sequence[Path]) -> int:
    """How many documents `file_items` will give."""
    return sum(_count(path) for path in paths)


def line_items(lines: Iterable[bytes]) -> Iterator[Item]:
    """The texts of a JSONL file with `id` and `text` on each line; bad lines become errors of their own."""
    seen: set[Key] = set()
    for number, line in batch.numbered(lines):
        label, key = {"line": number}, None
        try:
            data = batch.json_object(line)
            if batch.key_of(data) in seen:
                raise InputError("The id stands on a line before already.", "Give every line its own id.")
            key = batch.key_of(data)
            seen.add(key)
            if not isinstance(data.get("text"), str):
                raise TextError("The line has no text.", 'Put the text to read under "text".')
        except InputError as problem:
            yield Item(label, key, partial(_refuse, problem))
            continue
        yield Item(label, key, partial(str, data["text"]))


def table(results: Iterable[Answer]) -> Iterator[dict[str, str]]:
    """A row for each result: file, name, contact, last position, top skills, warnings."""
    for result in results:
        values = {answer["name"]: answer for answer in result.get("fields", ())}
        jobs = (values.get("work") or {}).get("value") or [{}]
        skills = (values.get("skills") or {}).get("value") or []
        said = {name: str((values.get(name) or {}).get("value") or "") for name in ("name", "email", "phone")}
        last = ", ".join(filter(None, (jobs[0].get("position"), jobs[0].get("company"))))
        remarks = [result["error"]] if "error" in result else result["warnings"]
        head = {"file": str(result.get("file", result.get("id") or ""))}
        yield head | said | {"last": last, "skills": ", ".join(skills[:5]), "warnings": " ".join(remarks)}


def to_csv(results: Iterable[Answer]) -> str:
    """The table as CSV (RFC 4180), formulas defused."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["file", "name", "email", "phone", "last", "skills", "warnings"])
    for row in table(results):
        writer.writerow([cell(value) for value in row.values()])
    return out.getvalue()


def to_jsonl(results: Iterable[Answer]) -> str:
    """The results as an output file has them, one on each line."""
    return "".join(json.dumps(result, ensure_ascii=False) + "\n" for result in results)


def to_zip(results: Iterable[Answer]) -> bytes:
    """A ZIP archive with the JSON of each resume in a file of its own."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for result in results:
            if result.get("json") is not None:
                packed.writestr(own_name(result), own_json(result))
    return out.getvalue()


def own_name(result: Answer) -> str:
    """The name of one resume's own file: that of its document, and its id, since names repeat."""
    stem = re.sub(r"[^\w.-]+", "_", Path(str(result["file"])).stem)[:80]
    return f"{stem}.{str(result['id'])[:8]}.json"


def own_json(result: Answer) -> str:
    """What one resume's own file holds."""
    return json.dumps(result["json"], ensure_ascii=False, indent=2) + "\n"


def results_of(out: Path) -> Iterator[Answer]:
    """The lines of an output, one at a time."""
    with out.open("rb") as lines:
        for line in lines:
            yield json.loads(line)


def _refuse(problem: InputError) -> str:
    raise problem


def _document(name: str, read: Callable[[], bytes]) -> Item:
    """A document; where it cannot even be read as bytes, an item that says so."""
    try:
        data = read()
    except InputError as problem:
        return Item({"file": name}, None, partial(_refuse, problem))
    return Item({"file": name}, hashlib.sha256(data).hexdigest(), partial(read_document, data, name))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as problem:
        raise DocumentError(
            f"{path.name} cannot be read: {problem.strerror}.", "Check the name of the file."
        ) from problem


def is_archive(path: Path) -> bool:
    """Whether a file is a ZIP of files, and not a document that is kept in one."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
    return "[Content_Types].xml" not in names and "mimetype" not in names


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    hidden = ("__MACOSX/", ".")
    return [
        info
        for info in archive.infolist()
        if not info.is_dir() and not info.filename.startswith(hidden) and "/." not in info.filename
    ]


def _archive_items(path: Path) -> Iterator[Item]:
    with zipfile.ZipFile(path) as archive:
        members = _members(archive)
        if len(members) > MAX_ARCHIVE_FILES:
            problem = DocumentError(
                f"{path.name} holds more than {MAX_ARCHIVE_FILES:,} files.", "Split it into several archives."
            )
            yield Item({"file": path.name}, None, partial(_refuse, problem))
            return
        unpacked = 0
        for info in members:
            left = MAX_ARCHIVE_BYTES - unpacked
            item = _document(info.filename, partial(_unpack, archive, info, left))
            unpacked += min(info.file_size, MAX_BYTES)
            yield item


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int) -> bytes:
    """The bytes of one file of an archive.

    Raises:
        DocumentError: too large, locked, or damaged.
    """
    if left <= 0:
        raise DocumentError("The archive unpacks to far more than its size.", "Split it into several ones.")
    if info.flag_bits & 1:
        raise DocumentError("The file is protected by a password.", "Unpack the archive first.")
    try:
        with archive.open(info) as part:
            data = part.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError, zlib.error) as problem:
        raise DocumentError("The file is damaged in its archive.", "Pack the archive anew.") from problem
    if len(data) > MAX_BYTES:
        raise DocumentError(
            f"The file is larger than {MAX_BYTES // 1_000_000} MB.", "Give the pages that matter alone."
        )
    return data


def _count(path: Path) -> int:
    if path.is_dir():
        return count_files([p for p in path.iterdir() if not p.name.startswith(".")])
    if not is_archive(path):
        return 1
    with zipfile.ZipFile(path) as archive:
        members = len(_members(archive))
    return members if members <= MAX_ARCHIVE_FILES else 1
