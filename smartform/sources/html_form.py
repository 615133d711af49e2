"""HTML page or fragment → form.

The page is walked once, in document order. Each control keeps the text before and after it, so a
control without a <label> still gets the words that a person would read as its label. Of several
forms the one with the most fields is taken. Pages come from strangers: they are parsed in a limited
process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from smartform import sandbox
from smartform.errors import FormError
from smartform.schema import MAX_NAME, MAX_OPTIONS, Field, FieldType, FormSpec, unique_name

MAX_CONTROLS = 20_000
"""More controls than this on one page is refused before they are sorted into fields."""

MAX_LABEL = 200
MAX_HINT = 300
SHORT_VALUE = 20
"""A maxlength up to this says something of the value (a postcode, a code)."""

_SKIPPED = {"hidden", "submit", "button", "reset", "image", "file", "password"}
_INPUTS = {
    "email": FieldType.EMAIL,
    "tel": FieldType.PHONE,
    "url": FieldType.URL,
    "date": FieldType.DATE,
    "month": FieldType.DATE,
    "datetime-local": FieldType.DATE,
    "time": FieldType.TIME,
}
_AUTOCOMPLETE_TYPES = {
    "email": FieldType.EMAIL,
    "tel": FieldType.PHONE,
    "tel-national": FieldType.PHONE,
    "url": FieldType.URL,
    "bday": FieldType.DATE,
}
_AUTOCOMPLETE_MEANING = {
    "name": "full name",
    "honorific-prefix": "title before the name",
    "given-name": "first name",
    "additional-name": "middle name",
    "family-name": "last name",
    "nickname": "nickname",
    "organization": "organisation",
    "organization-title": "job title",
    "street-address": "street address",
    "address-line1": "street and number",
    "address-line2": "second line of the address",
    "address-level1": "state or province",
    "address-level2": "town or city",
    "country": "country code",
    "country-name": "country",
    "postal-code": "postcode",
    "bday": "date of birth",
    "sex": "gender",
    "transaction-amount": "amount",
    "transaction-currency": "currency",
}
_UNREAD = {"script", "style", "template", "noscript", "button", "svg", "head", "option", "datalist"}
_INLINE = {
    "a",
    "abbr",
    "b",
    "bdi",
    "cite",
    "code",
    "em",
    "font",
    "i",
    "kbd",
    "mark",
    "q",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "u",
}


@dataclass(slots=True)
class _Control:
    """An input, select or textarea and what stands around it."""

    node: LexborNode
    form: str
    wrapper: str | None
    legend: str
    group: str
    before: str = ""
    after: str = ""

    @property
    def kind(self) -> str:
        tag = self.node.tag or ""
        return self.get("type").lower() or "text" if tag == "input" else tag

    def get(self, name: str) -> str:
        return _tidy(self.node.attributes.get(name) or "")

    def has(self, name: str) -> bool:
        return name in self.node.attributes


@dataclass(slots=True)
class _Page:
    """What one walk over a page gathers."""

    controls: list[_Control] = field(default_factory=list)
    labels: dict[str, list[str]] = field(default_factory=dict)
    by_id: dict[str, LexborNode] = field(default_factory=dict)
    form_titles: dict[str, str] = field(default_factory=dict)
    title: str = ""


def from_html(page: str) -> FormSpec:
    """The form on `page`: of several the one with the most fields, and the description says so.

    Raises:
        FormError: no fields to fill, or too many.
        DocumentError: the page takes too long to read.
    """
    data = sandbox.run(__name__, "read_page", page, cpu_seconds=5, wall_seconds=30.0, what="page")
    return FormSpec.from_dict(data)


def read_page(page: str) -> dict[str, Any]:
    """As `from_html`, without limits on time and memory; `FormSpec` as JSON data."""
    found = _walk(LexborHTMLParser(page))
    forms: dict[str, list[_Control]] = {}
    for control in found.controls:
        forms.setdefault(control.form, []).append(control)
    read = {key: _fields(controls, found) for key, controls in forms.items()}
    read = {key: fields for key, fields in read.items() if fields}
    if not read:
        raise FormError(
            "The page has no fields to fill.",
            "Paste the part with the inputs; for a page that builds its form by script, "
            "copy the form's element from the browser's inspector.",
        )
    best = max(read, key=lambda key: len(read[key]))
    title = found.form_titles.get(best) or found.title
    chosen = f"The page has {len(read)} forms; this is the one with the most fields." if len(read) > 1 else ""
    return FormSpec(fields=tuple(read[best]), title=title[:MAX_LABEL], description=chosen).to_dict()


def _walk(tree: LexborHTMLParser) -> _Page:
    page = _Page()
    title = tree.css_first("title")
    page.title = _tidy(title.text()) if title is not None else ""
    walker = _Walker(page)
    root = tree.root
    if root is not None:
        walker.walk(root)
    return page


class _Walker:
    """Walks a page in document order, without recursion: hostile pages are deep."""

    def __init__(self, page: _Page) -> None:
        self._page = page
        self._run: list[str] = []
        self._open: list[LexborNode] = []
        self._forms: list[str] = []
        self._fieldsets: list[str] = []
        self._labels: list[tuple[str, list[str], list[_Control]]] = []
        self._captions: list[list[str]] = []
        self._run_text = ""

    def walk(self, root: LexborNode) -> None:
        node: LexborNode | None = root
        while node is not None:
            following = node.child if self._enter(node) else None
            while following is None and node is not None:
                self._leave(node)
                if node.mem_id == root.mem_id:
                    break
                following = node.next
                if following is None:
                    node = node.parent
                    continue
            node = following
        self._end_run()

    def _enter(self, node: LexborNode) -> bool:
        """Take note of `node`; returns whether its children are to be walked."""
        tag = node.tag or ""
        if tag == "-text":
            self._text(node.text_content or "")
            return False
        attributes = node.attributes
        if attributes.get("id"):
            self._page.by_id.setdefault(attributes["id"] or "", node)
        if tag in ("input", "select", "textarea"):
            self._control(node)
            return False
        if tag in _UNREAD:
            return False
        if tag == "form":
            self._forms.append(attributes.get("id") or f"#{node.mem_id}")
        elif tag == "fieldset":
            self._fieldsets.append("")
        elif tag == "label":
            self._labels.append((attributes.get("for") or "", [], []))
        elif tag in ("legend", "h1", "h2", "h3"):
            self._captions.append([])
        if tag not in _INLINE:
            self._run.append("\n")
        return True

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag == "form" and self._forms:
            self._name_form(self._forms.pop(), node)
        elif tag == "fieldset" and self._fieldsets:
            self._fieldsets.pop()
        elif tag == "label" and self._labels:
            self._close_label()
        elif tag in ("legend", "h1", "h2", "h3") and self._captions:
            caption = _tidy("".join(self._captions.pop()))
            if tag == "legend" and self._fieldsets:
                self._fieldsets[-1] = caption
            elif self._forms:
                self._page.form_titles.setdefault(self._forms[-1], caption)
        if not tag.startswith("-") and tag not in _INLINE:
            self._run.append("\n")

    def _text(self, text: str) -> None:
        self._run.append(re.sub(r"\s+", " ", text))
        if self._labels:
            self._labels[-1][1].append(text)
        if self._captions:
            self._captions[-1].append(text)

    def _control(self, node: LexborNode) -> None:
        kind = (node.attributes.get("type") or "text").strip().lower() if node.tag == "input" else ""
        if kind in _SKIPPED or {"hidden", "disabled"} & node.attributes.keys():
            return
        if len(self._page.controls) >= MAX_CONTROLS:
            raise FormError(
                f"The page has more than {MAX_CONTROLS} controls.", "Paste only the form to fill."
            )
        self._end_run()
        form = node.attributes.get("form") or (self._forms[-1] if self._forms else "")
        parent = node.parent
        control = _Control(
            node=node,
            form=form,
            wrapper=None,
            legend=self._fieldsets[-1] if self._fieldsets else "",
            group=str(parent.mem_id) if parent is not None else "",
            before=self._before(),
        )
        if self._labels:
            self._labels[-1][2].append(control)
        self._page.controls.append(control)

    def _before(self) -> str:
        """The words before a control, unless they belong to the checkbox or radio button before it."""
        line = _last_line(self._run_text)
        previous = self._page.controls[-1] if self._page.controls else None
        taken = previous is not None and previous.kind in ("radio", "checkbox") and previous.after == line
        return "" if taken else line

    def _end_run(self) -> None:
        """Give the text since the last control to it, and keep it for the next one."""
        self._run_text = "".join(self._run)
        if self._page.controls:
            self._page.controls[-1].after = _first_line(self._run_text)
        self._run = []

    def _close_label(self) -> None:
        target, pieces, controls = self._labels.pop()
        text = _tidy("".join(pieces))
        if target:
            self._page.labels.setdefault(target, []).append(text)
        for control in controls[:1]:
            control.wrapper = text

    def _name_form(self, key: str, node: LexborNode) -> None:
        label = node.attributes.get("aria-label")
        if label:
            self._page.form_titles[key] = _tidy(label)


def _fields(controls: list[_Control], page: _Page) -> list[Field]:
    fields: list[Field] = []
    names: set[str] = set()
    for group in _groups(controls):
        made = _group_field(group, page) if group[0].kind in ("radio", "checkbox") else _field(group[0], page)
        wanted = _control_name(group[0]) or _identifier(made.label) or "field"
        name = unique_name(wanted[: MAX_NAME - 8], names)
        names.add(name)
        fields.append(replace(made, name=name))
    return fields


def _groups(controls: list[_Control]) -> Iterator[list[_Control]]:
    """Controls that make one field: radios and checkboxes of one name together, others alone."""
    groups: dict[tuple[str, str], list[_Control]] = {}
    for number, control in enumerate(controls):
        if control.kind == "radio":
            key = ("radio", control.get("name") or f"in {control.group}")
        elif control.kind == "checkbox" and control.get("name"):
            key = ("checkbox", control.get("name"))
        else:
            key = ("single", str(number))
        groups.setdefault(key, []).append(control)
    yield from groups.values()


def _field(control: _Control, page: _Page) -> Field:
    label, star = _label(control, page)
    meaning = control.get("autocomplete").lower().split()[-1:]
    kind = _INPUTS.get(control.kind, FieldType.TEXT)
    if kind is FieldType.TEXT and meaning:
        kind = _AUTOCOMPLETE_TYPES.get(meaning[0], kind)
    if control.kind in ("number", "range"):
        kind = _number_type(control)
    placeholder = control.get("placeholder")
    made = Field(
        name="field",
        type=FieldType.LONGTEXT if control.kind == "textarea" else kind,
        label=label,
        description=_description(control, label, page),
        required=star or _required(control),
        examples=_examples(control, page) or ((placeholder,) if placeholder not in ("", label) else ()),
    )
    if control.kind != "select":
        return made
    return _with_options(made, _select_options(control.node), many=control.has("multiple"))


def _group_field(group: list[_Control], page: _Page) -> Field:
    first = group[0]
    if first.kind == "checkbox" and len(group) == 1:
        label, star = _option_label(first, page)
        return Field(
            name="field",
            type=FieldType.BOOLEAN,
            label=label,
            description=_description(first, label, page),
            required=star or _required(first),
        )
    own = [_option_label(control, page)[0] for control in group]
    before = "" if first.before in own else first.before
    label, star = _strip_star(_group_label(first, page) or first.legend or before)
    options = [(control.get("value") or text, text) for control, text in zip(group, own, strict=True)]
    made = Field(
        name="field", label=label, description=_hint(first, page), required=star or any(map(_required, group))
    )
    return _with_options(made, options, many=first.kind == "checkbox")


def _group_label(control: _Control, page: _Page) -> str:
    """What an element with the role of a group, close above the control, is called."""
    node = control.node.parent
    for _ in range(4):
        if node is None:
            break
        if node.attributes.get("role") in ("radiogroup", "group"):
            label = node.attributes.get("aria-label") or ""
            return _tidy(label) or _referenced(node.attributes.get("aria-labelledby") or "", page)
        node = node.parent
    return ""


def _with_options(made: Field, pairs: list[tuple[str, str]], *, many: bool) -> Field:
    """`made` as a choice of (value, label) pairs; as text where there are none or too many."""
    options = {value[:MAX_HINT]: (label or value)[:MAX_HINT] for value, label in reversed(pairs) if value}
    options = dict(reversed(options.items()))
    if not options:
        return replace(made, type=FieldType.LIST if many else FieldType.TEXT)
    if len(options) > MAX_OPTIONS:
        few = ", ".join(list(options.values())[:3])
        note = f"{made.description or made.label} (one of {len(options)}, such as {few})".strip()
        return replace(made, type=FieldType.LIST if many else FieldType.TEXT, description=note)
    labels = tuple(options.values())
    return replace(
        made,
        type=FieldType.MULTICHOICE if many else FieldType.CHOICE,
        options=tuple(options),
        option_labels=labels if labels != tuple(options) else (),
    )


def _select_options(node: LexborNode) -> list[tuple[str, str]]:
    """(value, label) of the options; those without a value ('Choose…') are no answers."""
    pairs = []
    for option in node.css("option"):
        text = _tidy(option.attributes.get("label") or option.text())
        value = _tidy((option.attributes.get("value") or "") if "value" in option.attributes else text)
        if value and "disabled" not in option.attributes:
            pairs.append((value, text))
    return pairs


def _label(control: _Control, page: _Page) -> tuple[str, bool]:
    """What the control is called, and whether a star marks it as required."""
    candidates = (
        _marked_label(control, page),
        control.before,
        control.get("placeholder"),
        control.get("title"),
    )
    return _strip_star(next((text for text in candidates if text), ""))


def _option_label(control: _Control, page: _Page) -> tuple[str, bool]:
    candidates = (_marked_label(control, page), control.after, control.get("value"), control.get("title"))
    return _strip_star(next((text for text in candidates if text), ""))


def _marked_label(control: _Control, page: _Page) -> str:
    """The label that the page itself ties to the control."""
    texts = [
        " ".join(page.labels.get(control.node.attributes.get("id") or "", [])),
        control.wrapper or "",
        control.get("aria-label"),
        _referenced(control.get("aria-labelledby"), page),
    ]
    return next((text for text in texts if text), "")


def _referenced(ids: str, page: _Page) -> str:
    nodes = [page.by_id[i] for i in ids.split()[:5] if i in page.by_id]
    return _tidy(" ".join(node.text(separator=" ") for node in nodes))


def _description(control: _Control, label: str, page: _Page) -> str:
    """What is meant, where the label alone does not say it: '' or 'Fieldset › Label: hint'."""
    hint = _hint(control, page)
    place = " › ".join(part for part in (control.legend, label) if part) if control.legend else label
    if hint and hint.casefold() != label.casefold():
        return f"{place}: {hint}" if place else hint
    return place if control.legend else ""


def _hint(control: _Control, page: _Page) -> str:
    tokens = control.get("autocomplete").lower().split()
    where = next((t for t in tokens if t in ("billing", "shipping")), "")
    meaning = _AUTOCOMPLETE_MEANING.get(tokens[-1], "") if tokens else ""
    pattern = control.get("pattern")
    longest = control.get("maxlength")
    hints = [
        f"{where} {meaning}".strip() if meaning else "",
        control.get("title") or (f"pattern {pattern}" if 0 < len(pattern) <= 60 else ""),
        _referenced(control.get("aria-describedby"), page),
        f"at most {longest} characters" if longest.isdecimal() and int(longest) <= SHORT_VALUE else "",
    ]
    return "; ".join(dict.fromkeys(hint for hint in hints if hint))[:MAX_HINT]


def _examples(control: _Control, page: _Page) -> tuple[str, ...]:
    datalist = page.by_id.get(control.node.attributes.get("list") or "")
    if datalist is None:
        return ()
    return tuple(dict.fromkeys(value for value, _ in _select_options(datalist)))[:5]


def _number_type(control: _Control) -> FieldType:
    step = control.get("step").lower()
    return FieldType.NUMBER if step == "any" or "." in step else FieldType.INTEGER


def _required(control: _Control) -> bool:
    return control.has("required") or control.get("aria-required").lower() == "true"


def _control_name(control: _Control) -> str:
    return control.get("name") or control.get("id")


def _identifier(label: str) -> str:
    """'Date of birth' → 'dateOfBirth'."""
    words = re.findall(r"\w+", label)[:6]
    return "".join([w.lower() for w in words[:1]] + [w[:1].upper() + w[1:].lower() for w in words[1:]])


def _strip_star(text: str) -> tuple[str, bool]:
    """The label without its colon and its star; a star means required, by long custom."""
    start, end = re.match(r"[\s*]*", text), re.search(r"[\s*:：]*$", text)
    assert start and end  # both match nothing at all, too
    return re.sub(r"^[\s*]+|[\s*:：]+$", "", text)[:MAX_LABEL], "*" in start[0] + end[0]


def _tidy(text: str) -> str:
    return " ".join(text.split())[:4_000]


def _last_line(text: str) -> str:
    lines = [line for line in map(str.strip, text[-4_000:].split("\n")) if line]
    return _tidy(lines[-1]) if lines and len(lines[-1]) <= MAX_LABEL else ""


def _first_line(text: str) -> str:
    lines = [line for line in map(str.strip, text[:4_000].split("\n")) if line]
    return _tidy(lines[0]) if lines and len(lines[0]) <= MAX_LABEL else ""
