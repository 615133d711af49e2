"""The forms that come with the product: `presets/*.json`, with an example text each.

Labels in other languages lie in `labels/LANGUAGE.json`: preset → field → label and names of options.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from smartform.errors import FormError
from smartform.schema import Field, FormSpec

_HERE = Path(__file__).parent


def presets() -> dict[str, FormSpec]:
    """Preset name → form, in the order of their titles."""
    forms = {name: FormSpec.from_dict(data) for name, data in _files().items()}
    return dict(sorted(forms.items(), key=lambda item: item[1].title.casefold()))


def example(name: str) -> str:
    """A text that fills the preset `name`.

    Raises:
        FormError: no such preset.
    """
    if name not in _files():
        raise FormError(f"There is no preset '{name[:80]}'.", f"Use one of: {', '.join(presets())}.")
    text: str = _files()[name]["example"]
    return text


def localise(form: FormSpec, lang: str) -> FormSpec:
    """The preset or resume `form` with its title, labels and option names in `lang` (ISO 639-1).

    Names, types, options and descriptions stay, so values mean the same in every language. A form
    that is no preset, and a language that has no labels, come back as they are.
    """
    words = _labels(lang).get(form.name)
    if words is None:
        return form
    fields = tuple(_localised(field, words["fields"].get(field.name, {})) for field in form.fields)
    return replace(form, title=words["title"], fields=fields)


def _localised(field: Field, words: dict[str, Any]) -> Field:
    names = tuple(words.get("options", ()))
    return replace(
        field,
        label=words.get("label", field.label),
        option_labels=names if len(names) == len(field.options) else field.option_labels,
        fields=tuple(_localised(sub, words.get("fields", {}).get(sub.name, {})) for sub in field.fields),
    )


@cache
def _files() -> dict[str, dict[str, Any]]:
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((_HERE / "presets").glob("*.json"))
    }


@cache
def _labels(lang: str) -> dict[str, Any]:
    files = {path.stem: path for path in (_HERE / "labels").glob("*.json")}
    labels: dict[str, Any] = json.loads(files[lang].read_text(encoding="utf-8")) if lang in files else {}
    return labels
