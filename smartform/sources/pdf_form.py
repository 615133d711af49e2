"""Fillable PDF (AcroForm) → form, and values → the same PDF filled in.

Both directions live here because they must agree on the names of the fields and on the states of
their buttons. PDFs come from strangers: they are read and written in a limited process.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PdfReadError, PyPdfError
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

from smartform import sandbox
from smartform.errors import DocumentError, FormError
from smartform.schema import (
    MAX_NAME,
    MAX_OPTIONS,
    Cell,
    Field,
    FieldType,
    FormSpec,
    Value,
    humanise,
    unique_name,
)

MAX_DEPTH = 20
"""Field names nested deeper than this are not followed."""

_READ_ONLY = 1 << 0
_REQUIRED = 1 << 1
_MULTILINE = 1 << 12
_PASSWORD = 1 << 13
_RADIO = 1 << 15
_PUSH_BUTTON = 1 << 16
_COMBO = 1 << 17
_FILE = 1 << 20
_MULTI_SELECT = 1 << 21

_DATE_FORMATS = (
    "m/d",
    "m/d/yy",
    "mm/dd/yy",
    "mm/yy",
    "d-mmm",
    "d-mmm-yy",
    "dd-mmm-yy",
    "yy-mm-dd",
    "mmm-yy",
    "mmmm-yy",
    "mmm d, yyyy",
    "mmmm d, yyyy",
)
"""What AFDate_Format's number means."""

_OFF = "/Off"

LIST_FONT_SIZE = 10

_TOKEN = "smartform-field-being-written"


@dataclass(frozen=True, slots=True)
class _Node:
    """A terminal field: its dictionary, its widgets, and where they stand."""

    name: str
    dictionary: DictionaryObject
    widgets: tuple[DictionaryObject, ...]

    def get(self, key: str) -> Any:
        """The entry, inherited from the field's parents where it has none."""
        node: Any = self.dictionary
        for _ in range(MAX_DEPTH):
            if key in node:
                return node[key]
            if "/Parent" not in node:
                return None
            node = node["/Parent"]
        return None

    @property
    def flags(self) -> int:
        return int(self.get("/Ff") or 0)

    @property
    def kind(self) -> str:
        """text, checkbox, radio, list or '' for what cannot be filled (buttons, signatures, files)."""
        kind, flags = self.get("/FT"), self.flags
        if flags & _READ_ONLY:
            return ""
        if kind == "/Tx":
            return "" if flags & (_PASSWORD | _FILE) else "text"
        if kind == "/Btn" and not flags & _PUSH_BUTTON:
            return "radio" if flags & _RADIO or len(set(self.states)) > 1 else "checkbox"
        return "list" if kind == "/Ch" else ""

    @property
    def states(self) -> tuple[str, ...]:
        """The on-state of each widget of a button, without the slash."""
        return tuple(_on_state(widget) for widget in self.widgets)

    @property
    def options(self) -> dict[str, str]:
        """What may be answered → what it is called."""
        pairs = [_pair(option) for option in self.get("/Opt") or []]
        if self.kind == "list":
            return {value: label for value, label in pairs if value.strip()}
        labels = [label for _, label in pairs]
        named = labels if len(labels) == len(self.states) else [_text(w.get("/TU")) for w in self.widgets]
        found: dict[str, str] = {}
        for state, label in zip(self.states, named, strict=True):
            if state:
                found.setdefault(state, label or state)
        return found


def from_pdf(data: bytes) -> FormSpec:
    """The form of a fillable PDF.

    Raises:
        FormError: it has no fields to fill, or too many; or it is an XFA form.
        DocumentError: it is encrypted, damaged, or takes too long to read.
    """
    return FormSpec.from_dict(sandbox.run(__name__, "read_pdf", data, cpu_seconds=15, what="PDF"))


def fill_pdf(data: bytes, values: Mapping[str, Value]) -> bytes:
    """The PDF with `values` (field name → value as written) in its fields; the others stay.

    Raises:
        FormError, DocumentError: as `from_pdf`.
    """
    filled = sandbox.run(__name__, "write_pdf", data, dict(values), cpu_seconds=20, what="PDF")
    assert isinstance(filled, bytes)
    return filled


def read_pdf(data: bytes) -> dict[str, Any]:
    """As `from_pdf`, without limits on time and memory; `FormSpec` as JSON data."""
    reader = _open(data)
    fields = tuple(_field(node) for node in _nodes(reader))
    title = _text(reader.metadata.title) if reader.metadata is not None else ""
    return FormSpec(fields=fields, title=title).to_dict()


def write_pdf(data: bytes, values: Mapping[str, Cell]) -> bytes:
    """As `fill_pdf`, without limits on time and memory."""
    writer = PdfWriter(clone_from=_open(data))
    nodes = _nodes(writer)
    writer.set_need_appearances_writer(True)
    for node in nodes:
        value = values.get(node.name)
        if value in (None, "", []):
            continue
        if node.kind in ("checkbox", "radio"):
            _press(node, value)
        else:
            _write_text(writer, node, value)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _open(data: bytes) -> PdfReader:
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentError(
                "The PDF is protected by a password.",
                "Open it with the password, save it without one, and try again.",
            )
        reader.root_object.get("/AcroForm")
    except (PdfReadError, PyPdfError) as exc:
        raise DocumentError("The PDF is damaged.", "Open it, save it anew and try again.") from exc
    return reader


def _nodes(pdf: PdfReader | PdfWriter) -> list[_Node]:
    """The fields that can be filled, in tab order, with unique names."""
    acro = pdf.root_object.get("/AcroForm")
    acro = acro.get_object() if acro is not None else None
    roots = acro.get("/Fields") if isinstance(acro, DictionaryObject) else None
    places = _widget_places(pdf)
    found: list[tuple[tuple[int, int], _Node]] = []
    names: set[str] = set()
    for root in roots or []:
        for node in _terminals(root.get_object(), "", 0, set()):
            if node.kind and (node.kind != "radio" or node.options):
                name = unique_name(node.name, names)
                names.add(name)
                place = min((places.get(_number(w), (9_999, 0)) for w in node.widgets), default=(9_999, 0))
                found.append((place, _Node(name, node.dictionary, node.widgets)))
    if not found:
        raise _no_fields(acro)
    return [node for _, node in sorted(found, key=lambda item: item[0])]


def _no_fields(acro: Any) -> FormError:
    if isinstance(acro, DictionaryObject) and "/XFA" in acro:
        return FormError(
            "This PDF holds an XFA form, which only Adobe's reader can open.",
            "Print it to a PDF or ask for an AcroForm version; or pick a preset.",
        )
    return FormError(
        "This PDF has no form fields.",
        "Paste its text instead and pick a preset, or give a PDF whose fields can be typed into.",
    )


def _terminals(node: DictionaryObject, prefix: str, depth: int, seen: set[int]) -> Iterator[_Node]:
    number = _number(node)
    if depth > MAX_DEPTH or number in seen or not isinstance(node, DictionaryObject):
        return
    seen.add(number)
    part = _text(node.get("/T"))
    name = ".".join(p for p in (prefix, part) if p)
    kids = [kid.get_object() for kid in node.get("/Kids") or []]
    kids = [kid for kid in kids if isinstance(kid, DictionaryObject)]
    if any("/T" in kid for kid in kids):
        for kid in kids:
            yield from _terminals(kid, name, depth + 1, seen)
        return
    widgets = tuple(kids) if kids else (node,)
    yield _Node(name[-MAX_NAME + 8 :] or "field", node, widgets)


def _widget_places(pdf: PdfReader | PdfWriter) -> dict[int, tuple[int, int]]:
    places: dict[int, tuple[int, int]] = {}
    for page_number, page in enumerate(pdf.pages):
        for index, annotation in enumerate(page.get("/Annots") or []):
            places.setdefault(_number(annotation.get_object()), (page_number, index))
    return places


def _number(node: Any) -> int:
    """The object's number in the file; its identity in memory where it stands inside another."""
    reference = getattr(node, "indirect_reference", None)
    return int(reference.idnum) if reference is not None else -id(node)


def _field(node: _Node) -> Field:
    label = _text(node.get("/TU"))
    own_name = node.name.rsplit(".", 1)[-1]
    made: dict[str, Any] = {
        "name": node.name,
        "label": label or humanise(own_name),
        "description": humanise(node.name) if not label and "." in node.name else "",
        "required": bool(node.flags & _REQUIRED),
    }
    if node.kind == "checkbox":
        return Field(type=FieldType.BOOLEAN, **made)
    if node.kind == "text":
        return Field(type=_text_type(node), **made)
    options = node.options
    many = node.kind == "list" and bool(node.flags & _MULTI_SELECT)
    if not 0 < len(options) <= MAX_OPTIONS:
        return Field(type=FieldType.LIST if many else FieldType.TEXT, **made)
    labels = tuple(options.values())
    return Field(
        type=FieldType.MULTICHOICE if many else FieldType.CHOICE,
        options=tuple(options),
        option_labels=labels if labels != tuple(options) else (),
        **made,
    )


def _text_type(node: _Node) -> FieldType:
    script = _scripts(node)
    if "AFDate_" in script:
        return FieldType.DATE
    if "AFTime_" in script:
        return FieldType.TIME
    if number := re.search(r"AFNumber_Format\s*\(\s*(\d+)", script):
        return FieldType.INTEGER if number[1] == "0" else FieldType.NUMBER
    if re.search(r"AFSpecial_Format\s*\(\s*2\s*\)", script):
        return FieldType.PHONE
    return FieldType.LONGTEXT if node.flags & _MULTILINE else FieldType.TEXT


def _scripts(node: _Node) -> str:
    """The JavaScript that formats the field and checks its keystrokes."""
    scripts = []
    for owner in (node.dictionary, *node.widgets[:1]):
        actions = owner.get("/AA")
        actions = actions.get_object() if actions is not None else {}
        for key in ("/F", "/K"):
            action = actions.get(key)
            script = action.get_object().get("/JS") if action is not None else None
            script = script.get_object() if script is not None else ""
            if isinstance(script, StreamObject):
                script = script.get_data().decode("latin-1")
            scripts.append(str(script))
    return "\n".join(scripts)


def _press(node: _Node, value: Cell) -> None:
    """Set a checkbox or a group of radio buttons, every widget of it."""
    on = node.states[0] or "Yes"
    wanted = value if node.kind == "radio" else (on if value == "true" else "")
    pressed = NameObject(f"/{wanted}" if wanted else _OFF)
    node.dictionary[NameObject("/V")] = pressed
    for widget, state in zip(node.widgets, node.states, strict=True):
        widget[NameObject("/AS")] = pressed if state == wanted else NameObject(_OFF)


def _write_text(writer: PdfWriter, node: _Node, value: Cell) -> None:
    """Set a text or a list field and draw its value, so that it shows in any viewer."""
    field = node.dictionary
    stored = [value] if isinstance(value, str) else list(value or ())
    options = node.options if node.kind == "list" else {}
    shown = [options.get(item, item) for item in stored]
    if node.kind == "text":
        stored = shown = [_formatted(", ".join(shown), node)]
    # pypdf looks for the type in the field itself and for the field by any part of its name.
    field[NameObject("/FT")] = node.get("/FT")
    own_options, own_name, own_flags = node.get("/Opt"), field.get("/T"), node.flags
    is_box = node.kind == "list" and not own_flags & _COMBO
    if options:
        field[NameObject("/Opt")] = ArrayObject(map(TextStringObject, options.values()))
    field[NameObject("/T")] = TextStringObject(_TOKEN)
    for widget in node.widgets:
        widget.pop("/AP", None)  # several fields may share one empty appearance
        if is_box or own_flags & _MULTILINE:
            _set_font_size(widget, node, LIST_FONT_SIZE if is_box else 0)
    if is_box:
        field[NameObject("/Ff")] = NumberObject(own_flags | _MULTILINE)  # drawn from the top
    for page in writer.pages:
        annotations = {_number(a.get_object()) for a in page.get("/Annots") or []}
        if annotations & {_number(widget) for widget in node.widgets}:
            drawn: str | list[str] = shown if len(shown) > 1 else shown[0]
            writer.update_page_form_field_values(page, {_TOKEN: drawn}, auto_regenerate=None)
    _restore(field, "/T", own_name)
    field[NameObject("/Ff")] = NumberObject(own_flags)
    if options:
        _restore(field, "/Opt", own_options)
        texts = [TextStringObject(item) for item in stored]
        field[NameObject("/V")] = ArrayObject(texts) if len(texts) > 1 else texts[0]


def _restore(field: DictionaryObject, key: str, value: Any) -> None:
    if value is None:
        del field[key]
    else:
        field[NameObject(key)] = value


def _set_font_size(widget: DictionaryObject, node: _Node, size: int) -> None:
    """Give the text a size, 0 to shrink with its length: text of a fixed size is drawn unwrapped."""
    appearance = widget.get("/DA") or node.get("/DA")
    if isinstance(appearance, str):
        sized = re.sub(r"(/\S+)\s+[\d.]+\s+Tf", rf"\1 {size} Tf", appearance)
        widget[NameObject("/DA")] = TextStringObject(sized)


def _formatted(value: str, node: _Node) -> str:
    """A date as the field's own script wants it typed; anything else as it stands."""
    script = _scripts(node)
    named = re.search(r"AFDate_\w+Ex\s*\(\s*[\"']([^\"']+)", script)
    numbered = re.search(r"AFDate_\w+\s*\(\s*(\d+)", script)
    wanted = named[1] if named else ""
    if not wanted and numbered and int(numbered[1]) < len(_DATE_FORMATS):
        wanted = _DATE_FORMATS[int(numbered[1])]
    if not wanted or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return value
    day = date.fromisoformat(value)
    parts = {
        "yyyy": f"{day.year:04}",
        "yy": f"{day.year % 100:02}",
        "mmmm": f"{day:%B}",
        "mmm": f"{day:%b}",
        "mm": f"{day.month:02}",
        "m": str(day.month),
        "dd": f"{day.day:02}",
        "d": str(day.day),
    }
    return re.sub(r"yyyy|yy|mmmm|mmm|mm|m|dd|d", lambda token: parts[token[0]], wanted)


def _on_state(widget: DictionaryObject) -> str:
    appearance = widget.get("/AP")
    normal = appearance.get_object().get("/N") if appearance is not None else None
    normal = normal.get_object() if normal is not None else None
    states = [str(key) for key in normal] if isinstance(normal, DictionaryObject) else []
    return next((state[1:] for state in states if state.startswith("/") and state != _OFF), "")


def _pair(option: Any) -> tuple[str, str]:
    option = option.get_object()
    if isinstance(option, list):
        return (_text(option[0]), _text(option[-1])) if option else ("", "")
    return _text(option), _text(option)


def _text(value: Any) -> str:
    return " ".join(str(value).split())[:1_000] if value is not None else ""
