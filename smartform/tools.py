"""The jobs as plain functions for MCP clients and API callers.

Their names, type hints and docstrings are what an assistant reads, so they speak to it. They
keep nothing between calls. They answer with JSON text, since Gradio gives MCP clients the text
of what a tool returns.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from smartform.errors import SmartFormError
from smartform.inputs import amount_from, clean, form_from, parse_day, recording_from, register_from
from smartform.revision import ProofreadOptions
from smartform.service import Service
from smartform.sources import presets


def make_tools(service: Service) -> tuple[Callable[..., str], ...]:
    """The tools of forms, resumes, speech and e-mails, working on `service`.

    What goes wrong comes back as `{"error": …, "hint": …}`, which an assistant can act on.
    """

    def fill_form(form: str, text: str, today: str = "") -> str:
        """Fill a form from free text: find the value of each field and where in the text it stands.

        Args:
            form: The name of a preset (see list_presets), or as text: a JSON Schema, a JSON object {"fields": [{"name": ..., "type": ...}]}, or the HTML of a page with a form.
            text: What was written or said, in English, Italian, German, French, Spanish, Portuguese, Dutch or Swedish.
            today: The date that words such as 'tomorrow' count from, as YYYY-MM-DD. Empty means the current date.

        Returns:
            JSON. values: field name to value, null where the text does not say. fields: for each its value, confidence, state and character spans, and where there is no value sometimes a suggestion to check. missing: required fields without a value. Or error and hint.
        """
        try:
            spec = form_from(form)
            day = parse_day(today) if today.strip() else date.today()
            return _json(service.fill(spec, text, today=day).to_dict())
        except SmartFormError as problem:
            return _problem(problem)

    def transcribe_audio(audio: str, language: str = "") -> str:
        """Turn recorded speech into text.

        Args:
            audio: The recording (WAV, MP3, FLAC, OGG, M4A or WebM) as base64 or as a data URL.
            language: What is spoken, as a code such as 'it'. Empty means: detect it.

        Returns:
            JSON with text, language, language_probability and seconds. Or error and hint.
        """
        try:
            with tempfile.NamedTemporaryFile(prefix="smartform-", suffix=".audio") as file:
                file.write(recording_from(audio))
                file.flush()
                heard = service.transcribe(Path(file.name), language=language.strip() or None)
        except SmartFormError as problem:
            return _problem(problem)
        answer = heard.to_dict()
        del answer["segments"]
        return _json(answer)

    def list_presets() -> str:
        """List the forms that fill_form knows by name.

        Returns:
            JSON: the name of each preset with its title and the names of its fields.
        """
        return _json(
            {
                name: {"title": form.title or name, "fields": list(form.names)}
                for name, form in presets().items()
            }
        )

    def read_resume(text: str, schema: str = "simple", force: bool = False) -> str:
        """Read a resume (CV): name, contacts, jobs, education and skills as JSON, each with its place in the text.

        Args:
            text: The text of one resume.
            schema: 'simple' for one flat object, or 'jsonresume' for JSON Resume (jsonresume.org).
            force: Read on where the text does not look like a resume.

        Returns:
            JSON. json: the resume, valid for the schema. is_resume: whether it is one. trace: where in the text each value of json stands. warnings. Or error and hint.
        """
        try:
            answer = service.read_resume(text, schema=schema, force=force).to_dict()
        except SmartFormError as problem:
            return _problem(problem)
        del answer["fields"]
        return _json(answer)

    def proofread_email(draft: str, amount: str = "tone", tone: str = "neutral") -> str:
        """Proofread an e-mail: mend what is wrong or rude in it and keep everything else, facts above all, as it is.

        Args:
            draft: The e-mail as it was written, in English.
            amount: How much may change: 'errors' (spelling and grammar), 'tone' (errors, and what sounds rude), or 'rewrite' (what is unclear as well).
            tone: How it shall sound: 'neutral', 'warm' or 'firm'.

        Returns:
            JSON. revision: the e-mail with every edit made. changed: false where nothing needs to change. edits: for each its span in the draft, original, replacement and kind. tone_before, tone_after: sentiment and politeness, scores from -1 to 1. refused: pieces left alone because a fact would have been lost. Or error and hint.
        """
        try:
            options = ProofreadOptions(amount_from(amount), register_from(tone))
            return _json(service.proofread(draft, options).to_dict())
        except SmartFormError as problem:
            return _problem(problem)

    def read_tone(text: str, weights: bool = False) -> str:
        """Tell how a text comes across: its sentiment and its politeness, of the whole and of each sentence.

        Args:
            text: An e-mail or another short text, in English.
            weights: Whether to tell which words move the scores most; takes longer.

        Returns:
            JSON. sentiment: negative, neutral or positive. politeness: impolite, neutral or polite. Their scores from -1 to 1. language. sentences and words: the same with character spans. Or error and hint.
        """
        try:
            return _json(service.tone(text, weights=weights).to_dict())
        except SmartFormError as problem:
            return _problem(problem)

    return fill_form, transcribe_audio, list_presets, read_resume, proofread_email, read_tone


def _json(data: dict[str, Any]) -> str:
    return clean(json.dumps(data, ensure_ascii=False))


def _problem(problem: SmartFormError) -> str:
    return _json({"error": str(problem), "hint": problem.hint})
