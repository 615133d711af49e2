"""An evaluation as a page: the measures, a reliability diagram, every error in its text."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from smartform.grounding import ground
from smartform.schema import Value
from training.metrics import Outcome, calibration_error, f1_interval, reliability, score, suggestions

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;
padding:0 1em;color:#1f2933}
table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left;border-bottom:1px solid #d9e2ec}
pre{white-space:pre-wrap;background:#f5f7fa;padding:1em;border-radius:6px;font:inherit}
mark.gold{background:#c6f0d4}mark.got{background:#ffd6cc}"""


def write_report(
    folder: Path, engine: str, rows: Sequence[dict[str, Any]], outcomes: Sequence[Outcome]
) -> None:
    """Write `index.html`, `outcomes.json` and `summary.json` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "outcomes.json").write_text(
        json.dumps([asdict(o) for o in outcomes], ensure_ascii=False, indent=0)
    )
    (folder / "summary.json").write_text(json.dumps(summary(engine, outcomes), indent=2))
    (folder / "index.html").write_text(page(engine, rows, outcomes), encoding="utf-8")


def summary(engine: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The measures that cards and tables quote."""
    total = score(outcomes)
    suggested, helpful, recovered = suggestions(outcomes)
    groups = {}
    for key in ("kind", "lang", "style"):
        values = sorted({str(getattr(o, key)) for o in outcomes})
        groups[key] = {
            v: round(score(o for o in outcomes if str(getattr(o, key)) == v).f1, 3) for v in values
        }
    return {
        "engine": engine,
        "texts": len({o.example for o in outcomes}),
        "fields": len(outcomes),
        "f1": round(total.f1, 3),
        "f1_interval": [round(x, 3) for x in f1_interval(outcomes)],
        "precision": round(total.precision, 3),
        "recall": round(total.recall, 3),
        "invented": round(total.invented_rate, 3),
        "calibration_error": round(calibration_error(outcomes), 3),
        "suggestions": suggested,
        "suggestions_right": round(helpful, 3),
        "missed_suggested": round(recovered, 3),
        "f1_by": groups,
    }


def page(engine: str, rows: Sequence[dict[str, Any]], outcomes: Sequence[Outcome]) -> str:
    """The report as HTML; everything from the data is escaped."""
    facts = summary(engine, outcomes)
    parts = [
        f"<!doctype html><meta charset=utf-8><title>{html.escape(engine)}</title><style>{_STYLE}</style>"
    ]
    parts.append(f"<h1>{html.escape(engine)}</h1><pre>{html.escape(json.dumps(facts, indent=1))}</pre>")
    parts.append("<h2>Reliability</h2>" + _diagram([o for o in outcomes if o.value]))
    wrong: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if not outcome.right:
            wrong.setdefault(outcome.example, []).append(outcome)
    parts.append(f"<h2>Errors in {len(wrong)} of {facts['texts']} texts</h2>")
    parts += [_example(row, wrong[row["id"]]) for row in rows if row["id"] in wrong]
    return "\n".join(parts)


def _diagram(given: Sequence[Outcome]) -> str:
    """Share of right values against confidence, as SVG; the diagonal is perfect calibration."""
    dots = [
        f'<circle cx="{40 + 300 * c:.1f}" cy="{320 - 300 * a:.1f}"'
        f' r="{3 + 12 * n / max(1, len(given)):.1f}" fill="#3e6fb0">'
        f"<title>{n} values: {c:.2f} said, {a:.2f} right</title></circle>"
        for c, a, n in reliability(given)
    ]
    frame = (
        '<rect x="40" y="20" width="300" height="300" fill="none" stroke="#9fb3c8"/>'
        '<path d="M40 320L340 20" stroke="#9fb3c8"/>'
    )
    labels = (
        '<text x="150" y="350">confidence</text><text x="-200" y="20" transform="rotate(-90)">right</text>'
    )
    return f'<svg width="360" height="360">{frame}{"".join(dots)}{labels}</svg>'


def _example(row: dict[str, Any], errors: Sequence[Outcome]) -> str:
    lines = "".join(
        f"<tr><td>{html.escape(o.name)}<td>{o.kind}<td>{html.escape(_shown(o.gold))}"
        f"<td>{html.escape(_shown(o.value))}<td>{o.confidence:.2f}{' review' if o.review else ''}"
        for o in errors
    )
    header = "<tr><th>field<th>type<th>gold<th>answer<th>confidence"
    about = html.escape(f"{row['id']} ({row.get('lang', '')}, {row.get('style', '')})")
    return f"<h3>{about}</h3><pre>{_marked(row['text'], errors)}</pre><table>{header}{lines}</table>"


def _shown(value: Value) -> str:
    return "—" if not value else " | ".join(map(str, value)) if isinstance(value, list) else value


def _marked(text: str, errors: Sequence[Outcome]) -> str:
    spans = []
    for outcome in errors:
        for value, kind in ((outcome.gold, "gold"), (outcome.value, "got")):
            for item in value if isinstance(value, list) else [value] if value else []:
                span = ground(item, text) if isinstance(item, str) else None
                if span:
                    spans.append((span.start, span.end, kind))
    parts, reach = [], 0
    for start, end, kind in sorted(spans):
        if start >= reach:
            parts.append(
                html.escape(text[reach:start]) + f'<mark class="{kind}">{html.escape(text[start:end])}</mark>'
            )
            reach = end
    return "".join(parts) + html.escape(text[reach:])
