"""E-mail addresses, web addresses and phone numbers in a text, written or spelt out aloud."""

from __future__ import annotations

import re
from collections.abc import Sequence

from smartform.values.numbers import REPEATS, number_phrases, plain
from smartform.values.words import Candidate, Word, fold, longest_only, words_of

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.UNICODE)
_URL = re.compile(
    r"(?:https?://|www\.)[^\s<>\"'«»)\]]+|(?<![\w@.-])(?:[\w-]+\.)+(?:[a-z]{2,24})(?:/[^\s<>\"'«»)\]]*)?(?![\w@])",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w@.])(?:[(\[]?\+|00)?[(\[]?\d[\d\s()\[\].\u00a0\u2009/–-]{4,22}\d(?![\w@])")

_BRACKETS = {"(": ")", "[": "]"}

_TIMES = re.compile(
    r"\d{4}-\d\d-\d\d|\d\d?[./]\d\d?[./]\d{4}|(?:\d\d?[./])?(?:19|20)\d\d\s?[–/-]\s?(?:\d\d?[./])?(?:19|20)\d\d"
)
"""Days, and from one year or month to another: '2009–2016', '03/2012 – 09/2018'."""

_EXTENSION = re.compile(
    r"\b(?:extension|ext\.?|interno|int\.|durchwahl|poste|extensión|ramal|anknytning|toestel)"
    r"(?:\s+(?:number|no\.?|nr\.?|is|è|ist|est|es|är|numero|número)){0,2}\W{1,3}(\d{2,6})(?![\d.,:/-]*\d)",
    re.IGNORECASE,
)
"""A number within a company's exchange: too short to be told from other figures by itself."""

_AT = frozenset(
    """
    at chiocciola chiocciolina arobase arobas arroba apenstaartje snabela klammeraffe
    """.split()
)
_DOT = frozenset({"dot", "punto", "point", "ponto", "punkt", "punt"})
_MARKS = {
    "dash": "-", "hyphen": "-", "minus": "-", "trattino": "-", "tiret": "-", "guion": "-", "bindestrich": "-",
    "streepje": "-", "bindestreck": "-", "hifen": "-", "traco": "-", "koppelteken": "-", "meno": "-",
    "underscore": "_", "unterstrich": "_", "understreck": "_", "subtracao": "_", "slash": "/", "barra": "/",
    "schragstrich": "/", "snedstreck": "/", "plus": "+", "piu": "+",
}  # fmt: skip
_MARK_PHRASES = {
    ("trattino", "basso"): "_", ("tiret", "bas"): "_", ("guion", "bajo"): "_", ("at", "zeichen"): "@",
    ("snabel", "a"): "@", ("forward", "slash"): "/", ("laag", "streepje"): "_", ("a", "commerciale"): "@",
}  # fmt: skip
_FILLERS = frozenset(
    """
    uh um er erm eh euh ehm hm ah aeh ahm all one word lowercase lower case tutto attaccato
    minuscolo then poi with the
    """.split()
)
_ZERO = frozenset({"oh", "o"})
_MAX_PART = 6
_MAX_PHONE_DIGITS = 16
_MAX_SPELT = 24
"""Words that are looked at on either side of a spoken dot."""


def find_emails(text: str) -> list[Candidate]:
    """Every e-mail address, as one would type it.

    Where a spoken one begins cannot be told ('mail me at maria dot rossi at …'), so each
    beginning is a candidate of its own.
    """
    written = [Candidate(m.start(), m.end(), m.group().rstrip(".")) for m in _EMAIL.finditer(text)]
    written = [Candidate(c.start, c.start + len(c.value), c.value) for c in written]
    spoken = {c for c in _spelt(text) if _EMAIL.fullmatch(c.value)}
    return sorted({*written, *spoken})


def find_urls(text: str) -> list[Candidate]:
    """Every web address, as one would type it."""
    found = []
    for match in _URL.finditer(text):
        body = match.group().rstrip(".,;:!?)")
        if re.search(r"[a-zA-Z]", body) and not (match.start() and text[match.start() - 1] == "@"):
            found.append(Candidate(match.start(), match.start() + len(body), body))
    found += [c for c in _spelt(text) if "@" not in c.value and "." in c.value]
    mails = [(m.start(), m.end()) for m in _EMAIL.finditer(text)]
    return longest_only([c for c in found if not any(a <= c.start < b for a, b in mails)])


def find_phones(text: str, languages: Sequence[str]) -> list[Candidate]:
    """Every phone number: written ones as they stand, spoken ones as digits.

    No numbering plan is applied: which of the numbers is a phone is the model's to say.
    """
    found = []
    for match in _PHONE.finditer(text):
        body = _bracketed(match.group().split("\n")[0], text[match.end() : match.end() + 1])
        digits = sum(c.isdecimal() for c in body)
        if 6 <= digits <= _MAX_PHONE_DIGITS and not _TIMES.fullmatch(body):
            found.append(Candidate(match.start(), match.start() + len(body), body))
    found += [Candidate(*match.span(1), match[1]) for match in _EXTENSION.finditer(text)]
    found += _spoken_phones(text, languages)
    return longest_only(found)


def _bracketed(number: str, following: str) -> str:
    """A number without marks at its end and without half of a bracket, which may close just behind it."""
    body = number.rstrip(" .([–-/")
    for opening, closing in _BRACKETS.items():
        last = body.rfind(opening)
        if last > body.rfind(closing):
            closed = body == number and following == closing
            body = body + closing if closed else body[:last].rstrip(" .–-/")
    return body


def _spoken_phones(text: str, languages: Sequence[str]) -> list[Candidate]:
    words = words_of(text)
    said = {
        p.first: (p.last, plain(p.value)) for p in number_phrases(text, words, languages, fractions=False)
    }
    found = []
    index = 0
    while index < len(words):
        stop, digits, spoken = _dictated(text, words, index, said)
        if spoken >= 3 and 6 <= len(digits.lstrip("+")) <= _MAX_PHONE_DIGITS:
            found.append(Candidate(words[index].start, words[stop - 1].end, digits))
            index = stop
        else:
            index += 1
    return found


def _dictated(
    text: str, words: Sequence[Word], first: int, said: dict[int, tuple[int, str]]
) -> tuple[int, str, int]:
    """Digits dictated from word `first` on: (index after the last, the digits, how many words said them)."""
    digits, index, last, spoken, times = "", first, first, 0, 1
    while index < len(words) and index - last <= 2 and len(digits) <= _MAX_PHONE_DIGITS + 1:
        word = words[index].folded
        if index > first and re.search(r"[.;!?\n]", text[words[index - 1].end : words[index].start]):
            break
        if word in REPEATS:
            times, index = REPEATS[word], index + 1
            continue
        if word == "plus" and not digits:
            digits, index, last = "+", index + 1, index + 1
            continue
        step = (index + 1, "0") if word in _ZERO else said.get(index)
        if step is None and word.isdecimal() and (digits or len(word) <= 4):
            step = (index + 1, word)
        if step is None:
            if not digits or (word not in _FILLERS and times == 1):
                break
            index += 1
            continue
        spoken += not word.isdecimal()
        digits += step[1] * times
        times, index, last = 1, step[0], step[0]
    return last, digits, spoken


def _spelt(text: str) -> list[Candidate]:
    """'maria dot rossi at example dot com', 'dallolio 77 chiocciola ombrellone punto com'."""
    words = words_of(text)
    found = []
    for index in range(len(words)):
        if _mark_at(words, index)[0] != ".":
            continue
        last = index
        address = _right_of(text, words, index)
        if address is None:
            continue
        last, right = address
        for first, left in _left_of(text, words, index):
            found.append(Candidate(words[first].start, words[last - 1].end, left + right))
    return found


def _mark_at(words: Sequence[Word], i: int) -> tuple[str, int]:
    """The sign that is said at word `i` and how many words say it."""
    for phrase, sign in _MARK_PHRASES.items():
        if tuple(w.folded for w in words[i : i + len(phrase)]) == phrase:
            return sign, len(phrase)
    word = words[i].folded if 0 <= i < len(words) else ""
    if word in _AT:
        return "@", 1
    if word in _DOT:
        return ".", 1
    return _MARKS.get(word, ""), 1


def _right_of(text: str, words: Sequence[Word], dot: int) -> tuple[int, str] | None:
    """From a spoken dot on: (index after the domain, '.com' or '.co.uk/hire')."""
    index, spelt = dot, ""
    while index < len(words) and index - dot < _MAX_SPELT:
        sign, size = _mark_at(words, index)
        if (
            not sign
            or sign == "@"
            or index + size >= len(words)
            or not _close(text, words, index, index + size)
        ):
            break
        part = words[index + size]
        if not (part.folded.isascii() and part.folded.isalnum() and len(part.folded) <= 24):
            break
        spelt += sign + fold(text[part.start : part.end])
        index += size + 1
        if index < len(words) and re.search(r"[.,;!?\n]", text[words[index - 1].end : words[index].start]):
            break
    return (index, spelt) if spelt else None


def _left_of(text: str, words: Sequence[Word], dot: int) -> list[tuple[int, str]]:
    """Everything a spoken address may have before its last dots: (index of its first word, text)."""
    options = []
    spelt, index, seen_at = "", dot - 1, False
    while index >= 0 and dot - index < _MAX_SPELT and _close(text, words, index, index + 1):
        sign = _mark_at(words, index)[0]
        if _mark_at(words, index - 1)[1] == 2 and index >= 1:
            sign, index = _mark_at(words, index - 1)[0], index - 1
        if sign == "@" and seen_at:
            break
        piece = sign or fold(text[words[index].start : words[index].end])
        if not piece.isascii():
            break
        spelt = piece + spelt
        seen_at = seen_at or sign == "@"
        before = _mark_at(words, index - 1)[0] if index else ""
        starts = not before or (before == "@" and seen_at)  # 'write to me at' jane dot doe at …
        if not sign and starts and spelt[0] not in "@.-_/":
            options.append((index, spelt))
            if len(options) >= _MAX_PART:
                break
        index -= 1
    return [o for o in options if "@" in o[1]] or options[:1]


def _close(text: str, words: Sequence[Word], left: int, right: int) -> bool:
    """Whether no sentence ends and no line breaks between two words."""
    if right >= len(words):
        return True
    return not re.search(r"[;!?\n:]|\.\s", text[words[left].end : words[right].start])
