"""Which parts of a mail are prose to revise; all else is layout and stays to the character.

Layout is what the mail is laid out with: header lines, the greeting, list markers and indentation,
quoted lines and what announces them, code, tables, the signature, blank lines. Prose comes paragraph
by paragraph, lines that were broken to fit a width taken as one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from smartform.results import Span
from smartform.sentences import sentences

WRAPPED = 50
"""Characters: a line that is shorter was ended on purpose, a longer one may go on in the next."""

LEAST_WORDS = 3
"""Shorter pieces are left alone: greetings, names, headings."""

GREETING_WORDS = SIGNED_WORDS = 6
"""Most words of a greeting, and of a line of a signature."""

SIGNED_LINES = 8
"""Most lines of a signature that no '-- ' announces."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_HEADER = re.compile(
    r"(?:Subject|To|From|Cc|Bcc|Date|Sent|Reply-To|Importance|Attachments?|Betreff|Objet|Oggetto|Asunto|Assunto"
    r"|Ämne|Onderwerp|An|Von|Da|De|Para|Från|Till|Van|Aan|À|A):(?:[ \t]|$)",
    re.IGNORECASE,
)
_MARKER = re.compile(r"[ \t]*(?:(?:[-*+•–—]|\(?\d{1,3}[.)]|\(?[A-Za-z][.)])[ \t]+)?(?:\[[ xX]?\][ \t]+)?")
_QUOTED = re.compile(r"[ \t]*[>|]")
_HISTORY = re.compile(r"[ \t]*(?:-{3,}[^-\n]{3,60}-{3,}|_{10,})[ \t]*$")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_CODE = re.compile(r"[{}<>;=\\$]|\w\(")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_TAG = re.compile(
    r"<(/?)(?:html|body|head|style|div|p|br|span|table|t[rdh]|a|b|i|u|font|img|ul|ol|li|h\d)\b[^<>]*>",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(r"<(?:!doctype html|html|body)\b", re.IGNORECASE)
_SHOWN_CODE = re.compile(r"(```|~~~).*?\1|`[^`\n]+`", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the draft: its place without the line break, and what its text starts after."""

    start: int
    end: int
    text: str

    @property
    def body(self) -> int:
        """Where the text starts, after indentation and list marker."""
        return self.start + (found.end() if (found := _MARKER.match(self.text)) else 0)

    @property
    def item(self) -> bool:
        """Whether a list marker stands before the text."""
        found = _MARKER.match(self.text)
        return bool(found and found.group().strip())

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.text.split())

    @property
    def blank(self) -> bool:
        """Whether nothing stands in it."""
        return not self.text.strip()


def prose(draft: str) -> tuple[Span, ...]:
    """The places of the paragraphs that may be revised, in order, without the white space around them."""
    lines = [_Line(m.start(), m.start() + len(t), t) for m in _LINE.finditer(draft)
             for t in [m.group().rstrip("\r\n")]]  # fmt: skip
    kept = _layout(lines)
    return tuple(
        span
        for span in _paragraphs([None if n in kept else line for n, line in enumerate(lines)])
        if is_prose(draft[span.start : span.end])
    )


def is_prose(text: str) -> bool:
    """Whether a piece of a mail is sentences rather than a table, figures, code or a cry."""
    words = _WORD.findall(text)
    dense = "".join(word for word in text.split() if "://" not in word and "@" not in word)
    return len(words) >= LEAST_WORDS and sum(map(len, words)) >= 0.6 * len(dense) and "\t" not in text.strip()


def is_html(draft: str) -> bool:
    """Whether the draft is the source of an HTML mail."""
    text = _SHOWN_CODE.sub("", draft)
    tags = _TAG.findall(text)
    return bool(_DOCUMENT.search(text)) or (len(tags) >= 3 and "/" in tags)


def fitting(draft: str, span: Span, fits: Callable[[str], bool]) -> Iterator[Span]:
    """The paragraph whole where it fits, else in runs of sentences as long as fit.

    A single sentence that does not fit comes as it is.
    """
    if fits(draft[span.start : span.end]):
        yield span
        return
    run: Span | None = None
    for one in sentences(draft[span.start : span.end]):
        start, end = span.start + one.start, span.start + one.end
        if run is not None and fits(draft[run.start : end]):
            run = Span(run.start, end)
            continue
        if run is not None:
            yield run
        run = Span(start, end)
    if run is not None:
        yield run


def _layout(lines: Sequence[_Line]) -> set[int]:
    """The numbers of the lines that stay as they are."""
    kept = {n for n, line in enumerate(lines) if line.blank} | _headers(lines) | _code(lines)
    kept |= _quoted(lines)
    kept |= _signature(lines, kept)
    return kept | _greeting(lines, kept)


def _headers(lines: Sequence[_Line]) -> set[int]:
    """'Subject: …' and the like at the top."""
    found: set[int] = set()
    for number, line in enumerate(lines):
        if not line.blank and not _HEADER.match(line.text):
            break
        found.add(number)
    return found


def _code(lines: Sequence[_Line]) -> set[int]:
    """Fenced blocks, tables, and indented lines that look like code."""
    found, inside = set(), False
    for number, line in enumerate(lines):
        fence = bool(_FENCE.match(line.text))
        indented = line.text.startswith(("    ", "\t")) and _CODE.search(line.text)
        if fence or inside or indented or line.text.count("|") > 1:
            found.add(number)
        inside ^= fence
    return found


def _quoted(lines: Sequence[_Line]) -> set[int]:
    """Quoted lines, the line that announces them, and all that follows a forwarded mail's head."""
    found: set[int] = set()
    for number, line in enumerate(lines):
        if _HISTORY.match(line.text):
            return found | set(range(number, len(lines)))
        if not _QUOTED.match(line.text):
            continue
        found.add(number)
        above = [n for n in range(max(0, number - 3), number) if not lines[n].blank]
        if above and lines[above[-1]].text.rstrip().endswith(":"):
            found.update(n for n in above[-2:] if n == above[-1] or _announces(lines[n].text))
    return found


def _announces(text: str) -> bool:
    """Whether a line may be the first of the two of 'On …, … wrote:'."""
    return bool(re.match(r"(?:On|Am|Le|Il|El|Em|Op|Den)\s", text)) and text.rstrip()[-1] not in ".!?"


def _signature(lines: Sequence[_Line], kept: set[int]) -> set[int]:
    """What follows '-- ', and the short lines at the end that no stop closes."""
    for number, line in enumerate(lines):
        if number and line.text in ("-- ", "--"):
            return _closing(lines[:number], kept) | set(range(number, len(lines)))
    return _closing(lines, kept)


def _closing(lines: Sequence[_Line], kept: set[int]) -> set[int]:
    """Sign-off and name at the end, below at least one other line."""
    found: set[int] = set()
    written = [n for n in range(len(lines)) if n not in kept]
    for number in reversed(written[1:]):
        if len(found) == SIGNED_LINES or not _signs(lines[number]):
            break
        found.add(number)
    return found


def _signs(line: _Line) -> bool:
    text = line.text.strip()
    if line.item or line.words > SIGNED_WORDS or text.endswith(("?", ":")):
        return False
    if line.words < LEAST_WORDS:
        return True
    return not text.endswith((".", "!")) and not text[0].islower()


def _greeting(lines: Sequence[_Line], kept: set[int]) -> set[int]:
    """A short first line that closes as no sentence does, where more follows."""
    written = [n for n in range(len(lines)) if n not in kept]
    if len(written) < 2:
        return set()
    first = lines[written[0]]
    short = first.words <= GREETING_WORDS and not first.text.rstrip().endswith((".", "?", ";"))
    return {written[0]} if short and not first.item else set()


def _paragraphs(lines: Sequence[_Line | None]) -> Iterator[Span]:
    """Lines that may be revised, the wrapped ones joined."""
    run: list[_Line] = []
    for line in [*lines, None]:
        goes_on = line is not None and bool(run) and not line.item and len(run[-1].text.strip()) >= WRAPPED
        if run and not goes_on:
            yield Span(run[0].body, run[-1].start + len(run[-1].text.rstrip()))
            run = []
        if line is not None:
            run.append(line)
