"""Our own HTML components: the drawn form, the source view, the field editor, the notice.

Each is a static element that a script of `ui/static` draws from the component's value; text of
the person is only ever set as text, never parsed as HTML. The scripts share `common.js`.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from ui.strings import TABLE

_STATIC = Path(__file__).parent / "static"


def _script(name: str) -> str:
    return "\n".join((_STATIC / part).read_text("utf-8") for part in ("common.js", name))

from gradio.events import Dependency

class FormView(gr.HTML):
    """The form with the right control for each field.

    Its value is `ui.sheet.Sheet.to_dict()`; edits are written back into it in the browser.

    Args:
        check: called from the browser with (field as JSON data, what was typed, ISO date);
            answers {"value": …} or {"problem": …, "hint": …}.
    """

    def __init__(self, value: dict[str, Any], *, check: Callable[..., dict[str, Any]]) -> None:
        super().__init__(
            value,
            html_template='<div class="sf-form"></div>',
            js_on_load=_script("form_view.js"),
            apply_default_css=False,
            server_functions=[check],
            elem_id="form-view",
            texts=TABLE,
        )
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component


class SourceView(gr.HTML):
    """The text that was read, with the place of each value marked; follows the form's focus."""

    def __init__(self) -> None:
        super().__init__(
            html_template='<div class="sf-source-view"></div>',
            js_on_load=_script("source_view.js"),
            apply_default_css=False,
            elem_id="source-view",
            texts=TABLE,
        )
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component


class FieldEditor(gr.HTML):
    """Rows to add, rename, retype, reorder and delete fields.

    Its value is {"fields": [field as JSON data, with "was": its former name], "key": …};
    'Apply changes' triggers `apply`.
    """

    def __init__(self, value: dict[str, Any], *, types: list[str], with_options: list[str]) -> None:
        super().__init__(
            value,
            html_template='<div class="sf-editor"></div>',
            js_on_load=_script("field_editor.js"),
            apply_default_css=False,
            elem_id="field-editor",
            texts=TABLE,
            types=types,
            with_options=with_options,
        )
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component


class Notice(gr.HTML):
    """One line that tells how a job stands, read out by screen readers.

    Its value is what `notice`, `busy` and `problem` make, or None for nothing.
    """

    def __init__(self, elem_id: str) -> None:
        super().__init__(
            html_template='<div class="sf-notice" role="status" aria-live="polite"></div>',
            js_on_load=_script("notice.js"),
            apply_default_css=False,
            elem_id=elem_id,
            elem_classes=["sf-notice-block"],
            texts=TABLE,
        )
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component


def notice(key: str, **words: object) -> dict[str, Any]:
    """A notice of a job that is over; `words` fill the braces of the string `key`."""
    return {"kind": "done", "key": key, "words": words}


def busy(key: str, share: float | None = None, **words: object) -> dict[str, Any]:
    """A notice of a job that runs, `share` of it done (0 to 1; None: not known)."""
    return {"kind": "busy", "key": key, "words": words, "share": share}


def problem(message: str, hint: str = "") -> dict[str, Any]:
    """A notice of something the person has to mend, in words of the product's core."""
    return {"kind": "problem", "message": message, "hint": hint}


def fault() -> dict[str, Any]:
    """A notice of a failure of ours."""
    return {"kind": "problem", "key": "unexpected"}


class Courier(gr.HTML):
    """Hands files and clipboard text to the browser without leaving a file on the server.

    Its value is what `parcel` or `clipping` makes; each arrival is delivered once.
    """

    def __init__(self) -> None:
        super().__init__(
            html_template='<div class="sf-courier" role="status"></div>',
            js_on_load=_script("courier.js"),
            apply_default_css=False,
            elem_id="courier",
            texts=TABLE,
        )
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component


def parcel(name: str, kind: str, content: bytes) -> dict[str, Any]:
    """A file to download: its name, MIME type and bytes."""
    return {"name": name, "kind": kind, "content": base64.b64encode(content).decode(), "number": next(_numbers)}


def clipping(text: str) -> dict[str, Any]:
    """Text for the clipboard."""
    return {"text": text, "number": next(_numbers)}


_numbers = itertools.count(1)