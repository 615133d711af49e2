"""Both languages say everything that the screen asks for."""

from __future__ import annotations

import re
from pathlib import Path

from smartform.results import State
from smartform.revision import EditKind
from smartform.tone import Politeness, Sentiment
from ui.strings import ENGLISH, ITALIAN

UI = Path(__file__).parents[2] / "ui"


def test_both_languages_have_the_same_keys_and_braces() -> None:
    assert ENGLISH.keys() == ITALIAN.keys()
    for key, words in ENGLISH.items():
        assert set(re.findall(r"\{(\w+)\}", words)) == set(re.findall(r"\{(\w+)\}", ITALIAN[key])), key


def test_every_key_is_used_and_every_used_key_exists() -> None:
    code = "\n".join(path.read_text("utf-8") for path in [*UI.glob("*.py"), *UI.glob("static/*.js")]
                     if path.name != "strings.py")  # fmt: skip
    used = set(re.findall(r"""(?:\bt|\bi18n|\bsay|\bbusy|\bnotice)\(\s*["'](\w+)["']""", code))
    used |= {key for pair in re.findall(r"""say\([\w.()]+ \? "(\w+)" : "(\w+)"\)""", code) for key in pair}
    assert used <= ENGLISH.keys()
    prefixes = ("state_", "editor_", "kind_", "about_", "sentiment_", "politeness_", "more_", "less_", "set_",
                "table_", "row_state_")  # fmt: skip
    unused = {
        key for key in ENGLISH if key not in used and not key.startswith(prefixes) and f'"{key}"' not in code
    }
    assert unused == set()


def test_every_state_has_a_word() -> None:
    assert {f"state_{state.value.replace(' ', '_')}" for state in State} <= ENGLISH.keys()


def test_every_kind_of_edit_and_every_tone_has_a_word() -> None:
    assert {f"{word}_{kind}" for kind in EditKind for word in ("kind", "about")} <= ENGLISH.keys()
    assert {f"sentiment_{level}" for level in Sentiment} <= ENGLISH.keys()
    assert {f"politeness_{level}" for level in Politeness} <= ENGLISH.keys()
