"""Which of the supported languages a text is written in."""

from __future__ import annotations

from functools import cache, lru_cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from smartform.values.words import whole

LANGUAGES = ("en", "it", "sv", "de", "fr", "es", "pt", "nl")
"""ISO 639-1 codes of the languages that values are read in."""

_ENOUGH = 0.15


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier


@lru_cache(maxsize=16)
def languages_of(text: str) -> tuple[str, ...]:
    """The languages `text` may be in, most probable first; English where nothing can be told.

    A mixed or very short text gets more than one.
    """
    if not any(c.isalpha() for c in text):
        return ("en",)
    ranked = _identifier().rank(whole(text[:4000]))
    likely = tuple(code for code, probability in ranked if probability >= _ENOUGH)
    return likely or (ranked[0][0],)
