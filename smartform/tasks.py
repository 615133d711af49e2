"""What a language model is asked to do; each task may have an adapter of its own."""

from __future__ import annotations

from enum import StrEnum


class Task(StrEnum):
    """A job for the language model; all but mails are forms to fill."""

    FORMS = "forms"
    RESUME = "resume"
    PAGES = "pages"
    EMAIL = "email"
