"""The command `python -m smartform proofread`: drafts of e-mails → revisions, one or many.

The revision alone goes to standard output, so that it can be kept in a file; what was changed goes
to standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from smartform import batch
from smartform.cli_files import document, each_line
from smartform.engines import load
from smartform.inputs import AMOUNTS, TONES, amount_from, register_from
from smartform.revision import Edit, ProofreadOptions, Revision
from smartform.service import Service
from smartform.settings import Settings
from smartform.tone import Tone


def proofread_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Proofread one e-mail (--text or --text-file), or many (--jsonl with --out). "
        "'-' as a file reads standard input."
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--text", metavar="T", help="the draft")
    source.add_argument("--text-file", metavar="F", help="a file with the draft: text, HTML, PDF, DOCX, ODT")
    source.add_argument("--jsonl", metavar="IN", help="a file with id and draft on each line")
    parser.add_argument("--out", metavar="OUT", help="where --jsonl writes; goes on with an unfinished file")
    parser.add_argument(
        "--amount",
        choices=AMOUNTS,
        default="tone",
        help="how much to change: errors, errors and tone (the default), or rewrite what is unclear too",
    )
    parser.add_argument("--tone", choices=TONES, default="neutral", help="how it shall sound")
    parser.add_argument(
        "--json", action="store_true", help="print JSON: revision, edits, tone before and after"
    )
    parser.set_defaults(run=_run, parser=parser)


def _run(options: argparse.Namespace, service: Service | None) -> int:
    if (options.jsonl is None) != (options.out is None):
        options.parser.error("--jsonl and --out go together")
    wanted = ProofreadOptions(amount_from(options.amount), register_from(options.tone))
    if options.jsonl is not None:
        return _lines(options, service, wanted)
    draft = options.text if options.text is not None else document(options.text_file)
    service = service or load.service(Settings.from_environment())
    revision = service.proofread(draft, wanted)
    if options.json:
        print(json.dumps(revision.to_dict(), ensure_ascii=False, indent=2))
        return 0
    print(revision.text, end="" if revision.text.endswith("\n") else "\n")
    print(_report(revision), file=sys.stderr)
    return 0


def _lines(options: argparse.Namespace, service: Service | None, wanted: ProofreadOptions) -> int:
    def job() -> batch.Job:
        ready = service
        if ready is None:
            ready = load.service(Settings.from_environment())
            ready.warm(forms=False, speech=False, mail=True)
        return batch.proofreading(ready, wanted)

    count = each_line(options.jsonl, Path(options.out), "revision", job)
    print(
        f"{count.filled} proofread, {count.skipped} there already, {count.failed} with an error.",
        file=sys.stderr,
    )
    return 0


def _report(revision: Revision) -> str:
    """What was changed, for people: an edit a line, what was refused, the tone before and after."""
    lines = [_change(edit, revision.draft) for edit in revision.edits] or ["Nothing needs to be changed."]
    lines += [f"left as it was: {refused.reason}" for refused in revision.refused]
    if revision.tone_before is not None:
        lines.append(f"before: {_sounds(revision.tone_before)}")
    if revision.changed and revision.tone_after is not None:
        lines.append(f"after: {_sounds(revision.tone_after)}")
    return "\n".join(lines)


def _change(edit: Edit, draft: str) -> str:
    original = draft[edit.span.start : edit.span.end]
    return f"{edit.kind.value}: {_quoted(original)} → {_quoted(edit.replacement)}"


def _quoted(words: str) -> str:
    return f"'{' '.join(words.split())}'" if words.strip() else "nothing"


def _sounds(tone: Tone) -> str:
    manner, feeling = tone.manner.value, tone.feeling.value
    return f"{manner} ({tone.politeness_score:+.2f}), {feeling} ({tone.sentiment_score:+.2f})"
