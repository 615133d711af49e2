"""The command `python -m smartform resume`: resumes → JSON, one or thousands."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from smartform import batch, ray_jobs, resume_jobs
from smartform.cli_files import STDIN, document, jsonl, progress
from smartform.engines import load
from smartform.errors import InputError
from smartform.resume import SCHEMAS
from smartform.resume_jobs import Item, Wish
from smartform.service import Service
from smartform.settings import ENGINES, Settings


def resume_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Read resumes as JSON: files (PDF, DOCX, ODT, HTML, text), ZIP archives and folders of them, or a "
        "JSONL file of texts. One file's JSON is printed; for several, or with --out, results are appended "
        f"to {resume_jobs.RESULTS} in that folder, and an unfinished job is gone on with. '-' reads text "
        "from standard input."
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="resumes, archives or folders")
    parser.add_argument("--schema", choices=SCHEMAS, default=SCHEMAS[0], help="which JSON to write")
    parser.add_argument("--force", action="store_true", help="read what does not look like a resume as well")
    parser.add_argument("--jsonl", metavar="IN", help="a file with id and text on each line")
    parser.add_argument("--out", metavar="OUT", help="folder for the results; for --jsonl the output file")
    parser.add_argument("--engine", choices=ENGINES, help="as SMARTFORM_ENGINE")
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help=f"read on the Ray cluster at this address, HOST:PORT or auto; '{ray_jobs.LOCAL}' starts one",
    )
    parser.set_defaults(run=run_resume, parser=parser)


def run_resume(options: argparse.Namespace, service: Service | None) -> int:
    """Carry the command out; the exit status."""
    if (options.jsonl is None) == (not options.files) or (options.jsonl is not None and options.out is None):
        options.parser.error("resume needs FILE…, or --jsonl and --out")
    if options.out is None and len(options.files) > 1:
        options.parser.error("several files need --out, a folder for the results")
    if options.ray is not None and options.out is None:
        options.parser.error("--ray needs --out")
    wish = Wish(options.schema, options.force)
    if options.jsonl is not None:
        return _lines(options, service, wish)
    if options.out is not None:
        return _folder(options, service, wish)
    text = _text(options.files[0])
    read = _service(options, service).read_resume(text, schema=wish.schema, force=wish.force)
    print(json.dumps(read.document.json, ensure_ascii=False, indent=2))
    for warning in read.warnings:
        print(warning, file=sys.stderr)
    return 0


def _text(source: str) -> str:
    if source == STDIN:
        return document(source)
    items = list(resume_jobs.file_items([Path(source)]))
    if len(items) != 1:
        raise InputError(f"{source} holds {len(items)} files.", "Give --out, a folder for the results.")
    return items[0].text()


def _lines(options: argparse.Namespace, service: Service | None, wish: Wish) -> int:
    out = Path(options.out)
    with jsonl(options.jsonl, out) as lines:
        _job(options, service, resume_jobs.line_items(lines), out, wish, None)
    return 0


def _folder(options: argparse.Namespace, service: Service | None, wish: Wish) -> int:
    folder, paths = Path(options.out), [Path(name) for name in options.files]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise batch.unusable(folder, problem) from problem
    out = folder / resume_jobs.RESULTS
    _job(options, service, resume_jobs.file_items(paths), out, wish, resume_jobs.count_files(paths))
    for result in resume_jobs.results_of(out):
        if result.get("json") is not None:
            own = folder / resume_jobs.own_name(result)
            own.write_text(resume_jobs.own_json(result), encoding="utf-8")
    table = resume_jobs.to_csv(resume_jobs.results_of(out))
    (folder / "resumes.csv").write_text(table, encoding="utf-8-sig", newline="")
    return 0


def _job(
    options: argparse.Namespace,
    service: Service | None,
    items: Iterable[Item],
    out: Path,
    wish: Wish,
    total: int | None,
) -> None:
    with progress(" resumes", total) as show:
        if options.ray is not None:
            settings = _settings(options)
            make, cpus = partial(reader_service, settings), _cpus(settings)
            count = ray_jobs.run(options.ray, make, items, out, wish, cpus=cpus, on_item=show)
        else:
            service = _service(options, service)
            count = resume_jobs.run(service, items, out, wish, workers=service.lanes, on_item=show)
    done = f"{count.filled} read, {count.skipped} there already, {count.failed} with an error."
    print(done, file=sys.stderr)


def _service(options: argparse.Namespace, service: Service | None) -> Service:
    return load.service(_settings(options)) if service is None else service


def _settings(options: argparse.Namespace) -> Settings:
    settings = Settings.from_environment()
    return replace(settings, engine=options.engine or settings.engine)


def reader_service(settings: Settings, threads: int) -> Service:
    """The service of one reader of a cluster."""
    return load.service(replace(settings, threads=threads))


def _cpus(settings: Settings) -> int | None:
    """What a reader takes of its machine: all of it where it runs the model and nothing else is said."""
    return 1 if settings.engine == "remote" else settings.threads
