"""Figures → a Markdown report, a chart and a JSON file."""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

LIBRARIES = ("llama-cpp-python", "faster-whisper", "gradio", "numpy")


@dataclass(frozen=True, slots=True)
class Times:
    """Repeated measurements of one thing, in seconds."""

    seconds: tuple[float, ...]

    @property
    def p50(self) -> float:
        """The median."""
        return percentile(self.seconds, 50)

    @property
    def p90(self) -> float:
        """What nine in ten do not exceed."""
        return percentile(self.seconds, 90)


def percentile(values: Sequence[float], share: float) -> float:
    """The `share`-th percentile, between neighbours in proportion.

    Raises:
        ValueError: no values.
    """
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    place = (len(ordered) - 1) * share / 100
    low, high = math.floor(place), math.ceil(place)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; numbers with three figures after the point where they have any."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def machine(base: Path, adapter: Path | None, threads: int) -> dict[str, Any]:
    """What the figures depend on besides the code."""
    return {
        "processor": processor(),
        "cores": cores(),
        "threads": threads,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "base": {"file": base.name, "sha256": sha256(base)},
        "adapter": {"file": adapter.name, "sha256": sha256(adapter)} if adapter else None,
        "load_average_at_start": [round(load, 2) for load in os.getloadavg()],
        "utc": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """The processor's name, as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def sha256(path: Path) -> str:
    """The file's hash, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def markdown(figures: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """The whole report."""
    sections = [_machine_section(facts), _forms_section(figures["forms"])]
    sections.append(_growth_section("Length of the text", "words", figures["by_words"]))
    sections.append(_growth_section("Number of fields", "fields", figures["by_fields"]))
    sections.append(_second_fill_section(figures["second_fill"]))
    sections.append(_dictation_section(figures["dictation"]))
    sections.append(_app_section(figures["app"]))
    return "# Measurements\n\n" + "\n\n".join(sections) + "\n"


def _machine_section(facts: Mapping[str, Any]) -> str:
    libraries = ", ".join(f"{name} {number}" for name, number in facts["libraries"].items())
    adapter = facts["adapter"]
    told = f"{adapter['file']} (sha256 {adapter['sha256'][:12]}…)" if adapter else "none"
    return (
        f"{facts['processor']}, {facts['threads']} threads, {facts['system']}, Python {facts['python']}, "
        f"{libraries}. Model {facts['base']['file']} (sha256 {facts['base']['sha256'][:12]}…), "
        f"adapter {told}. "
        f"Load average at the start {facts['load_average_at_start'][0]}. {facts['utc']}."
    )


def _forms_section(rows: Sequence[Mapping[str, Any]]) -> str:
    ours = rows[0]["p50"]
    body = [
        (
            r["way"],
            r["p50"],
            r["p90"],
            f"{r['p50'] / ours:.1f}×",
            r["tokens"],
            f"{r['complete']} of {r['runs']}",
        )
        for r in rows
    ]
    head = ("way", "seconds, p50", "p90", "p50 against ours", "tokens written, mean", "whole answers")
    return "## Seconds for each form\n\n" + rows[0]["setting"] + "\n\n" + table(head, body)


def _growth_section(title: str, unit: str, rows: Sequence[Mapping[str, Any]]) -> str:
    body = [(r[unit], r["p50"], r["p90"], round(r["prompt_tokens"])) for r in rows]
    text = f"## {title}\n\n" + table((unit, "seconds, p50", "p90", "prompt tokens evaluated"), body)
    ratio = growth(rows, unit, 12, 48)
    return text + (f"\n\n48 {unit} take {ratio:.2f} times as long as 12." if ratio else "")


def growth(rows: Sequence[Mapping[str, Any]], unit: str, small: int, large: int) -> float | None:
    """How many times the seconds of `small` the ones of `large` are; None where one was not measured."""
    p50 = {row[unit]: row["p50"] for row in rows}
    return p50[large] / p50[small] if small in p50 and large in p50 else None


def _second_fill_section(figure: Mapping[str, Any]) -> str:
    return (
        "## Second fill of the same form\n\n"
        f"The form has {figure['cached_tokens']} tokens, none of which was evaluated again; the new text has "
        f"{figure['text_tokens']}, the template behind it {figure['template_tokens']}; evaluated were "
        f"{figure['evaluated_tokens']}."
    )


def _dictation_section(rows: Sequence[Mapping[str, Any]]) -> str:
    body = [(r["recording"], r["length"], r["p50"], r["real_time_factor"]) for r in rows]
    return "## Dictation\n\n" + table(
        ("recording", "seconds long", "seconds taken, p50", "real-time factor"), body
    )


def _app_section(figure: Mapping[str, Any]) -> str:
    rows = [
        ("seconds from `python app.py` to its page", figure["seconds_to_page"]),
        ("seconds until its text model is loaded", figure["seconds_to_ready"]),
        ("resident MiB when ready", round(figure["mib_ready"])),
        ("resident MiB after filling a form", round(figure["mib_after_fill"])),
        ("resident MiB after dictating as well", round(figure["mib_after_dictation"])),
    ]
    return "## The app\n\n" + table(("what", "measured"), rows)


def chart(figures: Mapping[str, Any], path: Path) -> None:
    """Draw the three comparisons side by side."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (forms, words, fields) = pyplot.subplots(1, 3, figsize=(13, 4), layout="constrained")
    rows = figures["forms"]
    bars = forms.barh(
        [r["way"] for r in rows], [r["p50"] for r in rows], color=["#0f766e", "#5eaaa4", "#94a3b8", "#cbd5e1"]
    )
    forms.bar_label(bars, fmt="%.2f s", padding=3)
    forms.invert_yaxis()
    forms.margins(x=0.2)
    forms.set(title="Seconds for a 12-field form", xlabel="seconds, median")
    for axes, key, unit in ((words, "by_words", "words"), (fields, "by_fields", "fields")):
        axes.plot(
            [r[unit] for r in figures[key]], [r["p50"] for r in figures[key]], marker="o", color="#0f766e"
        )
        axes.set(title=f"Seconds by number of {unit}", xlabel=unit, ylabel="seconds, median", ylim=(0, None))
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def write(folder: Path, figures: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """Write forms.md, forms.png and forms.json into `folder`; the Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    text = markdown(figures, facts)
    (folder / "forms.md").write_text(text + "\n![Chart](forms.png)\n", encoding="utf-8")
    data = {"machine": dict(facts), "figures": dict(figures)}
    (folder / "forms.json").write_text(json.dumps(data, indent=2), encoding="utf-8")
    chart(figures, folder / "forms.png")
    return text
