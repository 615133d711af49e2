"""Evaluate the proofreader as the app runs it, beside doing nothing, Harper and the stock base.

    python -m training.evaluate email --data email_dev.jsonl --jfleg dev.jsonl
    python -m training.evaluate email --data FILE --compare none models/email.gguf

`--data` has lines of `draft`, `revision`, `kind` (clean, grammar, clarity, tone, both) and
`politeness_before`. `--jfleg` has lines of `src` and `refs`, tokenised as JFLEG is; the app gets the
sentences as people write them. Prints one table for each, a system a row, every figure with its
95 % bootstrap interval over texts:

GLEU         see `training.gleu`, in hundredths
P, R, F0.5   of edits, see `training.word_edits`
left alone   share of the clean mails that come back to the character
kept         share of the fact words that a person's revision keeps and this one keeps, too
more polite  share of the impolite drafts that score more polite and lose no fact word
seconds      mean wall-clock time a text
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harper import Language, Linter

from smartform.engines.load import checker, text_engine, tone_scorer
from smartform.errors import SmartFormError
from smartform.inputs import AMOUNTS, amount_from
from smartform.proofread import Proofreader
from smartform.revision import ProofreadOptions
from smartform.settings import NO_ADAPTER, Settings
from smartform.tone import Politeness, ToneScorer
from training.gleu import Stats, gleu, gleu_interval, statistics
from training.metrics import BOOTSTRAP
from training.targets import read_rows
from training.word_edits import EDGES, EditCounts, count_edits, natural, protected, tokens

Revise = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Case:
    """One text, revised and judged.

    Args:
        edits: against the references.
        left_alone: whether it came back to the character; None where it was not clean.
        facts, kept: words that hold facts, and how many of them stayed.
        more_polite: whether it gained; None where the draft was not impolite.
        seconds: wall-clock time.
    """

    edits: EditCounts
    seconds: float
    left_alone: bool | None = None
    facts: int = 0
    kept: int = 0
    more_polite: bool | None = None


Measure = Callable[[Sequence[Case]], float | None]


MEASURES: dict[str, Measure] = {
    "P": lambda cases: _edits(cases).precision,
    "R": lambda cases: _edits(cases).recall,
    "F0.5": lambda cases: _edits(cases).f_half,
    "left alone": lambda cases: _share([case.left_alone for case in cases]),
    "kept": lambda cases: _ratio(sum(case.kept for case in cases), sum(case.facts for case in cases)),
    "more polite": lambda cases: _share([case.more_polite for case in cases]),
    "seconds": lambda cases: _ratio(sum(case.seconds for case in cases), len(cases)),
}
"""The columns of the tables; a value is None where no case tells."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `python -m training.evaluate email`."""
    parser.add_argument("--data", type=Path, required=True, help="JSONL of draft and revision")
    parser.add_argument("--jfleg", type=Path, help="JSONL of src and refs")
    parser.add_argument(
        "--compare",
        nargs="+",
        metavar="ADAPTER",
        help="e-mail adapters: files, manifest ids, 'none'; the stock base and the shipped one if left out",
    )
    parser.add_argument("--engine", choices=["local", "remote"], help="as SMARTFORM_ENGINE")
    parser.add_argument("--amount", choices=AMOUNTS, default="tone", help="how much may be changed")
    parser.add_argument("--limit", type=int, help="only the first N texts of each file")


def run(arguments: argparse.Namespace) -> None:
    """Print the tables."""
    scorer = tone_scorer(Settings.from_environment())
    mails = read_rows([arguments.data])[: arguments.limit]
    sentences = read_rows([arguments.jfleg])[: arguments.limit] if arguments.jfleg else []
    mail_rows, sentence_rows = [], []
    for name, revise in systems(arguments, scorer):
        cases = [judge_mail(row, revise, scorer) for row in mails]
        mail_rows.append((name, mail_cells(cases)))
        if isinstance(revise, ThroughApp):
            print(f"{name}: {refusals(mails, cases, revise.refused)}", flush=True)
        if sentences:
            sentence_rows.append((name, jfleg_cells(sentences, revise)))
    print(f"{arguments.data}: {len(mails)} mails, amount {arguments.amount}\n\n{table(mail_rows)}")
    if sentences:
        print(f"\n{arguments.jfleg}: {len(sentences)} sentences\n\n{table(sentence_rows)}")


def systems(arguments: argparse.Namespace, scorer: ToneScorer) -> Iterator[tuple[str, Revise]]:
    """What is compared, each by name; models are loaded one after the other."""
    yield "unchanged", lambda text: text
    yield "Harper", harper()
    options = ProofreadOptions(amount=amount_from(arguments.amount))
    settings = Settings.from_environment()
    settings = replace(settings, engine=arguments.engine or settings.engine)
    adapters = [None] if settings.engine == "remote" else arguments.compare or [NO_ADAPTER, None]
    proposing = checker()
    for adapter in adapters:
        engine = text_engine(replace(settings, email_adapter=adapter))
        name = engine.name if settings.engine == "remote" else adapter or "ours"
        yield name, ThroughApp(Proofreader(engine, scorer, checker=proposing), options)


class ThroughApp:
    """The app's own proofreading; a refused text stays as it is.

    Args:
        refused: draft → why parts of its revision were thrown away, where any were.
    """

    def __init__(self, proofreader: Proofreader, options: ProofreadOptions) -> None:
        self.proofreader, self.options = proofreader, options
        self.refused: dict[str, tuple[str, ...]] = {}

    def __call__(self, text: str) -> str:
        """The text revised."""
        try:
            revision = self.proofreader.proofread(text, self.options)
        except SmartFormError as error:
            print(f"{text[:40]!r}: {error}")
            return text
        if revision.refused:
            self.refused[text] = tuple(one.reason for one in revision.refused)
        return revision.text


def refusals(
    rows: Sequence[dict[str, Any]], cases: Sequence[Case], refused: Mapping[str, Sequence[str]]
) -> str:
    """How much of the revisions of impolite drafts was refused, and what for, commonest first."""
    rude = [(row["draft"], case) for row, case in zip(rows, cases, strict=True) if _is_rude(row)]
    hit = [(draft, case) for draft, case in rude if draft in refused]
    reasons = Counter(
        re.sub(r"(?<=: ).*|'.*?'", "…", reason) for draft, _ in hit for reason in refused[draft]
    )
    lines = [f"  {count} × {reason}" for reason, count in reasons.most_common()]
    failed = sum(not case.more_polite for _, case in hit)
    head = f"{len(rude)} impolite drafts, {len(hit)} with refused changes, {failed} of these not more polite"
    return "\n".join((head, *lines))


def harper() -> Revise:
    """Harper's first suggestion at each place, as its command line would apply them."""
    linter = Linter()

    def revise(text: str) -> str:
        found = [lint for lint in linter.lint(text, language=Language.PLAINTEXT) if lint.suggestions]
        end = len(text)
        for lint in sorted(found, key=lambda lint: -lint.span.start):
            if lint.span.end <= end:
                text = linter.apply_suggestion(text, lint, lint.suggestions[0])
                end = lint.span.start
        return text

    return revise


def judge_mail(row: dict[str, Any], revise: Revise, scorer: ToneScorer) -> Case:
    """Revise one mail and compare it with a person's revision."""
    draft, wanted = row["draft"], row["revision"]
    started = time.perf_counter()
    revised = revise(draft)
    seconds = time.perf_counter() - started
    facts = protected(draft) & _words_of(wanted)
    kept = facts & _words_of(revised)
    return Case(
        edits=count_edits(tokens(draft), tokens(revised), [tokens(wanted)]),
        seconds=seconds,
        left_alone=revised == draft if row["kind"] == "clean" else None,
        facts=facts.total(),
        kept=kept.total(),
        more_polite=_gains(draft, revised, scorer) and kept == facts if _is_rude(row) else None,
    )


def _words_of(text: str) -> Counter[str]:
    """Every word of a text, without the marks around it."""
    return Counter(word.strip(EDGES) for word in text.split())


def _is_rude(row: dict[str, Any]) -> bool:
    return bool(row["kind"] in ("tone", "both") and row["politeness_before"] == Politeness.IMPOLITE.value)


def _gains(draft: str, revised: str, scorer: ToneScorer) -> bool:
    before, after = scorer.score([draft, revised])
    return after.politeness_score > before.politeness_score


def mail_cells(cases: Sequence[Case]) -> dict[str, str]:
    """The figures of one system on mails."""
    return {name: cell(cases, measure) for name, measure in MEASURES.items()}


def jfleg_cells(rows: Sequence[dict[str, Any]], revise: Revise) -> dict[str, str]:
    """The figures of one system on sentences with several references."""
    sources = [row["src"].split() for row in rows]
    references = [[reference.split() for reference in row["refs"]] for row in rows]
    hypotheses, taken = [], []
    for source in sources:
        started = time.perf_counter()
        hypotheses.append(revise_tokens(source, revise))
        taken.append(time.perf_counter() - started)
    cases = [
        Case(count_edits(*texts), seconds)
        for *texts, seconds in zip(sources, hypotheses, references, taken, strict=True)
    ]
    cells = {"GLEU": _gleu_cell(statistics(sources, hypotheses, references))}
    return cells | {name: cell(cases, MEASURES[name]) for name in ("P", "R", "F0.5", "seconds")}


def revise_tokens(source: Sequence[str], revise: Revise) -> list[str]:
    """Revise a tokenised sentence in the form in which people write it."""
    written = natural(" ".join(source))
    revised = revise(written)
    return list(source) if revised == written else tokens(revised)


def cell(cases: Sequence[Case], measure: Measure) -> str:
    """A figure with its interval; a dash where no case has it."""
    value = measure(cases)
    if value is None:
        return "–"
    draw = random.Random(0)
    drawn = [measure(draw.choices(cases, k=len(cases))) for _ in range(BOOTSTRAP)]
    values = sorted(v for v in drawn if v is not None)
    low, high = (values[round(share * (len(values) - 1))] for share in (0.025, 0.975))
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def table(rows: Sequence[tuple[str, dict[str, str]]]) -> str:
    """Rows of named cells as a Markdown table."""
    names = list(rows[0][1])
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(cells[n] for n in names)} |" for name, cells in rows]
    return "\n".join(lines)


def _gleu_cell(stats: Stats) -> str:
    low, high = gleu_interval(stats, BOOTSTRAP)
    return f"{100 * gleu(stats):.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _edits(cases: Sequence[Case]) -> EditCounts:
    return sum((case.edits for case in cases), EditCounts())


def _share(answers: Sequence[bool | None]) -> float | None:
    known = [answer for answer in answers if answer is not None]
    return _ratio(sum(known), len(known))


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
