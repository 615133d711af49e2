"""Seconds per form, side by side on the same weights, texts and cores; and what the cost grows with.

    python -m bench.forms [--quick] [--ours] [--out DIR]

Ways to fill the same 12-field forms from the same texts of about 150 words, each warmed up
and each reading a new text of a form it knows:

  ours              field-parallel constrained decoding, through the app's own `Filler`; once more with the
                    text read before the clock starts, as the app reads it while it is typed
  JSON grammar      llama-cpp-python's chat completion held to a JSON schema
  one sequence      our prompt, answered FIELD line after FIELD line

Then: cost by length of the text and by number of fields, what a second fill evaluates, dictation,
and the app's start and memory. Prints the report and writes forms.md, forms.png and forms.json.
Run it on an otherwise idle machine: the report tells the load average it began with.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from statistics import mean
from typing import Any

from bench import baselines, report
from bench.app_process import ROOT, measure_app
from bench.inputs import Case, first_fields, own_words, preset_cases, turned
from bench.report import Times
from smartform.engines import load, models
from smartform.engines.base import TextEngine
from smartform.fill import Filler
from smartform.prompts import ChatFormat, extraction_prompt
from smartform.results import FillResult
from smartform.schema import FormSpec
from smartform.settings import Settings
from smartform.tasks import Task

TODAY = date(2026, 3, 14)
FIELDS, WORDS = 12, 150
TEXT_LENGTHS = (50, 100, 150, 300, 600, 1200)
FORM_SIZES = (3, 6, 12, 24, 48)
SPEECH = ROOT / "tests" / "data" / "speech"
MAIN_PRESET = "hotel_booking"


def main() -> None:
    """Measure everything, print and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two forms, two repeats, fewer sizes")
    parser.add_argument("--ours", action="store_true", help="leave out the other ways, which take longest")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "bench", help="folder for the report")
    arguments = parser.parse_args()
    quick = arguments.quick
    repeats = 2 if quick else 5
    settings = Settings.from_environment()
    base, adapter = models.locate(load.BASE_MODEL), load.adapter_paths(settings).get(Task.FORMS)
    threads = settings.threads or report.cores()
    facts = report.machine(base, adapter, threads)
    cases = preset_cases(FIELDS, WORDS)[: 2 if quick else None]

    figures: dict[str, Any] = {"app": asdict(measure_app(cases[0], SPEECH / "en_jfk.flac"))}
    engine = load.text_engine(settings)
    filler = Filler(engine)
    figures["forms"] = [measure_ours(filler, cases, repeats, ahead=ahead) for ahead in (False, True)]
    figures["second_fill"] = measure_second_fill(engine, cases[0])
    figures["by_words"] = measure_lengths(filler, TEXT_LENGTHS[:2] if quick else TEXT_LENGTHS, repeats)
    figures["by_fields"] = measure_sizes(filler, FORM_SIZES[:2] if quick else FORM_SIZES, repeats)
    if not arguments.ours:
        llama = baselines.load(base, adapter, threads)
        for way, answer in (
            ("JSON grammar", baselines.grammar_chat),
            ("one sequence", baselines.one_sequence),
        ):
            figures["forms"].append(measure_baseline(way, answer, llama, cases, repeats))
    figures["dictation"] = measure_dictation(settings, repeats)

    print(report.write(arguments.out, figures, facts))
    print(f"Written to {arguments.out}")


def timed(
    job: Callable[[int], Any], repeats: int, before: Callable[[int], Any] | None = None
) -> tuple[Times, list[Any]]:
    """Run `job(0)` to warm up, then `job(1)` … `job(repeats)` against the clock; times and results.

    Args:
        before: runs before each, off the clock.
    """
    job(0)
    seconds, results = [], []
    for number in range(1, repeats + 1):
        if before:
            before(number)
        started = time.perf_counter()
        results.append(job(number))
        seconds.append(time.perf_counter() - started)
    return Times(tuple(seconds)), results


def measure_ours(filler: Filler, cases: Sequence[Case], repeats: int, *, ahead: bool) -> dict[str, Any]:
    """Our way over all cases; `ahead`: of texts that were read while they were typed, as the app does."""
    seconds: list[float] = []
    tokens: list[float] = []
    complete = 0
    for case in cases:
        before = read_turned(filler, case.form, case.text) if ahead else None
        times, results = timed(fill_turned(filler, case.form, case.text), repeats, before)
        seconds += times.seconds
        tokens += [result.stats["branch_tokens"] for result in results]
        complete += sum(len(result.fields) == len(case.form.fields) for result in results)
    return forms_row("ours, text read ahead" if ahead else "ours", seconds, tokens, complete, cases, repeats)


def measure_baseline(
    way: str, answer: Callable[..., baselines.Answer], llama: Any, cases: Sequence[Case], repeats: int
) -> dict[str, Any]:
    """One of the other ways over all cases."""
    seconds: list[float] = []
    answers: list[baselines.Answer] = []
    for case in cases:
        times, results = timed(
            lambda turn, case=case: answer(llama, case.form, turned(case.text, turn), TODAY), repeats
        )
        seconds += times.seconds
        answers += results
    complete = sum(a.complete for a in answers)
    return forms_row(way, seconds, [a.tokens for a in answers], complete, cases, repeats)


def forms_row(
    way: str,
    seconds: Sequence[float],
    tokens: Sequence[float],
    complete: int,
    cases: Sequence[Case],
    repeats: int,
) -> dict[str, Any]:
    """One line of the table of ways."""
    times = Times(tuple(seconds))
    return {
        "way": way,
        "p50": times.p50,
        "p90": times.p90,
        "tokens": round(mean(tokens)),
        "complete": complete,
        "runs": len(times.seconds),
        "setting": f"{len(cases)} forms, {FIELDS} fields, texts of {WORDS} words, {repeats} new texts each.",
    }


def fill_turned(filler: Filler, form: FormSpec, text: str) -> Callable[[int], FillResult]:
    """A job that fills the same form from a new text each time."""
    return lambda turn: filler.fill(form, turned(text, turn), today=TODAY)


def read_turned(filler: Filler, form: FormSpec, text: str) -> Callable[[int], None]:
    """What reads the text of `fill_turned` ahead."""
    return lambda turn: filler.read_ahead(form, turned(text, turn), today=TODAY)


def measure_second_fill(engine: TextEngine, case: Case) -> dict[str, Any]:
    """What the second fill of a form evaluates, beside what its text has."""
    filler = Filler(engine)
    filler.fill(case.form, case.text, today=TODAY)
    text = "Zoë " + turned(case.text, 1)
    stats = filler.fill(case.form, text, today=TODAY).stats
    _, behind = extraction_prompt(case.form, text, TODAY).prefix(ChatFormat.GEMMA)
    text_tokens = engine.count_tokens(behind[0].text)
    return {
        "cached_tokens": round(stats["cached_tokens"]),
        "evaluated_tokens": round(stats["prompt_tokens"]),
        "text_tokens": text_tokens,
        "template_tokens": round(stats["prompt_tokens"]) - text_tokens,
    }


def measure_lengths(filler: Filler, lengths: Sequence[int], repeats: int) -> list[dict[str, Any]]:
    """Seconds by words of text, the same 12 fields."""
    form = first_fields(FIELDS)
    rows = []
    for words in lengths:
        times, results = timed(fill_turned(filler, form, own_words(MAIN_PRESET, words)), repeats)
        rows.append({"words": words, **growth_row(times, results)})
    return rows


def measure_sizes(filler: Filler, sizes: Sequence[int], repeats: int) -> list[dict[str, Any]]:
    """Seconds by number of fields, the same text."""
    text = own_words(MAIN_PRESET, WORDS)
    rows = []
    for size in sizes:
        times, results = timed(fill_turned(filler, first_fields(size), text), repeats)
        rows.append({"fields": size, **growth_row(times, results)})
    return rows


def growth_row(times: Times, results: Sequence[FillResult]) -> dict[str, float]:
    """What each line of a growth table tells besides its size."""
    return {
        "p50": times.p50,
        "p90": times.p90,
        "prompt_tokens": mean(result.stats["prompt_tokens"] for result in results),
    }


def measure_dictation(settings: Settings, repeats: int) -> list[dict[str, Any]]:
    """Seconds of work for each second of speech."""
    transcriber = load.transcriber(settings)
    rows = []
    for path in sorted(SPEECH.iterdir()):
        times, results = timed(lambda _, path=path: transcriber.transcribe(path), repeats)
        length = results[0].seconds
        rows.append(
            {
                "recording": path.name,
                "length": length,
                "p50": times.p50,
                "real_time_factor": times.p50 / length,
            }
        )
    return rows


if __name__ == "__main__":
    main()
